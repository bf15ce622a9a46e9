"""Which candidates a match can depend on."""

from __future__ import annotations

import numpy as np

from xprojdb.arrays import Flags, Floats, Longs
from xprojdb.matching.arrays import compiled
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.solvers.exact import undominated

#: by how much a candidate must be better that starts later: with a weight of at least 2⁻⁹, two units of
#: :data:`xprojdb.matching.scores.links.SCALE`, so that it still is better after rounding
SLACK = 2.0**-20


def needed(entity_ptr: Longs, candidates: Candidates, scores: Floats) -> Flags:
    """The candidates without which a match may have other labels, scores or margins.

    The match has at most one candidate per entity, and these scores times one weight of at least
    2⁻⁹. A candidate is left out if it contains a better one of the same entity, or one that is as good
    and starts at the same word: putting that in its place keeps an answer free of overlaps and makes it better, or
    equal and earlier in the order of ties. So the canonical optimum has none of those left out, nor has the answer of
    greedy matching, where that one is free whenever the other is. Margins compare with the entity's best other
    candidate, so the two best of each entity stay in any case.

    :param entity_ptr: (N+1,) offsets of the entities of each pair.
    :param scores: (C,) scores; candidates without a positive one are never needed.
    :returns: (C,)
    """
    own = candidates.by_entity(entity_ptr)
    longest = int(candidates.end.max(initial=0))
    mask: Flags = _needed(own, candidates.start, candidates.end, np.asarray(scores, np.float64), longest, SLACK)
    return mask


@compiled
def _needed(own, start, end, score, longest, slack):  # type: ignore[no-untyped-def]
    mask, below = np.zeros(len(score), np.bool_), np.zeros(longest + 1)
    for e in range(len(own) - 1):
        survivors, _ = undominated(e, e + 1, own, start, end, score, below, slack)
        mask[survivors] = True
        best = _best(own[e], own[e + 1], score, -1)
        for c in (best, _best(own[e], own[e + 1], score, best)):
            if c >= 0:
                mask[c] = True
    return mask


@compiled
def _best(a, b, score, apart):  # type: ignore[no-untyped-def]
    """The best candidate of a:b with a positive score but one; -1 if there is none."""
    best, top = -1, 0.0
    for c in range(a, b):
        if c != apart and score[c] > top:
            best, top = c, score[c]
    return best
