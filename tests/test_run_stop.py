"""Ctrl-C ends after the batch at hand; two runs at once do every item once."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from conftest import XPROJDB
from model_checkpoints import tiny_checkpoint
from projection_sample import Diagonal, english, german, import_sample, plan_of, results
from sqlalchemy import func, select

from xprojdb.db import Database, open_database
from xprojdb.db.tables import alignment, outcome, run
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


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe whose aligner is a real encoder, of random weights."""
    model = tiny_checkpoint(tmp_path / "tiny", positions=64)
    path = tmp_path / "recipe.toml"
    top = 'name = "sample"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    path.write_text(f'{top}[align]\nmodel = "{model}"\nlayer = 2\n', encoding="utf-8")
    return path


def _start(address: str, recipe: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    command = [str(XPROJDB), "--db", address, "run", str(recipe)]
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")


def _aligned(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(alignment)).scalar_one())


def test_an_interrupted_child_keeps_what_it_did(
    sqlite_database: Database,
    write_conll: Callable[..., Path],
    recipe: Path,
    child_env: dict[str, str],
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(20_000), "de": german(20_000)})
    address = str(sqlite_database.engine.url.database)
    child = _start(address, recipe, child_env)
    while child.poll() is None and not _aligned(sqlite_database):
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGINT)
    stdout, stderr = child.communicate(timeout=60)
    assert child.returncode == 130, stderr
    assert "after this batch" in stderr
    assert "stopped" in stdout
    done = _aligned(sqlite_database)
    assert done % Align.block == 0
    assert Align.block <= done < 20_000
    with sqlite_database.read() as connection:
        last = connection.execute(select(run).order_by(run.c.id.desc())).first()
        assert last is not None
        assert last.status == "stopped"
        assert last.ended_at is not None
        kept = select(func.count()).select_from(outcome).where(outcome.c.run_id == last.id)
        assert connection.execute(kept).scalar() == done


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
    children = [_start(address, recipe, child_env) for _ in range(2)]
    told = [child.communicate(timeout=120) for child in children]
    assert [child.returncode for child in children] == [0, 0], told
    alone = tmp_path / "alone.db"
    alone.write_bytes(sqlite_template.read_bytes())
    with open_database(alone) as single:
        import_sample(single, write_conll, {"en": english(count), "de": german(count)})
        child = _start(str(alone), recipe, child_env)
        child.communicate(timeout=120)
        assert results(database) == results(single)
    with database.read() as connection:
        counted = connection.execute(select(run.c.counts).where(run.c.command.like("%run%"))).scalars().all()
    assert sum(int(text.split('"done":')[1].split(",")[0].rstrip("}")) for text in counted) == 3 * count
