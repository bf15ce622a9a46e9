"""Use a trained head as a tagger."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import Connection

from xprojdb.models.taggers.token_classifier import Tagged
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Result
from xprojdb.steps.tag.stage import Tag
from xprojdb.steps.train.entities import find_entities, word_probabilities
from xprojdb.steps.train.learning import read_head
from xprojdb.steps.train.params import states_of
from xprojdb.text.spans import Span
from xprojdb.training.head import Head
from xprojdb.training.states import WordStates

#: the role of the train step among the inputs of a tag step
MODEL = "model"


class TrainedTagger:
    """Tags words with a head; see :class:`xprojdb.models.taggers.spacy.ScoringTagger`."""

    def __init__(self, head: Head, states: WordStates) -> None:
        self.head, self.states = head, states

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        """Tag sentences; see :class:`xprojdb.models.taggers.spacy.Tagger`."""
        return find_entities(self.head, self.states, sentences)

    def tag_scored(self, sentences: Sequence[Sequence[str]]) -> list[Tagged]:
        """Tag sentences and return the tag probabilities of their words as well."""
        chances = word_probabilities(self.head, self.states, sentences)
        spans = self.tag(sentences)
        return [Tagged(own, np.asarray(rows, np.float32)) for own, rows in zip(spans, chances, strict=True)]


class TagTrained(Tag):
    """Tag with a model of this database, which is read with the first batch."""

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec, _unread)
        self._tagger: TrainedTagger | None = None

    @property
    def title(self) -> str:
        return f"tag {self.lang} with {self.spec.model}"

    def open(self) -> None:
        self._tagger = None

    def close(self) -> None:
        self._model = self._tagger = None

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        if self._tagger is None:
            train_spec = self.spec.inputs[MODEL]
            head = read_head(connection, self.input_ids[MODEL], train_spec)
            self._model = self._tagger = TrainedTagger(head, WordStates(states_of(train_spec)))
        return super().process(connection, items)


def _unread() -> TrainedTagger:
    raise AssertionError("a trained tagger must be read from the database")


Load = Callable[[], TrainedTagger]
