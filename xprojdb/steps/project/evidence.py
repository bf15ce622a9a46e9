"""Learn what a projected tag is worth beside taggers of the target language: how often it is right, by their count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, exists, select

from xprojdb.arrays import Floats, Longs
from xprojdb.db.tables import corpus, outcome, translation
from xprojdb.matching.combination.form_evidence import KINDS, form_counts, form_gains, form_kinds, kind_counts
from xprojdb.matching.combination.projection_evidence import agreed_chances, confusion, evidence, projected_counts
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

    Its other inputs are the taggers, see :class:`xprojdb.steps.project.voters.Voters`. A tag counts as right as far as
    all of them are for it. What became of the same words elsewhere is counted, too.
    """

    kind = EvidenceParams.kind
    version = 2

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
        blocks = [sentences[first : first + _BLOCK] for first in range(0, len(sentences), _BLOCK)]
        asked = [own for block in blocks if (own := self._asked(connection, corpus_id, block)) is not None]
        content: dict[str, Any] = {"sentences": len(sentences)}
        if not asked:
            return {**content, "tags": ("O",), "off": "no-tagger"}
        outside = np.concatenate([own.outside for own in asked])
        projected = np.concatenate([own.projected for own in asked])
        words = [word for own in sentences for word in own.words]
        forms = form_counts(words, projected)
        kinds = kind_counts(outside, projected, form_kinds(words, projected, forms))
        learned = {"counts": np.sum([own.counts for own in asked], 0), "kinds": kinds}
        rounded = {name: own.round(2).tolist() for name, own in learned.items()}
        return {**content, "tags": asked[0].tags, **rounded, "forms": forms}

    def _asked(self, connection: Connection, corpus_id: int, sentences: Sequence[Labelled]) -> _Asked | None:
        """What the taggers take for right; None where no tagger has an opinion."""
        assert self._voters is not None, "open() comes first"
        words = [own.words for own in sentences]
        opinion = self._voters.ask(connection, corpus_id, words)
        if not opinion.parts:
            return None
        projected = tag_places(words, [own.spans for own in sentences], opinion.tags)
        chances = agreed_chances(opinion.parts)
        return _Asked(opinion.tags, projected_counts(chances, projected), chances[:, 0].copy(), projected)

    def evidence(self, content: Any) -> str:
        if "counts" not in content:
            return f"learned:sentences={content['sentences']},off={content['off']}"
        shares = confusion(np.array(content["counts"]), content["tags"])[1:]
        found, missed = np.diagonal(shares[:, 1:]).mean(), shares[:, 0].mean()
        unlabelled = np.exp(form_gains(np.array(content["kinds"]))[0])
        values = {"found": found, "missed": missed, "wrong": 1 - found - missed}
        values |= {"odds-if-labelled-elsewhere": unlabelled[-1], "odds-if-not": unlabelled[1]}
        return ",".join((f"learned:sentences={content['sentences']}", *(f"{k}={v:.2f}" for k, v in values.items())))


class _Asked(NamedTuple):
    """What taggers take for right.

    :param tags: T tags.
    :param counts: (T, T) as from :func:`projected_counts`.
    :param outside: (W,) the probability that a word is in no entity.
    :param projected: (W,) the tags that were projected.
    """

    tags: tuple[str, ...]
    counts: Floats
    outside: Floats
    projected: Longs


class Known(NamedTuple):
    """What was learned about a projection.

    :param tags: (T, T) the evidence of each projected tag, see :func:`evidence`.
    :param kinds: (2, KINDS) that of the same words elsewhere, see :func:`form_gains`.
    :param forms: the places of forms, and those with a label.
    """

    tags: Floats
    kinds: Floats
    forms: Mapping[str, Sequence[int]]

    def gains(self, words: Sequence[Sequence[str]], projected: Longs) -> Floats:
        """What the projection says about words, (W, T), relative to ``O``.

        :param words: of the sentences, W in all.
        :param projected: (W,) the tags that were projected.
        """
        own = self.tags[projected]
        kinds = form_kinds([word for sentence in words for word in sentence], projected, self.forms)
        own[:, 1:] += self.kinds[(projected > 0).astype(np.int64), kinds][:, None]
        return own


def read_evidence(
    connection: Connection, step_id: int, corpus_id: int, tags: Sequence[str], *, repeated: bool
) -> Known:
    """Read what was learned about a projection.

    :param tags: those of the taggers.
    :param repeated: whether a tagger that learned from the projection votes.
    """
    content = read_artifact(connection, step_id, corpus_id)
    if "counts" not in content:
        return Known(np.zeros((len(tags), len(tags))), np.zeros((2, KINDS)), {})
    known = evidence(np.array(content["counts"]), tags, repeated=repeated)
    return Known(known, form_gains(np.array(content["kinds"])), content["forms"])
