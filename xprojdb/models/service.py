"""Send requests to a server that may be busy, slow or broken."""

from __future__ import annotations

import email.utils
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, NamedTuple, TypeVar

from xprojdb.errors import ServiceError
from xprojdb.masking import remember
from xprojdb.models.patience import Deadline, opener
from xprojdb.printable import one_line

Parsed = TypeVar("Parsed")

LONGEST_WAIT = 60.0
"""The most seconds between two attempts, whatever the server asks for."""
LONGEST_ANSWER = 1 << 24
"""The most bytes an answer may have."""
_AGAIN = frozenset({408, 409, 425, 429})
#: shorter keys may be common words, such as EMPTY
_SHORTEST_SECRET = 12


class Reply(NamedTuple):
    """The answer of a server.

    :param url: the requested URL.
    :param value: the parsed JSON.
    """

    url: str
    value: Any


class Service:
    """A server that answers JSON with JSON.

    A request is repeated if there is no answer, an invalid answer, or a temporary error status (429, 5xx).

    :param url: its base URL, without a trailing slash.
    :param key: sent as a bearer token; empty for none. It never appears in messages and is only sent to this address:
        redirects are errors.
    :param timeout: seconds an answer may take, from the first byte sent to the last byte read.
    :param attempts: how often to send a request before giving up.
    :param patience: seconds before the second attempt, unless the server sends ``Retry-After``; doubled before each
        further attempt.
    :param sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        timeout: float = 120.0,
        attempts: int = 6,
        patience: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url, self._timeout, self._attempts, self._patience, self._sleep = url, timeout, attempts, patience, sleep
        self._key = key
        if len(key) >= _SHORTEST_SECRET:
            remember(key)
        self._headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}

    def post(self, path: str, body: dict[str, Any], read: Callable[[Reply], Parsed]) -> Parsed:
        """Send a request and parse the answer.

        :param path: the path, appended to the base URL.
        :param body: sent as JSON.
        :param read: parses the answer, or raises :class:`ServiceError` to have the request repeated.
        :raises ServiceError: when there is no answer after all attempts, or the server rejects the request. Its fields
            are ``url``, ``reason`` (``timeout``, ``unreachable``, ``status``, ``nonsense``), ``status``, ``attempts``.
        """
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), self._headers)
        wait = self._patience
        for attempt in range(1, self._attempts + 1):
            try:
                return read(self._ask(request))
            except ServiceError as error:
                error.fields["attempts"] = attempt
                if attempt == self._attempts or not error.again:
                    raise
                requested = error.fields.get("wait")
            self._sleep(min(wait if requested is None else requested, LONGEST_WAIT))
            wait *= 2
        raise AssertionError("there is at least one attempt")

    def _ask(self, request: urllib.request.Request) -> Reply:
        url = request.full_url
        text = self._fetch(url, request)
        if len(text) > LONGEST_ANSWER:
            raise nonsense(Reply(url, ""), f"it is longer than {LONGEST_ANSWER:,} bytes")
        if len(self._key) >= _SHORTEST_SECRET and self._key.encode() in text:
            raise nonsense(Reply(url, ""), "it contains the key")
        try:
            return Reply(url, json.loads(text))
        except (ValueError, RecursionError) as error:
            raise nonsense(Reply(url, text[:1000].decode(errors="replace")), "it is not valid JSON") from error

    def _fetch(self, url: str, request: urllib.request.Request) -> bytes:
        """Fetch the bytes of the answer, up to one more than allowed.

        Errors are raised without their cause, since a server can put the key into any of these.
        """
        with Deadline(self._timeout) as deadline:
            text = self._received(url, request, deadline)
        if deadline.passed or (isinstance(text, ServiceError) and text.reason == "timeout"):
            raise _unanswered(url, "timeout", f"no answer within {self._timeout:g} s")
        if isinstance(text, ServiceError):
            raise text
        return text

    def _received(self, url: str, request: urllib.request.Request, deadline: Deadline) -> bytes | ServiceError:
        try:
            with opener(deadline).open(request, timeout=self._timeout) as answer:
                return bytes(answer.read(LONGEST_ANSWER + 1))
        except urllib.error.HTTPError as error:
            return self._refused(url, error)
        except (urllib.error.URLError, HTTPException, OSError) as error:
            cause = getattr(error, "reason", error)
            reason = "timeout" if isinstance(cause, TimeoutError) else "unreachable"
            return _unanswered(url, reason, self._masked(str(cause) or type(cause).__name__))
        except ValueError as error:
            # What the standard library makes of a chunk of negative size, or of a redirect to no address.
            return nonsense(Reply(url, ""), f"it is not valid HTTP ({self._masked(str(error))})")

    def _masked(self, text: str) -> str:
        """A server's message without the key, shortened to one line."""
        return one_line(text.replace(self._key, "***") if self._key else text, 200)

    def _refused(self, url: str, error: urllib.error.HTTPError) -> ServiceError:
        again = error.code >= 500 or error.code in _AGAIN
        if 300 <= error.code < 400:
            to = error.headers.get("Location")
            hint = "use the address of the server itself" + (f"; this one redirects to {to}" if to else "")
        elif again:
            hint = "run again later; unfinished items stay pending"
        elif error.code in (401, 403):
            hint = "set the environment variable that holds the key"
        else:
            hint = "check the address and the model name"
        message = f"{url} answered {error.code} {self._masked(str(error.reason))}{self._masked(_error_message(error))}"
        wait = _seconds(error.headers.get("Retry-After"))
        fields = {"url": url, "reason": "status", "status": error.code, "again": again, "wait": wait}
        return ServiceError(message, hint=self._masked(hint), **fields)


def nonsense(reply: Reply, why: str) -> ServiceError:
    """The error for an unusable answer.

    :param why: what is wrong with it.
    """
    try:
        shown = reply.value if isinstance(reply.value, str) else json.dumps(reply.value)
    except RecursionError:
        shown = ""
    message = f"{reply.url} sent an unusable answer: {why}" + (f": {one_line(shown, 80)!r}" if shown else "")
    hint = "check that this is the address of an OpenAI-compatible server, including /v1"
    return ServiceError(message, hint=hint, url=reply.url, reason="nonsense", status=200, again=True)


def _error_message(error: urllib.error.HTTPError) -> str:
    """The error message in a server's answer, or an empty string."""
    try:
        value = json.loads(error.read(4000))
        message = value["error"]["message"] if isinstance(value["error"], dict) else value["error"]
    except (ValueError, KeyError, TypeError, OSError, HTTPException, RecursionError):
        return ""
    return f": {message}"


def _unanswered(url: str, reason: str, message: str) -> ServiceError:
    hint = "check that the server is running; unfinished items stay pending"
    return ServiceError(f"{url}: {message}", hint=hint, url=url, reason=reason, status=None, again=True)


def _seconds(text: str | None) -> float | None:
    """Parse ``Retry-After``, which is a number of seconds or a date."""
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
