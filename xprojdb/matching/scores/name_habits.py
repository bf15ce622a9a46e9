"""How names travel from one language to another in a corpus, counted from links: no gold labels are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from xprojdb.matching.arrays import Flags, Floats, Ints, Longs, offsets
from xprojdb.matching.batch import PairBatch

#: a link with a higher score leads to the right word, mostly; and one that is beyond doubt
LIKELY, SURE = 0.6, 0.8
#: shares of kept capitals at and below which lower case says nothing, and from which on it says all it can
CAPITALS_FROM, CAPITALS_TO = 0.80, 0.95
#: how many other words are surely linked for each name that is: from this share on links are not doubted, and below
#: this one fully
DOUBT_FROM, DOUBT_TO = 0.5, 0.3
#: words that are taken for granted, at a share that says nothing: few words prove little
TAKEN_FOR_GRANTED = 20


class NameHabits(NamedTuple):
    """What was counted of the words of a corpus.

    :param kept: capitalised words of entities that are likely linked to a capitalised word.
    :param linked: those that are likely linked to any.
    :param sure_names: words of entities with a link beyond doubt.
    :param names: words of entities.
    :param sure_others: other words with such a link.
    :param others: other words.
    """

    kept: int = 0
    linked: int = 0
    sure_names: int = 0
    names: int = 0
    sure_others: int = 0
    others: int = 0

    @property
    def capitals(self) -> float:
        """How much an edge in lower case speaks against a candidate, from 0 to 1."""
        return _between(_share(self.kept, self.linked, CAPITALS_FROM), CAPITALS_FROM, CAPITALS_TO)

    @property
    def doubt(self) -> float:
        """How much links are to be doubted, from 0 to 1.

        An aligner that knows a language is as sure of its other words as of names. One that does not is only sure of
        names, since these are copied: letters, and what is found throughout the corpus, then say more than links.
        """
        ratio = _share(self.sure_others, self.others, 0.5) / _share(self.sure_names, self.names, 0.5)
        return _between(ratio, DOUBT_FROM, DOUBT_TO)

    @property
    def told(self) -> str:
        """The evidence, in a few words without spaces."""
        capitals = f"kept-capitals={_told(self.kept, self.linked)},weight={self.capitals:.2f}"
        sure = f"sure-names={_told(self.sure_names, self.names)},sure-others={_told(self.sure_others, self.others)}"
        return f"{capitals},{sure},doubt={self.doubt:.2f}"

    def plus(self, other: NameHabits) -> NameHabits:
        """Both together."""
        return NameHabits(*(mine + yours for mine, yours in zip(self, other, strict=True)))


def name_habits(pairs: PairBatch, source: Sequence[Sequence[str]], target: Sequence[Sequence[str]]) -> NameHabits:
    """Count how surely words are linked, and what becomes of the capitals of entities.

    The first words of sentences have no say in capitals.

    :param source: the words of the N source sentences.
    :param target: those of the N target sentences.
    """
    score, across = _surest_links(pairs)
    inside, words = _in_entities(pairs), _tell(source, _has_letters)
    names, others = inside & words, ~inside & words
    inner = _inner(pairs.source_words) & (score > LIKELY)
    inner[inner] = _inner(pairs.target_words)[across[inner]]
    asked = np.flatnonzero(inside & inner & _tell(source, _is_capitalised))
    kept = _tell(target, _is_capitalised)[across[asked]]
    sure = score > SURE
    counts = (kept, np.ones(len(asked)), sure & names, names, sure & others, others)
    return NameHabits(*(int(flags.sum()) for flags in counts))


def _share(part: int, whole: int, taken: float) -> float:
    return (part + taken * TAKEN_FOR_GRANTED) / (whole + TAKEN_FOR_GRANTED)


def _between(value: float, nothing: float, everything: float) -> float:
    return min(max((value - nothing) / (everything - nothing), 0.0), 1.0)


def _told(part: int, whole: int) -> str:
    return f"{part}/{whole}"


def _surest_links(pairs: PairBatch) -> tuple[Floats, Longs]:
    """Of each source word, the score of its surest link, 0 where it has none, and the target word in the batch."""
    pair = np.repeat(np.arange(len(pairs)), np.diff(pairs.link_ptr))
    base, across = offsets(pairs.source_words), offsets(pairs.target_words)
    left, right = base[pair] + pairs.link_source, across[pair] + pairs.link_target
    score = np.ones(len(left)) if pairs.link_score is None else pairs.link_score.astype(np.float64)
    order = np.lexsort((right, -score, left))
    best = order[np.unique(left[order], return_index=True)[1]]
    scores, words = np.zeros(base[-1]), np.zeros(base[-1], np.int64)
    scores[left[best]], words[left[best]] = score[best], right[best]
    return scores, words


def _in_entities(pairs: PairBatch) -> Flags:
    """(sum of source words,) whether a word belongs to an entity."""
    pair = np.repeat(np.arange(len(pairs)), np.diff(pairs.entity_ptr))
    base = offsets(pairs.source_words)
    edges = np.zeros(base[-1] + 1, np.int64)
    np.add.at(edges, base[pair] + pairs.entity_start, 1)
    np.add.at(edges, base[pair] + pairs.entity_end, -1)
    inside: Flags = np.cumsum(edges[:-1]) > 0
    return inside


def _inner(words: Ints) -> Flags:
    """Which words are not the first of their sentence."""
    base = offsets(words)
    inner = np.ones(base[-1], np.bool_)
    inner[base[:-1][np.asarray(words) > 0]] = False
    return inner


def _tell(sentences: Sequence[Sequence[str]], is_so: Callable[[str], bool]) -> Flags:
    words = [word for sentence in sentences for word in sentence]
    known = {word: is_so(word) for word in set(words)}
    return np.fromiter((known[word] for word in words), np.bool_, len(words))


def _is_capitalised(word: str) -> bool:
    return word[:1].isupper()


def _has_letters(word: str) -> bool:
    return any(map(str.isalpha, word))
