"""Open an SQLite or PostgreSQL database at the schema revision this code needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from xprojdb.db import count_cache, postgresql, schema, sqlite
from xprojdb.db.driver_errors import SECRET_PARAMETERS, shown, translated_errors
from xprojdb.db.mounts import MOUNTINFO
from xprojdb.errors import DatabaseError, UsageError
from xprojdb.masking import masked, remember

#: how libpq writes an address; as the name of a file, it would show the password
_KEYWORDS = re.compile(r"(?:^|\s)(?:host|hostaddr|port|dbname|user|password|service)\s*=")


class Database:
    """An open database, checked to be at the revision this code needs.

    :param checked: whether it was at that revision when opened, so that a later change is an error.

    Use :func:`open_database` to open one, :meth:`read` for reading and :meth:`write` for every change.
    """

    def __init__(self, engine: Engine, *, checked: bool = False) -> None:
        self.engine = engine
        self.checked = checked

    @property
    def url(self) -> str:
        """The path or URL, without a password."""
        return shown(self.engine.url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in one read transaction, which sees a single state of the database and cannot change it.

        :raises DatabaseError: when the database cannot be read, or its schema has changed.
        """
        with translated_errors(self.engine), self.engine.connect() as connection, connection.begin():
            self._check_unmoved(connection)
            yield connection

    @contextmanager
    def write(self, *, wait: bool = True, counted: bool = True) -> Iterator[Connection]:
        """A connection in one write transaction, committed at the end and rolled back on any error.

        Writers take turns: it begins when the previous writer's transaction has ended.

        :param wait: wait for other writers; otherwise it is an error if there is one.
        :param counted: invalidate cached counts if rows are changed (``count_cache``).
        :raises DatabaseError: when the database cannot be written, another writer does not finish, or the schema has
            changed.
        """
        with (
            translated_errors(self.engine),
            self.engine.connect().execution_options(xprojdb_write="wait" if wait else "now") as connection,
            connection.begin(),
        ):
            self._check_unmoved(connection)
            before = count_cache.changes(connection)
            yield connection
            # Not if the caller rolled back.
            if counted and connection.in_transaction() and count_cache.changes(connection) != before:
                count_cache.count_write(connection)

    def _check_unmoved(self, connection: Connection) -> None:
        """Check that the schema is still the one that was opened; another process may have migrated it."""
        if not self.checked:
            return
        revision = schema.revision_of(connection)
        if revision != schema.revisions()[-1]:
            raise schema.moved_error(self.url, revision)

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def with_cache(database: Database, kibibytes: int) -> Iterator[Database]:
    """A database through connections of its own, each of which keeps little of it in memory.

    Many readers at once would otherwise take 64 MiB each. Only SQLite has such caches, and only of files.
    """
    if database.engine.dialect.name != "sqlite" or database.engine.url.database in (None, "", ":memory:"):
        yield database
        return
    with Database(sqlite.with_cache(database.engine, kibibytes), checked=True) as own:
        yield own


def open_database(address: str | Path, *, create: bool = False, mountinfo: Path = MOUNTINFO) -> Database:
    """Open a database at the current schema revision.

    :param address: a path to an SQLite file, or a URL (``sqlite:///…``, ``postgresql://…``).
    :param create: create a missing SQLite database, and the tables of an empty database.
    :param mountinfo: the system's list of mounts: a file on a network file system is treated differently.
    :returns: the open database.
    :raises DatabaseError: when it is missing, belongs to another program, or is at another revision.
    """
    engine = connect(address, create=create, mountinfo=mountinfo)
    try:
        _check_revision(engine, create=create)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine, checked=True)


def _check_revision(engine: Engine, *, create: bool) -> None:
    state = schema.state(engine)
    url = shown(engine.url)
    if state.foreign:
        raise schema.foreign_error(url, state)
    if state.unfinished:
        raise schema.unfinished_error(url)
    if state.empty and create:
        schema.upgrade(engine)
    elif state.empty:
        raise DatabaseError(f"{url} has no xprojdb tables", hint=f"xprojdb --db {url} db upgrade", url=url)
    elif state.current != state.head:
        raise schema.revision_error(url, state)


def connect(address: str | Path, *, create: bool = False, mountinfo: Path = MOUNTINFO) -> Engine:
    """Create an engine for an address, whatever its schema, as for ``db upgrade`` and ``db check``.

    :param create: allow an SQLite file that does not exist yet.
    :param mountinfo: as for :func:`open_database`.
    :raises DatabaseError: when the SQLite file or its folder is missing.
    :raises UsageError: when the address is not a database URL.
    """
    url = parse_address(address)
    if url.get_backend_name() == "postgresql":
        return postgresql.make_engine(url)
    if url.get_backend_name() == "sqlite":
        return sqlite.make_engine(url, create=create, mountinfo=mountinfo)
    name = url.get_backend_name()
    raise UsageError(f"{name} databases are not supported", hint="use SQLite or PostgreSQL", address=shown(url))


def address_of(database: Database) -> str:
    """The address of an open database for another process: with password, and independent of the current folder."""
    url = database.engine.url
    path = sqlite.file_of(url) if url.get_backend_name() == "sqlite" else None
    if path is not None:
        url = url.set(database=str(path.absolute()))
    return url.render_as_string(hide_password=False)


def parse_address(address: str | Path) -> URL:
    """Convert a URL or a plain file path to a SQLAlchemy URL.

    :raises UsageError: when it is neither.
    """
    text = str(address)
    if not text:
        raise UsageError("the database address is empty", hint="pass a path or a URL as --db", address=text)
    if "://" not in text:
        if _KEYWORDS.search(text) and not Path(text).exists():
            hint = "write postgresql://USER@HOST/NAME, and the password into PGPASSFILE"
            raise UsageError("a PostgreSQL database is named by a URL, not by keywords", hint=hint)
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Without its cause, which would repeat the address.
        address = masked(text)
        hint = "use a path, sqlite:///FILE or postgresql://…"
        raise UsageError(f"{address!r} is not a database URL", hint=hint, address=address) from None
    values = (url.password or "", *(url.query.get(name, "") for name in SECRET_PARAMETERS))
    for secret in (secret for value in values for secret in ([value] if isinstance(value, str) else value)):
        remember(secret)
    if "@" in (url.host or ""):
        hint = "in a password, write @ as %40, / as %2F and : as %3A, or use PGPASSFILE"
        raise UsageError("the host of the database URL contains @", hint=hint, address=masked(text))
    # The older spelling that hosting services still use.
    return url.set(drivername="postgresql") if url.drivername == "postgres" else url
