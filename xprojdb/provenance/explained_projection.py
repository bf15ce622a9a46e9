"""The labels that come through one translation, with the candidates, scores and links behind each of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from xprojdb.config.canonical import score_role
from xprojdb.db.tables import alignment, candidate, label
from xprojdb.matching.pharaoh.text import read_links
from xprojdb.planning.labellings import Projection
from xprojdb.provenance.lineage import LABELS, LineageStep, steps_behind, steps_of_labels
from xprojdb.provenance.sentences import Text, read_entities, read_text
from xprojdb.steps.project.stage import ProjectStage, entity_reason
from xprojdb.steps.quality.stage import QUALITY, Quality, read_quality
from xprojdb.steps.score.candidates import origins_of
from xprojdb.text.label_schemes import LabelMapping, UnknownLabel
from xprojdb.text.spans import Span


@dataclass(frozen=True, slots=True)
class ExplainedCandidate:
    """A target span that was considered, with its value from every scorer and their weighted sum.

    :param origins: the candidate sets that contained it, by scorer; only for scorers that unite several.
    """

    start: int
    end: int
    text: str
    parts: dict[str, float]
    fused: float
    rank: str
    origins: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ExplainedEntity:
    """An entity of the labelled side and what became of it.

    :param projected: its label as projected (after mapping), or None if no candidate was chosen.
    :param score: the winner's fused score.
    :param margin: winner minus runner-up.
    :param links: the links of its words: source word, target word, score.
    :param candidates: best first; ``rank`` is ``"winner"``, ``"runner-up"`` or empty.
    :param also: its further labels, if the method gives several.
    :param reason: the code of why it has no label, if the project step records one for each entity.
    """

    ordinal: int
    span: Span
    text: str
    projected: Span | None
    score: float | None
    margin: float | None
    links: list[tuple[int, int, float]]
    candidates: list[ExplainedCandidate]
    also: list[Span] = field(default_factory=list)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ExplainedAddition:
    """A label without an entity: taggers of the target language found it.

    :param score: their share of the vote.
    """

    span: Span
    text: str
    score: float
    margin: float


@dataclass(frozen=True, slots=True)
class ExplainedProjection:
    """The labels that came through one translation.

    :param kind: how the translation was made: human, machine, back.
    :param added: the labels that no entity is behind.
    :param quality: the scores of the translation, if the recipe asks for them.
    :param outcome: of the project step: ok, empty, filtered, failed, or pending; only after the first two has an entity
        without a label been lost.
    """

    source: Text
    translation_id: int
    kind: str
    entities: list[ExplainedEntity]
    made_by: list[LineageStep]
    added: list[ExplainedAddition] = field(default_factory=list)
    quality: Quality | None = None

    @property
    def outcome(self) -> str:
        return _last(self.made_by).outcome


def explain_projection(
    connection: Connection, projection: Projection, target: Text, link: Row[Any]
) -> ExplainedProjection:
    """Explain the labels that came through one translation.

    :param link: ``id`` and ``kind`` of the translation, and the key of the labelled sentence as ``source_id``.
    """
    project = projection.step
    source = read_text(connection, link.source_id)
    labels = _labels(connection, project, target, link.id)
    scores = _scores(connection, project, link.id)
    links = _links(connection, projection, link.id)
    entities = [
        _entity(ordinal, span, source, target, labels.get(ordinal, []), scores.get(ordinal, {}), links, project.weights)
        for ordinal, span in read_entities(connection, project.input_ids["entities"], source.id)
        if _is_projected(project.mapping, span)
    ]
    steps = steps_of_labels(connection, project, link.id, source.id)
    why = _last(steps).reason
    if why is not None:
        entities = [replace(entity, reason=entity_reason(why, entity.ordinal)) for entity in entities]
    added = [_addition(row, target) for row in labels.get(None, [])]
    return ExplainedProjection(
        source, link.id, link.kind, entities, steps, added, _quality(connection, project, link.id)
    )


def _quality(connection: Connection, project: ProjectStage, translation_id: int) -> Quality | None:
    if QUALITY not in project.input_ids:
        return None
    return read_quality(connection, project.input_ids[QUALITY], [translation_id]).get(translation_id)


def _last(steps: Sequence[LineageStep]) -> LineageStep:
    """The step that made the labels; drafts come before it."""
    return [step for step in steps if step.role == LABELS][-1]


def _addition(row: Row[Any], target: Text) -> ExplainedAddition:
    span = Span(row.start_word, row.end_word, row.label)
    return ExplainedAddition(span, target.phrase(span.start, span.end), row.score, row.margin)


def _is_projected(mapping: LabelMapping | None, span: Span) -> bool:
    """Whether an entity is projected; one with a label that the mapping rejects made the item fail, and is shown."""
    try:
        return mapping is None or bool(mapping.apply([span]))
    except UnknownLabel:
        return True


def _labels(
    connection: Connection, project: ProjectStage, target: Text, translation_id: int
) -> dict[int | None, list[Row[Any]]]:
    """The labels that came from each entity, by its ordinal, from left to right; None for those without an entity."""
    query = select(label).where(
        label.c.step_id == project.step_id,
        label.c.sentence_id == target.id,
        label.c.translation_id == translation_id,
    )
    rows_by_entity: dict[int | None, list[Row[Any]]] = {}
    for row in connection.execute(query.order_by(label.c.ordinal)):
        rows_by_entity.setdefault(row.entity_ordinal, []).append(row)
    return rows_by_entity


class _Part(NamedTuple):
    """One scorer's value for a candidate, and which of its candidate sets contained it."""

    score: float
    origins: tuple[str, ...]


Scores = dict[tuple[int, int], dict[str, _Part]]


def _scores(connection: Connection, project: ProjectStage, translation_id: int) -> dict[int, Scores]:
    """What each scorer stored, by entity ordinal and span."""
    scores: dict[int, Scores] = {}
    for name in project.weights:
        step_id, spec = project.input_ids[score_role(name)], project.spec.inputs[score_role(name)]
        known: dict[int | None, tuple[str, ...]] = {}
        query = select(candidate).where(candidate.c.step_id == step_id, candidate.c.translation_id == translation_id)
        for row in connection.execute(query):
            spans = scores.setdefault(row.entity_ordinal, {})
            if row.origin not in known:
                known[row.origin] = origins_of(spec, row.origin)
            part = _Part(row.score, known[row.origin])
            spans.setdefault((row.start_word, row.end_word), {})[name] = part
    return scores


def _links(connection: Connection, projection: Projection, translation_id: int) -> list[tuple[int, int, float]]:
    # By role: the aligners that a vote combines are in the chain as well.
    step_ids = {key for key, role in steps_behind(connection, projection.step.step_id).items() if role == "alignment"}
    query = select(alignment.c.links).where(
        alignment.c.step_id.in_(step_ids), alignment.c.translation_id == translation_id
    )
    links = read_links(connection.execute(query).scalar() or "")
    if projection.labelled == "rendering":
        links = [(right, left, score) for left, right, score in links]
    return sorted(links)


def _entity(
    ordinal: int,
    span: Span,
    source: Text,
    target: Text,
    labels: list[Row[Any]],
    scores: Scores,
    links: list[tuple[int, int, float]],
    weights: Mapping[str, float],
) -> ExplainedEntity:
    chosen = labels[0] if labels else None
    winners = {(row.start_word, row.end_word) for row in labels}
    fused = {place: sum(weights[name] * part.score for name, part in parts.items()) for place, parts in scores.items()}
    ranked = sorted(scores, key=lambda place: (place not in winners, -fused[place], place))
    candidates = [
        _candidate(place, target, scores[place], fused[place], _rank(place, n, winners))
        for n, place in enumerate(ranked)
    ]
    return ExplainedEntity(
        ordinal,
        span,
        source.phrase(span.start, span.end),
        Span(chosen.start_word, chosen.end_word, chosen.label) if chosen is not None else None,
        chosen.score if chosen is not None else None,
        chosen.margin if chosen is not None else None,
        links[bisect_left(links, (span.start,)) : bisect_left(links, (span.end,))],
        candidates,
        [Span(row.start_word, row.end_word, row.label) for row in labels[1:]],
    )


def _candidate(
    place: tuple[int, int], target: Text, parts: Mapping[str, _Part], fused: float, rank: str
) -> ExplainedCandidate:
    values = {name: part.score for name, part in parts.items()}
    origins = {name: part.origins for name, part in parts.items() if part.origins}
    return ExplainedCandidate(*place, target.phrase(*place), values, fused, rank, origins)


def _rank(place: tuple[int, int], number: int, winners: set[tuple[int, int]]) -> str:
    if place in winners:
        return "winner"
    return "runner-up" if number == len(winners) else ""
