"""Score the edges of a candidate: names rarely start with an article, and usually start with a capital."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from xprojdb.arrays import Flags, Floats, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import flat, offsets
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.scores.word_weights import WordCounts


def is_function_word(word: str, counts: WordCounts, most: float) -> bool:
    """Whether a word has neither letters nor digits, or makes up more than a share ``most`` of all occurrences."""
    return not any(character.isalnum() or character == "_" for character in word) or counts.share(word) > most


def function_words(sentences: Iterable[Sequence[str]], counts: WordCounts, most: float) -> Flags:
    """(W,) which words are function words, for one sentence after another; see :func:`is_function_word`."""
    words = [word for sentence in sentences for word in sentence]
    is_function = {word: is_function_word(word, counts, most) for word in set(words)}
    return np.fromiter((is_function[word] for word in words), np.bool_, len(words))


def begins_like_a_name(word: str) -> bool:
    """Whether a word starts with a capital or a digit."""
    return word[:1].isupper() or word[:1].isdigit()


def name_words(sentences: Iterable[Sequence[str]]) -> Flags:
    """(W,) which words start like a name, for one sentence after another."""
    return np.array([begins_like_a_name(word) for sentence in sentences for word in sentence], np.bool_)


def clean_start(pairs: PairBatch, candidates: Candidates, function: Flags) -> Floats:
    """1 for candidates whose first word is not a function word, otherwise 0.

    :param function: (sum of target words,) which words are function words, for one sentence after another.
    :returns: (C,) scores.
    :raises MatchingError: when ``function`` has another length.
    """
    scores: Floats = 1.0 - _at(pairs, candidates, function)[0]
    return scores


def name_edges(pairs: PairBatch, candidates: Candidates, name: Flags, entity_is_name: Flags) -> Floats:
    """The share of a candidate's first and last word that start like a name; 1 for entities that do not.

    :param name: (sum of target words,) which words start like a name, for one sentence after another.
    :param entity_is_name: (E,) whether the entity's first word starts like a name.
    :returns: (C,) 0, ½ or 1.
    :raises MatchingError: when ``name`` has another length.
    """
    first, last = _at(pairs, candidates, name)
    pair = np.repeat(np.arange(len(pairs)), np.diff(candidates.ptr))
    named = np.asarray(entity_is_name, np.bool_)[pairs.entity_ptr[pair] + candidates.entity]
    return np.where(named, (first + last) / 2, 1.0)


def _at(pairs: PairBatch, candidates: Candidates, flags: Flags) -> tuple[Floats, Floats]:
    """The flags of each candidate's first and last word, as numbers."""
    candidates.by_entity(pairs.entity_ptr, pairs.target_words)
    word_ptr: Longs = offsets(pairs.target_words)
    values: Floats = flat("flags", flags, np.float64)
    if len(values) != word_ptr[-1]:
        message = f"{len(values)} flags for {word_ptr[-1]} target words"
        hint = "pass one flag for every target word of the batch"
        raise MatchingError(message, hint=hint, what="flags", value=len(values))
    base = np.repeat(word_ptr[:-1], np.diff(candidates.ptr))
    return values[base + candidates.start], values[base + candidates.end - 1]
