"""Ctrl-C ends after the batch at hand; two runs at once do every item once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from children import HANG, start
from conftest import XPROJDB
from model_checkpoints import tiny_checkpoint
from projection_sample import Diagonal, english, german, import_sample, plan_of, results
from sqlalchemy import func, select

from xprojdb.db import Database, open_database
from xprojdb.db.tables import alignment, lease, outcome, run
from xprojdb.execution.run import StopRequest, run_plan
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.steps.align.stage import Align


class _Stopping(Diagonal):
    """Asks for an end while it aligns its first batch."""

    def __init__(self, stop: StopRequest) -> None:
        super().__init__()
        self.stop = stop

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        self.stop.requested = True
        return super().align(pairs)


def test_a_stop_commits_the_batch_at_hand(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Align, "block", 4)
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    stop = StopRequest()
    report = run_plan(database, plan_of(database, tmp_path, aligner=_Stopping(stop)), stop=stop)
    assert (report.stopped, [step.done for step in report.steps]) == (True, [4])
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(alignment)).scalar() == 4
        assert connection.execute(select(run.c.status).where(run.c.id == report.run_id)).scalar() == "stopped"
    assert [step.done for step in run_plan(database, plan_of(database, tmp_path)).steps] == [6, 10, 10]


class _Late(Diagonal):
    """Its first batch takes all the time there is."""

    def __init__(self, stop: StopRequest) -> None:
        super().__init__()
        self.stop = stop

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        self.stop.limit(0)
        return super().align(pairs)


def test_when_the_time_is_over_no_batch_begins(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Align, "block", 4)
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    stop = StopRequest()
    report = run_plan(database, plan_of(database, tmp_path, aligner=_Late(stop)), stop=stop)
    assert (report.stopped, report.interrupted, [step.done for step in report.steps]) == (True, False, [4])
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(lease)).scalar() == 0
    assert [step.done for step in run_plan(database, plan_of(database, tmp_path)).steps] == [6, 10, 10]


def test_a_run_that_ends_in_time_has_left_nothing(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    """Asked to stop during its very last batch, and with nothing to do at all."""
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    plan, stop = plan_of(database, tmp_path), StopRequest()
    last, process = plan.stages[-1], type(plan.stages[-1]).process

    def stopping(connection: Any, items: Sequence[int]) -> Any:
        stop.requested = True
        return process(last, connection, items)

    last.process = stopping  # type: ignore[method-assign]
    report = run_plan(database, plan, stop=stop)
    assert (report.stopped, report.done) == (False, 30)
    with database.read() as connection:
        assert connection.execute(select(run.c.status).where(run.c.id == report.run_id)).scalar() == "done"
    assert not run_plan(database, plan_of(database, tmp_path), stop=stop).stopped


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe whose aligner is a real encoder, of random weights."""
    model = tiny_checkpoint(tmp_path / "tiny", positions=64)
    path = tmp_path / "recipe.toml"
    top = 'name = "sample"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    path.write_text(f'{top}[align]\nmodel = "{model}"\nlayer = 2\n[[scorer]]\n', encoding="utf-8")
    return path


#: the command line, which says on standard output when it has aligned its second batch, and waits for a line
HELD = """
import sys
from xprojdb.cli.main import main
from xprojdb.steps.align.stage import Align
batches, process = [], Align.process
def held(stage, connection, items):
    result = process(stage, connection, items)
    batches.append(items)
    if len(batches) == 2:
        print("aligned", flush=True)
        sys.stdin.readline()
    return result
Align.process = held
main()
"""


def _start(program: Sequence[str | Path], address: str, recipe: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return start([*program, "--db", address, "run", recipe], env=env, **pipes)


def _aligned(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(alignment)).scalar_one())


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_an_interrupted_child_keeps_what_it_did(
    number: signal.Signals,
    code: int,
    sqlite_database: Database,
    write_conll: Callable[..., Path],
    recipe: Path,
    child_env: dict[str, str],
) -> None:
    count = 3 * Align.block
    import_sample(sqlite_database, write_conll, {"en": english(count), "de": german(count)})
    address = str(sqlite_database.engine.url.database)
    child = _start([sys.executable, "-c", HELD], address, recipe, child_env)
    assert child.stdout.readline() == "aligned\n", child.stderr.read()
    child.send_signal(number)
    assert any("after this batch" in line for line in child.stderr)
    stdout, stderr = child.communicate("go on\n", timeout=HANG)
    assert child.returncode == code, stderr
    assert stdout.splitlines()[-1].endswith("work is left: run again to continue")
    done = _aligned(sqlite_database)
    assert done == 2 * Align.block
    with sqlite_database.read() as connection:
        last = connection.execute(select(run).order_by(run.c.id.desc())).first()
        assert last is not None
        assert last.status == "stopped"
        assert last.ended_at is not None
        kept = select(func.count()).select_from(outcome).where(outcome.c.run_id == last.id)
        assert connection.execute(kept).scalar() == done


@pytest.mark.slow
def test_without_time_nothing_begins_and_the_command_says_so(
    sqlite_database: Database, write_conll: Callable[..., Path], recipe: Path, run_cli: Callable[..., Any]
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(3), "de": german(3)})
    address = str(sqlite_database.engine.url.database)
    done = run_cli("--db", address, "run", recipe, "--max-time", "0.000001")
    assert (done.code, done.stdout) == (75, "stopped before the first batch: run again to continue\n"), done.stderr
    assert run_cli("--db", address, "run", recipe, "--max-time", "100000").code == 0
    again = run_cli("--db", address, "run", recipe, "--max-time", "0.000001")
    assert (again.code, again.stdout) == (0, "nothing to do\n")


#: in a process of its own: a signal that arrived late would end the one that runs the tests
IGNORING = """
import signal
from xprojdb.cli.printing.progress import stop_on_interrupt

signal.signal(signal.SIGINT, signal.SIG_IGN)
with stop_on_interrupt() as stop:
    signal.raise_signal(signal.SIGINT)
    assert not stop.requested
    signal.raise_signal(signal.SIGTERM)
    assert stop.requested
    assert not stop.interrupted
assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
"""


@pytest.mark.slow
def test_a_signal_that_is_ignored_stays_so(child_env: dict[str, str]) -> None:
    """A script's background job and what runs under nohup are not for whoever sits at the terminal to end."""
    done = subprocess.run(
        [sys.executable, "-c", IGNORING],
        env=child_env,
        capture_output=True,
        encoding="utf-8",
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_two_runs_at_once_do_every_item_once(
    database: Database,
    address: str,
    write_conll: Callable[..., Path],
    recipe: Path,
    child_env: dict[str, str],
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    count = 2_000
    import_sample(database, write_conll, {"en": english(count), "de": german(count)})
    children = [_start([XPROJDB], address, recipe, child_env) for _ in range(2)]
    communicates = [child.communicate(timeout=HANG) for child in children]
    assert [child.returncode for child in children] == [0, 0], communicates
    alone = tmp_path / "alone.db"
    alone.write_bytes(sqlite_template.read_bytes())
    with open_database(alone) as single:
        import_sample(single, write_conll, {"en": english(count), "de": german(count)})
        child = _start([XPROJDB], str(alone), recipe, child_env)
        child.communicate(timeout=HANG)
        assert results(database) == results(single)
    with database.read() as connection:
        counted = connection.execute(select(run.c.counts).where(run.c.command.like("%run%"))).scalars().all()
    assert sum(int(text.split('"done":')[1].split(",")[0].rstrip("}")) for text in counted) == 3 * count
