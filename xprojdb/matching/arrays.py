"""The array types of the matcher, and the decorator that compiles its loops."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Longs
from xprojdb.errors import MatchingError


class Compiled:
    """A loop that Numba compiles, or loads from its cache, on the first call.

    Loading Numba takes a quarter of a second, and most commands look at a database without computing anything.
    """

    def __init__(self, loop: Callable[..., Any]) -> None:
        update_wrapper(self, loop)
        self._loop = loop

    @cached_property
    def _dispatcher(self) -> Any:
        from numba import njit

        return njit(cache=True, nogil=True)(self._loop)

    @property
    def _numba_type_(self) -> Any:
        # Numba reads this from values used in compiled loops; it lets such loops call one another.
        return self._dispatcher._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        return self._dispatcher(*arguments)


compiled = Compiled


def flat(name: str, values: npt.ArrayLike, dtype: type) -> npt.NDArray[Any]:
    """Convert to a contiguous, writable, one-dimensional array of ``dtype``, copying only if needed.

    :param name: the name of the array, for the message.
    :raises MatchingError: when it has another number of dimensions, or values of another kind, such as floats
        for positions.
    """
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(dtype)
    whole = array.dtype.kind in "iub" and np.issubdtype(dtype, np.integer)
    if array.ndim != 1 or not (whole or np.can_cast(array.dtype, dtype, "same_kind")):
        raise MatchingError(
            f"{name} is {array.dtype} of shape {array.shape}",
            hint=f"pass a one-dimensional array that fits {np.dtype(dtype)}",
            what=name,
            value=(str(array.dtype), array.shape),
        )
    return np.require(array, dtype, ["C", "W"])


def check_ptr(name: str, ptr: Longs, items: int, total: int) -> None:
    """Check that ``ptr`` divides ``total`` values into ``items`` runs.

    :raises MatchingError: when it has the wrong length, does not go from 0 to ``total``, or decreases; ``item`` is
        the index.
    """
    hint = f"{name} must hold {items + 1} offsets that rise from 0 to {total}"
    if len(ptr) != items + 1:
        raise MatchingError(f"{name} has {len(ptr)} values", hint=hint, what=name, item=None, value=len(ptr))
    falls = np.flatnonzero(np.diff(ptr) < 0)
    if len(falls) or ptr[0] != 0 or ptr[-1] != total:
        item = int(falls[0]) + 1 if len(falls) else 0 if ptr[0] else items
        raise MatchingError(f"{name}[{item}] is {ptr[item]}", hint=hint, what=name, item=item, value=int(ptr[item]))


def offsets(counts: npt.ArrayLike) -> Longs:
    """The offsets (N+1) of runs with these lengths (N)."""
    ptr = np.zeros(np.size(counts) + 1, np.int64)
    np.cumsum(counts, out=ptr[1:])
    return ptr


@compiled
def stable_order(keys):  # type: ignore[no-untyped-def]
    """``np.argsort(keys, kind="stable")`` for integers; Numba takes seconds to compile NumPy's own."""
    order, spare, width = np.arange(len(keys)), np.empty(len(keys), np.int64), 1
    while width < len(keys):
        for a in range(0, len(keys), 2 * width):
            b, c = min(a + width, len(keys)), min(a + 2 * width, len(keys))
            left, right = a, b
            for n in range(a, c):
                if right == c or (left < b and keys[order[left]] <= keys[order[right]]):
                    spare[n] = order[left]
                    left += 1
                else:
                    spare[n] = order[right]
                    right += 1
        order, spare, width = spare, order, 2 * width
    return order
