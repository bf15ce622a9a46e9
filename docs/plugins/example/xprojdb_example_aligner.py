"""An aligner: words of like length, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xprojdb.plugins import AlignerPlugin, Links, StepSpec, WordsConfig


@dataclass(frozen=True, kw_only=True)
class LengthsConfig(WordsConfig):
    """``[align]`` with ``aligner = "lengths"``.

    :param tolerance: letters by which the words of a link may differ.
    """

    tolerance: int = 2


class Lengths(AlignerPlugin):
    """Links words at the same place whose lengths are alike."""

    name = "lengths"
    Config = LengthsConfig

    def load(self, spec: StepSpec) -> LengthsAligner:
        return LengthsAligner(self.config(spec).tolerance)

    def title(self, spec: StepSpec) -> str:
        return f"by lengths, within {self.config(spec).tolerance} letters"


class LengthsAligner:
    """Aligns batches of sentence pairs."""

    def __init__(self, tolerance: int) -> None:
        self.tolerance = tolerance

    def align(self, pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[Links]:
        return [self._links(left, right) for left, right in pairs]

    def _links(self, left: Sequence[str], right: Sequence[str]) -> Links:
        both = enumerate(zip(left, right, strict=False))
        places = [i for i, (a, b) in both if abs(len(a) - len(b)) <= self.tolerance]
        pairs = np.array([(i, i) for i in places], np.int32).reshape(-1, 2)
        return Links(pairs, np.ones(len(pairs), np.float32))
