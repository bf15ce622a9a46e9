"""The values of a database as text and JSON have them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """A value that JSON has: a text, a number, a truth value, a list, a mapping or None.

    Decimals become numbers, moments their ISO form, bytes ``\\x`` and hexadecimal digits as PostgreSQL writes them, and
    what is no number (``NaN``, infinity) its name.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else plain(float(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"\\x{bytes(value).hex()}"
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
