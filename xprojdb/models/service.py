"""Requests to a server that may be busy, slow or broken."""

from __future__ import annotations

import email.utils
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, NamedTuple, TypeVar

from xprojdb.errors import ServiceError, UsageError
from xprojdb.masking import remember
from xprojdb.models.patience import Deadline, opener
from xprojdb.printable import one_line

Made = TypeVar("Made")

LONGEST_WAIT = 60.0
"""Seconds between two attempts at most, whatever the server asks for."""
LONGEST_ANSWER = 1 << 24
"""Bytes of an answer at most."""
_AGAIN = frozenset({408, 409, 425, 429})
#: keys that are shorter may be common words, such as EMPTY
_SHORTEST_SECRET = 12


class Reply(NamedTuple):
    """An answer.

    :param url: what was asked.
    :param value: its JSON.
    """

    url: str
    value: Any


class Service:
    """A server that answers JSON with JSON.

    A request that is not answered, or with nonsense, or with a status that may pass (429, 5xx), is sent again.

    :param url: its base, without a slash at the end.
    :param key: sent as a bearer token; empty for none. Not shown by any message, and sent to this address alone:
        a redirect is a refusal.
    :param timeout: seconds that an answer may take, from the first byte sent to the last one read.
    :param attempts: how often a request is sent before it is given up.
    :param patience: seconds before the second attempt, unless the server names some in ``Retry-After``; twice as
        long before each further one.
    :param sleep: waits for seconds.
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

    def post(self, path: str, body: dict[str, Any], read: Callable[[Reply], Made]) -> Made:
        """Ask.

        :param path: behind the base.
        :param body: sent as JSON.
        :param read: makes something of the answer, or raises :class:`ServiceError`, and then it is asked again.
        :raises ServiceError: when there is no answer after all attempts, or the server refuses the request; its fields
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
                asked = error.fields.get("wait")
            self._sleep(min(wait if asked is None else asked, LONGEST_WAIT))
            wait *= 2
        raise AssertionError("a service is asked once at least")

    def _ask(self, request: urllib.request.Request) -> Reply:
        url = request.full_url
        text = self._fetch(url, request)
        if len(text) > LONGEST_ANSWER:
            raise nonsense(Reply(url, ""), f"it has more than {LONGEST_ANSWER:,} bytes")
        if len(self._key) >= _SHORTEST_SECRET and self._key.encode() in text:
            raise nonsense(Reply(url, ""), "it repeats the key")
        try:
            return Reply(url, json.loads(text))
        except (ValueError, RecursionError) as error:
            raise nonsense(
                Reply(url, text[:1000].decode(errors="replace")), "it is no JSON that can be read"
            ) from error

    def _fetch(self, url: str, request: urllib.request.Request) -> bytes:
        """The bytes of the answer, one more than it may have at most.

        Errors stand alone, without those they came from: a server can put the key into any of these.
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

    def _masked(self, text: str) -> str:
        """What a server said, as far as it fits a line, without the key."""
        return one_line(text.replace(self._key, "***") if self._key else text, 200)

    def _refused(self, url: str, error: urllib.error.HTTPError) -> ServiceError:
        again = error.code >= 500 or error.code in _AGAIN
        if 300 <= error.code < 400:
            hint = f"give the address of the server itself: this one points to {error.headers.get('Location')}"
        elif again:
            hint = "run again later: what is not done stays pending"
        elif error.code in (401, 403):
            hint = "set the environment variable that holds the key"
        else:
            hint = "check the address and the name of the model"
        message = f"{url} answered {error.code} {self._masked(str(error.reason))}{self._masked(_told(error))}"
        wait = _seconds(error.headers.get("Retry-After"))
        fields = {"url": url, "reason": "status", "status": error.code, "again": again, "wait": wait}
        return ServiceError(message, hint=self._masked(hint), **fields)


def check_address(url: str) -> None:
    """Refuse what is no address of a server, or has a secret in it, which would be kept with the recipe.

    :raises UsageError: not repeating the address, which may have a secret in it.
    """
    if not url.startswith(("http://", "https://")):
        hint = "give the server's url, such as http://localhost:8000/v1, or set OPENAI_BASE_URL"
        raise UsageError(f"no server is at {one_line(url.rpartition('@')[2], 80)!r}", hint=hint)
    if re.search(r"[?#]", url) or "@" in url:
        hint = "leave out what is behind ? or # and before @; the key goes into the environment variable of its name"
        raise UsageError("the address of the server has a user, a password or a query in it", hint=hint)


def nonsense(reply: Reply, why: str) -> ServiceError:
    """The error for an answer of which nothing can be made.

    :param why: what is wrong with it.
    """
    shown = reply.value if isinstance(reply.value, str) else json.dumps(reply.value)
    message = f"{reply.url} answered nonsense: {why}" + (f": {one_line(shown, 80)!r}" if shown else "")
    hint = "check that the address is that of an OpenAI-compatible server, with its /v1"
    return ServiceError(message, hint=hint, url=reply.url, reason="nonsense", status=200, again=True)


def _told(error: urllib.error.HTTPError) -> str:
    """What a server says about an error, as far as it fits a line."""
    try:
        value = json.loads(error.read(4000))
        told = value["error"]["message"] if isinstance(value["error"], dict) else value["error"]
    except (ValueError, KeyError, TypeError, OSError, HTTPException, RecursionError):
        return ""
    return f": {told}"


def _unanswered(url: str, reason: str, told: str) -> ServiceError:
    hint = "check that the server runs there; what is not done stays pending"
    return ServiceError(f"{url}: {told}", hint=hint, url=url, reason=reason, status=None, again=True)


def _seconds(text: str | None) -> float | None:
    """What ``Retry-After`` asks for: seconds, or a date."""
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
