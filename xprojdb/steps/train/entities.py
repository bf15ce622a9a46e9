"""Convert entities to the tags that a head learns, and predicted tags to entities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xprojdb.arrays import Halves, Ints, Singles
from xprojdb.steps.train.items import LabelledSentence
from xprojdb.text.spans import Span, tags_from_spans
from xprojdb.training.decoding import best_tags, iob2_tags, tagged_spans
from xprojdb.training.fitting import Examples
from xprojdb.training.head import Head
from xprojdb.training.states import WordStates

#: sentences to tag at a time, whose states are in memory together
_BLOCK = 1_000


def entity_examples(
    sentences: Sequence[LabelledSentence], states: WordStates, labels: Sequence[str], *, weighted: bool = False
) -> Examples:
    """Convert sentences to words with tags.

    :param labels: the labels to learn; others are learned as O.
    :param weighted: whether the words of a span are weighted by its score.
    """
    places = {tag: place for place, tag in enumerate(iob2_tags(labels))}
    classes = [
        places.get(tag, 0) for example in sentences for tag in tags_from_spans(len(example.words), example.spans)
    ]
    weights = np.concatenate([np.zeros(0, np.float32), *map(_weights, sentences)]) if weighted else None
    return Examples(joined(states.read([example.words for example in sentences])), np.array(classes, np.int64), weights)


def joined(arrays: Sequence[Halves]) -> Halves:
    """Concatenate the rows of arrays."""
    return np.concatenate(arrays) if arrays else np.zeros((0, 1), np.float16)


def _weights(example: LabelledSentence) -> Singles:
    weights = np.ones(len(example.words), np.float32)
    for span, score in zip(example.spans, example.scores, strict=True):
        weights[span.start : span.end] = min(max(score, 0.0), 1.0)
    return weights


def find_entities(head: Head, states: WordStates, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
    """Find the entities of sentences with a head."""
    spans: list[tuple[Span, ...]] = []
    for at in range(0, len(sentences), _BLOCK):
        block = sentences[at : at + _BLOCK]
        lengths = [len(words) for words in block]
        scores = head.log_probabilities(joined(states.read(block))) if sum(lengths) else _nothing(head)
        spans += tagged_spans(best_tags(scores, lengths, head.classes), lengths, head.classes)
    return spans


def word_probabilities(head: Head, states: WordStates, sentences: Sequence[Sequence[str]]) -> list[Singles]:
    """The tag probabilities of words: (words, tags) for each sentence."""
    return [
        np.exp(head.log_probabilities(rows)) if len(rows) else _nothing(head)
        for rows in map(np.asarray, states.read(sentences))
    ]


def _nothing(head: Head) -> Singles:
    return np.zeros((0, len(head.classes)), np.float32)


def count_entities(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> Ints:
    """Count the correct, predicted and gold spans of each sentence: (sentences, 3)."""
    rows = [
        (len(set(right) & set(tagged)), len(set(tagged)), len(set(right)))
        for right, tagged in zip(gold, predicted, strict=True)
    ]
    return np.array(rows, np.int32).reshape(-1, 3)


def f1_of(counts: Ints) -> float:
    """F1 in percent; 0 if there are no spans."""
    correct, predicted, gold = counts.sum(0, dtype=np.int64).tolist()
    return 200 * correct / (predicted + gold) if predicted + gold else 0.0
