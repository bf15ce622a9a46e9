"""All errors a user can meet, with one root class whose data fields say what happened and where."""

from __future__ import annotations

from typing import Any


class XprojdbError(Exception):
    """The root of all errors of xprojdb.

    :param message: one sentence that names the item that failed.
    :param hint: what to type or change next, shown on its own line.
    :param fields: the data behind the message (a file, a line, a key), so that callers can test fields, not sentences.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}") from None


class UsageError(XprojdbError):
    """The call is invalid: a wrong option, an unknown language, a misspelled key in a recipe."""

    exit_code = 2


class InputError(XprojdbError):
    """An input file is missing, damaged or has another format; nothing of it was stored."""


class DatabaseError(XprojdbError):
    """The database cannot be used: missing, read-only, of another program, at another revision, or out of space."""


class OtherVersion(DatabaseError):
    """A step was planned by another version of xprojdb; the fields are its ``kind`` and ``version``."""


class GroundMoved(XprojdbError):
    """Something a command was working on was deleted in the meantime; its unwritten results were dropped.

    The fields say what is gone: ``step``, ``run``, ``corpus``, or how many of ``items`` are ``gone``.
    """


class RunsAlive(XprojdbError):
    """Runs are active that the command would interfere with; the field ``runs`` lists them."""


class MissingExtra(XprojdbError):
    """An optional dependency is not installed; the hint names the extra that installs it."""


class ModelError(XprojdbError):
    """A model cannot be found, loaded or run."""


class ServiceError(ModelError):
    """A model server does not answer, rejects a request, or sends nonsense; the field ``again`` says to try later."""


class Unfinished(XprojdbError):
    """A long item was asked to stop and has kept, outside the database, how far it came; it stays pending."""


class MatchingError(XprojdbError):
    """The arrays passed to the matcher are inconsistent: a link outside the sentence, a score that is not a number."""
