"""Scores from word links, the fusion of scores, and the integers that solvers compare."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Floats, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import compiled, flat, offsets
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates

SCALE = 1 << 30
LARGEST = 1 << 20


def alignment(pairs: PairBatch, candidates: Candidates) -> Floats:
    """``2 · links(e, t) / (|e| + |t|)``: the number of links between entity and candidate, relative to their lengths.

    :returns: (C,) scores; above 1 where words have many links.
    :raises MatchingError: when the candidates do not belong to the pairs.
    """
    own = candidates.by_entity(pairs.entity_ptr, pairs.target_words)
    return _over_words(pairs, candidates, own, _between(pairs, candidates, own, np.ones(len(pairs.link_source))))


def soft_alignment(pairs: PairBatch, candidates: Candidates, by_words: bool = False) -> Floats:
    """``2 · mass(e, t) / (mass(e, all) + mass(all, t))``, where mass is a sum of link scores; 0 without links.

    :param by_words: divide by ``|e| + |t|`` instead, as :func:`alignment` does.
    :returns: (C,) scores.
    :raises MatchingError: when the pairs have no link scores, or the candidates do not belong to them.
    """
    if pairs.link_score is None:
        raise MatchingError(
            "the links have no scores",
            hint="use an aligner that scores its links, or the alignment score",
            what="link_score",
            value=None,
        )
    own = candidates.by_entity(pairs.entity_ptr, pairs.target_words)
    mass = pairs.link_score.astype(np.float64)
    between = _between(pairs, candidates, own, mass)
    if by_words:
        return _over_words(pairs, candidates, own, between)
    columns = (pairs.entity_ptr, pairs.entity_start, pairs.entity_end, pairs.target_words)
    links = (pairs.link_ptr, pairs.link_source, pairs.link_target, mass)
    both: Floats = _outgoing_and_incoming(*columns, *links, own, candidates.start, candidates.end)
    return np.divide(2 * between, both, out=np.zeros(len(candidates)), where=both > 0)


def linked_elsewhere(pairs: PairBatch, candidates: Candidates) -> Floats:
    """How much of a candidate is linked to words outside the entity: the link mass per word, at most 1.

    :returns: (C,) values from 0 to 1.
    :raises MatchingError: when the pairs have no link scores or the candidates do not belong to them.
    """
    if pairs.link_score is None:
        raise MatchingError(
            "the links have no scores",
            hint="align with an aligner that scores its links",
            what="link_score",
            value=None,
        )
    own = candidates.by_entity(pairs.entity_ptr, pairs.target_words)
    mass = pairs.link_score.astype(np.float64)
    first = offsets(pairs.target_words)
    place = first[np.repeat(np.arange(len(pairs)), np.diff(pairs.link_ptr))] + pairs.link_target
    before = np.concatenate([[0.0], np.cumsum(np.bincount(place, mass, minlength=int(first[-1])))])
    base = first[np.repeat(np.arange(len(pairs)), np.diff(candidates.ptr))]
    all_mass = before[base + candidates.end] - before[base + candidates.start]
    elsewhere = (all_mass - _between(pairs, candidates, own, mass)) / (candidates.end - candidates.start)
    shares: Floats = np.clip(elsewhere, 0.0, 1.0)
    return shares


def to_fixed(scores: npt.ArrayLike) -> Longs:
    """``round(score · 2**30)``: solvers compare integers, so that ties are exact on every machine and in every solver.

    :param scores: (C,) finite numbers below a million; candidates without a positive score are never chosen.
    :returns: (C,) fixed-point scores.
    :raises MatchingError: when a score is not finite or too large; ``candidate`` is its index.
    """
    array = np.asarray(scores, np.float64)
    bad = np.flatnonzero(~(np.abs(array) < LARGEST))
    if len(bad):
        raise MatchingError(
            f"the score of candidate {bad[0]} is {array[bad[0]]}",
            hint=f"scores must be finite and smaller than {LARGEST}",
            what="score",
            candidate=int(bad[0]),
            value=float(array[bad[0]]),
        )
    return np.rint(array * SCALE).astype(np.int64)


def check_fixed(scores: Longs, candidates: Candidates) -> Longs:
    """Check scores for a solver.

    :raises MatchingError: when they are not integers (see :func:`to_fixed`), or there is not one for each candidate.
    """
    fixed: Longs = flat("scores", scores, np.int64)
    if len(fixed) != len(candidates):
        message = f"{len(fixed)} scores for {len(candidates)} candidates"
        raise MatchingError(message, hint="score every candidate once", what="scores", value=len(fixed))
    return fixed


def _refusal(what: str, part: int | None, value: object, message: str) -> MatchingError:
    hint = "give every score a finite, non-negative weight, and a finite value for every candidate"
    return MatchingError(message, hint=hint, what=what, part=part, value=value)


def _over_words(pairs: PairBatch, candidates: Candidates, own: Longs, between: Floats) -> Floats:
    words = np.repeat(pairs.entity_end - pairs.entity_start, np.diff(own)) + (candidates.end - candidates.start)
    result: Floats = 2 * between / words
    return result


def _between(pairs: PairBatch, candidates: Candidates, own: Longs, mass: Floats) -> Floats:
    columns = (pairs.entity_ptr, pairs.entity_start, pairs.entity_end, pairs.target_words)
    links = (pairs.link_ptr, pairs.link_source, pairs.link_target, mass)
    between: Floats = _mass(*columns, *links, own, candidates.start, candidates.end)
    return between


@compiled
def _mass(entity_ptr, entity_start, entity_end, words, link_ptr, source, target, mass, own, start, end):  # type: ignore[no-untyped-def]
    """The link mass between each candidate and its entity; before[y] is the entity's mass on target words before y."""
    result = np.empty(len(start))
    before = np.empty(words.max() + 1 if len(words) else 1)
    for i in range(len(words)):
        for e in range(entity_ptr[i], entity_ptr[i + 1]):
            if own[e] == own[e + 1]:
                continue
            before[: words[i] + 1] = 0
            for q in range(link_ptr[i], link_ptr[i + 1]):
                if entity_start[e] <= source[q] < entity_end[e]:
                    before[target[q] + 1] += mass[q]
            for y in range(words[i]):
                before[y + 1] += before[y]
            for c in range(own[e], own[e + 1]):
                result[c] = before[end[c]] - before[start[c]]
    return result


@compiled
def _outgoing_and_incoming(  # type: ignore[no-untyped-def]
    entity_ptr, entity_start, entity_end, words, link_ptr, source, target, mass, own, start, end
):
    """mass(e, all) + mass(all, t) for each candidate t of entity e."""
    result = np.empty(len(start))
    before = np.empty(words.max() + 1 if len(words) else 1)
    for i in range(len(words)):
        before[: words[i] + 1] = 0
        for q in range(link_ptr[i], link_ptr[i + 1]):
            before[target[q] + 1] += mass[q]
        for y in range(words[i]):
            before[y + 1] += before[y]
        for e in range(entity_ptr[i], entity_ptr[i + 1]):
            outgoing = 0.0
            for q in range(link_ptr[i], link_ptr[i + 1]):
                if entity_start[e] <= source[q] < entity_end[e]:
                    outgoing += mass[q]
            for c in range(own[e], own[e + 1]):
                result[c] = outgoing + before[end[c]] - before[start[c]]
    return result
