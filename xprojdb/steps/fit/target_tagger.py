"""Learn a tagger of the target language from the labels projected onto a corpus, cross-fitted."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sqlalchemy import Connection, Select, exists, select

from xprojdb.arrays import Longs
from xprojdb.db import bulk
from xprojdb.db.tables import label, outcome, sentence, translation
from xprojdb.models.aligners.encoder_params import Precision
from xprojdb.steps.align.stage import keep_states
from xprojdb.steps.fit.stage import Fit, FitParams, read_artifact
from xprojdb.steps.labelling import LabellingParams
from xprojdb.steps.params import left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import DONE, Bitext, Side, Stage, other, sentence_key
from xprojdb.text.spans import Span, tags_from_spans
from xprojdb.training.cross_fitting import CrossFitted, cross_fit
from xprojdb.training.decoding import best_tags, iob2_tags, tagged_spans
from xprojdb.training.fitting import FitSettings
from xprojdb.training.kept_states import KeptStates
from xprojdb.training.states import StatesOf, WordStates

#: the most sentences to learn from, evenly spaced in the corpus
MOST = 4_000
#: fewer sentences, or fewer entities, teach nothing
LEAST = 200
#: a tagger that agrees less with the projection than this, as F1, has not learned the language
LEAST_AGREEMENT = 0.3
#: with a loss that some wrong labels do little harm to
SETTINGS = FitSettings(hidden=96, steps=200, rate=2e-3, truncation=0.5)


@dataclass(frozen=True, kw_only=True)
class TargetTaggerParams(FitParams, LabellingParams):
    """The parameters of :class:`TargetTaggerFit`; model and revision of its step are those of the encoder.

    :param source: the language of the entities.
    :param lang: the language they are projected onto.
    :param layer: the hidden state of the encoder.
    :param precision: in which the encoder computes it.
    :param least: with fewer sentences, or fewer entities, nothing is learned.
    """

    kind: ClassVar[str] = "target-tagger"
    source: str
    layer: int
    precision: Precision = left_out("float32")
    least: int = left_out(LEAST)


class Labelled(NamedTuple):
    """A sentence with its projected labels."""

    words: tuple[str, ...]
    spans: tuple[Span, ...]


class TargetTagger(NamedTuple):
    """What was learned.

    :param tags: what the taggers tell apart.
    :param fitted: the taggers; None where there was too little to learn from.
    """

    tags: tuple[str, ...]
    fitted: CrossFitted | None


class TargetTaggerFit(Fit):
    """Train a small head on the labels that the step ``labels`` projected, for each part of the sentences.

    Where there are too few sentences or entities, or the heads agree too little with the labels of the sentences that
    they have not seen, nothing is learned, and the outcome says so.
    """

    kind = TargetTaggerParams.kind
    version = 1

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.params = TargetTaggerParams.from_params(spec.params)
        self._kept: KeptStates | None = None

    def join(self, earlier: Mapping[StepSpec, Stage]) -> None:
        self._kept = keep_states(earlier.values(), encoder_states(self.spec), other(self.params.labelled))

    @property
    def title(self) -> str:
        return f"learn a tagger of {self.lang} from what was projected from {self.params.source}"

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        # What was learned from no sentences at all would remain after sentences are added.
        done = select(outcome.c.item_id).join(translation, translation.c.id == outcome.c.item_id)
        projected = (outcome.c.step_id == self.input_ids["labels"], translation.c.corpus_id == pair.corpus_id)
        return super().ready(pair).where(exists(done.where(*projected)))

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        sentences = read_labelled(
            connection, self.input_ids["labels"], corpus_id, (self.params.source, self.lang), self.params.labelled
        )
        entities = sum(len(own.spans) for own in sentences)
        counted = {"sentences": len(sentences), "entities": entities}
        if min(len(sentences), entities) < self.params.least:
            return {**counted, "off": "too-little"}
        labels = sorted({span.label for own in sentences for span in own.spans})
        tags = iob2_tags(labels)
        words = [own.words for own in sentences]
        vectors = WordStates(encoder_states(self.spec), handed=self._kept).read(words)
        lengths = list(map(len, words))
        classes = np.split(tag_places(words, [own.spans for own in sentences], tags), np.cumsum(lengths)[:-1])
        fitted = cross_fit(words, vectors, classes, tags, SETTINGS)
        result = tagged_spans(best_tags(fitted.log_probabilities(words, vectors), lengths, tags), lengths, tags)
        agreement = _f1([own.spans for own in sentences], result)
        content = {**counted, "labels": labels, "agreement": round(agreement, 4)}
        if agreement < LEAST_AGREEMENT:
            return {**content, "off": "too-weak"}
        return {**content, "heads": base64.b64encode(fitted.to_bytes()).decode("ascii")}

    def evidence(self, content: Any) -> str:
        values = [
            f"{name}={content[name]}" for name in ("sentences", "entities", "agreement", "off") if name in content
        ]
        return f"learned:{','.join(values)}"


def encoder_states(spec: StepSpec) -> StatesOf:
    """The states that a target tagger reads."""
    params = TargetTaggerParams.from_params(spec.params)
    return StatesOf(spec.model or "", spec.revision or "", params.layer, precision=params.precision)


def read_labelled(
    connection: Connection, step_id: int, corpus_id: int, langs: tuple[str, str], labelled: Side
) -> list[Labelled]:
    """Read the sentences of a corpus with the labels that a project step gave them.

    :param langs: the language of the entities, and the one they were projected onto.
    :param labelled: the side of the entities.
    :returns: at most :data:`MOST` sentences, in the order of their words: keys differ between databases.
    """
    side = sentence_key(other(labelled))
    original, rendering = langs if labelled == "original" else langs[::-1]
    query = (
        select(translation.c.id, sentence.c.id, sentence.c.words)
        .join(sentence, sentence.c.id == side)
        .join(outcome, (outcome.c.step_id == step_id) & (outcome.c.item_id == translation.c.id))
        .where(
            outcome.c.status.in_(DONE),
            translation.c.corpus_id == corpus_id,
            translation.c.original_lang == original,
            translation.c.rendering_lang == rendering,
        )
    )
    read = bulk.fetch(connection, query.order_by(translation.c.id))
    places = np.linspace(0, len(read) - 1, min(MOST, len(read)), dtype=np.int64)
    chosen = [read[place] for place in places.tolist()]
    spans = _read_labels(connection, step_id, [own for _, own, _ in chosen])
    return sorted(Labelled(tuple(json.loads(words)), tuple(spans.get(key, ()))) for key, _, words in chosen)


def _read_labels(connection: Connection, step_id: int, sentences: Sequence[int]) -> dict[int, list[Span]]:
    """Read the spans that a project step gave sentences, by translation."""
    columns = (label.c.translation_id, label.c.start_word, label.c.end_word, label.c.label)
    own = bulk.among(connection, label.c.sentence_id, sorted(set(sentences)))
    query = select(*columns).where(label.c.step_id == step_id, own)
    spans: dict[int, list[Span]] = {}
    for key, *span in bulk.fetch(connection, query.order_by(label.c.sentence_id, label.c.ordinal)):
        spans.setdefault(key, []).append(Span(*span))
    return spans


def read_target_tagger(connection: Connection, step_id: int, corpus_id: int) -> TargetTagger:
    """Read what was learned from a corpus."""
    content = read_artifact(connection, step_id, corpus_id)
    tags = iob2_tags(content.get("labels", ()))
    if "heads" not in content:
        return TargetTagger(tags, None)
    return TargetTagger(tags, CrossFitted.from_bytes(base64.b64decode(content["heads"]), tags))


def tag_places(words: Sequence[Sequence[str]], spans: Sequence[Sequence[Span]], tags: Sequence[str]) -> Longs:
    """The tags of the words of sentences, as places in ``tags``; labels that are not among them count as ``O``."""
    places = {tag: place for place, tag in enumerate(tags)}
    named = [tags_from_spans(len(own), of) for own, of in zip(words, spans, strict=True)]
    return np.array([places.get(tag, 0) for own in named for tag in own], np.int64)


def _f1(projected: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> float:
    both = sum(len(set(own) & set(other_)) for own, other_ in zip(projected, found, strict=True))
    total = sum(map(len, projected)) + sum(map(len, found))
    return 2 * both / total if total else 0.0
