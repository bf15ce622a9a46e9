"""Explain a sentence: its labels, down to the candidates, scores, links, steps, models and runs that made them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from xprojdb.db import Database
from xprojdb.db.tables import (
    alignment,
    candidate,
    corpus,
    entity,
    label,
    outcome,
    sentence,
    step,
    translation,
)
from xprojdb.engine.planned import Plan
from xprojdb.errors import UsageError
from xprojdb.labels import LabelMapping, Span, UnknownLabel
from xprojdb.provenance.consensus import ExplainedConsensus, explain_consensus
from xprojdb.provenance.made_by import LABELS, MadeBy, made_by, made_of, steps_behind
from xprojdb.steps.combining.combine import WEIGHTS
from xprojdb.steps.projecting import Projecting, entity_reason
from xprojdb.steps.projection import Projection
from xprojdb.steps.scoring.candidates import origins_of
from xprojdb.steps.spec import GOLD, find_step
from xprojdb.steps.stage import other, sentence_key, translations

#: the role of the combine step
COMBINED = "consensus"
#: digits that a key of the database has not
_LONGEST_KEY = 19
#: a label of a sentence
_LABEL_NAME = re.compile(
    r"(?P<sentence>.+?)(?::(?P<first>[0-9]{1,9})-(?P<last>[0-9]{1,9})|#(?P<number>[0-9]{1,9}))", re.S
)


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence with its gold entities; ``gold`` is None when it was imported without labels."""

    id: int
    corpus: str
    lang: str
    external_id: str | None
    words: list[str]
    gold: list[Span] | None

    @property
    def name(self) -> str:
        """What :func:`explain_sentence` takes: ``CORPUS/LANG/ID``, or the key of a sentence without an id."""
        return str(self.id) if self.external_id is None else f"{self.corpus}/{self.lang}/{self.external_id}"

    def phrase(self, start: int, end: int) -> str:
        """The words of a span."""
        return " ".join(self.words[start:end])


@dataclass(frozen=True, slots=True)
class ExplainedCandidate:
    """A target span that was considered: its value from every scorer, and their weighted sum.

    :param origins: the sets of candidates that had it, by scorer; only of scorers that unite several.
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

    :param projected: its label as projected (after mapping), or None when no candidate was chosen.
    :param score: the winner's fused score.
    :param margin: winner less runner-up.
    :param links: its words' links: source word, target word, score.
    :param candidates: best first; ``rank`` is ``"winner"``, ``"runner-up"`` or empty.
    :param also: its further labels, of a method that gives several.
    :param reason: the code of why it has no label, where the project step tells one for each entity.
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
class ExplainedProjection:
    """The labels that one translation brought to the sentence.

    :param kind: how the translation was made: human, machine, back.
    :param outcome: of the project step: ok, empty, filtered, failed, or pending; only the first two mean that an
        entity without a label is lost.
    """

    source: Text
    translation_id: int
    kind: str
    entities: list[ExplainedEntity]
    made_by: list[MadeBy]

    @property
    def outcome(self) -> str:
        return next(made.outcome for made in self.made_by if made.role == LABELS)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one sentence's labels.

    :param consensus: what the sources were combined into, when the recipe combines them.
    """

    recipe: str
    target: Text
    projections: list[ExplainedProjection]
    consensus: ExplainedConsensus | None = None


def explain_sentence(database: Database, plan: Plan, name: str) -> Explanation:
    """Explain the labels that a recipe gave a sentence.

    :param name: ``CORPUS/LANG/ID``, or the sentence's key in the database.
    :raises UsageError: when there is no such sentence, or the recipe projects nothing onto it.
    """
    with database.read() as connection:
        target = _text(connection, _find(connection, name))
        found = [
            _projection(connection, each, target, row)
            for each in plan.projections
            for row in _translations(connection, each, target)
        ]
        together = _consensus(connection, plan, target, found)
    if not found and together is None:
        pairs = ", ".join(f"{each.source} → {each.target}" for each in plan.projections)
        raise UsageError(
            f"the recipe {plan.recipe.name} projects nothing onto {name}",
            hint=f"it covers {pairs}; name a sentence of a target language",
            sentence=name,
        )
    return Explanation(plan.recipe.name, target, found, together)


def explain_label(database: Database, plan: Plan, name: str) -> Explanation:
    """Explain a sentence, or one label of it.

    :param name: as :func:`explain_sentence` takes it, perhaps with the label behind it: ``:FIRST-LAST``, the places of
        its first and last word counted from 0, or ``#N``, the Nth label of the sentence from the left.
    :returns: only the entities and consensus labels behind that label, where one is named.
    :raises UsageError: when there is no such sentence or no such label.
    """
    named = _LABEL_NAME.fullmatch(name)
    if named is None or _is_sentence(database, name):
        return explain_sentence(database, plan, name)
    found = explain_sentence(database, plan, named["sentence"])
    spans = sorted({(span.start, span.end) for span in _final_spans(found)})
    if named["number"]:
        at = int(named["number"]) - 1
        chosen = spans[at : at + 1] if at >= 0 else []
    else:
        chosen = [place for place in spans if place == (int(named["first"]), int(named["last"]) + 1)]
    if not chosen:
        told = ", ".join(f"{start}-{end - 1}" for start, end in spans) or "none"
        raise UsageError(f"there is no label {name}", hint=f"the sentence has labels at {told}", label=name)
    return _only_label(found, *chosen[0])


def _is_sentence(database: Database, name: str) -> bool:
    """Whether all of it is a sentence's own name: ids of sentences may hold any sign."""
    with database.read() as connection:
        return _by_name(connection, name) is not None


def _final_spans(found: Explanation) -> list[Span]:
    if found.consensus is not None:
        return [each.span for each in found.consensus.labels]
    entities = [each for projection in found.projections for each in projection.entities]
    return [span for each in entities for span in (each.projected, *each.also) if span is not None]


def _only_label(found: Explanation, start: int, end: int) -> Explanation:
    """Without what has nothing to do with the words of a label."""

    def near(span: Span | None) -> bool:
        return span is not None and span.start < end and start < span.end

    projections = [
        replace(each, entities=[entity for entity in each.entities if any(map(near, (entity.projected, *entity.also)))])
        for each in found.projections
    ]
    together = found.consensus
    if together is not None:
        together = replace(together, labels=[each for each in together.labels if each.span[:2] == (start, end)])
    return replace(found, projections=[each for each in projections if each.entities], consensus=together)


def _consensus(
    connection: Connection, plan: Plan, target: Text, projections: list[ExplainedProjection]
) -> ExplainedConsensus | None:
    corpus_id = connection.execute(select(sentence.c.corpus_id).where(sentence.c.id == target.id)).scalar_one()
    for each in plan.consensuses:
        if (each.corpus_id, each.target) == (corpus_id, target.lang):
            items = {each.step.step_id: (COMBINED, target.id)}
            if WEIGHTS in each.step.input_ids:
                items[each.step.input_ids[WEIGHTS]] = (WEIGHTS, corpus_id)
            rows = connection.execute(select(step).where(step.c.id.in_(items)).order_by(step.c.id)).all()
            steps = [made_of(connection, items[row.id][0], row, items[row.id][1]) for row in rows]
            steps.sort(key=lambda made: made.role == COMBINED)
            return explain_consensus(connection, each, target, projections, steps)
    return None


def _find(connection: Connection, name: str) -> int:
    found = _by_key(connection, name) if name.isdecimal() else _by_name(connection, name)
    if found is None:
        raise UsageError(
            f"there is no sentence {name!r}",
            hint="name it as CORPUS/LANG/ID, such as news/de/test-17, or by its number in the table sentence",
            sentence=name,
        )
    return found


def _by_key(connection: Connection, name: str) -> int | None:
    key = int(name) if len(name) < _LONGEST_KEY else -1
    found: int | None = connection.execute(select(sentence.c.id).where(sentence.c.id == key)).scalar()
    return found


def _by_name(connection: Connection, name: str) -> int | None:
    corpora = connection.execute(select(corpus.c.id, corpus.c.name).order_by(corpus.c.id)).all()
    # The names of corpora and the ids of sentences may hold slashes, the codes of languages do not.
    for corpus_id, called in corpora:
        if name.startswith(f"{called}/"):
            lang, _, external_id = name.removeprefix(f"{called}/").partition("/")
            query = select(sentence.c.id).where(sentence.c.corpus_id == corpus_id, sentence.c.lang == lang)
            found: int | None = connection.execute(query.where(sentence.c.external_id == external_id)).scalar()
            if found is not None:
                return found
    return None


def _text(connection: Connection, key: int) -> Text:
    columns = (sentence.c.id, sentence.c.lang, sentence.c.external_id, sentence.c.words)
    query = select(*columns, corpus.c.name).join(corpus, corpus.c.id == sentence.c.corpus_id)
    row = connection.execute(query.where(sentence.c.id == key)).one()
    gold_step = find_step(connection, GOLD)
    labelled = select(outcome.c.item_id).where(outcome.c.step_id == gold_step, outcome.c.item_id == key)
    gold = None
    if connection.execute(labelled).first() is not None:
        gold = [span for _, span in _entities(connection, gold_step or 0, key)]
    return Text(row.id, row.name, row.lang, row.external_id, json.loads(row.words), gold)


def _entities(connection: Connection, step_id: int, key: int) -> list[tuple[int, Span]]:
    columns = (entity.c.ordinal, entity.c.start_word, entity.c.end_word, entity.c.label)
    query = select(*columns).where(entity.c.step_id == step_id, entity.c.sentence_id == key).order_by(entity.c.ordinal)
    return [(ordinal, Span(*span)) for ordinal, *span in connection.execute(query)]


def _translations(connection: Connection, projection: Projection, target: Text) -> list[Row[Any]]:
    labelled = projection.labelled
    query = translations(projection.pair).add_columns(translation.c.kind, sentence_key(labelled).label("source_id"))
    # First by the sentence, then by the set: SQLite would go through the whole set.
    onto = query.where(translation.c.id.in_(select(translation.c.id).where(sentence_key(other(labelled)) == target.id)))
    return list(connection.execute(onto.order_by(translation.c.id)))


def _projection(connection: Connection, projection: Projection, target: Text, link: Row[Any]) -> ExplainedProjection:
    project = projection.step
    source = _text(connection, link.source_id)
    labels = _labels(connection, project, target, link.id)
    scores = _scores(connection, project, link.id)
    links = _links(connection, projection, link.id)
    entities = [
        _entity(ordinal, span, source, target, labels.get(ordinal, []), scores.get(ordinal, {}), links, project.weights)
        for ordinal, span in _entities(connection, project.input_ids["entities"], source.id)
        if _is_wanted(project.mapping, span)
    ]
    steps = made_by(connection, project, link.id, source.id)
    why = next(made.reason for made in steps if made.role == LABELS)
    entities = [replace(each, reason=entity_reason(why, each.ordinal)) for each in entities]
    return ExplainedProjection(source, link.id, link.kind, entities, steps)


def _is_wanted(mapping: LabelMapping | None, span: Span) -> bool:
    """Whether an entity is projected; one whose label the mapping refuses made the item fail, and is shown."""
    try:
        return mapping is None or bool(mapping.apply([span]))
    except UnknownLabel:
        return True


def _labels(
    connection: Connection, project: Projecting, target: Text, translation_id: int
) -> dict[int, list[Row[Any]]]:
    """The labels that came from each entity, by its ordinal, from left to right."""
    query = select(label).where(
        label.c.step_id == project.step_id,
        label.c.sentence_id == target.id,
        label.c.translation_id == translation_id,
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(query.order_by(label.c.ordinal)):
        found.setdefault(row.entity_ordinal, []).append(row)
    return found


class _Part(NamedTuple):
    """One scorer's value of a candidate, and which of its sets of candidates had it."""

    score: float
    origins: tuple[str, ...]


Scores = dict[tuple[int, int], dict[str, _Part]]


def _scores(connection: Connection, project: Projecting, translation_id: int) -> dict[int, Scores]:
    """Per entity ordinal and span, what each scorer stored."""
    found: dict[int, Scores] = {}
    for name in project.weights:
        step_id, spec = project.input_ids[f"score:{name}"], project.spec.inputs[f"score:{name}"]
        query = select(candidate).where(candidate.c.step_id == step_id, candidate.c.translation_id == translation_id)
        for row in connection.execute(query):
            spans = found.setdefault(row.entity_ordinal, {})
            part = _Part(row.score, origins_of(spec, row.origin))
            spans.setdefault((row.start_word, row.end_word), {})[name] = part
    return found


def _links(connection: Connection, projection: Projection, translation_id: int) -> list[tuple[int, int, float]]:
    # By its role: the aligners that a vote rests on are in the chain as well.
    step_ids = {key for key, role in steps_behind(connection, projection.step.step_id).items() if role == "alignment"}
    query = select(alignment.c.links).where(
        alignment.c.step_id.in_(step_ids), alignment.c.translation_id == translation_id
    )
    links = [_link(text) for text in (connection.execute(query).scalar() or "").split()]
    if projection.labelled == "rendering":
        links = [(right, left, score) for left, right, score in links]
    return sorted(links)


def _link(text: str) -> tuple[int, int, float]:
    # Not parse_links, which is compiled for thousands: for one sentence, loading it takes longer than all the rest.
    words, _, score = text.partition(":")
    left, _, right = words.partition("-")
    return int(left), int(right), float(score or 1)


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
        [each for each in links if span.start <= each[0] < span.end],
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
