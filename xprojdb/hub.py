"""Calls of the Hugging Face Hub: what it refuses, in words that say what to do next, and without the token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xprojdb.errors import XprojdbError
from xprojdb.extras import require

_LOG_IN = "set HF_TOKEN, or log in with: hf auth login; the token needs the right to write"


class HubError(XprojdbError):
    """The Hub did not do what was asked; what it held before is still there, whole. The field ``repo`` names it."""


class TokenRefused(HubError):
    """There is no token, or the Hub does not take it, or it may not write to this repository."""


class PublishedMeanwhile(HubError):
    """Somebody else published to the repository after it was looked at; nothing was published by us."""


class RepositoryMissing(HubError):
    """The Hub has no such repository, or does not show it with this token."""


@contextmanager
def asking(repo: str) -> Iterator[None]:
    """Turn a failed call of the block into a :class:`HubError`.

    The error stands alone, without the one it came from: requests carry the token, and a traceback must not.

    :param repo: the repository that the block deals with.
    :raises HubError: when the Hub refuses or cannot be reached.
    """
    found: HubError
    try:
        yield
        return
    except HubError:
        raise
    except _failures() as error:
        found = _told(repo, error)
    raise found from None


def quiet_progress() -> None:
    """Do without the progress bars of the Hub's client, which fill the log of a run that nobody watches."""
    require("huggingface_hub.utils", "hub").disable_progress_bars()


def log_in_first(repo: str) -> TokenRefused:
    """The error of a push without any token."""
    return TokenRefused(f"publishing to {repo} needs a token, and there is none", hint=_LOG_IN, repo=repo, status=None)


def _failures() -> tuple[type[BaseException], ...]:
    """What calls of huggingface_hub raise, whichever library it sends its requests with."""
    bases = require("huggingface_hub.errors", "hub").HfHubHTTPError.__bases__
    return (*bases, OSError, RuntimeError, ValueError)


def _told(repo: str, error: BaseException) -> HubError:
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ is not None else error
    status = getattr(getattr(cause, "response", None), "status_code", None)
    missing = require("huggingface_hub.errors", "hub").RepositoryNotFoundError
    if status == 412:
        hint = "look at what they published, then push again: it is compared anew"
        return PublishedMeanwhile(f"somebody else published to {repo} meanwhile", hint=hint, repo=repo, status=status)
    if isinstance(cause, missing):
        hint = "check the name; a private one is shown only with a token that may read it"
        return RepositoryMissing(f"the Hub has no data set {repo}", hint=hint, repo=repo, status=status)
    if status == 401:
        return TokenRefused("the Hub refuses the token", hint=_LOG_IN, repo=repo, status=status)
    if status == 403:
        hint = "use a token that may write there, or a name below your own"
        return TokenRefused(f"the token may not write to {repo}", hint=hint, repo=repo, status=status)
    return _other(repo, cause, status)


def _other(repo: str, error: BaseException, status: int | None) -> HubError:
    if isinstance(error, OSError) and error.errno is not None:
        message = f"{error.filename or 'the system'}: {error.strerror}"
        return HubError(message, hint="mend this, then run the same command again", repo=repo, status=None)
    if status is None and not isinstance(error, (ValueError, RuntimeError)):
        message = f"the connection to the Hub failed ({type(error).__name__}): {_first_line(error)}"
        return HubError(
            message, hint="run the same command again: nothing half done is visible", repo=repo, status=None
        )
    told = getattr(error, "server_message", None) or _first_line(error)
    code = f" ({status})" if status else ""
    hint = "wait and run the same command again" if (status or 0) >= 500 or status == 429 else None
    return HubError(f"the Hub refuses{code}: {_without_token(str(told))}", hint=hint, repo=repo, status=status)


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return _without_token(lines[0]) if lines else type(error).__name__


def _without_token(text: str) -> str:
    token = require("huggingface_hub", "hub").get_token()
    return text.replace(token, "…") if token else text
