"""The scripts of docs/slurm with a stand-in for Slurm, whose tasks are real processes; one is ended and goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from children import HANG, start, wait_until
from conftest import XPROJDB
from model_checkpoints import tiny_checkpoint
from naming import told
from projection_sample import english, german, import_sample
from slurm_standin import install
from sqlalchemy import func, select

from xprojdb.config.recipe import read_recipe
from xprojdb.db import Database, open_database
from xprojdb.db.tables import alignment, run
from xprojdb.execution.run import run_plan
from xprojdb.maintenance.verify import verify
from xprojdb.planning.planner import plan_recipe

Write = Callable[..., Path]
SCRIPTS = Path(__file__).parents[1] / "docs" / "slurm"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bash") is None, reason="the scripts are bash"),
]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe whose aligner is a real encoder, of random weights."""
    model = tiny_checkpoint(tmp_path / "tiny", positions=64)
    path = tmp_path / "recipe.toml"
    top = 'name = "sample"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    path.write_text(f'{top}[align]\nmodel = "{model}"\nlayer = 2\n[[scorer]]\n', encoding="utf-8")
    return path


@pytest.fixture
def slurm(tmp_path: Path, child_env: dict[str, str]) -> dict[str, str]:
    """The environment of a cluster's login node."""
    install(tmp_path / "bin")
    (tmp_path / "standin").mkdir()
    path = f"{tmp_path / 'bin'}{os.pathsep}{XPROJDB.parent}{os.pathsep}{child_env['PATH']}"
    return {**child_env, "PATH": path, "STANDIN": str(tmp_path / "standin"), "TMPDIR": str(tmp_path)}


def _submit(script: str, env: dict[str, str], tasks: int) -> subprocess.Popen[str]:
    command = [str(Path(env["PATH"].split(os.pathsep)[0]) / "sbatch"), f"--array=1-{tasks}", SCRIPTS / script]
    return start(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def _done(database: Database) -> dict[str, object]:
    """What is there, apart from the scores: their last digits depend on which sentences an encoder has in a batch."""
    rows = told(database)
    same = {name: rows[name] for name in ("sentence", "translation", "entity", "outcome")}
    return {**same, "alignment": [row[:2] for row in rows["alignment"]]}


def _alone(sqlite_template: Path, write_conll: Write, recipe: Path, folder: Path, count: int) -> object:
    path = folder / "alone.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_database(path) as alone:
        import_sample(alone, write_conll, {"en": english(count), "de": german(count)})
        run_plan(alone, plan_recipe(alone, read_recipe(recipe)))
        return _done(alone)


def test_an_array_of_drivers_on_one_database(
    database: Database,
    address: str,
    slurm: dict[str, str],
    recipe: Path,
    write_conll: Write,
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    count = 1_500
    import_sample(database, write_conll, {"en": english(count), "de": german(count)})
    job = _submit("drivers.sbatch", {**slurm, "XPROJDB_DB": address, "RECIPE": str(recipe)}, 2)

    def aligned() -> int:
        with database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(alignment)).scalar_one())

    wait_until(aligned, job)
    # As Slurm does before the end of the time limit: to the processes of the job step.
    os.kill(int((Path(slurm["STANDIN"]) / "step-1").read_text(encoding="utf-8")), signal.SIGTERM)
    printed, errors = job.communicate(timeout=HANG)
    assert job.returncode == 0, errors
    assert printed.count("work is left: run again to continue") == 1
    assert _done(database) == _alone(sqlite_template, write_conll, recipe, tmp_path, count)
    with database.read() as connection:
        statuses = list(connection.execute(select(run.c.status).where(run.c.command == "run")).scalars())
    assert statuses.count("stopped") == 1
    assert len(statuses) >= 2


def test_a_file_on_each_node_and_a_merge(
    sqlite_database: Database,
    address_of_file: str,
    slurm: dict[str, str],
    recipe: Path,
    write_conll: Write,
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    count = 60
    import_sample(sqlite_database, write_conll, {"en": english(count), "de": german(count)})
    job = _submit("shards.sbatch", {**slurm, "PREPARED": address_of_file, "RECIPE": str(recipe)}, 3)
    _, errors = job.communicate(timeout=HANG)
    assert job.returncode == 0, errors
    shares = sorted(tmp_path.glob("*.share-*"))
    assert len(shares) == 3
    merge = [XPROJDB, "db", "merge", address_of_file, *shares]
    done = subprocess.run(merge, env=slurm, capture_output=True, encoding="utf-8", timeout=HANG, check=False)
    assert done.returncode == 0, done.stderr
    assert _done(sqlite_database) == _alone(sqlite_template, write_conll, recipe, tmp_path, count)
    assert verify(sqlite_database).damage == 0
    assert not list(tmp_path.glob("xprojdb-*.db*"))


@pytest.fixture
def address_of_file(sqlite_database: Database) -> str:
    return str(sqlite_database.engine.url.database)
