"""How far each source can be trusted, learned from where the sources agree, without gold labels.

Every source is an annotator with a confusion matrix (Dawid and Skene, Applied Statistics 28, 1979; for sources of
projected labels Rahimi et al. 2019, arXiv 1902.00193). The items are the spans that at least one source has; a source
that is present and does not have the span says "none". Expectation maximisation alternates between what the items
probably are and how often each source says what of each kind of item.

The weights are for a weighted vote or the joint match. The posteriors take every span by itself, so that sources which
agree on an entity but not on its boundary contradict each other there; they say where to look, not what to choose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import Floats, Ints, Longs
from xprojdb.matching.combination.sources import ConsensusSpans, Sources, Spans, distinct_spans
from xprojdb.matching.combination.votes import checked_ballots

ABSENT = -1


@dataclass(frozen=True, slots=True)
class SourceReliability:
    """What S sources are worth, and what U spans probably are, of L labels; kind L is "none".

    :param spans: the different spans of the rows.
    :param posterior: (U, L+1) probability that a span is an entity with each label, or none.
    :param confusion: (S, L+1, L+1) how probable it is that a source says (last axis) of what is (middle axis).
    :param prior: (L+1,) how common each kind is.
    :param precision: (S,) expected share of a source's labelled spans that are right; NaN where it has none.
    :param recall: (S,) expected share of the entities in its sentences that it has, with their labels.
    :param weight: (S,) weights for :class:`~xprojdb.matching.combination.sources.Sources`, with mean 1.
    :param iterations: rounds that were needed.
    :param converged: whether they were enough.
    """

    spans: Spans
    posterior: Floats
    confusion: Floats
    prior: Floats
    precision: Floats
    recall: Floats
    weight: Floats
    iterations: int
    converged: bool


def reliability(
    sources: Sources,
    ptr: Longs,
    source: Ints,
    start: Ints,
    end: Ints,
    label: Ints,
    labels: int,
    trust: float = 0.7,
    strength: float = 30.0,
    most_iterations: int = 200,
    tolerance: float = 1e-6,
) -> SourceReliability:
    """Learn confusion matrices and posteriors; the parameters of the rows are those of :func:`vote`.

    :param labels: how many labels there are (L).
    :param trust: what is believed beforehand of how often a source is right: the diagonal of its confusion matrix. It
        also keeps apart the solution and its mirror image, in which everyone is mostly wrong.
    :param strength: how many observations of each kind that belief is worth. A few hundred sentences with rare labels
        need tens, or two sources that make the same mistakes convince each other.
    :param tolerance: the largest change of a posterior that ends the iterations.
    :raises MatchingError: as :func:`vote` does; and when a label is not below ``labels``, or the belief is none.
    """
    _check_belief(trust, strength)
    _, ballots = checked_ballots(sources, ptr, source, start, end, label)
    if ballots.label.max(initial=-1) >= labels:
        value = int(ballots.label.max())
        hint = "labels is how many there are; codes count from 0"
        raise MatchingError(f"label {value} of {labels}", hint=hint, what="label", value=value)
    spans = distinct_spans(ptr, start, end)
    said = _said(sources, spans, source, label, labels)
    belief = _belief(labels + 1, trust) * strength
    posterior, change, rounds = _first_guess(said, sources.weight, labels + 1), np.inf, 0
    while True:
        confusion, prior = _maximise(posterior, said, belief)
        if rounds == most_iterations or change < tolerance:
            break
        latest = _expect(confusion, prior, said)
        change = float(np.abs(latest - posterior).max(initial=0))
        posterior, rounds = latest, rounds + 1
    precision, recall = _quality(posterior, said, labels)
    weight = source_weights(f1(precision, recall))
    quality = (precision, recall, weight)
    return SourceReliability(spans, posterior, confusion, prior, *quality, rounds, change < tolerance)


def agreement(
    sources: Sources, consensus: ConsensusSpans, ptr: Longs, source: Ints, start: Ints, end: Ints, label: Ints
) -> Floats:
    """(S,) F1 of each source's labelled spans against a consensus, over the sentences where the source is present.

    The simpler measure: it trusts the consensus. The parameters of the rows are those of :func:`vote`.
    """
    return f1_of_counts(*agreement_counts(sources, consensus, ptr, source, start, end, label))


def agreement_counts(
    sources: Sources, consensus: ConsensusSpans, ptr: Longs, source: Ints, start: Ints, end: Ints, label: Ints
) -> tuple[Longs, Longs]:
    """What :func:`agreement` divides, so that blocks of sentences can be added up.

    :returns: (S,) labelled spans that a source shares with the consensus, and (S,) its own and the consensus's spans.
    """
    sentence, _ = checked_ballots(sources, ptr, source, start, end, label)
    agreed = np.repeat(np.arange(len(consensus.ptr) - 1), np.diff(consensus.ptr))
    mine = np.stack([sentence, start, end, label], 1)
    theirs = np.stack([agreed, consensus.start, consensus.end, consensus.label], 1)
    _, kind = np.unique(np.concatenate([mine, theirs]), axis=0, return_inverse=True)
    found = np.isin(kind.ravel()[: len(mine)], kind.ravel()[len(mine) :])
    count = len(sources.weight)
    right = np.bincount(source[found], minlength=count)
    wanted = np.diff(consensus.ptr) @ sources.present
    return right, np.bincount(source, minlength=count) + wanted


def f1_of_counts(right: npt.ArrayLike, both: npt.ArrayLike) -> Floats:
    """``2 · right / both``; 0 where there is nothing.

    :param right: (S,) shared spans.
    :param both: (S,) the spans of either side.
    """
    shared, every = np.asarray(right, np.float64), np.asarray(both, np.float64)
    return np.divide(2 * shared, every, out=np.zeros_like(every), where=every > 0)


def f1(precision: Floats, recall: Floats) -> Floats:
    """The harmonic mean; 0 where either is 0 or NaN."""
    both = precision + recall
    good = both > 0
    return np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=good)


def source_weights(quality: Floats, power: float = 2.0) -> Floats:
    """``log(q / (1 - q)) ** power`` of each source's F1, scaled to mean 1; 0 for a source below a half.

    :param quality: (S,) F1 of each source; beyond 0.99 it counts as 0.99, so that no source outvotes all others.
    :returns: (S,) weights; all 1 when every source is below a half, or there is none.
    """
    q = np.clip(np.nan_to_num(quality), 0.5, 0.99)
    odds: Floats = np.log(q / (1 - q)) ** power
    return odds / odds.mean() if odds.sum() > 0 else np.ones_like(odds)


def _check_belief(trust: float, strength: float) -> None:
    if not (0 < trust < 1 and 0 < strength < np.inf):
        hint = "trust is above 0 and below 1, strength above 0: no answer is impossible"
        message = f"trust {trust}, strength {strength}"
        raise MatchingError(message, hint=hint, what="trust", value=(trust, strength))


def _said(sources: Sources, spans: Spans, source: Ints, label: Ints, labels: int) -> Longs:
    """(U, S) the label that each source gives each span: ``labels`` for none, ABSENT without the sentence."""
    sentence = np.repeat(np.arange(len(spans.ptr) - 1), np.diff(spans.ptr))
    said = np.where(sources.present[sentence], labels, ABSENT)
    said[spans.of, source] = label
    return said


def _belief(kinds: int, trust: float) -> Floats:
    """(K, K) what a source probably says of each kind, before any of it is seen."""
    if kinds == 1:
        return np.ones((1, 1))
    return np.full((kinds, kinds), (1 - trust) / (kinds - 1)) + np.eye(kinds) * (trust - (1 - trust) / (kinds - 1))


def _first_guess(said: Longs, weight: Floats, kinds: int) -> Floats:
    """(U, K) the shares of the votes."""
    votes = np.stack([((said == kind) * weight).sum(1) for kind in range(kinds)], 1)
    total = votes.sum(1, keepdims=True)
    guess: Floats = np.divide(votes, total, out=np.full(votes.shape, 1 / kinds), where=total > 0)
    return guess


def _maximise(posterior: Floats, said: Longs, belief: Floats) -> tuple[Floats, Floats]:
    """Confusion matrices (S, K, K) and prior (K) that fit the posterior best."""
    kinds = posterior.shape[1]
    # The spans with each answer are summed by kind: posterior.T times an indicator matrix that need not be made.
    counts = [
        np.stack([np.bincount(answers[known], posterior[known, kind], kinds) for kind in range(kinds)])
        for answers, known in ((column, column != ABSENT) for column in said.T)
    ]
    confusion = np.reshape(counts, (-1, kinds, kinds)) + belief
    prior = posterior.sum(0) + 1
    return confusion / confusion.sum(2, keepdims=True), prior / prior.sum()


def _expect(confusion: Floats, prior: Floats, said: Longs) -> Floats:
    """(U, K) what the spans probably are."""
    logs = np.tile(np.log(prior), (len(said), 1))
    for answers, chance in zip(said.T, np.log(confusion), strict=True):
        known = answers != ABSENT
        logs[known] += chance.T[answers[known]]
    raw = np.exp(logs - logs.max(1, keepdims=True, initial=-np.inf))
    posterior: Floats = raw / raw.sum(1, keepdims=True)
    return posterior


def _quality(posterior: Floats, said: Longs, labels: int) -> tuple[Floats, Floats]:
    """Expected precision and recall (S) of the labelled spans; NaN for 0 of 0."""
    precision, recall = np.full(said.shape[1], np.nan), np.full(said.shape[1], np.nan)
    for s, answers in enumerate(said.T):
        labelled = np.flatnonzero((answers != ABSENT) & (answers != labels))
        right = posterior[labelled, answers[labelled]].sum()
        entities = posterior[answers != ABSENT, :labels].sum()
        precision[s] = right / len(labelled) if len(labelled) else np.nan
        recall[s] = right / entities if entities > 0 else np.nan
    return precision, recall
