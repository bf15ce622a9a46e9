"""A vote between a projection and taggers of the target language, word by word: which tags they are for together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from xprojdb.arrays import Floats, Singles
from xprojdb.text.spans import Span


class Revised(NamedTuple):
    """A label after the vote.

    :param span: where it is.
    :param projected: the place of the projected span behind it among those of the sentence; None if there is none.
    :param support: the share of the vote for its tag, at the word where it is least; None if no tagger knows the label.
    :param margin: that share less the largest one of another tag, at the word where the difference is least.
    """

    span: Span
    projected: int | None
    support: float | None
    margin: float | None


def renamed(scores: Singles, classes: Sequence[str], tags: Sequence[str], labels: Mapping[str, str | None]) -> Singles:
    """Express the opinion of a tagger in the tags of another.

    A tag that the tagger does not know gets the probability of ``O``: it then says nothing for or against it.

    :param scores: (W, C) log probabilities.
    :param classes: the C tags of its columns.
    :param tags: T tags, of which the first is ``O``.
    :param labels: what each of its labels is called; None counts as ``O``.
    :returns: (W, T).
    """
    columns: dict[str, list[int]] = {}
    for column, tag in enumerate(classes):
        label = None if tag == "O" else labels[tag[2:]]
        columns.setdefault("O" if label is None else f"{tag[:2]}{label}", []).append(column)
    return np.stack([np.logaddexp.reduce(scores[:, columns.get(tag, columns["O"])], 1) for tag in tags], 1)


def pooled(parts: Sequence[Singles], weights: Sequence[float]) -> Singles:
    """The weighted sum of log probabilities: a logarithmic opinion pool (Genest and Zidek 1986).

    :param parts: (W, T) of each tagger.
    """
    return np.asarray(sum(weight * part for weight, part in zip(weights, parts, strict=True)), np.float32)


def votes(scores: Singles, gains: Floats, weight: float) -> Singles:
    """Add the projection to the taggers.

    The shares are those of a pool whose weights add up to 1, as voters that repeat each other require.

    :param scores: (W, T) the weighted sum of the log probabilities of the tags, of which the first is ``O``.
    :param gains: (W, T) what the projection says for each tag, as a log likelihood relative to that of ``O``.
    :param weight: the sum of the weights of the taggers; the projection has weight 1.
    :returns: (W, T) log shares of the vote.
    """
    together = (scores + gains) / (weight + 1)
    together -= np.logaddexp.reduce(together, 1, keepdims=True)
    return together.astype(np.float32)


def matched(projected: Sequence[Span], voted: Sequence[Span], shares: Singles, tags: Sequence[str]) -> list[Revised]:
    """Find the projected span behind each span of a vote: the one that shares the most words with it.

    A projected span is behind one span at most: the first of those that share the most words with it.

    :param projected: spans that do not overlap.
    :param voted: spans that do not overlap, from left to right.
    :param shares: (words, T) log shares of the vote.
    :param tags: the tags of the columns. A projected span with a label that is not among them stays as it is.
    """
    unknown = [span for span in projected if f"B-{span.label}" not in tags]
    free = [span for span in voted if not any(_shared(span, other) for other in unknown)]
    voted = sorted([*free, *unknown])
    shared = sorted(
        ((-_shared(span, other), at, place) for at, span in enumerate(voted) for place, other in enumerate(projected)),
    )
    behind: dict[int, int] = {}
    for words, at, place in shared:
        if words and at not in behind and place not in behind.values():
            behind[at] = place
    return [Revised(span, behind.get(at), *_share(span, shares, tags)) for at, span in enumerate(voted)]


def _shared(left: Span, right: Span) -> int:
    return max(0, min(left.end, right.end) - max(left.start, right.start))


def _share(span: Span, shares: Singles, tags: Sequence[str]) -> tuple[float | None, float | None]:
    """The support and the margin of a label."""
    if f"B-{span.label}" not in tags:
        return None, None
    begin = tags.index(f"B-{span.label}")
    own = np.exp(shares[span.start : span.end].astype(np.float64))
    places = np.array([begin, *[begin + 1] * (len(own) - 1)])
    chosen = own[np.arange(len(own)), places]
    own[np.arange(len(own)), places] = 0
    return float(chosen.min()), float((chosen - own.max(1)).min())
