"""The reliability of each source, learned without gold labels from where the sources agree.

Every source is an annotator with a confusion matrix (Dawid and Skene, Applied Statistics 28, 1979; for sources of
projected labels see Rahimi et al. 2019, arXiv 1902.00193). The items are the spans that at least one source has; a
source that is present but does not have the span answers "none". Expectation maximisation alternates between estimating
what the items are and how often each source gives each answer for each kind of item.

The weights are meant for a weighted vote or the joint match. The posteriors treat every span on its own, so that
sources which agree on an entity but not on its boundary contradict each other; they show where to look, not what to
choose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Floats, Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.combination.sources import ConsensusSpans, Sources, Spans, distinct_spans
from xprojdb.matching.combination.votes import checked_ballots

ABSENT = -1


@dataclass(frozen=True, slots=True)
class SourceReliability:
    """The reliability of S sources, and the probable labels of U spans, with L labels; kind L is "none".

    :param spans: the distinct spans of the rows.
    :param posterior: (U, L+1) probability of each label, or none, for a span.
    :param confusion: (S, L+1, L+1) probability of a source's answer (last axis) given the true kind (middle axis).
    :param prior: (L+1,) frequency of each kind.
    :param precision: (S,) expected share of a source's labelled spans that are correct; NaN where it has none.
    :param recall: (S,) expected share of the entities in its sentences that a source has, with the right labels.
    :param weight: (S,) weights for :class:`~xprojdb.matching.combination.sources.Sources`, with mean 1.
    :param iterations: the number of iterations.
    :param converged: whether they were enough to converge.
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

    :param labels: the number of labels (L).
    :param trust: prior belief of how often a source is right: the diagonal of its confusion matrix. It also
        distinguishes the solution from its mirror image, in which every source is mostly wrong.
    :param strength: how many observations of each kind the prior is worth. A few hundred sentences with rare labels
        need tens, or two sources that make the same mistakes reinforce each other.
    :param tolerance: stop when no posterior changes by more than this.
    :raises MatchingError: as :func:`vote` does, and when a label is not below ``labels``, or the prior is invalid.
    """
    _check_belief(trust, strength)
    _, ballots = checked_ballots(sources, ptr, source, start, end, label)
    if ballots.label.max(initial=-1) >= labels:
        value = int(ballots.label.max())
        hint = "labels is the number of labels; codes count from 0"
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

    This is the simpler measure, which trusts the consensus. The parameters of the rows are those of :func:`vote`.
    """
    return f1_of_counts(*agreement_counts(sources, consensus, ptr, source, start, end, label))


def agreement_counts(
    sources: Sources, consensus: ConsensusSpans, ptr: Longs, source: Ints, start: Ints, end: Ints, label: Ints
) -> tuple[Longs, Longs]:
    """The counts behind :func:`agreement`, so that blocks of sentences can be added up.

    :returns: (S,) labelled spans a source shares with the consensus, and (S,) the number of its spans plus consensus
        spans.
    """
    sentence, _ = checked_ballots(sources, ptr, source, start, end, label)
    agreed = np.repeat(np.arange(len(consensus.ptr) - 1), np.diff(consensus.ptr))
    mine = np.stack([sentence, start, end, label], 1)
    theirs = np.stack([agreed, consensus.start, consensus.end, consensus.label], 1)
    _, kind = np.unique(np.concatenate([mine, theirs]), axis=0, return_inverse=True)
    shared = np.isin(kind.ravel()[: len(mine)], kind.ravel()[len(mine) :])
    count = len(sources.weight)
    right = np.bincount(source[shared], minlength=count)
    expected = np.diff(consensus.ptr) @ sources.present
    return right, np.bincount(source, minlength=count) + expected


def f1_of_counts(right: npt.ArrayLike, both: npt.ArrayLike) -> Floats:
    """``2 · right / both``, or 0 where there are no spans.

    :param right: (S,) shared spans.
    :param both: (S,) spans of the source plus spans of the consensus.
    """
    shared, every = np.asarray(right, np.float64), np.asarray(both, np.float64)
    return np.divide(2 * shared, every, out=np.zeros_like(every), where=every > 0)


def f1(precision: Floats, recall: Floats) -> Floats:
    """The harmonic mean of precision and recall; 0 where either is 0 or NaN."""
    both = precision + recall
    good = both > 0
    return np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=good)


def source_weights(quality: Floats, power: float = 2.0) -> Floats:
    """``log(q / (1 - q)) ** power`` of each source's F1, scaled to mean 1; 0 for a source below 0.5.

    :param quality: (S,) F1 of each source, capped at 0.99 so that no source outvotes all others.
    :returns: (S,) weights; all 1 if every source is below 0.5, or there are no sources.
    """
    q = np.clip(np.nan_to_num(quality), 0.5, 0.99)
    odds: Floats = np.log(q / (1 - q)) ** power
    return odds / odds.mean() if odds.sum() > 0 else np.ones_like(odds)


def _check_belief(trust: float, strength: float) -> None:
    if not (0 < trust < 1 and 0 < strength < np.inf):
        hint = "trust must lie between 0 and 1, and strength above 0, so that no answer is impossible"
        message = f"trust {trust}, strength {strength}"
        raise MatchingError(message, hint=hint, what="trust", value=(trust, strength))


def _said(sources: Sources, spans: Spans, source: Ints, label: Ints, labels: int) -> Longs:
    """(U, S) each source's label for each span: ``labels`` for none, ABSENT if it lacks the sentence."""
    sentence = np.repeat(np.arange(len(spans.ptr) - 1), np.diff(spans.ptr))
    said = np.where(sources.present[sentence], labels, ABSENT)
    said[spans.of, source] = label
    return said


def _belief(kinds: int, trust: float) -> Floats:
    """(K, K) the prior probabilities of a source's answers for each kind."""
    if kinds == 1:
        return np.ones((1, 1))
    return np.full((kinds, kinds), (1 - trust) / (kinds - 1)) + np.eye(kinds) * (trust - (1 - trust) / (kinds - 1))


def _first_guess(said: Longs, weight: Floats, kinds: int) -> Floats:
    """(U, K) shares of the votes."""
    votes = np.stack([((said == kind) * weight).sum(1) for kind in range(kinds)], 1)
    total = votes.sum(1, keepdims=True)
    guess: Floats = np.divide(votes, total, out=np.full(votes.shape, 1 / kinds), where=total > 0)
    return guess


def _maximise(posterior: Floats, said: Longs, belief: Floats) -> tuple[Floats, Floats]:
    """The confusion matrices (S, K, K) and prior (K) that best fit the posterior."""
    kinds = posterior.shape[1]
    # Sums the spans with each answer by kind: posterior.T times an indicator matrix, without building that matrix.
    counts = [
        np.stack([np.bincount(answers[present], posterior[present, kind], kinds) for kind in range(kinds)])
        for answers, present in ((column, column != ABSENT) for column in said.T)
    ]
    confusion = np.reshape(counts, (-1, kinds, kinds)) + belief
    prior = posterior.sum(0) + 1
    return confusion / confusion.sum(2, keepdims=True), prior / prior.sum()


def _expect(confusion: Floats, prior: Floats, said: Longs) -> Floats:
    """(U, K) the posterior probabilities of the kinds of spans."""
    logs = np.tile(np.log(prior), (len(said), 1))
    for answers, chance in zip(said.T, np.log(confusion), strict=True):
        present = answers != ABSENT
        logs[present] += chance.T[answers[present]]
    raw = np.exp(logs - logs.max(1, keepdims=True, initial=-np.inf))
    posterior: Floats = raw / raw.sum(1, keepdims=True)
    return posterior


def _quality(posterior: Floats, said: Longs, labels: int) -> tuple[Floats, Floats]:
    """Expected precision and recall (S) of the labelled spans; NaN for 0 / 0."""
    precision, recall = np.full(said.shape[1], np.nan), np.full(said.shape[1], np.nan)
    for s, answers in enumerate(said.T):
        labelled = np.flatnonzero((answers != ABSENT) & (answers != labels))
        right = posterior[labelled, answers[labelled]].sum()
        entities = posterior[answers != ABSENT, :labels].sum()
        precision[s] = right / len(labelled) if len(labelled) else np.nan
        recall[s] = right / entities if entities > 0 else np.nan
    return precision, recall
