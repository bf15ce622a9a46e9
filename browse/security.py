"""Access to the server: only for the person who was given a one-time address, not for other web pages or hosts.

Any web page may send requests to this machine. These are rejected by checking the name in ``Host`` (a page whose name
was pointed here later has another one), a cookie that only the one-time address sets, that other sites' requests do not
carry and scripts cannot read, what browsers say about a request's origin, and a token in every form.
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

#: maximal bytes of a form, and of an address
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
    # Not "no-referrer", which would make browsers send "null" as the origin of our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
#: the page behind the one-time address; from there, the browser continues as if from our own site, with the cookie
_WELCOME = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={home}">'
    '<link rel="icon" href="data:,"><title>xprojdb</title></head>'
    '<body><p><a href="{home}">Continue to xprojdb</a></p></body></html>'
)


@dataclass(frozen=True, slots=True)
class Session:
    """A browser with access.

    :param reviewer: the name under which it writes; empty: read-only.
    :param form_token: the token in its forms.
    """

    reviewer: str
    form_token: str


class Doorkeeper:
    """The tokens and sessions of one server.

    :param port: of the server; cookies are shared between ports, so the cookie's name includes it.
    :param reviewers: each gets a one-time token; a read-only server has one token, without a name.
    :param home: the address to which a browser is sent first.
    """

    def __init__(self, port: int, reviewers: tuple[str, ...] = ("",), home: str = "/") -> None:
        self.port = port
        self.home = home
        self.tokens: Mapping[str, str] = {name: secrets.token_urlsafe(32) for name in reviewers}
        self._unused = {token: name for name, token in self.tokens.items()}
        self._sessions: dict[str, Session] = {}
        self._key = secrets.token_bytes(32)
        self._lock = Lock()

    @property
    def cookie(self) -> str:
        return f"xprojdb-{self.port}"

    def address(self, reviewer: str = "") -> str:
        """The address that gives access to one browser, once."""
        return f"http://127.0.0.1:{self.port}/enter?token={self.tokens[reviewer]}"

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this machine, and not a name that somebody has pointed at it."""
        return host in {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    def exchange(self, token: str) -> str | None:
        """The cookie value of a new session for an unused token; None for any other token."""
        with self._lock:
            unused = next(
                (candidate for candidate in self._unused if hmac.compare_digest(candidate.encode(), token.encode())),
                None,
            )
            if unused is None or len(self._sessions) >= SESSIONS:
                return None
            value = secrets.token_urlsafe(32)
            form_token = hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()
            self._sessions[value] = Session(self._unused.pop(unused), form_token)
            return value

    def session(self, cookies: str) -> Session | None:
        """The session for a Cookie header, if any."""
        return self._sessions.get(cookie_parser(cookies).get(self.cookie, ""))


class Guard:
    """Passes a request on to an application, or answers it itself."""

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
        """The answer to a request; None: pass it on, with its session in the scope."""
        headers = Headers(scope=scope)
        if not self._doorkeeper.knows_host(headers.get("host", "")):
            return _refusal(400, "this server only answers to 127.0.0.1 and localhost")
        if len(scope["query_string"]) + len(scope["raw_path"] or b"") > ADDRESS_BYTES:
            return _refusal(414, "this address is too long")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return _refusal(405, "this server only supports GET and POST")
        session = self._doorkeeper.session(headers.get("cookie", ""))
        if scope["path"] == "/enter" and scope["method"] == "GET":
            return self._enter(scope, session)
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return _refusal(403, "this was requested by a page of another site")
        if session is None:
            return _refusal(403, "open the address that xprojdb printed on its terminal; it works once")
        if scope["method"] == "POST":
            if headers.get("origin", "") not in ("", f"http://{headers['host']}"):
                return _refusal(403, "this was sent by a page of another site")
            length = headers.get("content-length", "")
            if not length.isdigit() or int(length) > FORM_BYTES:
                return _refusal(413, f"a form has at most {FORM_BYTES:,} bytes, and must state its length")
        scope.setdefault("state", {})["session"] = session
        return None

    def _enter(self, scope: Scope, session: Session | None) -> Response:
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        value = self._doorkeeper.exchange(token)
        if value is None and session is None:
            return _refusal(
                403, "this address was already used, or is not the one that was printed: start xprojdb again"
            )
        response = HTMLResponse(_WELCOME.format(home=self._doorkeeper.home))
        if value is not None:
            response.set_cookie(self._doorkeeper.cookie, value, httponly=True, samesite="strict", path="/")
        return response


def is_form_token(session: Session, token: object) -> bool:
    """Whether a token from a form is that of its session."""
    return isinstance(token, str) and hmac.compare_digest(token.encode(), session.form_token.encode())


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
