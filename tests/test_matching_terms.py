"""Corpus memory against counting by hand in all the other sentences."""

from __future__ import annotations

import numpy as np
import pytest

from xprojdb.matching.scores.term_consistency import LONGEST, Terms, count_occurrences, count_terms, term_shares
from xprojdb.text.normalization import fold

Sentences = list[list[str]]
Spans = list[set[tuple[int, int]]]


def _corpus(seed: int, count: int = 25) -> tuple[Sentences, Spans]:
    random = np.random.default_rng(seed)
    words = ["Rhine", "rhine", "Bank", "of", "the", "Übersee"]
    sentences = [random.choice(words, random.integers(0, 12)).tolist() for _ in range(count)]
    spans: Spans = []
    for sentence in sentences:
        cuts = sorted(random.choice(len(sentence) + 1, min(4, len(sentence) + 1), replace=False).tolist())
        spans.append({(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if b - a <= LONGEST})
    return sentences, spans


def _text(words: list[str], start: int, end: int) -> str:
    return " ".join(fold(word) for word in words[start:end])


def _by_hand(sentences: Sentences, spans: Spans, here: int, start: int, end: int) -> float:
    """Projected elsewhere, of the occurrences elsewhere and one."""
    wanted, chosen, occurs = _text(sentences[here], start, end), 0, 0
    for number, (words, own) in enumerate(zip(sentences, spans, strict=True)):
        if number != here:
            chosen += sum(_text(words, *place) == wanted for place in own)
            every = [(a, b) for a in range(len(words)) for b in range(a + 1, len(words) + 1)]
            occurs += sum(_text(words, *place) == wanted for place in every)
    return chosen / (occurs + 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_shares_leave_the_sentence_itself_out(seed: int) -> None:
    sentences, spans = _corpus(seed)
    chosen = count_terms(sentences, spans)
    terms = Terms(chosen, count_occurrences(sentences, chosen))
    some = 0
    for number, words in enumerate(sentences):
        places = [(a, b) for a in range(len(words)) for b in range(a + 1, min(len(words), a + 4) + 1)]
        for place, share in zip(places, term_shares(words, spans[number], places, terms), strict=True):
            assert share == pytest.approx(_by_hand(sentences, spans, number, *place))
            some += 0 < share < 1
    assert some > 20


def test_only_asked_terms_are_counted() -> None:
    assert count_occurrences([["Bank", "of", "bank"]], {"bank", "of bank"}) == {"bank": 2, "of bank": 1}


def test_a_sentence_that_came_later_is_compared_with_all_that_was_learned() -> None:
    terms = Terms({"bank": 2}, {"bank": 3})
    assert term_shares(["Bank"], set(), [(0, 1)], terms) == [2 / (2 + 1)]


def test_long_spans_have_no_memory() -> None:
    words = ["a"] * (LONGEST + 1)
    terms = Terms({" ".join(words): 3}, {" ".join(words): 3})
    assert term_shares(words, set(), [(0, LONGEST + 1)], terms) == [0.0]
