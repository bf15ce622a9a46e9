"""Decoding: the best sequence that IOB2 allows, against trying all of them, and its spans against seqeval's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2

from xprojdb.text.spans import spans_from_tags
from xprojdb.training.decoding import allowed, best_tags, iob2_tags, tagged_spans

TAGS = iob2_tags(["PER", "LOC"])


def brute_force(scores, tags):
    """The best of all sequences that IOB2 allows."""
    first, follows = allowed(tags)
    best, total = None, -np.inf
    for sequence in itertools.product(range(len(tags)), repeat=len(scores)):
        if not first[sequence[0]] or not all(follows[pair] for pair in itertools.pairwise(sequence)):
            continue
        value = sum(float(scores[word, tag]) for word, tag in enumerate(sequence))
        if value > total:
            best, total = sequence, value
    return best, total


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(0, 10_000))
def test_it_is_the_best_of_all_sequences(lengths, seed):
    scores = np.random.default_rng(seed).normal(size=(sum(lengths), len(TAGS))).astype(np.float32)
    result = best_tags(scores, lengths, TAGS)
    at = 0
    for length in lengths:
        own = scores[at : at + length]
        if length:
            _, total = brute_force(own, TAGS)
            chosen = result[at : at + length].tolist()
            assert sum(float(own[word, tag]) for word, tag in enumerate(chosen)) == pytest.approx(total)
        at += length


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 10_000))
def test_its_spans_are_those_of_seqeval_in_strict_mode(lengths, seed):
    scores = np.random.default_rng(seed).normal(size=(sum(lengths), len(TAGS))).astype(np.float32)
    places = best_tags(scores, lengths, TAGS)
    spans = tagged_spans(places, lengths, TAGS)
    at = 0
    for length, own in zip(lengths, spans, strict=True):
        tags = [TAGS[place] for place in places[at : at + length].tolist()]
        assert own == spans_from_tags(tags, "iob2", strict=True)
        assert [(span.label, span.start, span.end - 1) for span in own] == get_entities(tags)
        assert all(IOB2(tag).is_valid() for tag in tags)
        at += length


def test_an_inside_never_begins_a_sentence_nor_follows_another_label():
    scores = np.full((2, 5), -5.0, np.float32)
    scores[0, TAGS.index("I-PER")] = scores[1, TAGS.index("I-LOC")] = 0
    scores[:, 0] = -1
    assert [TAGS[place] for place in best_tags(scores, [2], TAGS)] == ["O", "O"]


def test_no_words_have_no_tags():
    assert tagged_spans(best_tags(np.zeros((0, 5), np.float32), [0, 0], TAGS), [0, 0], TAGS) == [(), ()]
