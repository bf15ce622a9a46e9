"""The joint match: the entities of all sources compete for one set of target spans, and support each other.

Every entity of every source spreads its score over its candidates. The value of a span with a label is the sum of what
its sources give it, so that several sources, each uncertain about a boundary, can settle it together. The best span is
taken, the entities behind it are spent, overlapping spans are blocked, and the rest compete again: an entity that lost
its span may still support another. Adding up the sources and solving once, without spending entities, works less well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Floats, Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import compiled, flat
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.combination.sources import Ballots, ConsensusSpans, Sources, Spans, assemble, distinct_spans
from xprojdb.matching.scores.links import SCALE, to_fixed


@dataclass(frozen=True, slots=True)
class JointRule:
    """How scores become support. The defaults did best on Europarl-NER with soft links.

    :param threshold: a span needs more than this share of what the present sources could give.
    :param floor: scores up to this value support nothing.
    :param power: scores are raised to this power, so that a span that covers only part of an entity counts less.
    :param other_label: the share of its support, 0 to 1, that an entity gives to its spans under other labels.
    :raises MatchingError: when a value is out of range; ``what`` names it.
    """

    threshold: float = 0.4
    floor: float = 0.2
    power: float = 2.0
    other_label: float = 0.5

    def __post_init__(self) -> None:
        for name, top in (("threshold", np.inf), ("floor", np.inf), ("power", np.inf), ("other_label", 1.0)):
            value = getattr(self, name)
            if not 0 <= value <= top or value == np.inf:
                message = f"{name} is {value}"
                hint = f"{name} must be a finite number from 0 to {top}"
                raise MatchingError(message, hint=hint, what=name, value=value)


def joint(
    sources: Sources,
    entity_ptr: Longs,
    source: Ints,
    candidates: Candidates,
    label: Ints,
    score: npt.ArrayLike,
    adjust: npt.ArrayLike | None = None,
    rule: JointRule | None = None,
) -> ConsensusSpans:
    """Match the entities of all sources with the spans of T target sentences.

    The support of (span, label) is, summed over the sources, the source's share of the weight present times
    ``(1 - other_label) · own + other_label · any``: the best sharpened score of its free entities that have this label
    there, and of its free entities of any label. The value is support plus the span's adjustment. The best value above
    the threshold is taken (ties: leftmost, shorter, lower label), then the entity of each source that supports the
    span most is spent (ties: lower ordinal), overlapping spans are blocked, and so on.

    :param entity_ptr: (T+1,) offsets of the entities of each target sentence, of all sources together.
    :param source: (E,) the source of each entity.
    :param candidates: C candidates, of T sentences; ``entity`` counts within the target sentence.
    :param label: (C,) label code of the entity on this candidate, negative where it has none
        (:func:`xprojdb.matching.derived_labels`).
    :param score: (C,) scores, at best 1.
    :param adjust: (U,) added to the value of each of the candidates' ``distinct_spans``, on the scale of the
        threshold: a bonus for known terms, a penalty for a function word at the edge.
    :returns: the consensus; ``vote_row`` are candidates, and a span's contributions and its adjustment add up to
        its value.
    :raises MatchingError: when arrays do not match, a score is not finite, or an entity's source is missing.
    """
    rule = rule or JointRule()
    own = candidates.by_entity(entity_ptr)
    source = flat("source", source, np.int32)
    _check_lengths(len(own) - 1, source, len(candidates), label, score)
    sources.check_rows(entity_ptr, source)
    spans = distinct_spans(candidates.ptr, candidates.start, candidates.end)
    who = np.repeat(np.arange(len(own) - 1), np.diff(own))
    gain = to_fixed(_sharpened(score, rule) * sources.weight[source][who])
    offered = _by_span(spans, who, source, flat("label", label, np.int32), gain)
    # Sums are compared before dividing by the weight present: shares such as 1/3 would blur ties.
    total = sources.totals()
    added = to_fixed(_adjustment(spans, adjust) * np.repeat(total, np.diff(spans.ptr)))
    settings = (to_fixed(rule.threshold * total), rule.other_label)
    raw = _joint(spans.ptr, spans.start, spans.end, offered, own, spans.of, added, *settings)
    return _packed(spans, total, raw)


def _sharpened(score: npt.ArrayLike, rule: JointRule) -> Floats:
    to_fixed(score)  # rejects NaN, which no comparison below would keep
    values = np.asarray(score, np.float64)
    above = values > rule.floor
    return np.where(above, np.where(above, values, 0) ** rule.power, 0)


def _by_span(
    spans: Spans, who: Longs, source: Ints, label: Ints, gain: Longs
) -> tuple[Longs, Longs, Longs, Ints, Ints, Longs]:
    """The candidates that give support, by span, source and entity.

    Returns by (U+1, offsets), row (the candidate), and its entity, source, label and gain.
    """
    order = np.lexsort((who, source[who], spans.of))
    row = order[(gain[order] > 0) & (label[order] >= 0)]
    by = np.searchsorted(spans.of[row], np.arange(len(spans.start) + 1)).astype(np.int64)
    return by, row, who[row], source[who[row]], label[row], gain[row]


def _packed(
    spans: Spans, total: Floats, raw: tuple[Longs, Ints, Longs, Longs, Longs, Longs, Ints, Longs]
) -> ConsensusSpans:
    span, label, value, margin, vote_of, vote_row, vote_source, contribution = raw
    sentence = np.searchsorted(spans.ptr, span, side="right") - 1
    at = Ballots(sentence, spans.start[span], spans.end[span], label, np.empty(0, np.int64))
    unit = SCALE * total[sentence]
    votes = (vote_of, vote_row, vote_source, contribution / unit[vote_of])
    return assemble(len(spans.ptr) - 1, np.arange(len(span)), at, value / unit, margin / unit, votes)


def _check_lengths(entities: int, source: Ints, candidates: int, label: Ints, score: npt.ArrayLike) -> None:
    sizes = {"source": (np.size(source), entities), "label": (np.size(label), candidates)}
    sizes["score"] = (np.size(score), candidates)
    for what, (length, right) in sizes.items():
        if length != right:
            hint = "pass one source for each entity, one label and one score for each candidate"
            raise MatchingError(f"{what} has {length} values for {right} rows", hint=hint, what=what, value=length)


def _adjustment(spans: Spans, adjust: npt.ArrayLike | None) -> Floats:
    added = np.zeros(len(spans.start)) if adjust is None else np.asarray(adjust, np.float64)
    if added.shape != spans.start.shape:
        message = f"{added.size} adjustments for {len(spans.start)} spans"
        hint = "pass one for each of distinct_spans(candidates.ptr, candidates.start, candidates.end)"
        raise MatchingError(message, hint=hint, what="adjust", value=added.size)
    return added


@compiled
def _joint(ptr, start, end, offers, own, of, added, threshold, other):  # type: ignore[no-untyped-def]
    """(span, label, value, margin) of each choice, and (choice, candidate, source, contribution) of each vote.

    offers: by (U+1), then row, entity, source, label and gain for each candidate that gives support.
    """
    row, who, source, label = offers[1], offers[2], offers[3], offers[4]
    room, labels = len(own) - 1, label.max() + 1 if len(label) else 1
    choices, votes = np.empty((4, room), np.int64), np.empty((3, room), np.int64)
    used, stale, blocked = np.zeros(room, np.bool_), np.ones(len(start), np.bool_), np.zeros(len(start), np.bool_)
    # Rows of standing: the best label of a span (-1 without support), its value, the value of the next best label.
    standing, scratch = np.empty((3, len(start)), np.int64), np.empty((2, labels), np.int64)
    k, v = 0, 0
    for t in range(len(ptr) - 1):
        while True:
            u = _foremost(ptr[t], ptr[t + 1], offers, used, added, other, standing, scratch, stale, blocked)
            if u < 0 or standing[1, u] <= threshold[t]:
                break
            rival = max(threshold[t], _block(u, ptr[t], ptr[t + 1], start, end, standing, blocked))
            choices[0, k], choices[1, k], choices[2, k] = u, standing[0, u], standing[1, u]
            choices[3, k] = standing[1, u] - rival
            until = _spend(u, offers, used, other, standing[0, u], k, votes, v)
            for n in range(v, until):
                e = who[votes[1, n]]
                for c in range(own[e], own[e + 1]):
                    stale[of[c]] = True
            k, v = k + 1, until
    votes_cast = votes[:, :v][:, votes[2, :v] > 0]
    named = choices[1, :k].astype(np.int32)
    return (
        choices[0, :k],
        named,
        choices[2, :k],
        choices[3, :k],
        votes_cast[0],
        row[votes_cast[1]],
        source[votes_cast[1]],
        votes_cast[2],
    )


@compiled
def _foremost(a, b, offers, used, added, other, standing, scratch, stale, blocked):  # type: ignore[no-untyped-def]
    """The free span with the best value among a:b, which ascend by start and end; -1 if there is none."""
    top = -1
    for u in range(a, b):
        if blocked[u]:
            continue
        if stale[u]:
            _stand(u, offers, used, added[u], other, standing, scratch)
            stale[u] = False
        if standing[0, u] >= 0 and (top < 0 or standing[1, u] > standing[1, top]):
            top = u
    return top


@compiled
def _stand(u, offers, used, added, other, standing, scratch):  # type: ignore[no-untyped-def]
    """Write a span's best label, its value, and the value of the next best label (very low if there is none)."""
    by, who, label = offers[0], offers[2], offers[4]
    total = scratch[0]
    _support(by[u], by[u + 1], offers, used, other, total, scratch[1])
    least = -(np.int64(1) << 62)
    best, top, second = -1, least, least
    for n in range(by[u], by[u + 1]):
        if used[who[n]] or label[n] == best:
            continue
        value = total[label[n]] + added
        if best < 0 or value > top or (value == top and label[n] < best):
            best, top, second = label[n], value, top
        else:
            second = max(second, value)
    standing[0, u], standing[1, u], standing[2, u] = best, top, second


@compiled
def _support(n, until, offers, used, other, total, own):  # type: ignore[no-untyped-def]
    """Write into total (L) the sum that the offers n:until of one span give each label."""
    who, source, label, gain = offers[2], offers[3], offers[4], offers[5]
    total[:] = 0
    while n < until:
        own[:] = 0
        s, most = source[n], np.int64(0)
        while n < until and source[n] == s:
            if not used[who[n]]:
                own[label[n]] = max(own[label[n]], gain[n])
                most = max(most, gain[n])
            n += 1
        for named in range(len(own)):
            total[named] += _share(own[named], most, other)


@compiled
def _share(own, most, other):  # type: ignore[no-untyped-def]
    """What a source adds to a label, if its best entity with that label gives own and its best of any label most."""
    return own + np.int64(np.rint(other * (most - own)))


@compiled
def _block(u, a, b, start, end, standing, blocked):  # type: ignore[no-untyped-def]
    """Block span u and all overlapping spans; returns the best value among those, including u's next best label."""
    rival = standing[2, u]
    for x in range(a, b):
        if not blocked[x] and start[x] < end[u] and start[u] < end[x]:
            blocked[x] = True
            if x != u:
                rival = max(rival, standing[1, x])
    return rival


@compiled
def _spend(u, offers, used, other, named, k, votes, v):  # type: ignore[no-untyped-def]
    """Spend the free entity of each source that supports span u most; write the sources' votes from v on."""
    by, who, source, label, gain = offers[0], offers[2], offers[3], offers[4], offers[5]
    n = by[u]
    while n < by[u + 1]:
        s, own, best = source[n], np.int64(0), -1
        while n < by[u + 1] and source[n] == s:
            if not used[who[n]]:
                if label[n] == named:
                    own = max(own, gain[n])
                if best < 0 or gain[n] > gain[best]:
                    best = n
            n += 1
        if best >= 0:
            used[who[best]] = True
            votes[0, v], votes[1, v], votes[2, v] = k, best, _share(own, gain[best], other)
            v += 1
    return v
