"""The taggers that vote on projected labels: the one that learned from them, and models of this database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from xprojdb.arrays import Halves, Singles
from xprojdb.matching.combination.tagger_votes import pooled, renamed
from xprojdb.steps.align.stage import keep_states
from xprojdb.steps.fit.target_tagger import TargetTagger, encoder_states, read_target_tagger
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Side, Stage
from xprojdb.steps.train.entities import joined
from xprojdb.steps.train.learning import read_head
from xprojdb.steps.train.params import TrainParams, states_of
from xprojdb.steps.train.tuned import states_read
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.spans import Span
from xprojdb.training.decoding import iob2_tags
from xprojdb.training.head import Head
from xprojdb.training.kept_states import KeptStates
from xprojdb.training.states import StatesOf, WordStates

#: the roles of the tagger that learned from the projection, and of models of this database
TAGGER, MODEL = "tagger", "model:"
#: the weight of the tagger that learned from the projection, beside a model of other languages, which has weight 1
BESIDE_MODELS = 0.75


class Opinion(NamedTuple):
    """What the taggers say of some sentences, W words in all.

    :param parts: (W, T) log probabilities of each tagger, sentence by sentence; none where no tagger has an opinion.
    :param weights: the weight of each tagger.
    :param tags: the T tags of the columns; only ``O`` where no tagger has an opinion.
    :param repeated: whether one of them learned from the projection.
    """

    parts: list[Singles]
    weights: list[float]
    tags: tuple[str, ...]
    repeated: bool

    def pooled(self, words: int) -> Singles:
        """The weighted sum of their log probabilities, (W, T).

        :param words: W.
        """
        return pooled(self.parts, self.weights) if self.parts else np.zeros((words, len(self.tags)), np.float32)


class Voters:
    """Reads and asks the taggers among the inputs of a step.

    :param spec: the step, with inputs ``tagger`` or ``model:…``.
    :param input_ids: the keys of its inputs.
    :param mapping: of the labels of models.
    :param kept: word vectors that earlier steps of the run have computed.
    """

    def __init__(
        self,
        spec: StepSpec,
        input_ids: Mapping[str, int],
        mapping: LabelMapping | None,
        kept: Mapping[StatesOf, KeptStates],
    ) -> None:
        self.spec, self.input_ids, self.mapping, self.kept = spec, input_ids, mapping, kept
        self._states: dict[StatesOf, WordStates] = {}
        self._learned: dict[int, TargetTagger] = {}
        self._heads: dict[str, Head] = {}

    def ask(self, connection: Connection, corpus_id: int, words: Sequence[tuple[str, ...]]) -> Opinion:
        """Ask all taggers about sentences of a corpus."""
        learned = self._learned_from(connection, corpus_id)
        heads = self._models(connection)
        known = {label for head in heads.values() for label in self._labels(head).values() if label}
        tags = learned.tags if learned.fitted is not None else iob2_tags(sorted(known))
        parts: list[Singles] = []
        weights: list[float] = []
        if learned.fitted is not None:
            states = self._read(encoder_states(self.spec.inputs[TAGGER]), words)
            parts.append(learned.fitted.log_probabilities(words, states))
            weights.append(BESIDE_MODELS if heads else 1.0)
        for role, head in heads.items():
            states = self._read(states_read(self.spec.inputs[role], head), words)
            parts.append(renamed(head.log_probabilities(joined(states)), head.classes, tags, self._labels(head)))
            weights.append(1.0 / len(heads))
        return Opinion(parts, weights, tags if parts else ("O",), learned.fitted is not None)

    def _learned_from(self, connection: Connection, corpus_id: int) -> TargetTagger:
        if TAGGER not in self.input_ids:
            return TargetTagger(("O",), None)
        if corpus_id not in self._learned:
            self._learned[corpus_id] = read_target_tagger(connection, self.input_ids[TAGGER], corpus_id)
        return self._learned[corpus_id]

    def _models(self, connection: Connection) -> dict[str, Head]:
        for role, spec in self.spec.inputs.items():
            if role.startswith(MODEL) and role not in self._heads:
                self._heads[role] = read_head(connection, self.input_ids[role], spec)
        return self._heads

    def _labels(self, head: Head) -> dict[str, str | None]:
        """What the recipe calls the labels of a model; None for those that it drops."""
        own = sorted({tag[2:] for tag in head.classes if tag != "O"})
        if self.mapping is None:
            return {label: label for label in own}
        renamed_ = {label: self.mapping.apply_to_gold([Span(0, 1, label)]) for label in own}
        return {label: spans[0].label if spans else None for label, spans in renamed_.items()}

    def _read(self, what: StatesOf, words: Sequence[tuple[str, ...]]) -> list[Halves]:
        if what not in self._states:
            self._states[what] = WordStates(what, handed=self.kept.get(what))
        # All sentences of a corpus come by here, once: keeping their states would fill the disk.
        return self._states[what].read(words, keep=False)


def kept_states(spec: StepSpec, earlier: Mapping[StepSpec, Stage], side: Side) -> dict[StatesOf, KeptStates]:
    """Have the word vectors kept that the taggers among the inputs of a step will read.

    :param earlier: the earlier steps of a plan.
    :param side: of the sentences.
    """
    models = [own for role, own in spec.inputs.items() if role.startswith(MODEL)]
    read = {states_of(own) for own in models if TrainParams.from_params(own.params).tuning is None}
    read |= {encoder_states(own) for role, own in spec.inputs.items() if role == TAGGER}
    kept = {what: keep_states(earlier.values(), what, side) for what in read}
    return {what: states for what, states in kept.items() if states is not None}
