"""Open a database: SQLite file or PostgreSQL, at the schema revision this code needs."""

from __future__ import annotations

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


class Database:
    """An open database, checked to be at the revision this code needs.

    :param checked: whether it was at that revision when it was opened, so that it is an error when it no longer is.

    Use :func:`open_database`. Reading happens in :meth:`read`, every change in :meth:`write`.
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
        """A connection in one read transaction: it sees one state of the database throughout, and cannot change it.

        :raises DatabaseError: when the database cannot be read, or the schema is another one by now.
        """
        with translated_errors(self.engine), self.engine.connect() as connection, connection.begin():
            self._check_unmoved(connection)
            yield connection

    @contextmanager
    def write(self, *, wait: bool = True, counted: bool = True) -> Iterator[Connection]:
        """A connection in one write transaction, committed at the end and rolled back on any error.

        Writers take turns: it begins when the transaction of the one before has ended.

        :param wait: for that; otherwise it is an error when another one writes.
        :param counted: counts of rows that were kept no longer hold when rows are changed (``count_cache``).
        :raises DatabaseError: when the database cannot be written, another writer does not end, or the schema is
            another one by now.
        """
        with (
            translated_errors(self.engine),
            self.engine.connect().execution_options(xprojdb_write="wait" if wait else "now") as connection,
            connection.begin(),
        ):
            self._check_unmoved(connection)
            before = count_cache.changes(connection)
            yield connection
            # Not after a caller's own rollback.
            if counted and connection.in_transaction() and count_cache.changes(connection) != before:
                count_cache.count_write(connection)

    def _check_unmoved(self, connection: Connection) -> None:
        """Use no other schema than the one that was opened: another process may have moved it meanwhile."""
        if not self.checked:
            return
        found = schema.revision_of(connection)
        if found != schema.revisions()[-1]:
            raise schema.moved_error(self.url, found)

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(address: str | Path, *, create: bool = False, mountinfo: Path = MOUNTINFO) -> Database:
    """Open a database at the current schema revision.

    :param address: a path to an SQLite file, or a URL (``sqlite:///…``, ``postgresql://…``).
    :param create: make an SQLite database that is not there, and the tables of an empty one.
    :param mountinfo: where the system tells what is mounted: a file on a network file system is treated differently.
    :returns: the open database.
    :raises DatabaseError: when it is missing, belongs to another program or stands at another revision.
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
        raise DatabaseError(f"{url} holds no xprojdb tables", hint=f"xprojdb --db {url} db upgrade", url=url)
    elif state.current != state.head:
        raise schema.revision_error(url, state)


def connect(address: str | Path, *, create: bool = False, mountinfo: Path = MOUNTINFO) -> Engine:
    """An engine for an address, whatever the schema: what ``db upgrade`` and ``db check`` start from.

    :param create: allow an SQLite file that does not exist yet.
    :param mountinfo: as :func:`open_database` takes it.
    :raises DatabaseError: when the SQLite file is missing or its folder is.
    :raises UsageError: when the address is no database URL.
    """
    url = parse_address(address)
    if url.get_backend_name() == "postgresql":
        return postgresql.make_engine(url)
    if url.get_backend_name() == "sqlite":
        return sqlite.make_engine(url, create=create, mountinfo=mountinfo)
    name = url.get_backend_name()
    raise UsageError(f"{name} databases are not supported", hint="use SQLite or PostgreSQL", address=shown(url))


def address_of(database: Database) -> str:
    """The address of an open database as another process needs it: with the password, and from whichever folder."""
    url = database.engine.url
    path = sqlite.file_of(url) if url.get_backend_name() == "sqlite" else None
    if path is not None:
        url = url.set(database=str(path.absolute()))
    return url.render_as_string(hide_password=False)


def parse_address(address: str | Path) -> URL:
    """A SQLAlchemy URL from a URL or a plain file path.

    :raises UsageError: when it is neither.
    """
    text = str(address)
    if not text:
        raise UsageError("the database has no name", hint="give a path or a URL with --db", address=text)
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Alone, since the error that it comes from repeats the address.
        address = masked(text)
        hint = "a path, sqlite:///FILE or postgresql://…"
        raise UsageError(f"{address!r} is no database URL", hint=hint, address=address) from None
    for secret in (url.password, *(url.query.get(name) for name in SECRET_PARAMETERS)):
        if isinstance(secret, str):
            remember(secret)
    if "@" in (url.host or ""):
        hint = "in a password, write @ as %40, / as %2F and : as %3A; or leave it to PGPASSFILE"
        raise UsageError("the host of the database URL has @ in it", hint=hint, address=masked(text))
    # The older spelling that hosting services still hand out.
    return url.set(drivername="postgresql") if url.drivername == "postgres" else url
