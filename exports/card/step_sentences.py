"""What each kind of step does, in a sentence for the reader of a card."""

from __future__ import annotations

from collections.abc import Iterable

_TOLD = {
    "import": "The sentences were read from the sources below, with the entities that people had labelled in them.",
    "translate": "Sentences were translated by a program.",
    "carry": "Sentences were translated by a program with their entities inside brackets, which came along.",
    "tag": "Entities of the source sentences were found by a model, whose errors are projected with them.",
    "mean": "The mean vector of each language was taken over the corpus, to be subtracted before words are compared.",
    "frequencies": "Words were counted over the corpus.",
    "link-counts": "How often words are linked was learned from all translations of the corpus.",
    "align": "The words of each sentence were linked to those of its translation, with a probability for each link.",
    "terms": "How often phrases were projected elsewhere in the corpus was learned from a first projection.",
    "renderings": "How phrases are rendered elsewhere in the corpus was learned from a first projection.",
    "forms": "Which label the same words have elsewhere in the corpus was learned from a first projection.",
    "score": "Spans of the target sentence were proposed for each entity and scored.",
    "markers": "The entities are those that came along inside brackets.",
    "heuristic": "A rule chose for each entity the span that its links lead to.",
    "project": "Of all choices of spans that do not overlap, the one with the highest sum of scores was taken.",
    "reliability": "How far each source can be relied on was learned from where they agree, without gold labels.",
    "combine": "The labels that several sources gave a sentence were put together into one set.",
}


def tell_stages(kinds: Iterable[str]) -> list[str]:
    """A sentence for each kind of step, in order, each kind once.

    :param kinds: of the steps, from the first to the last.
    """
    return [f"**{kind}**: {_TOLD.get(kind, 'See its parameters.')}" for kind in dict.fromkeys(kinds)]
