"""Batches of similar length and bounded size, which shrink when the device runs out of memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from xprojdb.extras import require

Computed = TypeVar("Computed")


class TokenBatches:
    """Runs pieces through a model, with a bounded number of tokens at a time, including padding.

    :param tokens: tokens per batch; halved permanently whenever the GPU runs out of memory.
    """

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def run(self, lengths: Sequence[int], compute: Callable[[list[int]], Sequence[Computed]]) -> list[Computed]:
        """Compute something for every piece.

        :param lengths: tokens of each piece.
        :param compute: returns one result for each piece index it receives; pieces have similar lengths, longest first.
        :returns: the results in the order of the pieces.
        """
        order = sorted(range(len(lengths)), key=lambda piece: (-lengths[piece], piece))
        results: dict[int, Computed] = {}
        # The longest first, so that a batch too large for memory fails right away.
        for batch in self._cut(order, lengths):
            results.update(zip(batch, self._halved(batch, compute), strict=True))
        return [results[piece] for piece in range(len(lengths))]

    def _cut(self, order: list[int], lengths: Sequence[int]) -> Iterator[list[int]]:
        at = 0
        while at < len(order):
            size = max(1, self.tokens // max(1, lengths[order[at]]))
            yield order[at : at + size]
            at += size

    def _halved(self, batch: list[int], compute: Callable[[list[int]], Sequence[Computed]]) -> list[Computed]:
        torch = require("torch", "models")
        try:
            return list(compute(batch))
        except torch.cuda.OutOfMemoryError:
            if len(batch) == 1:
                raise
        # Outside the except block, where the traceback would keep the failed batch's memory alive.
        torch.cuda.empty_cache()
        self.tokens = max(1, self.tokens // 2)
        half = len(batch) // 2
        return [*self._halved(batch[:half], compute), *self._halved(batch[half:], compute)]
