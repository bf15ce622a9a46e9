"""Corpus memory: how often a sequence of words was projected as a whole, of the times that it occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xprojdb.text.normalization import fold

Place = tuple[int, int]
#: words of a term at most
LONGEST = 8


@dataclass(frozen=True, slots=True)
class Terms:
    """What was projected in a corpus.

    :param chosen: sentences' spans that were projected with exactly these words, folded and joined by spaces.
    :param occurs: how often these words follow one another in the corpus, for every term in ``chosen``.
    """

    chosen: Mapping[str, int]
    occurs: Mapping[str, int]


def count_terms(sentences: Iterable[Sequence[str]], spans: Iterable[Collection[Place]]) -> Counter[str]:
    """How often each term was projected, of those that have up to :data:`LONGEST` words.

    :param sentences: the words of each.
    :param spans: the projected spans (start, end) of each, distinct.
    """
    return Counter(
        term(folded(words), start, end)
        for words, places in zip(sentences, spans, strict=True)
        for start, end in places
        if end - start <= LONGEST
    )


def count_occurrences(sentences: Iterable[Sequence[str]], terms: Collection[str]) -> Counter[str]:
    """How often each of some terms occurs in sentences; only those of up to :data:`LONGEST` words are found."""
    found: Counter[str] = Counter()
    for words in sentences:
        found.update(ngram for ngram in _ngrams(folded(words)) if ngram in terms)
    return found


def term_shares(words: Sequence[str], own: Collection[Place], places: Iterable[Place], terms: Terms) -> list[float]:
    """How often the words of spans were projected in other sentences, of their occurrences there and one.

    :param words: of one sentence, which has the spans.
    :param own: its projected spans, which ``terms`` has counted too, and which are left out.
    :param places: the spans (start, end) that are asked for.
    :returns: shares in [0, 1), in the order of ``places``; 0 for spans longer than :data:`LONGEST` words.
    """
    texts = folded(words)
    mine = Counter(term(texts, *place) for place in own)
    here = count_occurrences([words], terms.chosen.keys())
    return [
        _share(term(texts, start, end), mine, here, terms) if end - start <= LONGEST else 0.0 for start, end in places
    ]


def folded(words: Sequence[str]) -> list[str]:
    """Words as terms have them."""
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
