"""Values of a database for text and JSON output."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """A value that JSON can represent: a string, a number, a boolean, a list, a mapping or None.

    Decimals become numbers, dates and times their ISO form, bytes ``\\x`` and hexadecimal digits as in PostgreSQL, and
    non-numbers (``NaN``, infinity) their name.
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
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {str(key): plain(element) for key, element in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
