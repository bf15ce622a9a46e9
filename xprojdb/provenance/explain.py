"""Explain a sentence: its labels, and the candidates, scores, links, steps, models and runs behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from xprojdb.db import Database
from xprojdb.db.tables import outcome, sentence, step, translation
from xprojdb.errors import UsageError
from xprojdb.planning.labellings import Projection
from xprojdb.planning.plan import Plan
from xprojdb.provenance.explained_consensus import ExplainedConsensus, explain_consensus
from xprojdb.provenance.explained_projection import ExplainedProjection, explain_projection
from xprojdb.provenance.lineage import lineage_step
from xprojdb.provenance.sentences import Text, find_sentence, read_text, sentence_named
from xprojdb.steps.combine.gold_set import GOLD_SET
from xprojdb.steps.combine.stage import WEIGHTS
from xprojdb.steps.stage import other, sentence_key, translations
from xprojdb.text.spans import Span

#: the role of the combine step
COMBINED = "consensus"
#: the name of one label of a sentence
_LABEL_NAME = re.compile(
    r"(?P<sentence>.+?)(?::(?P<first>[0-9]{1,9})-(?P<last>[0-9]{1,9})|#(?P<number>[0-9]{1,9}))", re.S
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything known about the labels of one sentence.

    :param consensus: the combined labels, if the recipe combines several sources.
    """

    recipe: str
    target: Text
    projections: list[ExplainedProjection]
    consensus: ExplainedConsensus | None = None


def explain_sentence(database: Database, plan: Plan, name: str) -> Explanation:
    """Explain the labels that a recipe projected onto a sentence, or one of them.

    :param name: ``CORPUS/LANG/ID``, or the sentence's key in the database; perhaps with a label behind it:
        ``:FIRST-LAST``, the places of its first and last word counted from 0, or ``#N``, the Nth label of the sentence
        from the left.
    :returns: only the entities and consensus labels behind that label, where one is named.
    :raises UsageError: when there is no such sentence or label, or the recipe projects nothing onto the sentence.
    """
    with database.read() as connection:
        label = _LABEL_NAME.fullmatch(name)
        # All of it may be a sentence's own name: ids of sentences may hold any sign.
        if label is not None and sentence_named(connection, name) is not None:
            label = None
        sentence_name = name if label is None else label["sentence"]
        target = read_text(connection, find_sentence(connection, sentence_name))
        projections = [
            explain_projection(connection, projection, target, row)
            for projection in plan.projections
            for row in _translations(connection, projection, target)
        ]
        consensus = _consensus(connection, plan, target, projections)
    if not projections and consensus is None:
        pairs = ", ".join(f"{projection.source} → {projection.target}" for projection in plan.projections)
        raise UsageError(
            f"the recipe {plan.recipe.name} projects nothing onto {sentence_name}",
            hint=f"it covers {pairs}; name a sentence of a target language",
            sentence=sentence_name,
        )
    explanation = Explanation(plan.recipe.name, target, projections, consensus)
    return explanation if label is None else _only_label(explanation, *_place(explanation, label))


def _place(explanation: Explanation, label: re.Match[str]) -> tuple[int, int]:
    """Where a label that was named is: its first word, and one past its last."""
    spans = sorted({(span.start, span.end) for span in _final_spans(explanation)})
    if label["number"]:
        at = int(label["number"]) - 1
        chosen = spans[at : at + 1] if at >= 0 else []
    else:
        chosen = [place for place in spans if place == (int(label["first"]), int(label["last"]) + 1)]
    if not chosen:
        positions = ", ".join(f"{start}-{end - 1}" for start, end in spans) or "none"
        raise UsageError(
            f"there is no label {label[0]}", hint=f"the sentence has labels at {positions}", label=label[0]
        )
    return chosen[0]


def _final_spans(explanation: Explanation) -> list[Span]:
    if explanation.consensus is not None:
        return [label.span for label in explanation.consensus.labels]
    return [span for projection in explanation.projections for span in _spans_of(projection)]


def _spans_of(projection: ExplainedProjection) -> list[Span]:
    spans = [span for entity in projection.entities for span in (entity.projected, *entity.also) if span is not None]
    return spans + [label.span for label in projection.added]


def _only_label(explanation: Explanation, start: int, end: int) -> Explanation:
    """Without what does not concern the words of a label."""

    def near(span: Span | None) -> bool:
        return span is not None and span.start < end and start < span.end

    projections = [
        replace(
            projection,
            entities=[entity for entity in projection.entities if any(map(near, (entity.projected, *entity.also)))],
            added=[label for label in projection.added if near(label.span)],
        )
        for projection in explanation.projections
    ]
    together = explanation.consensus
    if together is not None:
        together = replace(together, labels=[label for label in together.labels if label.span[:2] == (start, end)])
    return replace(
        explanation,
        projections=[projection for projection in projections if projection.entities or projection.added],
        consensus=together,
    )


def _consensus(
    connection: Connection, plan: Plan, target: Text, projections: list[ExplainedProjection]
) -> ExplainedConsensus | None:
    corpus_id = connection.execute(select(sentence.c.corpus_id).where(sentence.c.id == target.id)).scalar_one()
    for combined in plan.consensuses:
        if (combined.corpus_id, combined.target) == (corpus_id, target.lang):
            items = {combined.step.step_id: (COMBINED, target.id)}
            if WEIGHTS in combined.step.input_ids:
                items[combined.step.input_ids[WEIGHTS]] = (WEIGHTS, corpus_id)
            if combined.step.corrected and _has_gold(connection, combined.step.input_ids[GOLD_SET], target):
                items[combined.step.input_ids[GOLD_SET]] = (GOLD_SET, target.id)
            rows = connection.execute(select(step).where(step.c.id.in_(items)).order_by(step.c.id)).all()
            steps = [lineage_step(connection, items[row.id][0], row, items[row.id][1]) for row in rows]
            steps.sort(key=lambda step_: step_.role == COMBINED)
            return explain_consensus(connection, combined, target, projections, steps)
    return None


def _has_gold(connection: Connection, step_id: int, target: Text) -> bool:
    query = select(outcome.c.item_id).where(outcome.c.step_id == step_id, outcome.c.item_id == target.id)
    return connection.execute(query).first() is not None


def _translations(connection: Connection, projection: Projection, target: Text) -> list[Row[Any]]:
    labelled = projection.labelled
    query = translations(projection.pair).add_columns(translation.c.kind, sentence_key(labelled).label("source_id"))
    # First by sentence, then by set: otherwise SQLite would scan the whole set.
    onto = query.where(translation.c.id.in_(select(translation.c.id).where(sentence_key(other(labelled)) == target.id)))
    return list(connection.execute(onto.order_by(translation.c.id)))
