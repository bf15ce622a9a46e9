"""Viterbi decoding (1967): the most probable valid IOB2 sequences, for many sentences at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xprojdb.arrays import Flags, Longs, Singles
from xprojdb.text.spans import Span

_NEVER = np.float32(-1e30)
#: score cells in memory at a time
_CELLS = 2_000_000


def iob2_tags(labels: Sequence[str]) -> tuple[str, ...]:
    """``O``, then the B and the I tag of each label."""
    return ("O", *(f"{kind}-{label}" for label in labels for kind in "BI"))


def allowed(tags: Sequence[str]) -> tuple[Flags, Flags]:
    """Which tags may begin a sentence, and which may follow which: an I tag only a B or I tag of its own label.

    :returns: (T,) and (T, T), the preceding tag first.
    """
    first = np.array([not tag.startswith("I-") for tag in tags])
    follows = np.array([[after[0] != "I" or before[2:] == after[2:] for after in tags] for before in tags])
    return first, follows


def best_tags(scores: Singles, lengths: Sequence[int], tags: Sequence[str]) -> Longs:
    """The valid IOB2 sequences with the highest total scores.

    :param scores: (W, T) log probabilities of the tags of each word, sentence by sentence.
    :param lengths: the number of words of each sentence, W in total.
    :param tags: the tags of the columns.
    :returns: (W,) indices of tags; of equally good sequences, the one with the earlier tags, compared from the end.
    """
    sizes = np.asarray(lengths, np.int64)
    starts = np.cumsum(sizes) - sizes
    best = np.empty(len(scores), np.int64)
    first, follows = allowed(tags)
    for chosen in _batches(sizes, len(tags)):
        longest = int(sizes[chosen].max())
        places = starts[chosen, None] + np.arange(longest)
        there = np.arange(longest) < sizes[chosen, None]
        rows = scores[np.where(there, places, 0)]
        decoded = _decode(rows, there, np.where(first, 0, _NEVER), np.where(follows, 0, _NEVER))
        best[places[there]] = decoded[there]
    return best


def _batches(sizes: Longs, tags: int) -> list[Longs]:
    """Group sentences of similar length, leaving out those without words."""
    order = np.argsort(sizes, kind="stable")
    order = order[sizes[order] > 0]
    batches: list[Longs] = []
    while len(order):
        count = max(1, _CELLS // (int(sizes[order[-1]]) * tags))
        batches.append(order[-count:])
        order = order[:-count]
    return batches


def _decode(rows: Singles, there: Flags, first: Singles, follows: Singles) -> Longs:
    """The best tags of a batch, including padding.

    :param rows: (S, L, T).
    :param there: (S, L) True for words, False for padding.
    """
    count, longest, width = rows.shape
    total = rows[:, 0].astype(np.float64) + first
    back = np.zeros((count, longest, width), np.int16)
    for at in range(1, longest):
        live = there[:, at]
        through = total[live][:, :, None] + follows
        came = through.argmax(1)
        back[live, at] = came
        total[live] = np.take_along_axis(through, came[:, None], 1)[:, 0] + rows[live, at]
    best = np.zeros((count, longest), np.int64)
    tag, every = total.argmax(1), np.arange(count)
    for at in range(longest - 1, -1, -1):
        best[:, at] = tag
        tag = np.where(there[:, at], back[every, at, tag], tag)
    return best


def tagged_spans(places: Longs, lengths: Sequence[int], tags: Sequence[str]) -> list[tuple[Span, ...]]:
    """The spans of sentences.

    :param places: (W,) tag indices as from :func:`best_tags`.
    """
    spans: list[tuple[Span, ...]] = []
    at = 0
    for length in lengths:
        own = places[at : at + length]
        spans.append(_spans(own, tags) if own.any() else ())
        at += length
    return spans


def _spans(own: Longs, tags: Sequence[str]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for word in np.flatnonzero(own).tolist():
        tag = tags[own[word]]
        if tag[0] == "I" and spans and spans[-1].end == word and spans[-1].label == tag[2:]:
            spans[-1] = spans[-1]._replace(end=word + 1)
        else:
            spans.append(Span(word, word + 1, tag[2:]))
    return tuple(spans)
