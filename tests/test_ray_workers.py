"""Ray actors: equal tables with two real worker processes, one of which is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fragile_aligner import fragile_stage
from projection_sample import english, german, import_sample, outcomes, plan_of, results

from xprojdb.db import Database, open_database
from xprojdb.errors import UsageError
from xprojdb.execution.engines.ray_actors import RayActors
from xprojdb.execution.run import run_plan
from xprojdb.steps.align.stage import Align

ray = pytest.importorskip("ray")


@pytest.mark.slow
def test_a_lost_actor_costs_only_its_batch(
    sqlite_database: Database,
    sqlite_template: Path,
    write_conll: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Align, "block", 2)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    # Ray shows its processes the folder at hand, which may be a checkout: an xprojdb without its command line.
    monkeypatch.chdir(tmp_path)
    # Where Ray's own processes find the aligner that dies.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    lines = english(24)
    lines[5] = "Anna/B-PER Berg/I-PER met killer-once people in Turin/B-LOC"
    lines[16] = "Anna/B-PER Berg/I-PER met poison people in Turin/B-LOC"
    import_sample(sqlite_database, write_conll, {"en": lines, "de": german(24)})
    engine = RayActors(2, cpus=1, make=fragile_stage)
    report = run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), engine=engine)
    assert not ray.is_initialized()
    assert (tmp_path / "model" / "killer-once").exists()
    assert [(step.done, step.failed) for step in report.steps] == [(24, 1), (23, 0), (23, 0)]
    assert [*outcomes(sqlite_database, "align").values()].count(("failed", "RuntimeError")) == 1
    alone = tmp_path / "alone.db"
    alone.write_bytes(sqlite_template.read_bytes())
    tables = ("alignment", "candidate", "label", "outcome")
    with open_database(alone) as undisturbed:
        import_sample(undisturbed, write_conll, {"en": lines, "de": german(24)})
        run_plan(undisturbed, plan_of(undisturbed, tmp_path))
        assert results(sqlite_database, tables) == results(undisturbed, tables)


def test_a_cluster_that_is_not_there_is_a_usage_error(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(4), "de": german(4)})
    with pytest.raises(UsageError) as caught:
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), engine=RayActors(2, address="nonsense:no"))
    assert caught.value.address == "nonsense:no"
