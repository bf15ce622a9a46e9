"""What a consensus label is based on: the votes of the sources, their entities, and the contribution of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from xprojdb.db.tables import entity, label, step_input, vote
from xprojdb.planning.labellings import Consensus
from xprojdb.steps.combine.gold_set import GOLD_SET
from xprojdb.text.spans import Span

if TYPE_CHECKING:
    from xprojdb.provenance.explained_projection import ExplainedProjection
    from xprojdb.provenance.lineage import LineageStep
    from xprojdb.provenance.sentences import Text


@dataclass(frozen=True, slots=True)
class ExplainedVote:
    """The vote of one source for a label of the consensus.

    :param source: the language it comes from, ``transfer``, or ``gold:NAME`` for a set of labels by people.
    :param sentence: the sentence of its entity, as :func:`xprojdb.provenance.sentences.find_sentence` takes it.
    :param entity: the entity in that sentence; None if its step does not record it.
    :param text: the entity's words.
    :param label: the label that it votes for.
    :param contribution: its share of the label's score.
    :param people: whether people gave the label.
    """

    source: str
    sentence: str
    translation_id: int
    entity: Span | None
    text: str | None
    label: str
    contribution: float
    people: bool = False


@dataclass(frozen=True, slots=True)
class ExplainedLabel:
    """A label that the sources agreed on, with its votes by contribution.

    :param score: the share of the possible contributions of the sources present for the sentence.
    :param margin: score minus that of the best alternative.
    """

    span: Span
    text: str
    score: float
    margin: float
    votes: list[ExplainedVote]


@dataclass(frozen=True, slots=True)
class ExplainedConsensus:
    """The labels that several sources gave a sentence together.

    :param sources: all sources that the recipe has for the language, present or not.
    :param outcome: of the combine step: ok, empty, failed, or pending.
    """

    sources: list[str]
    outcome: str
    reason: str | None
    labels: list[ExplainedLabel]
    made_by: list[LineageStep]


def explain_consensus(
    connection: Connection,
    consensus: Consensus,
    target: Text,
    projections: Sequence[ExplainedProjection],
    lineage: list[LineageStep],
) -> ExplainedConsensus:
    """Explain what a combine step made of a sentence.

    :param projections: the projections onto the sentence.
    :param lineage: the combine step, the step that learned its weights, and the labels of people that it used.
    """
    votes: dict[int, list[ExplainedVote]] = {}
    for row in _rows(connection, vote, consensus, target):
        votes.setdefault(row.ordinal, []).append(_vote(connection, row, consensus, target, projections))
    labels = [
        ExplainedLabel(
            Span(row.start_word, row.end_word, row.label),
            target.phrase(row.start_word, row.end_word),
            row.score,
            row.margin,
            sorted(votes.get(row.ordinal, ()), key=lambda vote_: -vote_.contribution),
        )
        for row in _rows(connection, label, consensus, target)
    ]
    combined = lineage[-1]
    return ExplainedConsensus(list(consensus.sources), combined.outcome, combined.reason, labels, lineage)


def _rows(connection: Connection, table: Any, consensus: Consensus, target: Text) -> Sequence[Row[Any]]:
    query = select(table).where(table.c.step_id == consensus.step.step_id, table.c.sentence_id == target.id)
    return connection.execute(query.order_by(*table.primary_key.columns)).all()


def _vote(
    connection: Connection,
    row: Row[Any],
    consensus: Consensus,
    target: Text,
    projections: Sequence[ExplainedProjection],
) -> ExplainedVote:
    source, text_ = "transfer", target
    entities: int | None = row.voter_step_id
    people = row.voter_step_id == consensus.step.input_ids.get(GOLD_SET)
    if people:
        source = f"gold:{consensus.step.gold_name}"
    for projection in projections:
        if projection.translation_id == row.translation_id:
            source, text_ = _source(consensus, row.voter_step_id, projection.source.lang), projection.source
            role = (step_input.c.step_id == row.voter_step_id) & (step_input.c.role == "entities")
            entities = connection.execute(select(step_input.c.input_id).where(role)).scalar()
    span = _entity(connection, entities, text_, row.entity_ordinal)
    text = text_.phrase(span.start, span.end) if span else None
    return ExplainedVote(source, text_.name, row.translation_id, span, text, row.label, row.contribution, people)


def _source(consensus: Consensus, step_id: int, lang: str) -> str:
    """The consensus's name for the source: several may project from one language, and one step from several."""
    inputs = consensus.step.input_ids
    names = (voter.role.rpartition(":")[0] for voter in consensus.step.voters if inputs[voter.role] == step_id)
    return next((name for name in names if name.partition("@")[0] == lang), lang)


def _entity(connection: Connection, step_id: int | None, side: Text, ordinal: int) -> Span | None:
    columns = (entity.c.start_word, entity.c.end_word, entity.c.label)
    query = select(*columns).where(entity.c.step_id == step_id, entity.c.sentence_id == side.id)
    row = connection.execute(query.where(entity.c.ordinal == ordinal)).first()
    return Span(*row) if row is not None else None
