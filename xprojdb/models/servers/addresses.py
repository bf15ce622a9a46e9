"""Check the addresses of model servers and proxies before anything is sent, and keep their secrets out of messages."""

from __future__ import annotations

import re
import urllib.request
from urllib.parse import SplitResult, unquote, urlsplit

from xprojdb.errors import UsageError
from xprojdb.masking import remember
from xprojdb.printable import one_line

_PORTS = range(1, 1 << 16)


def check_address(url: str) -> None:
    """Reject an invalid server address, or one with a secret in it, which would be stored with the recipe.

    :raises UsageError: without the address, which may contain a secret.
    """
    if not url.startswith(("http://", "https://")):
        hint = "set the server's url, such as http://localhost:8000/v1, or OPENAI_BASE_URL"
        raise UsageError(f"not a server address: {one_line(url.rpartition('@')[2], 80)!r}", hint=hint)
    if re.search(r"[?#]", url) or "@" in unquote(url):
        hint = "remove everything after ? or # and before @; put the key into its environment variable"
        raise UsageError("the server address contains a user, a password or a query", hint=hint)
    parts = _parts(url)
    if parts is None or not (url.isascii() and url.isprintable()):
        hint = "write it like http://localhost:8000/v1, in ASCII: other characters as %C3%B6, and in the host as xn--…"
        raise UsageError(f"not a server address: {one_line(url, 80)!r}", hint=hint)


def check_proxy(url: str) -> None:
    """Reject a proxy of the environment through which nothing can be sent, and mask its password from now on.

    :param url: the address of the server, which decides on the proxy.
    :raises UsageError: without the proxy's address, which may contain a password.
    """
    server = urlsplit(url)
    proxy = urllib.request.getproxies().get(server.scheme)
    if not proxy or urllib.request.proxy_bypass(server.netloc):
        return
    address = proxy if "://" in proxy else f"http://{proxy}"
    parts = _parts(address)
    if parts is None or parts.scheme not in ("http", "https"):
        hint = "write it like http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"
        raise UsageError(f"the proxy in {server.scheme}_proxy is not a valid address", hint=hint)
    if parts.password:
        remember(parts.password)
        remember(unquote(parts.password))


def _parts(url: str) -> SplitResult | None:
    """The parts of a URL, or None if its host or port is impossible."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
        host.encode("idna")
    except ValueError:
        return None
    # Of an IPv6 address, what follows % is the network interface.
    plain = host.partition("%")[0] if ":" in host else host
    possible = plain and not re.search(r"[\s%\\\x00-\x1f\x7f]", plain) and not parts.netloc.endswith(":")
    return parts if possible and (port is None or port in _PORTS) else None
