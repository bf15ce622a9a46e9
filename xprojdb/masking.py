"""Keep passwords and keys out of everything that is printed or stored."""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

#: shorter secrets may be parts of other words, and are only masked in addresses
_SHORTEST = 4
_MASK = "***"
#: the part of an address before its host; a password may contain anything but white space
_IN_ADDRESS = re.compile(r"(?P<prefix>//[^\s:/@]*:)[^\s]*(?=@)")
_IN_QUERY = re.compile(
    r"(?P<prefix>\b(?:ssl)?password=|\bapi_key=|\btoken=|\bscram_(?:client|server)_key=|\boauth_client_secret=)[^\s&'\"]+",
    re.IGNORECASE,
)
_secrets: set[str] = set()


def remember(secret: str) -> None:
    """Mask a secret in all future messages of this process, however it is quoted."""
    if len(secret) >= _SHORTEST:
        _secrets.update((secret, quote(secret, safe=""), quote_plus(secret)))


def masked(text: str) -> str:
    """Mask known secrets in a text, and everything in the place of a password in an address."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    text = _IN_ADDRESS.sub(rf"\g<prefix>{_MASK}", text)
    return _IN_QUERY.sub(rf"\g<prefix>{_MASK}", text)
