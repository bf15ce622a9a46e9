"""The schema revision of a database: read it, compare it with the code's, migrate to another."""

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

#: our own name for Alembic's table: under the default name, another program's revision could be taken for ours
VERSION_TABLE = "xprojdb_revision"
#: a table that exists while a database is being copied into
COPY_MARK = "xprojdb_copy"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The state of a database's schema.

    :param current: its revision, or None.
    :param head: the revision this code needs.
    :param is_known: whether ``current`` is one of this code's revisions.
    :param tables: the names of the tables found.
    """

    current: str | None
    head: str
    is_known: bool
    tables: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether there are no tables, apart from the one for the revision."""
        return self.current is None and not set(self.tables) - {VERSION_TABLE, COPY_MARK}

    @property
    def unfinished(self) -> bool:
        """Whether it is a copy of another database that was not completed and verified."""
        return COPY_MARK in self.tables

    @property
    def foreign(self) -> bool:
        """Whether the tables belong to another program."""
        return self.current is None and not self.empty


def state(engine: Engine) -> SchemaState:
    """Read the schema revision of a database without changing anything.

    :raises DatabaseError: when it cannot be opened, or is not a database.
    """
    own_revisions = revisions()
    with translated_errors(engine), engine.connect() as connection, connection.begin():
        tables = tuple(sorted(inspect(connection).get_table_names()))
        current = None
        if VERSION_TABLE in tables:
            current = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()
    return SchemaState(current, own_revisions[-1], current in own_revisions, tables)


@cache
def revisions() -> tuple[str, ...]:
    """The revisions of this code, oldest first, from the file names of the migrations."""
    names = (file.name for file in resources.files("xprojdb.migrations.versions").iterdir())
    return tuple(sorted(name.partition("_")[0] for name in names if name[0].isdigit() and name.endswith(".py")))


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Upgrade the schema to a revision, in one transaction.

    :raises DatabaseError: when the tables belong to another program or a newer version.
    :raises UsageError: when there is no such revision.
    :raises RunsAlive: when runs are active.
    """
    from alembic import command

    _move(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Downgrade the schema to an earlier revision (``base``: no tables), in one transaction.

    :raises DatabaseError: when the tables belong to another program or a newer version.
    :raises UsageError: when there is no such revision.
    :raises RunsAlive: when runs are active.
    """
    from alembic import command

    _move(engine, command.downgrade, revision)


def check(engine: Engine) -> None:
    """Compare the tables with those of the code: columns, types, keys and indices.

    :raises DatabaseError: when they differ; the field ``differences`` has a line for each.
    """
    from alembic.autogenerate import compare_metadata

    with translated_errors(engine), engine.connect() as connection, connection.begin():
        differences = [_describe(difference) for difference in compare_metadata(_context(connection), metadata)]
    if differences:
        url = shown(engine.url)
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise DatabaseError(
            f"{url} differs from the schema this version needs: {differences[0]}{more}",
            hint="the tables were modified by hand: restore a copy, or revert the changes",
            url=url,
            differences=tuple(differences),
        )


def foreign_error(url: str, schema: SchemaState) -> DatabaseError:
    """The error for a database of another program."""
    return DatabaseError(
        f"{url} belongs to another program (it has a table {schema.tables[0]!r})",
        hint="choose another file or database with --db",
        url=url,
        tables=schema.tables,
    )


def revision_of(connection: Connection) -> str | None:
    """The schema revision as seen by a transaction, of a database that has one."""
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()


def moved_error(url: str, revision: str | None) -> DatabaseError:
    """The error for a database whose schema was migrated since it was opened."""
    return DatabaseError(
        f"the schema of {url} was migrated to revision {revision or 'base'} in the meantime; nothing was stored",
        hint=f"xprojdb --db {url} db upgrade, then repeat the command",
        url=url,
        current=revision,
        head=revisions()[-1],
    )


def unfinished_error(url: str) -> DatabaseError:
    """The error for an interrupted copy."""
    return DatabaseError(f"{url} is an unfinished copy", hint=f"xprojdb db copy SOURCE {url} starts it again", url=url)


def revision_error(url: str, schema: SchemaState) -> DatabaseError:
    """The error for a database at another revision, with the command that upgrades it."""
    return DatabaseError(
        f"{url} is at schema revision {schema.current}, this version of xprojdb needs {schema.head}",
        hint=f"xprojdb --db {url} db upgrade" if schema.is_known else "install a newer version of xprojdb",
        url=url,
        current=schema.current,
        head=schema.head,
    )


def _move(engine: Engine, way: Callable[[Config, str], None], revision: str) -> None:
    current = state(engine)
    if current.foreign:
        raise foreign_error(shown(engine.url), current)
    if current.current is not None and not current.is_known:
        raise revision_error(shown(engine.url), current)
    with _writing(engine) as connection, _known_revision(revision):
        # An unfinished copy contains the runs of its source.
        if current.current != (current.head if revision == "head" else revision) and not current.unfinished:
            _refuse_live_runs(connection, current)
        way(_config(connection), revision)


def _refuse_live_runs(connection: Connection, schema: SchemaState) -> None:
    from xprojdb.db.live import refuse_live_runs

    # Earlier revisions do not record the process of a run.
    if "lease" in schema.tables:
        refuse_live_runs(connection, "a migration")


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
    """Let SQLite replace tables that rows refer to; inside a transaction the pragma has no effect."""
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
        names = ", ".join(("base", *revisions(), "head"))
        raise UsageError(
            f"cannot migrate to revision {revision!r}", hint=f"there are {names}", revision=revision
        ) from error


def _describe(difference: Any) -> str:
    """Describe one of Alembic's differences in one line; they are tuples, or lists of tuples for one column."""
    name, *what = difference[0] if isinstance(difference, list) else difference
    parts = [str(getattr(part, "name", part)) for part in what if part is not None]
    return f"{name.replace('_', ' ')}: {', '.join(parts)}"


def _context(connection: Connection) -> MigrationContext:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})


def _config(connection: Connection | None) -> Config:
    from alembic.config import Config

    config = Config()
    # The trailing colon is needed to find the folder in an editable installation.
    config.set_main_option("script_location", "xprojdb.migrations:")
    config.attributes["connection"] = connection
    return config
