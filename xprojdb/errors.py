"""Every failure a user can meet: one root class, whose data fields say what, where and what to do next."""

from __future__ import annotations

from typing import Any


class XprojdbError(Exception):
    """What went wrong, with which item, and the next step.

    :param message: one sentence naming the item that failed.
    :param hint: what to type or change next; shown on a line of its own.
    :param fields: the data behind the message (a file, a line, a key), so that callers test fields and not sentences.
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
    """The call itself cannot be carried out: a wrong option, an unknown language, a recipe with a misspelt key."""

    exit_code = 2


class InputError(XprojdbError):
    """A file that was to be read is missing, damaged or not of the promised format; nothing of it was stored."""


class DatabaseError(XprojdbError):
    """The database cannot be used: missing, read-only, of another program, at another revision, or out of space."""


class GroundMoved(XprojdbError):
    """What a command worked on was deleted while it worked; what it was about to write of it was dropped.

    Fields say what is gone: ``step``, ``run``, ``corpus``, or how many of ``items`` are ``gone``.
    """


class RunsAlive(XprojdbError):
    """Runs are under way whose ground would move; the field ``runs`` names them."""


class MissingExtra(XprojdbError):
    """An optional dependency is not installed; the hint names the extra that brings it."""


class ModelError(XprojdbError):
    """A model cannot be found, loaded or run."""


class ServiceError(ModelError):
    """A model behind a server does not answer, refuses, or answers nonsense; the field ``again`` says to try later."""


class MatchingError(XprojdbError):
    """Arrays handed to the matcher contradict each other: a link outside the sentence, a score that is not a number."""
