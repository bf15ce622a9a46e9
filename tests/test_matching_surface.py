"""Surface similarity against a plain edit distance, and matching without an aligner."""

import itertools

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import PairBatch, Words, copied, ngrams, surface
from xprojdb.text.normalization import edit_similarity, fold


def sentences(random, count, words, letters=4, alphabet="abcdäéßŁ中 "[:-1]):
    lengths = random.integers(0, words + 1, count)
    return [
        ["".join(random.choice(list(alphabet), random.integers(1, letters + 1))) for _ in range(n)] for n in lengths
    ]


def entities(random, sentence):
    cuts = sorted(random.choice(len(sentence) + 1, min(len(sentence) + 1, 4), replace=False))
    return [(int(a), int(b)) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]


def random_batch(seed, count=40, words=6, letters=4):
    random = np.random.default_rng(seed)
    source, target = sentences(random, count, words, letters), sentences(random, count, words, letters)
    spans = [entities(random, entry) for entry in source]
    pairs = PairBatch.pack([(len(s), len(t), e, []) for s, t, e in zip(source, target, spans, strict=True)])
    return pairs, source, target, spans


def folded(words):
    return " ".join(map(fold, words))


def naive(pairs, candidates, source, target, spans):
    values = []
    for i in range(len(pairs)):
        for c in range(candidates.ptr[i], candidates.ptr[i + 1]):
            a, b = spans[i][candidates.entity[c]]
            values.append(
                edit_similarity(folded(source[i][a:b]), folded(target[i][candidates.start[c] : candidates.end[c]]))
            )
    return values


@pytest.mark.parametrize("letters", [1, 4, 30])  # 30: entities beyond the 62 characters of a machine word
def test_scores_are_those_of_a_plain_edit_distance(letters):
    pairs, source, target, spans = random_batch(letters, letters=letters)
    candidates = ngrams(pairs, 4)
    scores = surface(pairs, candidates, Words.fold(source), Words.fold(target))
    assert len(scores) > 100
    np.testing.assert_allclose(scores, naive(pairs, candidates, source, target, spans), atol=1e-12)


def test_an_entity_of_exactly_one_machine_word_and_one_more():
    names = ["x" * 61 + "y", "x" * 62 + "y"]
    pairs = PairBatch.pack([(1, 1, [(0, 1)], [])] * 2)
    scores = surface(pairs, ngrams(pairs, 1), Words.fold([[n] for n in names]), Words.fold([[n[1:]] for n in names]))
    np.testing.assert_allclose(scores, [1 - 1 / 62, 1 - 1 / 63])


@pytest.mark.parametrize("threshold", [0.3, 0.7, 1.0])
def test_copied_words_are_the_ngrams_above_the_threshold(threshold):
    pairs, source, target, _ = random_batch(5, count=80, letters=2)
    every = ngrams(pairs, 3)
    words = Words.fold(source), Words.fold(target)
    scores = surface(pairs, every, *words)
    keep = scores >= threshold
    result, values = copied(pairs, *words, threshold=threshold, longest=3)
    assert keep.any()
    for name in ("entity", "start", "end"):
        np.testing.assert_array_equal(getattr(result, name), getattr(every, name)[keep])
    np.testing.assert_array_equal(values, scores[keep])
    np.testing.assert_array_equal(np.diff(result.ptr), [keep[a:b].sum() for a, b in itertools.pairwise(every.ptr)])


def test_accents_and_case_do_not_count():
    pairs = PairBatch.pack([(2, 3, [(0, 2)], [])])
    result, values = copied(pairs, Words.fold([["São", "Paulo"]]), Words.fold([["em", "SAO", "Paulo"]]), 0.9)
    assert (result.start.tolist(), result.end.tolist(), values.tolist()) == ([1], [3], [1.0])


def test_words_of_other_sentences_are_refused():
    pairs = PairBatch.pack([(2, 1, [(0, 1)], [])])
    with pytest.raises(MatchingError) as error:
        surface(pairs, ngrams(pairs, 1), Words.fold([["one"]]), Words.fold([["one"]]))
    assert error.value.what == "source_words"


@pytest.mark.parametrize("threshold", [0.0, 1.5, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold):
    pairs = PairBatch.pack([(1, 1, [(0, 1)], [])])
    with pytest.raises(MatchingError) as error:
        copied(pairs, Words.fold([["a"]]), Words.fold([["a"]]), threshold)
    assert error.value.what == "threshold"


def test_nothing_in_nothing_out():
    pairs = PairBatch.pack([])
    result, values = copied(pairs, Words.fold([]), Words.fold([]))
    assert len(result) == len(values) == 0


@pytest.mark.parametrize(("char_ptr", "chars"), [([0, 2], [-1, 32]), ([0, 2], [0x110000, 32]), ([0, 0], [])])
def test_words_that_are_none_are_refused(char_ptr, chars):
    with pytest.raises(MatchingError) as error:
        Words(np.array([0, 1]), np.array(char_ptr), np.array(chars, np.int32))
    assert error.value.what == "words.chars"
