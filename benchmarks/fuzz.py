"""Mutated inputs of every kind against the real readers, commands and databases: no traceback, no partial rows.

    python benchmarks/fuzz.py [--seed 1] [--inputs 3000] [--first 0] [--postgres 5]

Each input is a sound file, recipe, command line, manifest, exported folder, database or server answer with some of its
bytes changed. What ends in anything but success or an XprojdbError, takes longer than 20 seconds of processor time (or
300 by the clock), changes rows although it was refused, or writes outside of its folder is told with the number that
makes it again. One import and one command in so many (--postgres) meet a PostgreSQL server. Commands are those of the
command line, in this process; each input has a copy of the database of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shlex
import shutil
import signal
import sqlite3
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from click import UsageError
from click.testing import CliRunner
from fault_places import PostgresServer, postgres_server
from fuzz_guards import Hang, compiling_once, limited
from sqlalchemy import String

from xprojdb.cli.main import as_text, group
from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.db.tables import LASTING
from xprojdb.errors import XprojdbError
from xprojdb.exports.manifest import parse_manifest
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.models import judge
from xprojdb.models.service import Reply
from xprojdb.models.taggers import served
from xprojdb.models.translators import chat
from xprojdb.readers.sample import sample_file

#: seconds of the processor that an input may take, and seconds by the clock: other programs may use the machine, too
HANG, WAIT = 20, 300
_PIECES = [
    b"\0", b"\xff", b"\xe2\x80\xae", b"\x1b[31m", b'"', b"{", b"[" * 2000, b"9" * 4400, b"\n", b"\t", b"\r", b" ",
    b"../", b"-DOCSTART-", b"\\ud800", b"null", b"NaN", b"1e999", b"-1", b"B-", b"I-PER", b"\xc2\xa0", b"", b"# id = ",
]  # fmt: skip
JSONL = (
    b'{"id": "1", "tokens": ["Ana", "goes"], "ner_tags": ["B-PER", "O"], "split": "train"}\n'
    b'{"id": "2", "tokens": ["Ben"], "ner_tags": ["O"], "text": "Ben", "split": "test"}\n'
)
RECIPE = (
    b'name = "news"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    b'[align]\naligner = "encoder"\nlayer = 7\n[project]\nmin_score = 0.4\nsolver = "exact"\n'
    b'[[scorer]]\ntype = "link_mass"\nweight = 1.0\nmax_length = 9\n[export]\nsplits = ["train"]\nbudget = 10\n'
)
MANIFEST = (
    b'{"format": 1, "recipe_digest": "ab", "query": {}, "labels": ["PER"], "features": {}, "configs": {"default": '
    b'{"train": {"sentences": 1, "tokens": 1, "entities": {"PER": 1}, "bytes": 9, "files": ["data/a.parquet"]}}}, '
    b'"files": {"data/a.parquet": "00"}}'
)
ANSWERS = [
    (chat.read, {"role": "assistant", "content": "Hallo"}, {"finish_reason": "stop"}),
    (
        judge.read,
        {"content": "yes"},
        {
            "logprobs": {
                "content": [{"top_logprobs": [{"token": "yes", "logprob": -0.1}, {"token": "no", "logprob": -2}]}]
            }
        },
    ),
    (served.read, {"content": '{"entities": [{"text": "Ana", "type": "PER"}]}'}, {}),
]
#: a recipe that needs no model; the database that commands meet holds what it made
OFFLINE = (
    'name = "offline"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    '[align]\naligner = "equal_words"\nwords = "all"\n'
)
COMMANDS = [
    "status",
    "status --json",
    "status --failed",
    "verify",
    "verify --repair",
    "gc",
    "evaluate",
    "compare",
    "explain news/en/train-1",
    "query 'SELECT * FROM v_label' --json",
    "export conll out",
    "export jsonl out",
    "diff news news",
    "db check",
    "corpus delete news",
    "tune news --folds 2",
    "ask low-margin",
    "import text x --lang en --corpus a",
    "card out",
    "recipes list",
    "db size",
    "db merge merged.db sound.db",
    "run offline --dry-run --shard 1/3 --limit 4",
    "run offline --max-time 0.001",
    "query 'SELECT 1' --format csv --escape-formulas --timeout 3",
    "evaluate --resamples 100 --seed 1",
    "export hf out --budget 10 --seed 3",
    "run offline.toml",
    "ask lost-entities",
    "explain news/de/train-1 --json",
    "query 'SELECT * FROM v_candidate' --format jsonl",
    "db copy {db} copied.db",
    "review new week --size 4",
    "export spacy out",
    "export hf exported --mix news=1 --split-ratios train=0.8,test=0.2",
    "import jsonl input.jsonl --lang en --corpus news --part p",
    "db size --plan offline.toml --sentences 1000",
    "export jsonl out --min-score 0.1 --on-low-score label --tiers gold=0.5,silver=0.2 --dedupe",
    "db vacuum",
    "changelog exported exported --markdown",
    "diff offline offline --json",
    "tune offline --folds 2 --resamples 10",
]
FOLDERS = [
    "card exported", "card exported --svg card.svg", "changelog exported unharmed --json", "export hf exported",
    "push ana/news --folder exported", "changelog unharmed exported",
    "import hf exported/data/de --corpus again --lang de",
]  # fmt: skip


def mutated(random_: random.Random, data: bytes) -> bytes:
    """Some bytes of it replaced, removed, doubled or filled with what is known to hurt."""
    changed = bytearray(data)
    for _ in range(random_.randint(1, 4)):
        place = random_.randrange(len(changed) + 1)
        end = min(len(changed), place + random_.choice([0, 1, 1, 2, 10, 100]))
        changed[place:end] = random_.choice([*_PIECES, bytes([random_.randrange(256)]), bytes(changed[place:end]) * 2])
    return bytes(changed)


class Fuzzer:
    """One folder with a database in it, and what is done to it.

    :param server: where a share of the inputs goes.
    :param share: one in so many.
    """

    def __init__(self, folder: Path, server: PostgresServer | None, share: int) -> None:
        self.folder = folder
        self.share = share
        self.server = server
        self.sound, self.empty = folder / "sound.db", folder / "empty.db"
        self.outside = _entries(folder)
        open_database(self.empty, create=True).close()
        shutil.copyfile(self.empty, self.sound)
        (folder / "offline.toml").write_text(OFFLINE)
        (folder / "input.jsonl").write_bytes(JSONL)
        self._fill(str(self.sound))
        self._sound("export", "hf", "exported")
        shutil.copytree(folder / "exported", folder / "unharmed")
        self.kept = {path.name for path in folder.iterdir()}
        if server is not None:
            server.restore(None)
            open_database(server.address, create=True).close()
            server.save("empty")
            self._fill(server.address)
            server.save("sound")

    def _fill(self, address: str) -> None:
        with open_database(address) as database:
            import_files(database, CorpusInfo("news"), _sample(self.folder), parallel=True)
        self._sound("run", "offline.toml", address=address)
        self._sound("evaluate", "--resamples", "10", address=address)

    def _sound(self, *arguments: str, address: str | None = None) -> None:
        ended = CliRunner().invoke(group, ["--db", address or str(self.sound), *arguments])
        if ended.exit_code:
            raise RuntimeError(f"{arguments}: {ended.output}") from ended.exception

    def _on_server(self, random_: random.Random) -> bool:
        return self.server is not None and random_.randrange(self.share) == 0

    @contextmanager
    def _copy(self, original: Path) -> Iterator[Path]:
        """A database of its own for an input."""
        path = self.folder / "copy.db"
        shutil.copyfile(original, path)
        try:
            yield path
        finally:
            for entry in self.folder.glob("copy.db*"):
                entry.unlink()

    def importer(self, random_: random.Random, form: str, data: bytes) -> None:
        """An import: all of a file, or none."""
        path = self.folder / f"input.{form}"
        path.write_bytes(mutated(random_, data))
        on_server = self._on_server(random_)
        with self._copy(self.empty) as copy:
            if on_server:
                assert self.server is not None
                self.server.restore("empty")
            with open_database(self.server.address if self.server and on_server else copy) as database:
                before = _rows(database)
                try:
                    chosen = "text" if form == "txt" else form
                    import_files(database, CorpusInfo("news"), [corpus_file(path, "en", form=chosen)])  # type: ignore[arg-type]
                except XprojdbError:
                    if _rows(database) != before:
                        raise AssertionError("a refused file left rows") from None

    def recipe(self, random_: random.Random) -> None:
        """A recipe: read, and planned if it is sound."""
        path = self.folder / "mutated.toml"
        path.write_bytes(mutated(random_, random_.choice([RECIPE, OFFLINE.encode()])))
        parse_recipe(path.read_bytes().decode(errors="replace"))
        with self._copy(self.sound) as copy:
            self._invoke(str(copy), ["run", "mutated.toml", "--dry-run"])

    def damaged(self, random_: random.Random) -> None:
        """A database of which bytes are flipped: mended, or refused."""
        with self._copy(self.sound) as path:
            data = bytearray(path.read_bytes())
            for _ in range(random_.randint(1, 3)):
                data[random_.randrange(len(data))] = random_.randrange(256)
            path.write_bytes(data)
            self._invoke(str(path), ["verify", "--repair"])

    def texts(self, random_: random.Random) -> None:
        """A database in which a text is no text any more, and a command on it."""
        with self._copy(self.sound) as path:
            with sqlite3.connect(path) as connection:
                table, column = random_.choice(_TEXTS)
                rows = connection.execute(f"SELECT CAST({column} AS BLOB) FROM {table}").fetchall()
                (old,) = random_.choice([row for row in rows if row[0]] or [(b"",)])
                statement = f"UPDATE OR IGNORE {table} SET {column} = CAST(? AS TEXT) WHERE CAST({column} AS BLOB) = ?"
                connection.execute(statement, (mutated(random_, old), old))
            connection.close()
            self._invoke(str(path), self._arguments(random_.choice(COMMANDS), str(path)))

    def exported(self, random_: random.Random) -> None:
        """An exported folder in which a file is another, and a command on it."""
        folder = self.folder / "exported"
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        path = random_.choice(paths)
        path.write_bytes(mutated(random_, path.read_bytes()))
        try:
            with self._copy(self.sound) as copy:
                self._invoke(str(copy), shlex.split(random_.choice(FOLDERS)))
        finally:
            shutil.rmtree(folder)
            shutil.copytree(self.folder / "unharmed", folder)

    def command(self, random_: random.Random) -> None:
        """A command line with mutated arguments; none names a folder above, where whoever types it may write."""
        on_server = self._on_server(random_)
        with self._copy(self.sound) as copy:
            if on_server:
                assert self.server is not None
                self.server.restore("sound")
            address = self.server.address if self.server and on_server else str(copy)
            arguments = self._arguments(random_.choice(COMMANDS), address)
            place = random_.randrange(len(arguments))
            changed = mutated(random_, arguments[place].encode()).replace(b"\0", b"").replace(b"..", b".")
            arguments[place] = changed.decode(errors="surrogateescape")
            self._invoke(address, arguments)

    def _arguments(self, line: str, address: str) -> list[str]:
        return [part.replace("{db}", address) for part in shlex.split(line)]

    def _invoke(self, address: str, arguments: list[str]) -> None:
        try:
            arguments = as_text(arguments)
        except UsageError:
            return
        ended = CliRunner().invoke(group, ["--db", address, *arguments])
        if ended.exception is not None and not isinstance(ended.exception, (XprojdbError, SystemExit, OSError)):
            raise ended.exception

    def tidy(self) -> None:
        """Remove what commands wrote; what they wrote outside of the folder is a fault.

        :raises AssertionError: when they did.
        """
        for path in self.folder.iterdir():
            if path.name not in self.kept:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if _entries(self.folder) != self.outside:
            raise AssertionError("something was written outside of the folder")


def _entries(folder: Path) -> dict[str, list[str]]:
    """What is in the two folders above it."""
    return {str(above): sorted(path.name for path in above.iterdir()) for above in list(folder.parents)[:2]}


#: the rows of all lasting tables; in the driver's words, since SQLAlchemy would compile it anew for every input
_COUNTS = f"SELECT {', '.join(f'(SELECT count(*) FROM {table.name})' for table in LASTING)}"
#: every text of the lasting tables
_TEXTS = [(table.name, column.name) for table in LASTING for column in table.columns if isinstance(column.type, String)]


def _sample(folder: Path) -> list[object]:
    files = []
    for lang in ("en", "de"):
        path = folder / f"{lang}.train.conll"
        path.write_text("\n\n".join(sample_file(lang, "train").read_text(encoding="utf-8").split("\n\n")[:20]) + "\n\n")
        files.append(corpus_file(path, lang))
    return files


def _rows(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.exec_driver_sql(_COUNTS).one())


def _cases(fuzzer: Fuzzer) -> dict[str, Callable[[random.Random], object]]:
    conll = (fuzzer.folder / "en.train.conll").read_bytes()[:1500]
    text = b"Ana goes to Turin.\nBen stays.\n"
    return {
        "conll": lambda r: fuzzer.importer(r, "conll", conll),
        "jsonl": lambda r: fuzzer.importer(r, "jsonl", JSONL),
        "text": lambda r: fuzzer.importer(r, "txt", text),
        "recipe": fuzzer.recipe,
        "manifest": lambda r: parse_manifest(mutated(r, MANIFEST), "here"),
        "answer": _answer,
        "command": fuzzer.command,
        "folder": fuzzer.exported,
        "flipped bytes": fuzzer.damaged,
        "flipped texts": fuzzer.texts,
    }


def _answer(random_: random.Random) -> object:
    read, message, more = random_.choice(ANSWERS)
    data = json.dumps({"choices": [{"message": message, **more}]}).encode()
    try:
        value = json.loads(mutated(random_, data))
    except (ValueError, RecursionError):
        return None
    return read(Reply("http://host", value))


def main() -> int:
    """Run; the exit code is 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inputs", type=int, default=3000, help="in all, of every kind in turn")
    parser.add_argument("--first", type=int, default=0, help="the number of the first input, to go on from there")
    parser.add_argument("--postgres", type=int, default=5, help="one in so many on PostgreSQL; 0: none")
    asked = parser.parse_args()
    # Of the Hub only the part on this side is of interest.
    os.environ["HF_HUB_OFFLINE"] = "1"
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    with ExitStack() as stack:
        stack.enter_context(compiling_once())
        server = stack.enter_context(postgres_server()) if asked.postgres else None
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        inside = Path(folder) / "a" / "b"
        inside.mkdir(parents=True)
        os.chdir(inside)
        fuzzer = Fuzzer(inside, server, asked.postgres)
        cases = _cases(fuzzer)
        # Whoever ends it wants to know what was found so far.
        ended: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _frame: ended.append(number))
        for number in range(asked.first, asked.first + asked.inputs):
            if ended:
                break
            name = list(cases)[number % len(cases)]
            counts[name] += 1
            try:
                with limited(HANG, WAIT):
                    with suppress(XprojdbError):
                        cases[name](random.Random(f"{asked.seed} {number}"))
                    fuzzer.tidy()
            except (Exception, Hang):
                faults[name] += 1
                print(
                    f"--- input {number} ({name})",
                    traceback.format_exc(limit=-4),
                    sep="\n",
                    file=sys.stderr,
                    flush=True,
                )
    for name, count in counts.items():
        print(f"{name:15} {count:7,} inputs {faults[name]:5,} faults")
    return 1 if faults.total() else 0


if __name__ == "__main__":
    sys.exit(main())
