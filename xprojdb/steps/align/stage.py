"""Align: the word links between the two sides of a translation, stored from original to rendering."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from sqlalchemy import ColumnElement, Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import alignment, sentence, translation
from xprojdb.models.aligners.word_links import format_links
from xprojdb.steps.align.recall import Read, Recall, dense
from xprojdb.steps.align.variant import KIND, VERSION, aligner_title
from xprojdb.steps.fit.mean_vectors import read_mean
from xprojdb.steps.fit.stage import read_artifact
from xprojdb.steps.inputs import read_keys
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import ModelStage, Outcome, Result, Rows, Side, Stage
from xprojdb.training.kept_states import KeptStates
from xprojdb.training.states import StatesOf, half, sentence_key

if TYPE_CHECKING:
    from xprojdb.arrays import Singles
    from xprojdb.models.aligners.encoder import Aligner, SentencePair
    from xprojdb.models.aligners.word_links import Links
    from xprojdb.models.encoders.encoder import SubwordVectors


@runtime_checkable
class Centrable(Protocol):
    """An aligner whose vectors can be centred; see :meth:`xprojdb.models.aligners.encoder.EncoderAligner.centred`."""

    def centred(self, left: Singles, right: Singles) -> Aligner: ...


@runtime_checkable
class Trainable(Protocol):
    """An aligner that is trained on a corpus; see :meth:`xprojdb.models.aligners.eflomal.Eflomal.trained`."""

    def trained(self, learned: Any) -> Aligner: ...


class Align(ModelStage[Any]):
    """Run a word aligner over translations."""

    kind = KIND
    version = VERSION
    block = 512
    #: keeps the vectors of sentences that other batches need as well
    recall = Recall

    def __init__(
        self, spec: StepSpec, load: Callable[[], Any], states: StatesOf | None = None, *, recalls: bool = False
    ) -> None:
        super().__init__(spec, load)
        #: the word vectors that aligning computes in any case, of sides that are not segmented
        self.states = states
        #: where later steps of the run want those of a side
        self.kept: dict[Side, KeptStates] = {}
        #: whether the aligner compares one vector for each word, so that those of a sentence serve all of its pairs
        self._recalls = recalls
        self._recall: Recall | None = None

    def open(self) -> None:
        super().open()
        self._recall = self.recall() if self._recalls else None

    def close(self) -> None:
        super().close()
        self._recall = None

    @property
    def title(self) -> str:
        return f"align {aligner_title(self.spec)}"

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        read = read_words(connection, items)
        links = self._links(connection, self.model, read)
        rows, outcomes = [], []
        for (key, _, _), sentence_links in zip(read, links, strict=True):
            if not len(sentence_links.pairs):
                outcomes.append(Outcome(key, "empty", "no-links"))
                continue
            rows.append((self.step_id, key, format_links(sentence_links)))
            outcomes.append(Outcome(key, "ok"))
        return Result(outcomes, [Rows(alignment, ("step_id", "translation_id", "links"), rows)])

    def _links(self, connection: Connection, aligner: Any, read: Sequence[Read]) -> list[Links]:
        pairs = [(original, rendering) for _, original, rendering in read]
        links: list[Links]
        if self._recall is not None:
            self._recall.expect(connection, read)
            links = aligner.align(pairs, self._seen, self._recall.known)
        else:
            links = aligner.align(pairs, self._seen) if self.kept else aligner.align(pairs)
        return links

    def _seen(self, pairs: Sequence[SentencePair], units: Sequence[SubwordVectors]) -> None:
        if self._recall is not None:
            self._recall.seen(pairs, units)
        for side, kept in self.kept.items():
            first = 0 if side == "original" else 1
            sentences = [pair[first] for pair in pairs]
            vectors = [half(dense(own, len(words))) for own, words in zip(units[first::2], sentences, strict=True)]
            kept.keep([sentence_key(words) for words in sentences], vectors)


class AlignLearned(Align):
    """Run an aligner that needs artifacts learned from the corpus; its inputs are fit steps."""

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return dict.fromkeys(self.spec.inputs, translation.c.corpus_id)

    @abstractmethod
    def fitted(self, connection: Connection, aligner: Any, corpus_id: int) -> Aligner:
        """The aligner, fitted to a corpus."""

    def _links(self, connection: Connection, aligner: Any, read: Sequence[Read]) -> list[Links]:
        corpora = read_keys(connection, [key for key, _, _ in read], translation.c.corpus_id)
        links_by_key: dict[int, Links] = {}
        for corpus_id in sorted(set(corpora)):
            own = [item for item, corpus in zip(read, corpora, strict=True) if corpus == corpus_id]
            links = super()._links(connection, self.fitted(connection, aligner, corpus_id), own)
            links_by_key.update(zip((key for key, _, _ in own), links, strict=True))
        return [links_by_key[key] for key, _, _ in read]


class AlignCentred(AlignLearned):
    """Run an encoder aligner after subtracting from the vectors the mean of each language in the corpus."""

    def fitted(self, connection: Connection, aligner: Any, corpus_id: int) -> Aligner:
        assert isinstance(aligner, Centrable), "only an encoder has vectors"
        roles = ("original_mean", "rendering_mean")
        return aligner.centred(*(read_mean(connection, self.input_ids[role], corpus_id) for role in roles))


class AlignTrained(AlignLearned):
    """Run an aligner that was trained on the corpus."""

    def open(self) -> None:
        super().open()
        self._fitted: dict[int, Aligner] = {}

    def close(self) -> None:
        super().close()
        self._fitted = {}

    def fitted(self, connection: Connection, aligner: Any, corpus_id: int) -> Aligner:
        assert isinstance(aligner, Trainable), "only a statistical aligner is trained"
        if corpus_id not in self._fitted:
            learned = read_artifact(connection, self.input_ids["counts"], corpus_id)
            self._fitted[corpus_id] = aligner.trained(learned)
        return self._fitted[corpus_id]


def keep_states(stages: Iterable[Stage], what: StatesOf, side: Side) -> KeptStates | None:
    """Have word vectors kept by the steps that compute them in any case; None if no step does.

    :param stages: the earlier steps of a plan.
    :param side: of the sentences.
    """
    making = [stage for stage in stages if isinstance(stage, Align) and stage.states == what]
    kept = next((stage.kept[side] for stage in making if side in stage.kept), KeptStates())
    for stage in making:
        stage.kept[side] = kept
    return kept if making else None


def read_words(connection: Connection, items: Sequence[int]) -> list[Read]:
    """The words on both sides of translations: (key, original, rendering), in key order."""
    original, rendering = sentence.alias("original"), sentence.alias("rendering")
    query = (
        select(translation.c.id, original.c.words, rendering.c.words)
        .join(original, original.c.id == translation.c.original_id)
        .join(rendering, rendering.c.id == translation.c.rendering_id)
        .where(bulk.among(connection, translation.c.id, items))
        .order_by(translation.c.id)
    )
    return [(key, json.loads(left), json.loads(right)) for key, left, right in bulk.fetch(connection, query)]
