"""Term consistency: the share of occurrences of a word sequence that were projected as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xprojdb.text.normalization import fold

Place = tuple[int, int]
#: the most words a term may have
LONGEST = 8


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms that were projected in a corpus.

    :param chosen: the number of projected spans with exactly these words, folded and joined by spaces.
    :param occurs: the number of occurrences in the corpus, for every term in ``chosen``.
    """

    chosen: Mapping[str, int]
    occurs: Mapping[str, int]


def count_terms(sentences: Iterable[Sequence[str]], spans: Iterable[Collection[Place]]) -> Counter[str]:
    """Count how often each term of up to :data:`LONGEST` words was projected.

    :param sentences: the words of each sentence.
    :param spans: the distinct projected spans (start, end) of each sentence.
    """
    return Counter(
        term(folded(words), start, end)
        for words, places in zip(sentences, spans, strict=True)
        for start, end in places
        if end - start <= LONGEST
    )


def count_occurrences(sentences: Iterable[Sequence[str]], terms: Collection[str]) -> Counter[str]:
    """Count the occurrences of terms in sentences; only terms of up to :data:`LONGEST` words are found."""
    counts: Counter[str] = Counter()
    for words in sentences:
        counts.update(ngram for ngram in _ngrams(folded(words)) if ngram in terms)
    return counts


def term_shares(words: Sequence[str], own: Collection[Place], places: Iterable[Place], terms: Terms) -> list[float]:
    """For each span, how often its words were projected in other sentences, divided by their occurrences there plus 1.

    :param words: the words of the sentence with the spans.
    :param own: its projected spans, which ``terms`` includes and which are left out here.
    :param places: the spans (start, end).
    :returns: shares in [0, 1), in the order of ``places``; 0 for spans longer than :data:`LONGEST` words.
    """
    texts = folded(words)
    mine = Counter(term(texts, *place) for place in own)
    here = count_occurrences([words], terms.chosen.keys())
    return [
        _share(term(texts, start, end), mine, here, terms) if end - start <= LONGEST else 0.0 for start, end in places
    ]


def folded(words: Sequence[str]) -> list[str]:
    """Fold words in the way terms are folded."""
    return [fold(word) for word in words]


def term(texts: Sequence[str], start: int, end: int) -> str:
    """The term of a span of folded words."""
    return " ".join(texts[start:end])


def _share(text: str, mine: Counter[str], here: Counter[str], terms: Terms) -> float:
    chosen = terms.chosen.get(text, 0) - mine[text]
    return chosen / (max(terms.occurs.get(text, 0) - here[text], chosen) + 1) if chosen > 0 else 0.0


def _ngrams(texts: Sequence[str]) -> Iterator[str]:
    for start in range(len(texts)):
        for end in range(start + 1, min(len(texts), start + LONGEST) + 1):
            yield term(texts, start, end)
