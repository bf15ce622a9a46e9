"""Translate driver errors that users can fix: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError

from xprojdb.db import postgresql, sqlite
from xprojdb.errors import DatabaseError
from xprojdb.masking import masked
from xprojdb.printable import one_line

#: fault → what is wrong, hint
FAULTS: Mapping[str, tuple[str, str]] = {
    "read-only": (
        "cannot be written: it is read-only",
        "check the permissions of the file and its folder, or work on a copy",
    ),
    "refused": ("denies access", "check your permissions on the database and its folder"),
    "full": ("could not grow: the disk is full; nothing of this batch was stored", "free some space and run again"),
    "busy": ("is being written by another process", "wait until it has finished, then run again"),
    "no database": ("is not a database", "choose another file with --db"),
    "damaged": ("is damaged", "restore a copy; 'sqlite3 FILE .recover' rescues readable data"),
    "texts": ("is damaged: it contains invalid UTF-8", "'verify' finds the row, 'verify --repair' removes it"),
    "cannot open": (
        "cannot be opened",
        "check that you can read and write the file and its folder; to read a file of another user, copy it",
    ),
    "input/output": ("could not be read or written", "check the disk and its free space, then run again"),
    "unreachable": ("cannot be reached", "check that the server is running, and the name and password in the URL"),
    "options": ("has an option that PostgreSQL does not take", "check the part after ? in the URL"),
    "lost": ("closed the connection; committed work is kept", "repeat the command when the server is running again"),
}


#: secret query parameters of URLs
SECRET_PARAMETERS = frozenset(
    {"password", "sslpassword", "options", "scram_client_key", "scram_server_key", "oauth_client_secret"}
)


def shown(url: URL) -> str:
    """An address in a form that can be shown: a plain path, or a URL without its password."""
    if url.get_backend_name() == "sqlite" and not url.query and url.database:
        return url.database
    if url.get_backend_name() == "sqlite" and url.database and "immutable" in url.query:
        # The form in which a file on a read-only disk is opened.
        return unquote(url.database.removeprefix("file:"))
    query = {name: "***" if name in SECRET_PARAMETERS else value for name, value in url.query.items()}
    return url.set(drivername=url.get_backend_name(), query=query).render_as_string(hide_password=True)


@contextmanager
def translated_errors(engine: Engine) -> Iterator[None]:
    """Turn driver errors that users can fix into :class:`DatabaseError`; let programming errors through."""
    try:
        yield
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
        cause = (error.orig or error) if isinstance(error, DBAPIError) else error
        fault = (postgresql if engine.dialect.name == "postgresql" else sqlite).fault(cause)
        if fault is None:
            raise
        raise _database_error(shown(engine.url), fault, cause) from error
    except UnicodeDecodeError as error:
        if not _is_of_driver(error):
            raise
        raise _database_error(shown(engine.url), "damaged", error) from error


def _is_of_driver(error: BaseException) -> bool:
    """Whether an error comes from the driver, called by SQLAlchemy: names of tables and columns may be damaged, too."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__"))
    return module.startswith(("sqlalchemy.", "xprojdb.db."))


def _database_error(url: str, fault: str, cause: BaseException) -> DatabaseError:
    what, hint = FAULTS[fault]
    reason = one_line(masked(str(cause)), 1000)
    if fault in ("unreachable", "input/output", "cannot open", "lost"):
        what = f"{what} ({reason})"
    url = masked(url)
    return DatabaseError(f"{url} {what}", hint=hint, url=url, fault=fault, reason=reason)
