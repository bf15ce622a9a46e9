"""What each kind of step does, in one sentence for readers of a card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_SENTENCES = {
    "import": "The sentences were read from the sources below, with the entities that people had labelled.",
    "translate": "Sentences were translated by a program.",
    "carry": "Sentences were machine-translated with markers around their entities, which the translations kept.",
    "tag": "Entities of the source sentences were found by a model, whose errors are projected along with them.",
    "names": "Which names the model found, and how often they occur, was counted over the corpus.",
    "gazetteer": "Names that the model found in enough of their places were labelled in the others, too.",
    "mean": "The mean vector of each language was computed, to be subtracted before words are compared.",
    "frequencies": "Words were counted over the corpus.",
    "habits": "How surely the words of names are linked, and how often they keep their capitals, was counted; "
    "the weights of the scores follow these counts.",
    "link-counts": "How often words are linked to each other was counted over all translations of the corpus.",
    "tuned-encoder": "The encoder that links words was tuned on the translations of the corpus.",
    "align": "The words of each sentence were linked to those of its translation, with a probability for each link.",
    "terms": "How often phrases were projected elsewhere in the corpus was counted in a first projection.",
    "renderings": "How phrases are rendered elsewhere in the corpus was counted in a first projection.",
    "forms": "Which label the same words have elsewhere in the corpus was counted in a first projection.",
    "quality": "Translations were scored: how similar both sides are, and which numbers and names they share.",
    "score": "Spans of the target sentence were proposed for each entity and scored.",
    "markers": "The entities are those inside the brackets of the translation.",
    "heuristic": "A rule chose a span for each entity from its word links.",
    "project": "Of all sets of spans that do not overlap, the one with the highest total score was chosen.",
    "target-tagger": "A small tagger of the target language was trained on the projected labels, in parts, so that it "
    "labels each sentence without having seen it.",
    "vote-evidence": "How often a projected label is right, how often one is missing, and what it says that the same "
    "word is labelled elsewhere, was estimated from the taggers that vote, without gold labels.",
    "revise": "Projection and tagger voted on each word; the labels are those that they are for together.",
    "review": "People labelled some of the sentences.",
    "reliability:gold": "The reliability of each source was measured on the sentences that people labelled.",
    "reliability": "The reliability of each source was estimated from their agreement, without gold labels.",
    "train": "A tagger was trained on labelled sentences of other languages.",
    "measure": "A trained model was scored on gold labels.",
    "combine": "The labels that several sources gave a sentence were combined into one set.",
}


def stage_sentences(steps: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """One sentence for each kind of step, in order and without repetition.

    :param steps: the kinds and parameters of the steps, from first to last.
    """
    sentences = dict.fromkeys((kind, _sentence(kind, params)) for kind, params in steps)
    return [f"**{kind}**: {sentence}" for kind, sentence in sentences]


def _sentence(kind: str, params: Mapping[str, Any]) -> str:
    variant = f"{kind}:{params.get('learn')}"
    if kind == "combine" and params.get("corrected"):
        return f"{_SENTENCES[kind]} Sentences that people labelled have the labels of these people."
    return _SENTENCES.get(variant, _SENTENCES.get(kind, "See its parameters."))
