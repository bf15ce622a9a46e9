"""Let taggers of the target language vote on projected labels: they add entities and correct labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, and_, select

from xprojdb.arrays import Singles
from xprojdb.config.canonical import scorer_name
from xprojdb.db import bulk
from xprojdb.db.tables import label, outcome, translation
from xprojdb.matching.combination.tagger_votes import Revised, matched, votes
from xprojdb.steps.fit.target_tagger import tag_places
from xprojdb.steps.inputs import read_keys, read_side_words
from xprojdb.steps.project.evidence import Known, read_evidence
from xprojdb.steps.project.stage import LABEL_COLUMNS, ProjectStage, RelabellingParams
from xprojdb.steps.project.voters import Voters, kept_states
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Outcome, Result, Row, Rows, Stage, other, require_done, sentence_key
from xprojdb.text.spans import Span
from xprojdb.training.decoding import best_tags, tagged_spans
from xprojdb.training.kept_states import KeptStates
from xprojdb.training.states import StatesOf

#: the roles of the projection that is voted on, and of what is known about it
PROJECTED, EVIDENCE = "projected", "evidence"


@dataclass(frozen=True, kw_only=True)
class RevisedParams(RelabellingParams):
    """Parameters of the step.

    :param weights: those of the projection, by stored name.
    """

    kind: ClassVar[str] = "revise"
    weights: Mapping[str, float]


class _Projected(NamedTuple):
    """A projected label of a sentence."""

    span: Span
    score: float
    margin: float
    entity: int | None


class ProjectRevised(ProjectStage):
    """Find the labels that the projection of the input ``projected`` and taggers are for together.

    Its other inputs are those of the projection, the taggers (see :class:`xprojdb.steps.project.voters.Voters`), and
    what is known about the projection. The score of a label is its share of the vote, and its margin the distance to
    the runner-up, both at its least certain word; labels that no tagger knows keep theirs. Labels that only taggers are
    for have no entity.
    """

    kind = RevisedParams.kind
    version = 3
    block = 1_000

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        params = RevisedParams.from_params(spec.params)
        self.weights = {scorer_name(stored): weight for stored, weight in params.weights.items()}
        self._voters: Voters | None = None
        self._known: dict[tuple[int, tuple[str, ...], bool], Known] = {}
        self._kept: dict[StatesOf, KeptStates] = {}

    def join(self, earlier: Mapping[StepSpec, Stage]) -> None:
        self._kept = kept_states(self.spec, earlier, other(self.labelled))

    @property
    def title(self) -> str:
        return "let taggers of the target language vote on the labels"

    def open(self) -> None:
        self._voters = Voters(self.spec, self.input_ids, self.mapping, self._kept)

    def close(self) -> None:
        super().close()
        self._voters = None
        self._known.clear()

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        """Also those whose projection was filtered: a tagger may still find something."""
        projected = outcome.alias("projected")
        own = and_(projected.c.step_id == self.input_ids[PROJECTED], projected.c.item_id == translation.c.id)
        query = self.items(pair).join(projected, own & (projected.c.status != "failed"))
        return require_done(query, "learned", self.input_ids[EVIDENCE], translation.c.corpus_id)

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {PROJECTED: translation.c.id, EVIDENCE: translation.c.corpus_id}

    def project(self, connection: Connection, items: Sequence[int]) -> Result:
        words = [tuple(own) for own in read_side_words(connection, items, other(self.labelled))]
        sentences = read_keys(connection, items, sentence_key(other(self.labelled)))
        projected = self._projected(connection, sentences)
        before = self._outcomes(connection, items)
        corpora = np.array(read_keys(connection, items, translation.c.corpus_id), np.int64)
        outcomes: list[Outcome] = []
        rows: list[Row] = []
        for corpus_id in np.unique(corpora).tolist():
            places = np.flatnonzero(corpora == corpus_id).tolist()
            labels = [projected.get(items[place], []) for place in places]
            voted = self._voted(connection, corpus_id, [words[place] for place in places], labels)
            for place, own, revised in zip(places, labels, voted, strict=True):
                rows += self._rows_of(sentences[place], items[place], own, revised)
                outcomes.append(_outcome(items[place], before[items[place]], own, revised))
        return Result(sorted(outcomes), [Rows(label, LABEL_COLUMNS, rows)])

    def _voted(
        self,
        connection: Connection,
        corpus_id: int,
        words: Sequence[tuple[str, ...]],
        labels: Sequence[Sequence[_Projected]],
    ) -> list[list[Revised]]:
        assert self._voters is not None, "open() comes first"
        spans = [[own.span for own in sentence] for sentence in labels]
        lengths = list(map(len, words))
        opinion = self._voters.ask(connection, corpus_id, words)
        tags, scores = opinion.tags, opinion.pooled(sum(lengths))
        known = self._evidence(connection, corpus_id, tags, opinion.repeated)
        shares = votes(scores, known.gains(words, tag_places(words, spans, tags)), sum(opinion.weights))
        result = tagged_spans(best_tags(shares, lengths, tags), lengths, tags)
        parts: list[Singles] = np.split(shares, np.cumsum(lengths)[:-1])
        return [matched(*entry, tags) for entry in zip(spans, result, parts, strict=True)]

    def _evidence(self, connection: Connection, corpus_id: int, tags: tuple[str, ...], repeated: bool) -> Known:
        """What was learned about the projection, read once for each corpus."""
        key = (corpus_id, tags, repeated)
        if key not in self._known:
            self._known[key] = read_evidence(connection, self.input_ids[EVIDENCE], corpus_id, tags, repeated=repeated)
        return self._known[key]

    def _projected(self, connection: Connection, sentences: Sequence[int]) -> dict[int, list[_Projected]]:
        """The projected labels of sentences, by translation, from left to right."""
        names = ("translation_id", "start_word", "end_word", "label", "score", "margin", "entity_ordinal")
        query = select(*(label.c[name] for name in names)).where(
            label.c.step_id == self.input_ids[PROJECTED],
            bulk.among(connection, label.c.sentence_id, sorted(set(sentences))),
        )
        labels: dict[int, list[_Projected]] = {}
        for key, start, end, name, *about in bulk.fetch(
            connection, query.order_by(label.c.sentence_id, label.c.ordinal)
        ):
            labels.setdefault(key, []).append(_Projected(Span(start, end, name), *about))
        return labels

    def _outcomes(self, connection: Connection, items: Sequence[int]) -> dict[int, Outcome]:
        """The outcomes of the projection."""
        query = select(outcome.c.item_id, outcome.c.status, outcome.c.reason).where(
            outcome.c.step_id == self.input_ids[PROJECTED], bulk.among(connection, outcome.c.item_id, items)
        )
        return {row[0]: Outcome(*row) for row in bulk.fetch(connection, query)}

    def _rows_of(
        self, sentence: int, item: int, labels: Sequence[_Projected], revised: Sequence[Revised]
    ) -> Iterator[Row]:
        for ordinal, one in enumerate(revised):
            behind = None if one.projected is None else labels[one.projected]
            if one.support is None and behind is not None:
                about: tuple[Any, ...] = behind[1:]
            else:
                about = (one.support, one.margin, None if behind is None else behind.entity)
            yield (self.step_id, sentence, item, ordinal, *one.span, *about)


def _outcome(item: int, before: Outcome, labels: Sequence[_Projected], revised: Sequence[Revised]) -> Outcome:
    """What the projection said, and whether labels were added, corrected or dropped."""
    kept = [one for one in revised if one.projected is not None]
    counts = {
        "added": len(revised) - len(kept),
        "corrected": sum(one.span != labels[one.projected].span for one in kept if one.projected is not None),
        "dropped": len(labels) - len(kept),
    }
    codes = [code for code, count in counts.items() if count]
    status = "ok" if revised else "empty" if before.status == "ok" else before.status
    said = before.reason if status == before.status else None
    return Outcome(item, status, " ".join(part for part in (said, *codes) if part) or None)
