"""Votes: the labelled spans that most sources agree on, after each source has settled its own labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Floats, Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import check_ptr, compiled, flat
from xprojdb.matching.combination.sources import Ballots, ConsensusSpans, Sources, assemble, distinct_spans
from xprojdb.matching.scores.links import SCALE, to_fixed


def vote(
    sources: Sources,
    ptr: Longs,
    source: Ints,
    start: Ints,
    end: Ints,
    label: Ints,
    score: npt.ArrayLike | None = None,
    least: float = 0.5,
) -> ConsensusSpans:
    """Take the labelled spans that receive more than a given share of the weight present.

    With :meth:`Sources.equal` this is the majority vote. If ``least`` is below 0.5, spans may overlap: more votes go
    first, then the higher mean score of the voters, then the leftmost, the shorter, the lower label.

    :param ptr: (T+1,) offsets of the rows of each target sentence.
    :param source: (R,) the source of each row.
    :param start: (R,) first target word.
    :param end: (R,) one past the last target word.
    :param label: (R,) label code, not negative.
    :param score: (R,) confidence of the source.
    :param least: the share of the weight present that a span must exceed.
    :returns: the consensus; ``value`` is the share of the votes, ``vote_row`` are rows.
    :raises MatchingError: when arrays do not match, or a source is missing or votes twice for the same labelled span.
    """
    sentence, ballots = checked_ballots(sources, ptr, source, start, end, label)
    total = sources.totals()
    scored = to_fixed(np.zeros(len(source)) if score is None else score) / SCALE
    cast: Floats = np.bincount(ballots.of, sources.weight[source], len(ballots.start)).astype(np.float64)
    # Weights are summed before dividing, so that three of six equal weights are exactly a half.
    share = to_fixed(_divided(cast, total[ballots.sentence]))
    weighed: Floats = np.bincount(ballots.of, sources.weight[source] * scored, len(share)).astype(np.float64)
    mean = to_fixed(_divided(weighed, cast))
    order = np.lexsort((ballots.label, ballots.end, ballots.start, -mean, -share, ballots.sentence))
    order = order[share[order] > round(least * SCALE)]
    columns = (ballots.sentence, ballots.start, ballots.end, share)
    chosen, margin = _without_overlaps(order, *columns, round(least * SCALE))
    contribution = _divided(sources.weight[source], total[sentence])
    votes = (ballots.of, np.arange(len(source)), np.asarray(source, np.int32), contribution)
    return assemble(len(ptr) - 1, chosen, ballots, share[chosen] / SCALE, margin / SCALE, votes)


def checked_ballots(
    sources: Sources, ptr: Longs, source: Ints, start: Ints, end: Ints, label: Ints
) -> tuple[Ints, Ballots]:
    """Check rows; returns (R,) the sentence of each row, and the distinct labelled spans.

    :raises MatchingError: when lengths differ, a span is invalid, a label is negative, a source is missing for the
        sentence, or a source votes twice for the same labelled span.
    """
    check_ptr("ptr", flat("ptr", ptr, np.int64), len(ptr) - 1, len(source))
    for what, array in (("start", start), ("end", end), ("label", label)):
        if len(array) != len(source):
            message = f"{what} has {len(array)} values for {len(source)} rows"
            raise MatchingError(message, hint="pass one value per row", what=what, value=len(array))
    sentence = sources.check_rows(ptr, flat("source", source, np.int32))
    code = flat("label", label, np.int32)
    if (code < 0).any():
        at = int(np.flatnonzero(code < 0)[0])
        hint = "leave out rows whose label was dropped"
        raise MatchingError(f"row {at}: label {code[at]}", hint=hint, what="label", row=at, value=int(code[at]))
    ballots = _ballots(sentence, ptr, start, end, code)
    _check_once(ballots, source)
    return sentence, ballots


def _ballots(sentence: Ints, ptr: Longs, start: Ints, end: Ints, label: Ints) -> Ballots:
    spans = distinct_spans(ptr, start, end)
    labels = int(label.max(initial=0)) + 1
    first, row, of = np.unique(spans.of * labels + label, return_index=True, return_inverse=True)
    span = first // labels
    code = (first % labels).astype(np.int32)
    return Ballots(sentence[row].astype(np.int64), spans.start[span], spans.end[span], code, of.astype(np.int64))


def _check_once(ballots: Ballots, source: Ints) -> None:
    order = np.lexsort((source, ballots.of))
    twice = (np.diff(ballots.of[order]) == 0) & (np.diff(source[order]) == 0)
    if twice.any():
        row = int(order[1:][twice][0])
        hint = "list every labelled span of a source once; two methods are two sources"
        message = f"row {row}: source {source[row]} votes twice for the same labelled span"
        raise MatchingError(message, hint=hint, what="row", row=row, value=int(source[row]))


def _divided(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


@compiled
def _without_overlaps(order, sentence, start, end, value, least):  # type: ignore[no-untyped-def]
    """The ballots in ``order`` (best first in each sentence) that overlap no better one, and their margins."""
    chosen, margin, k = np.empty(len(order), np.int64), np.empty(len(order), np.int64), 0
    a = 0
    while a < len(order):
        b = a
        while b < len(order) and sentence[order[b]] == sentence[order[a]]:
            b += 1
        free = np.ones(b - a, np.bool_)
        for n in range(a, b):
            if not free[n - a]:
                continue
            c, rival = order[n], least
            for m in range(n + 1, b):
                d = order[m]
                if free[m - a] and start[d] < end[c] and start[c] < end[d]:
                    free[m - a] = False
                    rival = max(rival, value[d])
            chosen[k], margin[k] = c, value[c] - rival
            k += 1
        a = b
    return chosen[:k], margin[:k]
