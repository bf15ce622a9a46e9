"""Who may ask this server: the person whom its terminal told a one-time address, and nobody on another page or host.

Any web page may send requests to this machine. What keeps them out: the name in ``Host`` (a page whose name was pointed
here afterwards has another one), a cookie that only the one-time address gives, that no other site's requests carry and
no script reads, what browsers tell of a request's origin, and a token in every form.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: bytes of a form, and of an address, that are read
FORM_BYTES = 64 * 1024
ADDRESS_BYTES = 4 * 1024
SESSIONS = 100
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not "no-referrer", with which a browser says "null" for the origin of our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
#: the page that the one-time address shows: from it, the browser goes on as from our own site, with the cookie
_WELCOME = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
    '<link rel="icon" href="data:,"><title>xprojdb</title></head>'
    '<body><p><a href="/">Go on to xprojdb</a></p></body></html>'
)


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that was let in.

    :param reviewer: under which name it writes; empty: it only reads.
    :param form_token: what its forms carry.
    """

    reviewer: str
    form_token: str


class Doorkeeper:
    """The tokens and sessions of one server.

    :param port: of the server: cookies are not kept apart by ports, so that its number is in the cookie's name.
    :param reviewers: for each a one-time token; a server that only reads has one, without a name.
    """

    def __init__(self, port: int, reviewers: tuple[str, ...] = ("",)) -> None:
        self.port = port
        self.tokens: Mapping[str, str] = {name: secrets.token_urlsafe(32) for name in reviewers}
        self._unused = {token: name for name, token in self.tokens.items()}
        self._sessions: dict[str, Session] = {}
        self._key = secrets.token_bytes(32)
        self._lock = Lock()

    @property
    def cookie(self) -> str:
        return f"xprojdb-{self.port}"

    def address(self, reviewer: str = "") -> str:
        """The address that lets one browser in, once."""
        return f"http://127.0.0.1:{self.port}/enter?token={self.tokens[reviewer]}"

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this machine, and not a name that somebody pointed at it."""
        return host in {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    def exchange(self, token: str) -> str | None:
        """The value of a new session's cookie for an unused token; None for any other."""
        with self._lock:
            known = next((each for each in self._unused if hmac.compare_digest(each.encode(), token.encode())), None)
            if known is None or len(self._sessions) >= SESSIONS:
                return None
            value = secrets.token_urlsafe(32)
            form_token = hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()
            self._sessions[value] = Session(self._unused.pop(known), form_token)
            return value

    def session(self, cookies: str) -> Session | None:
        """The session of a Cookie header."""
        return self._sessions.get(cookie_parser(cookies).get(self.cookie, ""))


class Guard:
    """Lets a request through to an application, or answers it itself."""

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper) -> None:
        self._app = app
        self._doorkeeper = doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        answer = self._answer(scope)
        guarded = _with_headers(send)
        if answer is None:
            await self._app(scope, receive, guarded)
        else:
            await answer(scope, receive, guarded)

    def _answer(self, scope: Scope) -> Response | None:
        """What it answers itself; None: the request goes through, with its session in the scope."""
        headers = Headers(scope=scope)
        if not self._doorkeeper.knows_host(headers.get("host", "")):
            return _refusal(400, "this server answers to 127.0.0.1 and localhost only")
        if len(scope["query_string"]) + len(scope["raw_path"] or b"") > ADDRESS_BYTES:
            return _refusal(414, "this address is too long")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return _refusal(405, "this server knows GET and POST")
        session = self._doorkeeper.session(headers.get("cookie", ""))
        if scope["path"] == "/enter" and scope["method"] == "GET":
            return self._enter(scope, session)
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return _refusal(403, "a page of another site asked for this")
        if session is None:
            return _refusal(403, "open the address that xprojdb printed on its terminal; it works once")
        if scope["method"] == "POST":
            if headers.get("origin", "") not in ("", f"http://{headers['host']}"):
                return _refusal(403, "a page of another site sent this")
            length = headers.get("content-length", "")
            if not length.isdigit() or int(length) > FORM_BYTES:
                return _refusal(413, f"a form has {FORM_BYTES:,} bytes at most, and says how many")
        scope.setdefault("state", {})["session"] = session
        return None

    def _enter(self, scope: Scope, session: Session | None) -> Response:
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        value = self._doorkeeper.exchange(token)
        if value is None and session is None:
            return _refusal(403, "this address was used, or is not the one that was printed: start xprojdb again")
        response = HTMLResponse(_WELCOME)
        if value is not None:
            response.set_cookie(self._doorkeeper.cookie, value, httponly=True, samesite="strict", path="/")
        return response


def is_form_token(session: Session, given: object) -> bool:
    """Whether a form carries its session's token."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), session.form_token.encode())


def _refusal(status: int, why: str) -> Response:
    return PlainTextResponse(why, status)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
