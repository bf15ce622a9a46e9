"""Learn what a projected tag is worth beside taggers of the target language: how often it is right, by their count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, exists, select

from xprojdb.arrays import Floats
from xprojdb.db.tables import corpus, outcome, translation
from xprojdb.matching.combination.projection_evidence import confusion, evidence, projected_counts
from xprojdb.steps.fit.stage import Fit, FitParams, read_artifact
from xprojdb.steps.fit.target_tagger import Labelled, read_labelled, tag_places
from xprojdb.steps.labelling import LabellingParams, mapping_of
from xprojdb.steps.project.voters import TAGGER, Voters, kept_states
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Stage, other
from xprojdb.training.kept_states import KeptStates
from xprojdb.training.states import StatesOf

#: sentences that the taggers are asked about at once
_BLOCK = 1_000


@dataclass(frozen=True, kw_only=True)
class EvidenceParams(FitParams, LabellingParams):
    """The parameters of :class:`EvidenceFit`.

    :param source: the language of the entities.
    :param lang: the language they are projected onto.
    """

    kind: ClassVar[str] = "vote-evidence"
    source: str


class EvidenceFit(Fit):
    """Count the tags that the step ``labels`` projected by those that taggers take for right.

    Its other inputs are the taggers, see :class:`xprojdb.steps.project.voters.Voters`. Every tagger counts alike.
    """

    kind = EvidenceParams.kind
    version = 1

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.params = EvidenceParams.from_params(spec.params)
        self._voters: Voters | None = None
        self._kept: dict[StatesOf, KeptStates] = {}

    def join(self, earlier: Mapping[StepSpec, Stage]) -> None:
        self._kept = kept_states(self.spec, earlier, other(self.params.labelled))

    @property
    def title(self) -> str:
        return f"learn what a label projected from {self.params.source} onto {self.lang} is worth in a vote"

    def open(self) -> None:
        self._voters = Voters(self.spec, self.input_ids, mapping_of(self.spec), self._kept)

    def close(self) -> None:
        self._voters = None

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {TAGGER: corpus.c.id} if TAGGER in self.spec.inputs else {}

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        # What was learned from no sentences at all would remain after sentences are added.
        done = select(outcome.c.item_id).join(translation, translation.c.id == outcome.c.item_id)
        projected = (outcome.c.step_id == self.input_ids["labels"], translation.c.corpus_id == pair.corpus_id)
        return super().ready(pair).where(exists(done.where(*projected)))

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        langs, step_id = (self.params.source, self.lang), self.input_ids["labels"]
        sentences = read_labelled(connection, step_id, corpus_id, langs, self.params.labelled)
        tags: tuple[str, ...] = ("O",)
        counts = np.zeros((1, 1))
        for first in range(0, len(sentences), _BLOCK):
            tags, own = self._counted(connection, corpus_id, sentences[first : first + _BLOCK])
            counts = own if first == 0 else counts + own
        content = {"sentences": len(sentences), "tags": tags}
        return {**content, "counts": counts.round(2).tolist()} if len(tags) > 1 else {**content, "off": "no-tagger"}

    def _counted(
        self, connection: Connection, corpus_id: int, sentences: Sequence[Labelled]
    ) -> tuple[tuple[str, ...], Floats]:
        """The tags of the taggers, and the mean of their counts."""
        assert self._voters is not None, "open() comes first"
        words = [own.words for own in sentences]
        opinion = self._voters.ask(connection, corpus_id, words)
        projected = tag_places(words, [own.spans for own in sentences], opinion.tags)
        counts = [projected_counts(part, projected) for part in opinion.parts]
        return opinion.tags, np.mean(counts, 0) if counts else np.zeros((1, 1))

    def evidence(self, content: Any) -> str:
        if "counts" not in content:
            return f"learned:sentences={content['sentences']},off={content['off']}"
        shares = confusion(np.array(content["counts"]), content["tags"])[1:]
        found, missed = np.diagonal(shares[:, 1:]).mean(), shares[:, 0].mean()
        values = {"found": found, "missed": missed, "wrong": 1 - found - missed}
        return ",".join((f"learned:sentences={content['sentences']}", *(f"{k}={v:.2f}" for k, v in values.items())))


def read_evidence(
    connection: Connection, step_id: int, corpus_id: int, tags: Sequence[str], *, repeated: bool
) -> Floats:
    """Read the evidence of projected tags, (T, T): see :func:`evidence`.

    :param tags: those of the taggers.
    :param repeated: whether a tagger that learned from the projection votes.
    """
    content = read_artifact(connection, step_id, corpus_id)
    if "counts" not in content:
        return np.zeros((len(tags), len(tags)))
    return evidence(np.array(content["counts"]), tags, repeated=repeated)
