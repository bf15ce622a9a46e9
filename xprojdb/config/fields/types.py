"""The types of a table's values; without the library that validates them, so that a ``Config`` can have them, too."""

from __future__ import annotations

import math
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt, MinLen

Text = Annotated[str, MinLen(1)]
Texts = tuple[Text, ...]
Some = Annotated[tuple[Text, ...], MinLen(1)]
#: any finite number that is not negative
Share = Annotated[float, Ge(0), Lt(math.inf)]
Positive = Annotated[float, Gt(0), Lt(math.inf)]
Weight = Annotated[float, Gt(0), Le(1000)]
Probability = Annotated[float, Ge(0), Lt(1)]
Count = Annotated[int, Ge(1)]
