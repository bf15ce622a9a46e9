"""Batches of like length and bounded size, which shrink when the device's memory does not hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from xprojdb.extras import require

Made = TypeVar("Made")


class TokenBatches:
    """Runs pieces through a model, a bounded number of tokens at a time, padding included.

    :param tokens: in one batch; halved for good whenever the GPU runs out of memory.
    """

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def run(self, lengths: Sequence[int], compute: Callable[[list[int]], Sequence[Made]]) -> list[Made]:
        """Compute something for every piece.

        :param lengths: tokens of each piece.
        :param compute: makes one result for each of the pieces whose indices it gets: of like length, longest first.
        :returns: the results in the order of the pieces.
        """
        order = sorted(range(len(lengths)), key=lambda piece: (-lengths[piece], piece))
        made: dict[int, Made] = {}
        # The longest first, so that a batch too large for the memory fails at once.
        for batch in self._cut(order, lengths):
            made.update(zip(batch, self._halved(batch, compute), strict=True))
        return [made[piece] for piece in range(len(lengths))]

    def _cut(self, order: list[int], lengths: Sequence[int]) -> Iterator[list[int]]:
        at = 0
        while at < len(order):
            size = max(1, self.tokens // max(1, lengths[order[at]]))
            yield order[at : at + size]
            at += size

    def _halved(self, batch: list[int], compute: Callable[[list[int]], Sequence[Made]]) -> list[Made]:
        torch = require("torch", "models")
        try:
            return list(compute(batch))
        except torch.cuda.OutOfMemoryError:
            if len(batch) == 1:
                raise
        # Outside of the except block: the traceback would keep the failed batch's memory alive.
        torch.cuda.empty_cache()
        self.tokens = max(1, self.tokens // 2)
        half = len(batch) // 2
        return [*self._halved(batch[:half], compute), *self._halved(batch[half:], compute)]
