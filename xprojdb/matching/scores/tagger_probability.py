"""The NER score: how probable a target-language tagger finds it that a candidate is an entity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Floats, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import compiled, flat, offsets
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates

ALPHA = 1.15
LEAST = 0.05
_BEGINS = frozenset("BSU")
_INSIDE = frozenset("IEL")


class TagColumns(NamedTuple):
    """Which tags of a tagger mean that a word begins or continues an entity.

    :param labels: K labels.
    :param begin: (T, K) 1 where a tag marks the first word of an entity with a label.
    :param inside: (T, K) 1 where a tag marks a later word.
    """

    labels: tuple[str, ...]
    begin: Floats
    inside: Floats


def tag_columns(tags: Sequence[str], renamed: Mapping[str, str] | None = None) -> TagColumns:
    """Read a tagger's tags.

    If a label only has tags for the inside of entities, the encoding is IOB1, in which most entities begin with ``I-``.

    :param tags: T tags: ``O``, or a label with a prefix of IOB1, IOB2 or BIOES.
    :param renamed: other names for labels; both names are kept.
    """
    parts = [(tag[0], tag[2:]) for tag in tags]
    own = {label for _, label in parts if label}
    first = {label for kind, label in parts if label and kind in _BEGINS}
    begins = _BEGINS if first == own else _BEGINS | {"I"}
    names = renamed or {}
    labels = tuple(sorted(own | {names[label] for label in own if label in names}))
    begin, inside = np.zeros((2, len(tags), len(labels)))
    for row, (kind, label) in enumerate(parts):
        for name in {label, names.get(label, label)} - {""}:
            begin[row, labels.index(name)] = kind in begins
            inside[row, labels.index(name)] = kind in _INSIDE
    return TagColumns(labels, begin, inside)


def ner(
    pairs: PairBatch,
    candidates: Candidates,
    label: Longs,
    begin: npt.ArrayLike,
    inside: npt.ArrayLike,
    alpha: float = ALPHA,
    least: float = LEAST,
    any_label: bool = False,
) -> Floats:
    """``α^(|t|-1) · mean(p(B-l) of the first word, p(I-l) of the others)``, where l is the entity's label.

    :param label: (E,) column of each entity's label; -1 if the tagger does not have it.
    :param begin: (W, K) probability that a target word begins an entity, by label, for one sentence after another.
    :param inside: (W, K) probability that it continues one.
    :param alpha: values above 1 favour long candidates.
    :param least: lower scores count as 0.
    :param any_label: use the most probable label of each candidate instead of the entity's.
    :returns: (C,) scores.
    :raises MatchingError: when arrays do not match, or a probability is not a number.
    """
    own = candidates.by_entity(pairs.entity_ptr, pairs.target_words)
    word_ptr = offsets(pairs.target_words)
    columns = flat("label", label, np.int64)
    tables = [_checked(name, table, int(word_ptr[-1])) for name, table in (("begin", begin), ("inside", inside))]
    if tables[0].shape != tables[1].shape or len(columns) != len(pairs.entity_start):
        shapes = (tables[0].shape, tables[1].shape, columns.shape)
        raise MatchingError(
            f"begin, inside and label have shapes {shapes}",
            hint="begin and inside must have the same shape, label one value for every entity",
            what="label",
            value=shapes,
        )
    means: Floats = _means(
        pairs.entity_ptr, word_ptr, own, columns, *tables, candidates.start, candidates.end, any_label
    )
    scores = means * alpha ** (candidates.end - candidates.start - 1.0)
    scores[scores < least] = 0.0
    return scores


def _checked(name: str, table: npt.ArrayLike, words: int) -> Floats:
    array = np.ascontiguousarray(table, np.float64)
    if array.ndim != 2 or len(array) != words or not np.isfinite(array).all():
        raise MatchingError(
            f"{name} has shape {array.shape} for {words} target words, or values that are not finite numbers",
            hint="pass a row of probabilities for every target word of the batch",
            what=name,
            value=array.shape,
        )
    return array


@compiled
def _means(entity_ptr, word_ptr, own, label, begin, inside, start, end, any_label):  # type: ignore[no-untyped-def]
    """The mean probability of each candidate's words; before[y] sums the words before y."""
    result, kinds = np.zeros(len(start)), begin.shape[1]
    for i in range(len(word_ptr) - 1):
        first, words = word_ptr[i], word_ptr[i + 1] - word_ptr[i]
        before = np.zeros((words + 1, kinds))
        for y in range(words):
            before[y + 1] = before[y] + inside[first + y]
        for e in range(entity_ptr[i], entity_ptr[i + 1]):
            low = 0 if any_label else label[e]
            high = kinds if any_label else label[e] + 1
            for c in range(own[e], own[e + 1]):
                a, b = start[c], end[c]
                for k in range(max(low, 0), high):
                    mean = (begin[first + a, k] + before[b, k] - before[a + 1, k]) / (b - a)
                    result[c] = max(result[c], mean)
    return result
