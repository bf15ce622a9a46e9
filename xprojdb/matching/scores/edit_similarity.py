"""Edit similarity: names are often copied or transliterated, so a span that looks like the entity often is its name.

Levenshtein distances are computed with Myers' bit vectors (Journal of the ACM 46, 1999, in Hyyrö's form): a column of
the table is a machine word. Computing the distance of a span also yields those of all its prefixes, so the candidates
of an entity that start at the same word cost one pass over the longest of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from xprojdb.arrays import Flags, Floats, Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import check_ptr, compiled, flat, offsets
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates
from xprojdb.text.normalization import fold

# With this many bits of a signed word in use, an addition never reaches the sign.
_BITS = 62


@dataclass(frozen=True, slots=True)
class Words:
    """The folded words of N sentences as code points, so that a span of words is one run of characters.

    :param word_ptr: (N+1,) offsets: the words of sentence ``i`` are ``word_ptr[i]:word_ptr[i + 1]``.
    :param char_ptr: (W+1,) offsets: word ``w`` is ``chars[char_ptr[w]:char_ptr[w + 1] - 1]``, followed by a space.
    :param chars: (X,) code points.
    :raises MatchingError: when the offsets do not fit, or a code point is invalid.
    """

    word_ptr: Longs
    char_ptr: Longs
    chars: Ints

    def __post_init__(self) -> None:
        for name in self.__slots__:
            array = flat(f"words.{name}", getattr(self, name), np.int32 if name == "chars" else np.int64)
            object.__setattr__(self, name, array)
        check_ptr("words.word_ptr", self.word_ptr, len(self.word_ptr) - 1, len(self.char_ptr) - 1)
        check_ptr("words.char_ptr", self.char_ptr, len(self.char_ptr) - 1, len(self.chars))
        bad = np.flatnonzero((self.chars < 0) | (self.chars > 0x10FFFF))
        if len(bad) or (np.diff(self.char_ptr) < 1).any():
            value = int(self.chars[bad[0]]) if len(bad) else None
            message = f"{value} is not a code point" if len(bad) else "a word lacks the space after it"
            raise MatchingError(message, hint="build the words with Words.fold", what="words.chars", value=value)

    @classmethod
    def fold(cls, sentences: Iterable[Sequence[str]]) -> Words:
        """Fold the words of sentences (:func:`xprojdb.text.normalization.fold`)."""
        counts: list[int] = []
        words: list[str] = []
        for sentence in sentences:
            counts.append(len(sentence))
            words.extend(sentence)
        spellings = {word: fold(word) + " " for word in set(words)}
        folded = [spellings[word] for word in words]
        # "surrogatepass": a lone surrogate in a broken text is treated like any other character.
        chars = np.frombuffer("".join(folded).encode("utf-32-le", "surrogatepass"), np.int32)
        return cls(offsets(counts), offsets([len(word) for word in folded]), chars)


def surface(pairs: PairBatch, candidates: Candidates, source: Words, target: Words) -> Floats:
    """``1 - Levenshtein(e, t) / max(|e|, |t|)`` in characters of the folded texts, with words joined by spaces.

    :param source: the source words of the pairs.
    :param target: the target words of the pairs.
    :returns: (C,) scores from 0 to 1.
    :raises MatchingError: when the candidates or words do not belong to the pairs.
    """
    own = candidates.by_entity(pairs.entity_ptr, pairs.target_words)
    columns = _entity_columns(pairs, source, target)
    scores: Floats = _surface(*columns, own, candidates.start, candidates.end)
    return scores


def copied(
    pairs: PairBatch, source: Words, target: Words, threshold: float = 0.7, longest: int = 10
) -> tuple[Candidates, Floats]:
    """Find the spans that look like the entity, without an aligner.

    :param threshold: the minimum edit similarity, above 0 and at most 1.
    :param longest: the most words a span may have.
    :returns: the candidates, and their scores (C,).
    :raises MatchingError: when the threshold is out of range or the words do not belong to the pairs.
    """
    if not 0 < threshold <= 1:
        hint = "choose a threshold above 0 and at most 1; every span has a similarity of at least 0"
        raise MatchingError(f"threshold {threshold} is out of range", hint=hint, what="threshold", value=threshold)
    columns = _entity_columns(pairs, source, target)
    nothing = np.empty(0, np.int32)
    counts = np.zeros(len(pairs.entity_start) + 1, np.int64)
    _plausible(*columns[:5], threshold, longest, counts, False, nothing, nothing)
    own = np.cumsum(counts)
    start, end = np.empty(own[-1], np.int32), np.empty(own[-1], np.int32)
    _plausible(*columns[:5], threshold, longest, own, True, start, end)
    scores: Floats = _surface(*columns, own, start, end)
    return _selected(pairs, own, start, end, scores, scores >= threshold)


def _selected(
    pairs: PairBatch, own: Longs, start: Ints, end: Ints, scores: Floats, keep: Flags
) -> tuple[Candidates, Floats]:
    ordinal = np.arange(len(pairs.entity_start)) - np.repeat(pairs.entity_ptr[:-1], np.diff(pairs.entity_ptr))
    entity = np.repeat(ordinal, np.diff(own))[keep].astype(np.int32)
    ptr = offsets(keep)[own[pairs.entity_ptr]]
    return Candidates(ptr, entity, start[keep], end[keep], np.ones(len(entity), np.uint8)), scores[keep]


def _entity_columns(
    pairs: PairBatch, source: Words, target: Words
) -> tuple[Longs, Ints, Ints, Longs, Longs, Ints, Ints]:
    """Where each entity's text starts and ends, and the target side, for the compiled loops.

    Returns pair_words (N+1, target word offsets), entity_from and entity_to (E, characters of the source), the pair of
    each entity, target.char_ptr, source.chars, target.chars.
    """
    for name, words, counts in (("source", source, pairs.source_words), ("target", target, pairs.target_words)):
        wrong = len(words.word_ptr) != len(pairs) + 1 or not np.array_equal(np.diff(words.word_ptr), counts)
        if wrong:
            hint = "pass the words of the same sentences as in the pairs, in the same order"
            message = f"the {name} words do not match the pairs"
            raise MatchingError(message, hint=hint, what=f"{name}_words", value=len(words.word_ptr) - 1)
    pair = np.repeat(np.arange(len(pairs)), np.diff(pairs.entity_ptr))
    first = source.word_ptr[pair] + pairs.entity_start
    last = source.word_ptr[pair] + pairs.entity_end
    begin, stop = source.char_ptr[first], source.char_ptr[last] - 1
    return target.word_ptr, begin, stop, pair, target.char_ptr, source.chars, target.chars


@compiled
def _surface(word_ptr, begin, stop, pair, char_ptr, source, target, own, start, end):  # type: ignore[no-untyped-def]
    result = np.zeros(len(start))
    letters = 1
    for x in source:
        letters = max(letters, x + 1)
    mask = np.zeros(letters, np.int64)
    for e in range(len(begin)):
        base, m = word_ptr[pair[e]], stop[e] - begin[e]
        if own[e] == own[e + 1]:
            continue
        for i in range(min(m, _BITS)):
            mask[source[begin[e] + i]] |= np.int64(1) << i
        c = own[e]
        while c < own[e + 1]:
            until = c + 1
            while until < own[e + 1] and start[until] == start[c]:
                until += 1
            if m <= _BITS:
                _by_bits(m, mask, base, char_ptr, target, start, end, c, until, result)
            else:
                _by_rows(source[begin[e] : stop[e]], base, char_ptr, target, start, end, c, until, result)
            c = until
        for i in range(min(m, _BITS)):
            mask[source[begin[e] + i]] = 0
    return result


@compiled
def _by_bits(m, mask, base, char_ptr, target, start, end, c, until, result):  # type: ignore[no-untyped-def]
    """The similarity of an entity of m characters to the spans c:until, which start at the same word.

    up, down: the bits where the last column of the table rises and falls from one row to the next.
    """
    full, top = (np.int64(1) << m) - 1, m - 1
    up, down, distance = full, np.int64(0), m
    begin = char_ptr[base + start[c]]
    at = begin
    while c < until:
        stop = char_ptr[base + end[c]] - 1
        while at < stop:
            letter = target[at]
            equal = mask[letter] if letter < len(mask) else np.int64(0)
            diagonal = (((equal & up) + up) ^ up) | equal | down
            rise, fall = (down | ~(diagonal | up)) & full, up & diagonal
            distance += ((rise >> top) & 1) - ((fall >> top) & 1)
            rise, fall = (rise << 1 | 1) & full, (fall << 1) & full
            up, down = (fall | ~(diagonal | rise)) & full, rise & diagonal
            at += 1
        result[c] = 1 - distance / max(m, stop - begin, 1)
        c += 1


@compiled
def _by_rows(entity, base, char_ptr, target, start, end, c, until, result):  # type: ignore[no-untyped-def]
    """Like _by_bits, for entities too long for a machine word."""
    m = len(entity)
    column = np.arange(m + 1)
    begin = char_ptr[base + start[c]]
    at = begin
    while c < until:
        stop = char_ptr[base + end[c]] - 1
        while at < stop:
            corner = column[0]
            column[0] += 1
            for i in range(m):
                best = min(column[i + 1] + 1, column[i] + 1, corner + (entity[i] != target[at]))
                corner, column[i + 1] = column[i + 1], best
            at += 1
        result[c] = 1 - column[m] / max(m, stop - begin, 1)
        c += 1


@compiled
def _plausible(  # type: ignore[no-untyped-def]
    word_ptr, begin, stop, pair, char_ptr, threshold, longest, own, fill, start, end
):
    """Count the spans of entity e that are not ruled out by their length in own[e + 1], or write them."""
    for e in range(len(begin)):
        base, words, m = word_ptr[pair[e]], word_ptr[pair[e] + 1] - word_ptr[pair[e]], stop[e] - begin[e]
        c = own[e] if fill else 0
        for a in range(words):
            for b in range(a + 1, min(words, a + longest) + 1):
                size = char_ptr[base + b] - 1 - char_ptr[base + a]
                if 1 - (size - m) / max(size, m, 1) < threshold:
                    break
                if 1 - (m - size) / max(size, m, 1) >= threshold:
                    if fill:
                        start[c], end[c] = a, b
                    c += 1
        if not fill:
            own[e + 1] = c
