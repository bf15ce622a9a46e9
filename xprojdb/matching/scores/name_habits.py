"""How names pass from one language into another in a corpus, counted from links without gold labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from xprojdb.arrays import Flags, Floats, Ints, Longs
from xprojdb.matching.arrays import offsets
from xprojdb.matching.batch import PairBatch

#: scores above which a link is likely right, and above which it is certain
LIKELY, SURE = 0.6, 0.8
#: shares of preserved capitals up to which lower case is no evidence, and from which it is full evidence
CAPITALS_FROM, CAPITALS_TO = 0.80, 0.95
#: the rate of certain links of other words, relative to names: links are not doubted from the first ratio on, and
#: fully doubted up to the second
DOUBT_FROM, DOUBT_TO = 0.5, 0.3
#: pseudo-counts, at a share that is no evidence: a few words prove little
TAKEN_FOR_GRANTED = 20


class NameHabits(NamedTuple):
    """Counts of the words of a corpus.

    :param kept: capitalised words of entities with a likely link to a capitalised word.
    :param linked: capitalised words of entities with a likely link to any word.
    :param sure_names: words of entities with a certain link.
    :param names: words of entities.
    :param sure_others: other words with a certain link.
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
        """How strongly a lower-case edge counts against a candidate, from 0 to 1."""
        return _between(_share(self.kept, self.linked, CAPITALS_FROM), CAPITALS_FROM, CAPITALS_TO)

    @property
    def doubt(self) -> float:
        """How much to doubt the links, from 0 to 1.

        An aligner that knows a language is as certain of other words as of names. One that does not is certain of names
        only, because they are copied; letters and evidence from the whole corpus are then more reliable than links.
        """
        ratio = _share(self.sure_others, self.others, 0.5) / _share(self.sure_names, self.names, 0.5)
        return _between(ratio, DOUBT_FROM, DOUBT_TO)

    @property
    def summary(self) -> str:
        """The counts and weights on one line, without spaces."""
        capitals = f"kept-capitals={_ratio(self.kept, self.linked)},weight={self.capitals:.2f}"
        sure = f"sure-names={_ratio(self.sure_names, self.names)},sure-others={_ratio(self.sure_others, self.others)}"
        return f"{capitals},{sure},doubt={self.doubt:.2f}"

    def plus(self, other: NameHabits) -> NameHabits:
        """The sum of both counts."""
        return NameHabits(*(mine + yours for mine, yours in zip(self, other, strict=True)))


def name_habits(pairs: PairBatch, source: Sequence[Sequence[str]], target: Sequence[Sequence[str]]) -> NameHabits:
    """Count how certainly words are linked, and how many capitals of entities are preserved.

    The first words of sentences do not count for capitals.

    :param source: the words of the N source sentences.
    :param target: the words of the N target sentences.
    """
    score, across = _surest_links(pairs)
    inside, words = _in_entities(pairs), _tell(source, _has_letters)
    names, others = inside & words, ~inside & words
    inner = _inner(pairs.source_words) & (score > LIKELY)
    inner[inner] = _inner(pairs.target_words)[across[inner]]
    capitalised = np.flatnonzero(inside & inner & _tell(source, _is_capitalised))
    preserved = _tell(target, _is_capitalised)[across[capitalised]]
    sure = score > SURE
    counts = (preserved, np.ones(len(capitalised)), sure & names, names, sure & others, others)
    return NameHabits(*(int(flags.sum()) for flags in counts))


def _share(part: int, whole: int, taken: float) -> float:
    return (part + taken * TAKEN_FOR_GRANTED) / (whole + TAKEN_FOR_GRANTED)


def _between(value: float, nothing: float, everything: float) -> float:
    return min(max((value - nothing) / (everything - nothing), 0.0), 1.0)


def _ratio(part: int, whole: int) -> str:
    return f"{part}/{whole}"


def _surest_links(pairs: PairBatch) -> tuple[Floats, Longs]:
    """The score of the best link of each source word, 0 without links, and the index of its target word."""
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
    """(total source words,) whether each word belongs to an entity."""
    pair = np.repeat(np.arange(len(pairs)), np.diff(pairs.entity_ptr))
    base = offsets(pairs.source_words)
    edges = np.zeros(base[-1] + 1, np.int64)
    np.add.at(edges, base[pair] + pairs.entity_start, 1)
    np.add.at(edges, base[pair] + pairs.entity_end, -1)
    inside: Flags = np.cumsum(edges[:-1]) > 0
    return inside


def _inner(words: Ints) -> Flags:
    """Whether each word is not the first of its sentence."""
    base = offsets(words)
    inner = np.ones(base[-1], np.bool_)
    inner[base[:-1][np.asarray(words) > 0]] = False
    return inner


def _tell(sentences: Sequence[Sequence[str]], is_so: Callable[[str], bool]) -> Flags:
    words = [word for sentence in sentences for word in sentence]
    answers = {word: is_so(word) for word in set(words)}
    return np.fromiter((answers[word] for word in words), np.bool_, len(words))


def _is_capitalised(word: str) -> bool:
    return word[:1].isupper()


def _has_letters(word: str) -> bool:
    return any(map(str.isalpha, word))
