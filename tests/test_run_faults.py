"""A run whose disk is full or whose server crashes says so in one line, and the next one goes on to the same rows."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from children import HANG, start, wait_until
from conftest import XPROJDB, Finished, started_postgres
from projection_sample import english, german, import_sample, outcomes, results
from sqlalchemy import create_engine, make_url

from xprojdb.db import open_database
from xprojdb.db.postgresql import WRITER_LOCK

Write = Callable[..., Path]
RECIPE = (
    'name = "r"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n[align]\n'
    'aligner = "equal_words"\nwords = "all"\n[[scorer]]\n'
)
COUNT = 2_000


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture
def undisturbed(tmp_path: Path, sqlite_template: Path, write_conll: Write, recipe: Path, run_cli: Any) -> object:
    """The rows that a run makes when nothing harms it."""
    path = tmp_path / "undisturbed.db"
    _fill(str(path), sqlite_template, write_conll)
    assert run_cli("--db", path, "run", recipe).code == 0
    return _results(str(path))


def _fill(address: str, template: Path | None, write_conll: Write) -> None:
    if template is not None:
        shutil.copyfile(template, address)
    with open_database(address, create=True) as database:
        import_sample(database, write_conll, {"en": english(COUNT), "de": german(COUNT)})


def _results(address: str) -> object:
    with open_database(address) as database:
        return results(database)


def _is_one_error(done: Finished) -> bool:
    """One line with what happened, and one with what to do."""
    lines = [line for line in done.stderr.splitlines() if line.startswith(("Error: ", "  → "))]
    return done.code == 1 and len(lines) == 2 and "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("free", [8, 300])
def test_a_disk_that_is_full_in_mid_run(
    small_disk: Callable[[int], Path],
    sqlite_template: Path,
    write_conll: Write,
    recipe: Path,
    run_cli: Callable[..., Finished],
    undisturbed: object,
    free: int,
) -> None:
    disk = small_disk(16_384)
    path, ballast = disk / "x.db", disk / "ballast"
    _fill(str(path), sqlite_template, write_conll)
    ballast.write_bytes(b"\0" * (shutil.disk_usage(disk).free - free * 1024))
    done = run_cli("--db", path, "run", recipe)
    assert _is_one_error(done), done
    assert "disk" in done.stderr
    ballast.unlink()
    assert run_cli("--db", path, "run", recipe).code == 0
    assert _results(str(path)) == undisturbed


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A PostgreSQL server that no other test needs."""
    with started_postgres() as server:
        yield server


def _crash(server: Any) -> None:
    command = [str(server.bin_path / "pg_ctl"), "-D", str(server.pgdata), "-l", str(server.log), "restart", "-w"]
    command += ["-t", str(int(HANG))]
    collected = {"stdout": subprocess.DEVNULL, "user": server.system_user, "timeout": HANG}
    subprocess.run([*command, "-m", "immediate"], check=True, **collected)


def test_a_server_that_crashes_in_mid_run(
    own_server: Any,
    write_conll: Write,
    recipe: Path,
    run_cli: Callable[..., Finished],
    child_env: dict[str, str],
    undisturbed: object,
) -> None:
    url = make_url(own_server.get_uri()).set(drivername="postgresql+psycopg")
    address = url.render_as_string(hide_password=False)
    _fill(address, None, write_conll)
    assert run_cli("--db", address, "run", recipe, "--limit", "600").code == 0
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    # Whoever wants to write waits for this lock, so that the run is in the middle of a transaction.
    with engine.connect() as holder:
        holder.exec_driver_sql(f"SELECT pg_advisory_lock({WRITER_LOCK})")
        child = start([XPROJDB, "--db", address, "run", recipe], stderr=subprocess.PIPE, env=child_env)
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_until(lambda: holder.exec_driver_sql(waiting).scalar_one(), child)
        _crash(own_server)
        _, errors = child.communicate(timeout=HANG)
        holder.invalidate()
    engine.dispose()
    assert _is_one_error(Finished(child.returncode, "", errors)), errors
    with open_database(address) as database:
        assert len(outcomes(database, "align")) == 600
    assert run_cli("--db", address, "run", recipe).code == 0
    assert _results(address) == undisturbed
