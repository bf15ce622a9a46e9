"""Content digests: equal values have equal digests, on every machine."""

from __future__ import annotations

import hashlib
import json


def canonical_json(value: object) -> str:
    """Serialise to JSON with sorted keys and no spaces, so that equal values give equal text.

    :raises ValueError: for NaN and infinities, which JSON cannot represent.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(value: object) -> str:
    """The SHA-256 of a value's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
