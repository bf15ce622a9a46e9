"""The types of values in tables, independent of the validation library so that a ``Config`` can use them as well."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt, MinLen

Text = Annotated[str, MinLen(1)]
Texts = tuple[Text, ...]
Some = Annotated[tuple[Text, ...], MinLen(1)]
#: whoever writes a larger number has mistyped it, and libraries that compute with it would overflow
MOST = 1_000_000_000
#: any non-negative number
Share = Annotated[float, Ge(0), Le(MOST)]
Positive = Annotated[float, Gt(0), Le(MOST)]
Weight = Annotated[float, Gt(0), Le(1000)]
Probability = Annotated[float, Ge(0), Lt(1)]
Count = Annotated[int, Ge(1), Le(MOST)]
Seed = Annotated[int, Ge(0), Le(2**63 - 1)]
Beams = Annotated[int, Ge(1), Le(1000)]
