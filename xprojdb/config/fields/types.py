"""The types of values in tables, independent of the validation library so that a ``Config`` can use them as well."""

from __future__ import annotations

import math
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt, MinLen

Text = Annotated[str, MinLen(1)]
Texts = tuple[Text, ...]
Some = Annotated[tuple[Text, ...], MinLen(1)]
#: any finite, non-negative number
Share = Annotated[float, Ge(0), Lt(math.inf)]
Positive = Annotated[float, Gt(0), Lt(math.inf)]
Weight = Annotated[float, Gt(0), Le(1000)]
Probability = Annotated[float, Ge(0), Lt(1)]
Count = Annotated[int, Ge(1)]
