"""Use trained heads as a tagger."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import Connection

from xprojdb.arrays import Singles
from xprojdb.models.taggers.token_classifier import Tagged
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Result
from xprojdb.steps.tag.stage import Tag
from xprojdb.steps.train.entities import find_entities, joined, word_probabilities
from xprojdb.steps.train.learning import read_head
from xprojdb.steps.train.tuned import states_read
from xprojdb.text.spans import Span
from xprojdb.training.decoding import best_tags, tagged_spans
from xprojdb.training.head import Head, average
from xprojdb.training.states import WordStates

#: the role of the train step among the inputs of a tag step; of further ones ``model:2`` and so on
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


class AveragedTagger:
    """Tags words by the mean of the probabilities of several heads, which may read different states.

    :param taggers: of heads with the same classes.
    """

    def __init__(self, taggers: Sequence[TrainedTagger]) -> None:
        self.taggers = taggers

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        """Tag sentences; see :class:`xprojdb.models.taggers.spacy.Tagger`."""
        return [entry.spans for entry in self.tag_scored(sentences)]

    def tag_scored(self, sentences: Sequence[Sequence[str]]) -> list[Tagged]:
        """Tag sentences and return the mean probabilities of their words as well."""
        tags = self.taggers[0].head.classes
        lengths = [len(words) for words in sentences]
        logs = average([self._log_probabilities(tagger, sentences) for tagger in self.taggers])
        spans = tagged_spans(best_tags(logs, lengths, tags), lengths, tags)
        ends = np.cumsum(lengths).tolist()
        return [
            Tagged(own, np.exp(logs[end - length : end])) for own, end, length in zip(spans, ends, lengths, strict=True)
        ]

    @staticmethod
    def _log_probabilities(tagger: TrainedTagger, sentences: Sequence[Sequence[str]]) -> Singles:
        rows = [states for states in tagger.states.read(sentences) if len(states)]
        joined_rows = joined(rows) if rows else np.zeros((0, tagger.head.width), np.float16)
        return tagger.head.log_probabilities(joined_rows)


class TagTrained(Tag):
    """Tag with a model of this database, which is read with the first batch."""

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec, _unread)
        self._tagger: TrainedTagger | AveragedTagger | None = None

    @property
    def title(self) -> str:
        return f"tag {self.lang} with {self.spec.model}"

    def open(self) -> None:
        self._tagger = None

    def close(self) -> None:
        self._model = self._tagger = None

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        if self._tagger is None:
            roles = sorted(role for role in self.spec.inputs if role.partition(":")[0] == MODEL)
            taggers = [self._read(connection, role) for role in roles]
            self._model = self._tagger = taggers[0] if len(taggers) == 1 else AveragedTagger(taggers)
        return super().process(connection, items)

    def _read(self, connection: Connection, role: str) -> TrainedTagger:
        train_spec = self.spec.inputs[role]
        head = read_head(connection, self.input_ids[role], train_spec)
        return TrainedTagger(head, WordStates(states_read(train_spec, head)))


def _unread() -> TrainedTagger:
    raise AssertionError("a trained tagger must be read from the database")


Load = Callable[[], TrainedTagger]
