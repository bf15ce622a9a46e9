"""Explain a sentence: its labels, and the candidates, scores, links, steps, models and runs behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from xprojdb.db import Database
from xprojdb.db.tables import sentence, step, translation
from xprojdb.errors import UsageError
from xprojdb.planning.labellings import Projection
from xprojdb.planning.plan import Plan
from xprojdb.provenance.explained_consensus import ExplainedConsensus, explain_consensus
from xprojdb.provenance.explained_projection import ExplainedProjection, explain_projection
from xprojdb.provenance.lineage import lineage_step
from xprojdb.provenance.sentences import Text, find_sentence, read_text, sentence_named
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
    """Explain the labels that a recipe projected onto a sentence.

    :param name: ``CORPUS/LANG/ID``, or the sentence's key in the database.
    :raises UsageError: when there is no such sentence, or the recipe projects nothing onto it.
    """
    with database.read() as connection:
        target = read_text(connection, find_sentence(connection, name))
        projections = [
            explain_projection(connection, projection, target, row)
            for projection in plan.projections
            for row in _translations(connection, projection, target)
        ]
        together = _consensus(connection, plan, target, projections)
    if not projections and together is None:
        pairs = ", ".join(f"{projection.source} → {projection.target}" for projection in plan.projections)
        raise UsageError(
            f"the recipe {plan.recipe.name} projects nothing onto {name}",
            hint=f"it covers {pairs}; name a sentence of a target language",
            sentence=name,
        )
    return Explanation(plan.recipe.name, target, projections, together)


def explain_label(database: Database, plan: Plan, name: str) -> Explanation:
    """Explain a sentence, or one label of it.

    :param name: as for :func:`explain_sentence`, optionally followed by one label: ``:FIRST-LAST``, the positions of
        its first and last word counted from 0, or ``#N``, the Nth label of the sentence from the left.
    :returns: only the entities and consensus labels behind that label, if one is named.
    :raises UsageError: when there is no such sentence or no such label.
    """
    named = _LABEL_NAME.fullmatch(name)
    if named is None or _is_sentence(database, name):
        return explain_sentence(database, plan, name)
    explanation = explain_sentence(database, plan, named["sentence"])
    spans = sorted({(span.start, span.end) for span in _final_spans(explanation)})
    if named["number"]:
        at = int(named["number"]) - 1
        chosen = spans[at : at + 1] if at >= 0 else []
    else:
        chosen = [place for place in spans if place == (int(named["first"]), int(named["last"]) + 1)]
    if not chosen:
        positions = ", ".join(f"{start}-{end - 1}" for start, end in spans) or "none"
        raise UsageError(f"there is no label {name}", hint=f"the sentence has labels at {positions}", label=name)
    return _only_label(explanation, *chosen[0])


def _is_sentence(database: Database, name: str) -> bool:
    """Whether the whole name is that of a sentence: ids of sentences may contain any character."""
    with database.read() as connection:
        return sentence_named(connection, name) is not None


def _final_spans(explanation: Explanation) -> list[Span]:
    if explanation.consensus is not None:
        return [label.span for label in explanation.consensus.labels]
    entities = [entity for projection in explanation.projections for entity in projection.entities]
    return [span for entity in entities for span in (entity.projected, *entity.also) if span is not None]


def _only_label(explanation: Explanation, start: int, end: int) -> Explanation:
    """Without what does not concern the words of a label."""

    def near(span: Span | None) -> bool:
        return span is not None and span.start < end and start < span.end

    projections = [
        replace(
            projection,
            entities=[entity for entity in projection.entities if any(map(near, (entity.projected, *entity.also)))],
        )
        for projection in explanation.projections
    ]
    together = explanation.consensus
    if together is not None:
        together = replace(together, labels=[label for label in together.labels if label.span[:2] == (start, end)])
    return replace(
        explanation, projections=[projection for projection in projections if projection.entities], consensus=together
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
            rows = connection.execute(select(step).where(step.c.id.in_(items)).order_by(step.c.id)).all()
            steps = [lineage_step(connection, items[row.id][0], row, items[row.id][1]) for row in rows]
            steps.sort(key=lambda step_: step_.role == COMBINED)
            return explain_consensus(connection, combined, target, projections, steps)
    return None


def _translations(connection: Connection, projection: Projection, target: Text) -> list[Row[Any]]:
    labelled = projection.labelled
    query = translations(projection.pair).add_columns(translation.c.kind, sentence_key(labelled).label("source_id"))
    # First by sentence, then by set: otherwise SQLite would scan the whole set.
    onto = query.where(translation.c.id.in_(select(translation.c.id).where(sentence_key(other(labelled)) == target.id)))
    return list(connection.execute(onto.order_by(translation.c.id)))
