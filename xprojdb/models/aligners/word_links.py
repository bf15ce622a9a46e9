"""Word links as returned by aligners, and their text form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Ints


class Links(NamedTuple):
    """Word links of one sentence pair.

    :param pairs: int32 array (links, 2) of left word and right word, sorted, without repetition.
    :param scores: float32 array (links,), from 0 to 1; their meaning depends on the method (``link_extraction``).
    """

    pairs: Ints
    scores: NDArray[np.float32]


def format_links(links: Links) -> str:
    """Pharaoh with scores, ``"0-0:0.97 1-2:0.4"``: left and right word, counted from 0, and the score with four digits.

    :func:`xprojdb.matching.pharaoh.links.scored_links_from_pharaoh` reads it.
    """
    numbers = zip(*links.pairs.T.tolist(), links.scores.tolist(), strict=True)
    return " ".join([f"{left}-{right}:{score:.4g}" for left, right, score in numbers])
