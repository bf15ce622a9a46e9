"""Call the Hugging Face Hub, with errors that say what to do next and never contain the token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xprojdb.errors import XprojdbError
from xprojdb.extras import require

#: seconds in which the Hub must answer
_PATIENCE = 10.0
_LOG_IN = "set HF_TOKEN, or log in with: hf auth login; the token needs write access"


class HubError(XprojdbError):
    """A request to the Hub failed; the repository is unchanged. The field ``repo`` names it."""


class TokenRefused(HubError):
    """The token is missing or invalid, or lacks write access to this repository."""


class PublishedMeanwhile(HubError):
    """Somebody else published to the repository in the meantime; nothing was published."""


class RepositoryMissing(HubError):
    """The Hub has no such repository, or none visible with this token."""


@contextmanager
def asking(repo: str) -> Iterator[None]:
    """Turn failed calls inside the block into a :class:`HubError`.

    The error is raised without its cause, since requests contain the token and a traceback must not.

    :param repo: the repository the block works on.
    :raises HubError: when the Hub rejects a request or cannot be reached.
    """
    failure: HubError
    try:
        yield
        return
    except HubError:
        raise
    except _failures() as error:
        failure = _hub_error(repo, error)
    raise failure from None


def quiet_progress() -> None:
    """Turn off the progress bars of the Hub's client, which would fill the logs of unattended runs."""
    require("huggingface_hub.utils", "hub").disable_progress_bars()


def is_reachable() -> bool:
    """Whether the Hub answers; where it does not, its client tries for most of a minute to find each file."""
    session, endpoint = (
        require("huggingface_hub", "hub").get_session(),
        require("huggingface_hub.constants", "hub").ENDPOINT,
    )
    try:
        session.head(endpoint, timeout=_PATIENCE).raise_for_status()
    except _failures() as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        return status is not None and status < 500
    return True


def log_in_first(repo: str) -> TokenRefused:
    """The error for a push without a token."""
    return TokenRefused(f"publishing to {repo} needs a token, but there is none", hint=_LOG_IN, repo=repo, status=None)


def _failures() -> tuple[type[BaseException], ...]:
    """The exceptions that huggingface_hub may raise, whichever library it uses for requests."""
    bases = require("huggingface_hub.errors", "hub").HfHubHTTPError.__bases__
    return (*bases, OSError, RuntimeError, ValueError)


def _hub_error(repo: str, error: BaseException) -> HubError:
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ is not None else error
    status = getattr(getattr(cause, "response", None), "status_code", None)
    missing = require("huggingface_hub.errors", "hub").RepositoryNotFoundError
    if status == 412:
        hint = "look at what they published, then push again, which compares again"
        return PublishedMeanwhile(
            f"somebody else published to {repo} in the meantime", hint=hint, repo=repo, status=status
        )
    if isinstance(cause, missing):
        hint = "check the name; a private data set is only visible with a token that can read it"
        return RepositoryMissing(f"the Hub has no data set {repo}", hint=hint, repo=repo, status=status)
    if status == 401:
        return TokenRefused("the Hub rejected the token", hint=_LOG_IN, repo=repo, status=status)
    if status == 403:
        hint = "use a token with write access, or a name in your own namespace"
        return TokenRefused(f"the token has no write access to {repo}", hint=hint, repo=repo, status=status)
    return _other(repo, cause, status)


def _other(repo: str, error: BaseException, status: int | None) -> HubError:
    if isinstance(error, OSError) and error.errno is not None:
        message = f"{error.filename or 'the system'}: {error.strerror}"
        return HubError(message, hint="fix this, then run the same command again", repo=repo, status=None)
    if status is None and not isinstance(error, (ValueError, RuntimeError)):
        message = f"the connection to the Hub failed ({type(error).__name__}): {_first_line(error)}"
        return HubError(
            message, hint="run the same command again; nothing incomplete is visible", repo=repo, status=None
        )
    reason = getattr(error, "server_message", None) or _first_line(error)
    code = f" ({status})" if status else ""
    hint = "wait and run the same command again" if (status or 0) >= 500 or status == 429 else None
    return HubError(
        f"the Hub rejected the request{code}: {_without_token(str(reason))}", hint=hint, repo=repo, status=status
    )


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return _without_token(lines[0]) if lines else type(error).__name__


def _without_token(text: str) -> str:
    token = require("huggingface_hub", "hub").get_token()
    return text.replace(token, "…") if token else text
