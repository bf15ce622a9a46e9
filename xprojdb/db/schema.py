"""The schema revision of a database: read it, compare it with the code's, move to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, inspect

from xprojdb.db.driver_errors import shown, translated_errors
from xprojdb.db.tables import metadata
from xprojdb.errors import DatabaseError, UsageError

# Alembic is imported where it is needed: that takes a tenth of a second, and opening a database does not need it.
if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

#: Alembic's table under a name of our own: under its usual one, another program's revision would pass for ours
VERSION_TABLE = "xprojdb_revision"
#: a table that is there while a database is being copied into
COPY_MARK = "xprojdb_copy"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """What was found in a database.

    :param current: its revision, or None.
    :param head: the revision this code needs.
    :param known: whether ``current`` is one of this code's revisions.
    :param tables: the names of the tables found.
    """

    current: str | None
    head: str
    known: bool
    tables: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """No tables at all, but for the one that would hold a revision."""
        return self.current is None and not set(self.tables) - {VERSION_TABLE, COPY_MARK}

    @property
    def unfinished(self) -> bool:
        """A copy of another database that has not been verified to its end."""
        return COPY_MARK in self.tables

    @property
    def foreign(self) -> bool:
        """Tables of another program."""
        return self.current is None and not self.empty


def state(engine: Engine) -> SchemaState:
    """Read, without changing anything, which schema revision a database is at.

    :raises DatabaseError: when it cannot be opened, or is no database.
    """
    known = revisions()
    with translated_errors(engine), engine.connect() as connection, connection.begin():
        tables = tuple(sorted(inspect(connection).get_table_names()))
        current = None
        if VERSION_TABLE in tables:
            current = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()
    return SchemaState(current, known[-1], current in known, tables)


@cache
def revisions() -> tuple[str, ...]:
    """The revisions of this code, the oldest first: those that the names of the migrations begin with."""
    names = (file.name for file in resources.files("xprojdb.migrations.versions").iterdir())
    return tuple(sorted(name.partition("_")[0] for name in names if name[0].isdigit() and name.endswith(".py")))


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema up to a revision, in one transaction.

    :raises DatabaseError: when the tables found belong to another program or a newer version.
    :raises UsageError: when there is no such revision.
    :raises RunsAlive: when runs are under way.
    """
    from alembic import command

    _move(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to an earlier revision (``base``: no tables), in one transaction.

    :raises DatabaseError: when the tables found belong to another program or a newer version.
    :raises UsageError: when there is no such revision.
    :raises RunsAlive: when runs are under way.
    """
    from alembic import command

    _move(engine, command.downgrade, revision)


def check(engine: Engine) -> None:
    """Compare the tables found with the code's: columns, types, keys and indices.

    :raises DatabaseError: when they differ; the field ``differences`` has a line for each.
    """
    from alembic.autogenerate import compare_metadata

    with translated_errors(engine), engine.connect() as connection, connection.begin():
        found = [_told(difference) for difference in compare_metadata(_context(connection), metadata)]
    if found:
        url = shown(engine.url)
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise DatabaseError(
            f"{url} differs from what this version needs: {found[0]}{more}",
            hint="the tables were changed by hand: restore a copy, or change them back",
            url=url,
            differences=tuple(found),
        )


def foreign_error(url: str, found: SchemaState) -> DatabaseError:
    """The refusal of a database of another program."""
    return DatabaseError(
        f"{url} is a database of another program (it has a table {found.tables[0]!r})",
        hint="choose another file or database with --db",
        url=url,
        tables=found.tables,
    )


def revision_of(connection: Connection) -> str | None:
    """The schema revision as a transaction sees it, of a database that had one."""
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()


def moved_error(url: str, found: str | None) -> DatabaseError:
    """The refusal to write to a database whose schema was moved since it was opened."""
    return DatabaseError(
        f"the schema of {url} was moved to revision {found or 'base'} meanwhile; nothing was stored",
        hint=f"xprojdb --db {url} db upgrade, then do the same again",
        url=url,
        current=found,
        head=revisions()[-1],
    )


def unfinished_error(url: str) -> DatabaseError:
    """The refusal of a copy that was interrupted."""
    return DatabaseError(
        f"{url} is a copy that was not finished", hint=f"xprojdb db copy SOURCE {url} begins it anew", url=url
    )


def revision_error(url: str, found: SchemaState) -> DatabaseError:
    """The refusal of a database at another revision, with the command that brings it to ours."""
    return DatabaseError(
        f"{url} is at schema revision {found.current}, this version of xprojdb needs {found.head}",
        hint=f"xprojdb --db {url} db upgrade" if found.known else "install a newer version of xprojdb",
        url=url,
        current=found.current,
        head=found.head,
    )


def _move(engine: Engine, way: Callable[[Config, str], None], revision: str) -> None:
    found = state(engine)
    if found.foreign:
        raise foreign_error(shown(engine.url), found)
    if found.current is not None and not found.known:
        raise revision_error(shown(engine.url), found)
    with _writing(engine) as connection, _known_revision(revision):
        # A copy that was not finished holds the runs of its source.
        if found.current != (found.head if revision == "head" else revision) and not found.unfinished:
            _refuse_live_runs(connection, found)
        way(_config(connection), revision)


def _refuse_live_runs(connection: Connection, found: SchemaState) -> None:
    from xprojdb.db.live import refuse_live_runs

    # Earlier revisions do not know which process a run is.
    if "lease" in found.tables:
        refuse_live_runs(connection, "another schema")


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with (
        translated_errors(engine),
        engine.connect().execution_options(xprojdb_write=True) as connection,
        _unchecked_keys(connection),
        connection.begin(),
    ):
        yield connection


@contextmanager
def _unchecked_keys(connection: Connection) -> Iterator[None]:
    """Let SQLite put a new table in an old one's place, which rows refer to; inside a transaction it takes no heed."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


@contextmanager
def _known_revision(revision: str) -> Iterator[None]:
    from alembic.util import CommandError

    try:
        yield
    except CommandError as error:
        known = ", ".join(("base", *revisions(), "head"))
        raise UsageError(f"cannot go to revision {revision!r}", hint=f"there are {known}", revision=revision) from error


def _told(difference: Any) -> str:
    """One line for one of Alembic's differences, which are tuples, or lists of them for one column."""
    name, *what = difference[0] if isinstance(difference, list) else difference
    parts = [str(getattr(part, "name", part)) for part in what if part is not None]
    return f"{name.replace('_', ' ')}: {', '.join(parts)}"


def _context(connection: Connection) -> MigrationContext:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})


def _config(connection: Connection | None) -> Config:
    from alembic.config import Config

    config = Config()
    # The colon comes last: without it an editable installation does not find the folder.
    config.set_main_option("script_location", "xprojdb.migrations:")
    config.attributes["connection"] = connection
    return config
