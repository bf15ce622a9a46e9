"""Hugging Face token classifiers as taggers of words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Singles
from xprojdb.errors import ModelError, UsageError
from xprojdb.extras import require
from xprojdb.models.batches import TokenBatches
from xprojdb.models.encoders.hidden_states import position_limit
from xprojdb.models.encoders.subwords import Subwords, Window, WordTokenizer, windows
from xprojdb.models.loading import load
from xprojdb.models.store import ResolvedModel
from xprojdb.text.spans import Span, is_tag, spans_from_tags

Aggregation = Literal["first", "max", "average"]

AGGREGATIONS: tuple[Aggregation, ...] = ("first", "max", "average")
BATCH_TOKENS = {"cpu": 1024, "cuda": 32768}
"""Sub-words in one batch, including padding."""
_OUTSIDE = "O"


@dataclass(frozen=True)
class ClassifierParams:
    """Options that affect a token classifier's result.

    :param subwords: how sub-words determine a word's label: ``first`` uses the probabilities of the first sub-word,
        ``max`` those of the most confident one, ``average`` their mean.
    """

    subwords: Aggregation = "first"


class Tagged(NamedTuple):
    """A tagged sentence.

    :param spans: the entities, in order and without overlaps.
    :param probabilities: float32 array (words, labels), with rows that sum to 1.
    """

    spans: tuple[Span, ...]
    probabilities: Singles


class TokenClassifier:
    """A token classification model, run on words that are already split.

    Words are split into sub-words one by one. Equal sentences are tagged once; a sentence longer than the model's
    window is read in overlapping windows and never truncated. Labels may be IOB1, IOB2, BIOES, or without prefixes.

    :param model_id: anything :func:`xprojdb.models.store.resolve` accepts.
    :param device, precision, revision: as for :func:`xprojdb.models.loading.load`.
    :param batch_tokens: sub-words per batch; the default depends on the device (:data:`BATCH_TOKENS`).
    :raises UsageError: when the device, the precision or the aggregation of sub-words is unknown.
    :raises ModelError: when the model cannot be found or loaded, or is not a token classifier.
    :raises MissingExtra: when torch or transformers is not installed.
    """

    def __init__(
        self,
        model_id: str,
        params: ClassifierParams | None = None,
        device: str = "auto",
        precision: str = "auto",
        *,
        revision: str | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        self.params = params or ClassifierParams()
        if self.params.subwords not in AGGREGATIONS:
            hint = f"choose one of {', '.join(AGGREGATIONS)}"
            raise UsageError(f"unknown aggregation {self.params.subwords}", hint=hint, known=AGGREGATIONS)
        self._torch = require("torch", "models")
        kind, task = "AutoModelForTokenClassification", "a token classifier"
        loaded = load(kind, model_id, task=task, device=device, precision=precision, revision=revision)
        self.model_id, self.revision, self._model = model_id, loaded.revision, loaded.model
        self.labels = tags_of(loaded.model.config.id2label, model_id)
        self._tokenizer = WordTokenizer.of(loaded.tokenizer, model_id)
        self._frame = len(self._tokenizer.prefix) + len(self._tokenizer.suffix)
        self._room = position_limit(loaded.model, loaded.tokenizer.model_max_length) - self._frame
        self._batches = TokenBatches(batch_tokens or BATCH_TOKENS[loaded.model.device.type])

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        """Tag sentences; see :class:`xprojdb.models.taggers.spacy.Tagger`."""
        return [tagged.spans for tagged in self.tag_scored(sentences)]

    def tag_scored(self, sentences: Sequence[Sequence[str]]) -> list[Tagged]:
        """Tag sentences and return the probabilities as well.

        :param sentences: the words of each sentence.
        :returns: spans and word probabilities of each sentence; the columns are :attr:`labels`.
        """
        unique = list(dict.fromkeys(map(tuple, sentences)))
        scored = zip(unique, self._word_probabilities(unique), strict=True)
        tagged = {words: Tagged(self._spans(rows), rows) for words, rows in scored}
        return [tagged[tuple(words)] for words in sentences]

    def _spans(self, probabilities: Singles) -> tuple[Span, ...]:
        return spans_from_tags([self.labels[best] for best in probabilities.argmax(1).tolist()])

    def _word_probabilities(self, sentences: Sequence[Sequence[str]]) -> list[Singles]:
        split = self._tokenizer.split(sentences)
        cut = windows([len(subwords.ids) for subwords in split], self._room)
        lengths = [window.end - window.start + self._frame for window in cut]
        read = self._batches.run(lengths, lambda batch: self._run(split, [cut[piece] for piece in batch]))
        rows = [np.empty((len(subwords.ids), len(self.labels)), np.float32) for subwords in split]
        for window, probabilities in zip(cut, read, strict=True):
            inner = probabilities[window.keep_start - window.start : window.keep_end - window.start]
            rows[window.sentence][window.keep_start : window.keep_end] = inner
        return [
            self._by_word(probabilities, subwords, len(words))
            for probabilities, subwords, words in zip(rows, split, sentences, strict=True)
        ]

    def _run(self, split: Sequence[Subwords], batch: list[Window]) -> list[Singles]:
        """Probabilities (sub-words, labels) of each window."""
        arrays = self._tokenizer.frame([split[w.sentence].ids[w.start : w.end] for w in batch])
        with self._torch.inference_mode():
            ids, mask = (self._torch.from_numpy(array).to(self._model.device) for array in arrays)
            logits = self._model(input_ids=ids, attention_mask=mask).logits
            rows: Singles = logits.float().softmax(-1).cpu().numpy()
        begin = len(self._tokenizer.prefix)
        return [window_rows[begin : begin + w.end - w.start] for window_rows, w in zip(rows, batch, strict=True)]

    def _by_word(self, rows: Singles, subwords: Subwords, count: int) -> Singles:
        """(words, labels) probabilities; a word without tokens is certainly outside entities."""
        words = np.zeros((count, len(self.labels)), np.float32)
        if _OUTSIDE in self.labels:
            words[:, self.labels.index(_OUTSIDE)] = 1
        if len(rows):
            present, first, sizes = np.unique(subwords.words, return_index=True, return_counts=True)
            words[present] = _AGGREGATE[self.params.subwords](rows, first, sizes)
        return words


def _first(rows: Singles, first: NDArray[np.intp], _sizes: NDArray[np.intp]) -> Singles:
    return rows[first]


def _surest(rows: Singles, first: NDArray[np.intp], sizes: NDArray[np.intp]) -> Singles:
    best = rows.max(1)
    return rows[[at + best[at : at + size].argmax() for at, size in zip(first, sizes, strict=True)]]


def _mean(rows: Singles, first: NDArray[np.intp], sizes: NDArray[np.intp]) -> Singles:
    return (np.add.reduceat(rows, first, axis=0) / sizes[:, None]).astype(np.float32)


_AGGREGATE = {"first": _first, "max": _surest, "average": _mean}


def tags_of(names: dict[int, str] | dict[str, str], model_id: str) -> tuple[str, ...]:
    """The tags behind a classifier's outputs.

    :param names: its ``id2label``.
    :returns: a tag for each output; a name without a prefix, such as ``PER``, becomes ``I-PER``.
    :raises ModelError: when the outputs have no names.
    """
    tags = tuple(names[key] for key in sorted(names, key=int))  # type: ignore[index]
    if any(tag.startswith("LABEL_") for tag in tags):
        raise ModelError(
            f"model {model_id} does not name its labels",
            hint="add id2label to its config.json",
            model_id=model_id,
            labels=tags,
        )
    return tuple(tag if is_tag(tag) else f"I-{tag}" for tag in tags)


def classifier_labels(location: ResolvedModel, model_id: str) -> tuple[str, ...]:
    """The tags of a classifier's outputs, read from its configuration alone.

    :raises ModelError: when it is not a token classifier, or its outputs have no names.
    """
    config = _config(location)
    if not any(name.endswith("ForTokenClassification") for name in config.get("architectures") or ()):
        raise ModelError(
            f"model {model_id} is not a token classifier",
            hint="choose a checkpoint trained for token classification",
            model_id=model_id,
            task="a token classifier",
            reason="architecture",
        )
    names = config.get("id2label") or {str(output): f"LABEL_{output}" for output in range(2)}
    return tags_of(names, model_id)


def _config(location: ResolvedModel) -> dict[str, Any]:
    if location.is_local:
        text = (Path(location.path_or_id) / "config.json").read_text(encoding="utf-8")
        config: dict[str, Any] = json.loads(text)
        return config
    loaded = require("transformers", "models").AutoConfig.from_pretrained(
        location.path_or_id, revision=location.revision
    )
    values: dict[str, Any] = loaded.to_dict()
    return values
