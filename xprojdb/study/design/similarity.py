"""How alike languages are by the words of a few of their sentences, which need no labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

#: sentences of a language that are looked at
SENTENCES = 300


def similarities(texts: Mapping[str, Iterable[tuple[str, ...]]]) -> dict[tuple[str, str], float]:
    """The share of a language's different words that another has, too, for each pair of them.

    :param texts: sentences in words by language.
    """
    words = {
        lang: {word.casefold() for words in own for word in words if word.isalpha()} for lang, own in texts.items()
    }
    return {
        (one, other): len(words[one] & words[other]) / len(words[one]) if words[one] else 0.0
        for one, other in product(words, words)
    }
