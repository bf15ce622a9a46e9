"""Passwords and keys out of everything that is printed or kept."""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

#: shorter ones are parts of other words: they are masked in addresses alone
_SHORTEST = 4
_MASK = "***"
#: what stands before the host of an address; a password may hold whatever is no white space
_IN_ADDRESS = re.compile(r"(?P<kept>//[^\s:/@]*:)[^\s]*(?=@)")
_IN_QUERY = re.compile(r"(?P<kept>\b(?:ssl)?password=|\bapi_key=|\btoken=)[^\s&'\"]+", re.IGNORECASE)
_known: set[str] = set()


def remember(secret: str) -> None:
    """Mask a secret of this process in every message from now on, however it is quoted."""
    if len(secret) >= _SHORTEST:
        _known.update((secret, quote(secret, safe=""), quote_plus(secret)))


def masked(text: str) -> str:
    """A text without the secrets that are known, and without whatever stands where an address has a password."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    text = _IN_ADDRESS.sub(rf"\g<kept>{_MASK}", text)
    return _IN_QUERY.sub(rf"\g<kept>{_MASK}", text)
