"""Worker processes: equal tables whatever happens to them, and only the guilty item is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fragile_aligner import Watchful, deaf_stage, faulty_stage, fragile_stage, wrong_stage
from projection_sample import english, german, import_sample, outcomes, plan_of, results
from sqlalchemy import func, select

from xprojdb.db import Database, open_database
from xprojdb.db.tables import failure, lease
from xprojdb.errors import XprojdbError
from xprojdb.execution.engines import processes
from xprojdb.execution.engines.pool import WorkersLost
from xprojdb.execution.engines.processes import Processes
from xprojdb.execution.progress import StopRequest
from xprojdb.execution.run import run_plan
from xprojdb.steps.align.stage import Align

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Align, "block", 4)


@pytest.fixture
def undisturbed(tmp_path: Path, sqlite_template: Path, write_conll: Write) -> Callable[[Sequence[str]], object]:
    """The tables of a run in one process, with an aligner that nothing harms."""

    def run(lines: Sequence[str]) -> object:
        path = tmp_path / "undisturbed.db"
        path.write_bytes(sqlite_template.read_bytes())
        with open_database(path) as database:
            import_sample(database, write_conll, {"en": lines, "de": german(len(lines))})
            run_plan(database, plan_of(database, tmp_path))
            return results(database)

    return run


def _lines(**words: int) -> list[str]:
    """Thirty sentences, some with a word that an aligner does not survive."""
    lines = english(30)
    for word, place in words.items():
        lines[place] = f"Anna/B-PER Berg/I-PER met {word.replace('_', '-')} people in Turin/B-LOC"
    return lines


@pytest.mark.slow
def test_worker_processes_make_the_same_tables(
    database: Database, write_conll: Write, tmp_path: Path, undisturbed: Callable[..., object]
) -> None:
    import_sample(database, write_conll, {"en": _lines(), "de": german(30)})
    engine = Processes(2, make=fragile_stage)
    report = run_plan(database, plan_of(database, tmp_path, aligner=None), engine=engine)
    assert [(step.done, step.failed) for step in report.steps] == [(30, 0)] * 3
    assert results(database) == undisturbed(_lines())
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(lease)).scalar() == 0


@pytest.mark.slow
def test_a_signal_to_all_of_a_job_step_leaves_the_workers_to_their_parent(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, undisturbed: Callable[..., object]
) -> None:
    """Slurm sends TERM to the workers, too; the batches that they have are done."""
    lines = _lines(slurm=3)
    import_sample(sqlite_database, write_conll, {"en": lines, "de": german(30)})
    report = run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), engine=Processes(1, make=fragile_stage))
    assert [(step.done, step.failed) for step in report.steps] == [(30, 0)] * 3
    assert results(sqlite_database) == undisturbed(lines)


@pytest.mark.slow
def test_a_worker_that_dies_or_hangs_once_costs_nothing(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, undisturbed: Callable[..., object]
) -> None:
    lines = _lines(killer_once=3, sleeper_once=17)
    import_sample(sqlite_database, write_conll, {"en": lines, "de": german(30)})
    plan = plan_of(sqlite_database, tmp_path)
    report = run_plan(sqlite_database, plan, engine=Watchful(2, tmp_path / "model"))
    assert sorted(path.name for path in (tmp_path / "model").glob("*-once")) == ["killer-once", "sleeper-once"]
    assert report.failed == 0
    assert results(sqlite_database) == undisturbed(lines)


@pytest.mark.slow
def test_an_item_that_kills_its_workers_is_found_and_recorded(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Align, "block", 2)
    import_sample(sqlite_database, write_conll, {"en": _lines(killer=6), "de": german(30)})
    report = run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), engine=Processes(2, make=fragile_stage))
    assert [(step.done, step.failed) for step in report.steps] == [(30, 1), (29, 0), (29, 0)]
    result = outcomes(sqlite_database, "align")
    assert [result[key] for key in sorted(result)][6] == ("failed", "worker-died")
    with sqlite_database.read() as connection:
        assert "SIGKILL" in connection.execute(select(failure.c.traceback)).scalar_one()


@pytest.mark.slow
def test_an_item_that_hangs_is_found_and_recorded(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Align, "block", 2)
    lines = _lines(sleeper=2)[:4]
    import_sample(sqlite_database, write_conll, {"en": lines, "de": german(4)})
    engine = Watchful(1, tmp_path / "model")
    report = run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), engine=engine, only=["align"])
    assert [(step.done, step.failed) for step in report.steps] == [(4, 1)]
    result = outcomes(sqlite_database, "align")
    assert [result[key] for key in sorted(result)][2] == ("failed", "timed-out")


@pytest.mark.slow
def test_a_batch_has_so_many_seconds(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(sqlite_database, write_conll, {"en": _lines(sleeper=0)[:1], "de": german(1)})
    engine = Processes(1, batch_timeout=0.5, make=fragile_stage)
    report = run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), engine=engine, only=["align"])
    assert [(step.done, step.failed) for step in report.steps] == [(1, 1)]
    assert [*outcomes(sqlite_database, "align").values()] == [("failed", "timed-out")]


@pytest.mark.slow
def test_workers_that_die_while_they_open_end_the_run(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(9), "de": german(9)})
    with pytest.raises(WorkersLost) as caught:
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), engine=Processes(2, make=deaf_stage))
    assert (caught.value.reason, caught.value.detail) == ("worker-died", "it ended with exit code 7")
    assert outcomes(sqlite_database, "align") == {}


@pytest.mark.slow
def test_failures_and_errors_cross_from_workers(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(sqlite_database, write_conll, {"en": _lines(poison=6), "de": german(30)})
    plan = plan_of(sqlite_database, tmp_path)
    report = run_plan(sqlite_database, plan, engine=Processes(2, make=fragile_stage))
    assert [step.failed for step in report.steps] == [1, 0, 0]
    with sqlite_database.read() as connection:
        row = connection.execute(select(failure.c.message, failure.c.traceback)).one()
    assert row.message == "cannot bear poison"
    assert "in align" in row.traceback


def test_an_error_of_a_worker_tells_where_it_was_met(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(4), "de": german(4)})
    with pytest.raises(ZeroDivisionError) as copied:
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), engine=Processes(1, make=wrong_stage))
    assert "in wrong_stage" in copied.value.__notes__[0]
    with pytest.raises(XprojdbError) as message:
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), engine=Processes(1, make=faulty_stage))
    assert message.value.reason == "Unforeseen"
    assert "in faulty_stage" in message.value.__notes__[0]


@pytest.mark.slow
def test_a_stop_ends_after_the_batches_at_hand(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(60), "de": german(60)})
    stop = StopRequest()

    class Stopping:
        def begin(self, title: str, noun: str, total: int) -> None: ...

        def advance(self, *_: int) -> None:
            stop.requested = True

        def end(self) -> None: ...

    engine = Processes(2, make=fragile_stage)
    report = run_plan(
        sqlite_database, plan_of(sqlite_database, tmp_path), engine=engine, progress=Stopping(), stop=stop
    )
    assert report.stopped
    assert 4 <= report.done <= 5 * 4
    with sqlite_database.read() as connection:
        assert connection.execute(select(func.count()).select_from(lease)).scalar() == 0
    assert run_plan(sqlite_database, plan_of(sqlite_database, tmp_path)).steps[0].done == 60 - report.done


def test_workers_take_turns_at_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, 5")
    assert processes.gpus() == ["2", "5"]
    shown = []

    class Started:
        def __init__(self, *_: object) -> None:
            shown.append(os.environ["CUDA_VISIBLE_DEVICES"])

    monkeypatch.setattr(processes, "_Process", Started)
    monkeypatch.setattr(processes, "address_of", str)
    engine = Processes(3)
    for _ in range(3):
        engine._spawn(None)  # type: ignore[arg-type]
    assert shown == ["2", "5", "2"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2, 5"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert processes.gpus() == []
