"""Two commands at once on one database, each in a process of its own, compared with one after the other.

Run as a program it is a server that has loaded everything: it forks a process for each command it is told, so that
commands that meet are a matter of milliseconds and not of who loads its modules first.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from model_checkpoints import tiny_checkpoint
from sqlalchemy import func, select

#: opens a new database that is a copy of one of the states of a :class:`Course`
Clone = Callable[[str], AbstractContextManager[str]]
RECIPE = """
name = "r"
corpora = ["news"]
source = ["en"]
target = ["de"]
[align]
aligner = "equal_words"
words = "all"
[[scorer]]
candidates = "ngram"
"""
#: trains a tiny model in a moment; {seed} tells models apart
TRAINING = """
name = "{name}"
corpora = ["news"]
[train]
splits = ["train"]
languages = [{languages}]
encoder = "{encoder}"
layer = 1
steps = 20
hidden = 8
seed = {seed}
"""
STUDY = """
[study]
pool = ["en", "de"]
targets = ["en", "de"]
k = [1]
budgets = { fixed = 10 }
orders = 1
seeds = 1
"""
_DB = "{db}"
_REPLACED = ("{files}/de.a.corrected.conll", "--lang", "de", "--part", "a", "--split", "train")
_REPLACE = ("corpus", "replace", "news", *_REPLACED)
#: what may meet; {out} is a folder of the race, {files} that of the imports
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "import": (
        "import",
        "parallel",
        "en={files}/en.c.conll",
        "de={files}/de.c.conll",
        "--corpus",
        "news",
        "--part",
        "c",
    ),
    "labels": ("import", "labels", "{files}/en.a.conll", "--name", "second", "--lang", "en", "--corpus", "news"),
    "replace": (*_REPLACE, "--yes"),
    "replace, ending runs": (*_REPLACE, "--yes", "--end-runs"),
    "run": ("run", "{files}/r.toml"),
    "run, 2 workers": ("run", "{files}/r.toml", "--workers", "2"),
    "run, Ray": ("run", "{files}/r.toml", "--engine", "ray", "--workers", "2"),
    "train": ("train", "{files}/train.toml"),
    "study": ("study", "run", "{files}/study.toml"),
    "models export": ("models", "export", "kept", "{out}/model"),
    "gc": ("gc", "--yes", "--forget", "r"),
    "gc, ending runs": ("gc", "--yes", "--forget", "r", "--end-runs"),
    "delete": ("corpus", "delete", "news", "--yes"),
    "delete, ending runs": ("corpus", "delete", "news", "--yes", "--end-runs"),
    "evaluate": ("evaluate", "--recipe", "r", "--resamples", "10"),
    "export": ("export", "conll", "{out}/conll", "--recipe", "r"),
    "push": ("push", "ana/raced", "--recipe", "r"),
    "verify": ("verify", "--json"),
    "repair": ("verify", "--repair", "--json"),
    "upgrade": ("db", "upgrade"),
    "copy": ("db", "copy", _DB, "{out}/copy.db"),
    "merge": ("db", "merge", _DB, "{files}/other.db"),
    "review": ("review", "new", "week", "--recipe", "r", "--size", "4", "--by", "random"),
}
#: what a look at a database may see while these go on, which take several transactions
_BETWEEN = {
    "delete": {"unfinished deletions", "sentences of a file"},
    "gc": {"rows without an outcome", "outcomes without rows", "plans of recipes"},
}
#: the commands whose pairs are cheap enough for tests
CHEAP = tuple(name for name in COMMANDS if name != "run, Ray")
#: seconds by which the second command may begin after the first, or before it
APART = 0.4
#: about how many seconds pass before a command reads anything: others begin that much later
HEAD_START = {"run, 2 workers": 1.2, "run, Ray": 5.0}


class Ended(NamedTuple):
    """What a command left: its exit code and all that it wrote."""

    code: int
    told: str


class Server:
    """A process that has loaded everything and forks one for each command."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def do(self, *commands: Sequence[str], delays: Sequence[float] = ()) -> list[Ended]:
        """Begin commands together, each after its delay in seconds, and wait for all of them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([commands, delays or [0.0] * len(commands)]) + "\n")
        self._process.stdin.flush()
        return [Ended(*load) for load in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()


@dataclass
class Course:
    """Where commands race: a server, the two states that they begin from, and what orders they may end like.

    :param clone: makes a database that is a copy of the state ``"base"``, or of ``"older"``, at an earlier schema.
    :param files: the folder with the recipe and with what is imported.
    """

    server: Server
    clone: Clone
    files: Path
    _orders: dict[tuple[str, ...], Any] = field(default_factory=dict)

    def race(self, first: str, second: str, delay: float) -> list[str]:
        """Let two commands race, and do those again that were refused.

        :param delay: seconds from the first to the second, apart from their head starts; negative: it begins earlier.
        :returns: what is wrong with the end; nothing, when it is that of one after the other.
        """
        with self._scene(first, second) as (address, out):
            apart = delay + HEAD_START.get(first, 0.0) - HEAD_START.get(second, 0.0)
            delays = (max(0.0, -apart), max(0.0, apart))
            commands = [self._command(name, address, out / str(n)) for n, name in enumerate((first, second))]
            ended = self.server.do(*commands, delays=delays)
            wrong = _told_wrongly((first, second), ended)
            for command, entry in zip(commands, ended, strict=True):
                if entry.code:
                    wrong += _told_wrongly(("",), self.server.do(command))
            wrong += _damage(address)
            if contents(address) not in self._serial(first, second):
                wrong.append(f"the end is that of no order; {[item.code for item in ended]}: {ended}")
            return wrong

    def _serial(self, first: str, second: str) -> list[Any]:
        """The ends of one after the other, both ways, with those done again that were refused."""
        return [self._order(first, second), self._order(second, first)]

    def _order(self, *names: str) -> Any:
        if names not in self._orders:
            with self._scene(*names) as (address, out):
                commands = [self._command(name, address, out / str(n)) for n, name in enumerate(names)]
                ended = [self.server.do(command)[0] for command in commands]
                for command, entry in zip(commands, ended, strict=True):
                    if entry.code:
                        self.server.do(command)
                self._orders[names] = contents(address)
        return self._orders[names]

    @contextmanager
    def _scene(self, *names: str) -> Iterator[tuple[str, Path]]:
        with tempfile.TemporaryDirectory() as out, self.clone("older" if "upgrade" in names else "base") as address:
            yield address, Path(out)

    def _command(self, name: str, address: str, out: Path) -> list[str]:
        out.mkdir(exist_ok=True)
        results = {"files": self.files, "out": out, "db": address}
        return ["--db", address, *(part.format(**results) for part in COMMANDS[name])]


def write_course(folder: Path, sentences: int = 25) -> None:
    """Write what the commands read: three parts of a parallel corpus, and the recipe."""
    (folder / "r.toml").write_text(RECIPE)
    for part, first in (("a", 0), ("b", sentences), ("c", 2 * sentences)):
        for lang in ("en", "de"):
            blocks = []
            for n in range(first, first + sentences):
                rows = [("Anna", "B-PER"), ("Berg", "I-PER"), (str(n), "O"), ("Turin", "B-LOC"), (lang, "O")]
                rows = rows if n % 5 else [(str(n), "O"), (lang, "O")]
                blocks.append("".join(f"{word}\t{tag}\n" for word, tag in rows))
            (folder / f"{lang}.{part}.conll").write_text("\n".join(blocks))
    # One sentence gone, and one with another label.
    first, second, *others, _ = (folder / "de.a.conll").read_text().split("\n\n")
    (folder / "de.a.corrected.conll").write_text("\n\n".join([first, second.replace("B-LOC", "B-ORG"), *others]))
    encoder = tiny_checkpoint(folder / "encoder", positions=64)
    for name, languages, seed, more in (
        ("kept", '"en"', 0, ""),
        ("train", '"en"', 1, ""),
        ("study", "", 2, STUDY),
    ):
        text = TRAINING.format(name=name, languages=languages, encoder=encoder, seed=seed) + more
        (folder / f"{name}.toml").write_text(text)


def lay_out(server: Server, address: str, files: Path) -> None:
    """Make the state that races begin from: a recipe has run, there is more to do for it, and a model is trained."""
    for part, split, then in (("a", "train", COMMANDS["run"]), ("b", "test", ("train", "{files}/kept.toml"))):
        sides = [f"{lang}={files}/{lang}.{part}.conll" for lang in ("en", "de")]
        steps = [("import", "parallel", *sides, "--corpus", "news", "--part", part, "--split", split)]
        steps.append(tuple(entry.format(files=files) for entry in then))
        for step in steps:
            (ended,) = server.do(["--db", address, *step])
            assert ended.code == 0, ended
    if not (files / "other.db").exists():
        (ended,) = server.do(
            ["--db", f"{files}/other.db", *(command.format(files=files) for command in COMMANDS["import"])]
        )
        assert ended.code == 0, ended


def contents(address: str) -> dict[str, Any]:
    """What a database says, with names in place of keys.

    What was recorded of commands is left out, and so are steps without an outcome and recipes of which nothing is done,
    which a refused command may leave.
    """
    from damaged import by_name

    from xprojdb.db import open_database
    from xprojdb.db.tables import (
        alignment,
        campaign,
        campaign_item,
        candidate,
        evaluation,
        model,
        outcome,
        recipe,
        step,
        study_cell,
    )

    with open_database(address) as database:
        result: dict[str, Any] = by_name(database)
        with database.read() as connection:
            for table in (alignment, candidate):
                query = select(step.c.digest, func.count()).select_from(table)
                rows = connection.execute(query.join(step, step.c.id == table.c.step_id).group_by(step.c.digest))
                result[table.name] = sorted(map(tuple, rows))
            done = set(connection.execute(select(outcome.c.step_id).distinct()).scalars())
            recipes = connection.execute(select(recipe.c.name, recipe.c.digest, recipe.c.plan))
            begun = {row[:2] for row in recipes if any(part["step"] in done for part in json.loads(row.plan))}
            result["recipe"] = sorted(begun)
            trained = select(step.c.digest, model.c.sha256).join(step, step.c.id == model.c.step_id)
            result["model"] = sorted(map(tuple, connection.execute(trained)))
            measured = (
                select(func.count()).select_from(study_cell).join(model, model.c.step_id == study_cell.c.train_id)
            )
            result["study_cell"] = connection.execute(measured).scalar()
            # Which sentences were drawn depends on how far a run was: it is no matter of two orders.
            drawn = select(campaign.c.name).where(campaign.c.id.in_(select(campaign_item.c.campaign_id)))
            result["campaign"] = sorted(connection.execute(select(campaign.c.name)).scalars())
            result["drawn"] = sorted(connection.execute(drawn).scalars())
            result["evaluated"] = connection.execute(select(func.count(evaluation.c.id))).scalar() > 0
    return result


def _damage(address: str) -> list[str]:
    from xprojdb.db import open_database
    from xprojdb.maintenance.verify import verify

    with open_database(address) as database:
        return [f"damage: {check.examples}" for check in verify(database).checks if check.count]


def _told_wrongly(names: Sequence[str], ended: Sequence[Ended]) -> list[str]:
    """What no command may do, whatever else goes on: end in a traceback, or see damage that is none."""
    wrong = [f"{item}" for item in ended if item.code not in (0, 1, 2) or "Traceback" in item.told]
    allowed = set().union(*(_BETWEEN.get(name.partition(",")[0], set()) for name in names))
    for name, entry in zip(names, ended, strict=True):
        if name in ("verify", "repair") and entry.told.startswith("{"):
            checks = json.loads(entry.told)["checks"]
            wrong += [f"{check}" for check in checks if check["found"] and check["name"] not in allowed]
    return wrong


@contextmanager
def sqlite_clones(states: Mapping[str, str]) -> Iterator[Clone]:
    """Copies of SQLite files."""
    with tempfile.TemporaryDirectory() as folder:

        @contextmanager
        def clone(state: str) -> Iterator[str]:
            path = Path(folder) / "raced.db"
            shutil.copyfile(states[state], path)
            yield str(path)
            for entry in Path(folder).iterdir():
                entry.unlink()

        yield clone


def serve() -> None:
    """Load everything, then do what is told on standard input, a line of commands at a time."""
    from importlib import import_module

    from xprojdb.cli import main
    from xprojdb.maintenance import corpus_deletion, garbage_collection
    from xprojdb.steps.stage import Stage

    for module, _ in main.COMMANDS.values():
        import_module(f"xprojdb.cli.{module}")
    for module in (
        "psycopg",
        "huggingface_hub",
        "alembic.command",
        "xprojdb.exports.hub.push",
        "xprojdb.execution.run",
    ):
        import_module(module)
    _warm(main.main)
    # Small transactions, so that there are many places to meet at.
    Stage.block, corpus_deletion.SEEDS, garbage_collection.BLOCK = 5, 5, 20
    for entry in _below(Stage):
        entry.block = 5
    print("ready", flush=True)
    for line in sys.stdin:
        commands, delays = json.loads(line)
        began = time.monotonic()
        children = [_fork(main.main, *item, began) for item in zip(commands, delays, strict=True)]
        print(json.dumps([_wait(*child) for child in children]), flush=True)


def _below(kind: type) -> Iterator[Any]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _below(subclass)


def _warm(main: Callable[[], None]) -> None:
    """Do once what is compiled or loaded when it is first done."""
    with tempfile.TemporaryDirectory() as folder:
        write_course(Path(folder), 5)
        at = ["--db", f"{folder}/warm.db"]
        sides = [f"{lang}={folder}/{lang}.a.conll" for lang in ("en", "de")]
        for command in (
            ["import", "parallel", *sides, "--corpus", "news", "--split", "train"],
            ["run", f"{folder}/r.toml"],
            ["train", f"{folder}/kept.toml"],
            ["models", "export", "kept", f"{folder}/model"],
            ["verify"],
        ):
            with redirect_stdout(sys.stderr):
                assert _do(main, [*at, *command]) == 0


def _fork(main: Callable[[], None], command: list[str], delay: float, began: float) -> tuple[int, str]:
    """Begin a command in a process of its own; returns the process and where its output goes."""
    handle, path = tempfile.mkstemp()
    pid = os.fork()
    if pid:
        os.close(handle)
        return pid, path
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    time.sleep(max(0.0, began + delay - time.monotonic()))
    code = _do(main, command)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _do(main: Callable[[], None], command: list[str]) -> int:
    sys.argv = ["xprojdb", *command]
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except BaseException:
        traceback.print_exc()
        return 70
    return 0


def _wait(pid: int, path: str) -> Ended:
    _, status = os.waitpid(pid, 0)
    text = Path(path).read_text(encoding="utf-8")
    Path(path).unlink()
    return Ended(os.waitstatus_to_exitcode(status), text)


if __name__ == "__main__":
    serve()
