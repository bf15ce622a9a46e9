"""Built-in questions: what users ask of a database again and again, each a query over the tables and views.

A question first finds keys, and reads words and phrases, which are JSON in the tables, only for the rows that are
shown.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from xprojdb.db import Database
from xprojdb.db.tables import corpus, label, recipe, sentence, step, step_input
from xprojdb.errors import UsageError
from xprojdb.provenance.query import QueryResult, answered
from xprojdb.provenance.questions_sql import PHRASES, QUESTIONS, TOGETHER, WEAKEST, Question
from xprojdb.steps.stage import Side, other
from xprojdb.text.languages import language

__all__ = ["QUESTIONS", "Question", "QuestionScope", "ask_question", "question_sql"]


#: the kind of the steps that produce candidates
SCORE = "score"
#: the kinds of the steps that label the other side of translations
PROJECTING = frozenset({"project", "heuristic", "markers", "revise"})


@dataclass(frozen=True, slots=True)
class QuestionScope:
    """What a question is about.

    :param recipe: only results of this recipe; None: of any recipe.
    :param lang: only labels in this target language, by any of its codes.
    :param corpus: only this corpus.
    :param limit: the maximal number of rows.
    """

    recipe: str | None = None
    lang: str | None = None
    corpus: str | None = None
    limit: int = 20


@contextmanager
def ask_question(database: Database, name: str, scope: QuestionScope | None = None) -> Iterator[QueryResult]:
    """Ask a built-in question; its rows are streamed while the context is open.

    :param name: one of :data:`QUESTIONS`.
    :raises UsageError: when there is no such question, recipe, language or corpus.
    """
    scope = scope or QuestionScope()
    with database.read() as connection:
        sql, values = question_sql(connection, name, scope)
        yield answered(connection, sql, values)


def question_sql(connection: Connection, name: str, scope: QuestionScope) -> tuple[str, dict[str, Any]]:
    """The SQL of a question, and the values of its parameters ``:limit``, ``:lang`` and ``:corpus``.

    :raises UsageError: as for :func:`ask_question`.
    """
    if name not in QUESTIONS:
        near = difflib.get_close_matches(name, QUESTIONS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(QUESTIONS)}"
        raise UsageError(f"there is no question {name!r}", hint=hint, question=name)
    steps = _Steps.read(connection, scope.recipe)
    values: dict[str, Any] = {"limit": scope.limit}
    places = {
        "every": _listed(steps.every),
        "final": _listed(steps.final),
        "projecting": _listed(steps.projecting),
        "scoring": _listed(steps.scoring),
        "entities": _entities(connection, steps.projecting),
        "phrase": PHRASES[connection.dialect.name],
        "together": TOGETHER[connection.dialect.name],
    }
    chosen = _chosen(connection, scope, values)
    labelling = _onto(connection, steps.final, scope, values.get("lang"))
    places |= {f"weakest {by}": _weakest(labelling, by) for by in ("margin", "score")}
    places |= chosen
    return _filled(QUESTIONS[name].sql, places), values


def _filled(sql: str, places: Mapping[str, str]) -> str:
    for name, replacement in places.items():
        sql = sql.replace(f"<{name}>", replacement)
    # The phrase takes arguments: <phrase WORDS START END>.
    while "<phrase " in sql:
        before, _, rest = sql.partition("<phrase ")
        inside, _, after = rest.partition(">")
        words, start, end = inside.split()
        sql = before + places["phrase"].format(words=words, start=start, end=end) + after
    return sql


def _chosen(connection: Connection, scope: QuestionScope, values: dict[str, Any]) -> dict[str, str]:
    """Joins and conditions that select target sentences; none if all are wanted, since they cost a lookup per row."""
    where = []
    if scope.lang is not None:
        values["lang"] = language(scope.lang).code
        where.append("target.lang = :lang")
    if scope.corpus is not None:
        key = connection.execute(select(corpus.c.id).where(corpus.c.name == scope.corpus)).scalar()
        if key is None:
            raise UsageError(
                f"there is no corpus {scope.corpus}", hint="xprojdb status lists them", corpus=scope.corpus
            )
        values["corpus"] = key
        where.append("target.corpus_id = :corpus")
    chosen = "".join(f" AND {condition}" for condition in where)
    joins = {
        name: f"JOIN {sentence.name} AS target ON target.id = {name}.sentence_id" if where else ""
        for name in ("label", "vote", "lost", "selected")
    }
    return {"where": chosen, **{f"join {name}": join for name, join in joins.items()}}


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of recipes, by what they do.

    :param final: the steps with labels that no other step of the recipes reads.
    :param projecting: the steps that project labels through translations, without drafts and what a vote replaced.
    :param scoring: the steps that produce candidates.
    """

    every: Sequence[int]
    final: Sequence[int]
    projecting: Sequence[int]
    scoring: Sequence[int]

    @classmethod
    def read(cls, connection: Connection, name: str | None) -> _Steps:
        planned = [_of_plan(plan) for plan in _plans(connection, name)]
        every = sorted(set().union(*planned))
        kinds = {row.id: row.kind for row in connection.execute(select(step.c.id, step.c.kind))}
        scoring = [key for key in every if kinds[key] == SCORE]
        carrying = {key for key in every if kinds[key] in PROJECTING}
        labelling = {*carrying, *(key for key in every if _has_labels(connection, key))}
        final = set().union(*(_final(connection, steps & labelling) for steps in planned))
        projecting = set().union(*(_final(connection, steps & carrying) for steps in planned))
        return cls(every, sorted(final), sorted(projecting), scoring)


def labelled_side(connection: Connection, step_id: int) -> Side | None:
    """The side of translations that a step takes labels from, if any."""
    params = json.loads(connection.execute(select(step.c.params).where(step.c.id == step_id)).scalar_one())
    side = params.get("labelled")
    return side if side in ("original", "rendering") else None


def final_steps(connection: Connection, name: str) -> list[int]:
    """The steps with the final labels of a recipe.

    :raises UsageError: when there is no such recipe.
    """
    return list(_Steps.read(connection, name).final)


def _plans(connection: Connection, name: str | None) -> list[str]:
    rows = connection.execute(select(recipe.c.name, recipe.c.plan).order_by(recipe.c.name)).all()
    plans = [row.plan for row in rows if name in (None, row.name)]
    if not plans:
        subject = f"no recipe {name!r}" if rows else "no recipe"
        hint = f"recipes: {', '.join(row.name for row in rows)}" if rows else "run one first: xprojdb run RECIPE.toml"
        raise UsageError(f"{subject} has been run on this database", hint=hint, name=name)
    return plans


def _of_plan(plan: str) -> set[int]:
    return {load["step"] for load in json.loads(plan)}


def _has_labels(connection: Connection, step_id: int) -> bool:
    return connection.execute(select(label.c.step_id).where(label.c.step_id == step_id).limit(1)).first() is not None


def _final(connection: Connection, steps: set[int]) -> set[int]:
    """The steps that none of the others read: a consensus, but not the projections it combines."""
    inputs: dict[int, set[int]] = {}
    for reader, input_id in connection.execute(select(step_input.c.step_id, step_input.c.input_id)):
        inputs.setdefault(reader, set()).add(input_id)
    read: set[int] = set()
    queue = [input_id for key in steps for input_id in inputs.get(key, ())]
    while queue:
        key = queue.pop()
        if key not in read:
            read.add(key)
            queue.extend(inputs.get(key, ()))
    return steps - read


def _listed(steps: Sequence[int]) -> str:
    # No step has the number 0; SQL does not allow an empty list.
    return ", ".join(map(str, steps)) or "0"


def _onto(connection: Connection, steps: Sequence[int], scope: QuestionScope, lang: str | None) -> list[int]:
    """The steps that may label sentences in a language: the others would be read to their end, in vain."""
    if lang is None:
        return list(steps)
    targets: dict[int, set[str]] = {}
    for stage in (stage for plan in _plans(connection, scope.recipe) for stage in json.loads(plan)):
        side = labelled_side(connection, stage["step"])
        # Of what has no side, such as a consensus, any language of its translations may be the target.
        sides = {"original": (2,), "rendering": (1,)}.get(side or "", (1, 2))
        targets.setdefault(stage["step"], set()).update(pair[place] for pair in stage["pairs"] for place in sides)
    return [key for key in steps if lang in targets.get(key, ())]


def _weakest(steps: Sequence[int], by: str) -> str:
    return "\n  UNION ALL\n  ".join(WEAKEST.format(step=step_id, by=by) for step_id in steps or (0,))


def _entities(connection: Connection, projecting: Sequence[int]) -> str:
    """The entities that each projecting step was to carry over, as SQL: one SELECT a step."""
    parts = [part for key in projecting if (part := _entities_of(connection, key))]
    nothing = "SELECT 0 AS step_id, 0 AS translation_id, 0 AS source_id, 0 AS sentence_id, 0 AS ordinal, '' AS status, "
    return "\nUNION ALL\n".join(parts) or nothing + "'' AS reason WHERE 1 = 0"


def _entities_of(connection: Connection, step_id: int) -> str:
    params = json.loads(connection.execute(select(step.c.params).where(step.c.id == step_id)).scalar_one())
    entity_step = select(step_input.c.input_id).where(step_input.c.step_id == step_id, step_input.c.role == "entities")
    entities = connection.execute(entity_step).scalar()
    side = labelled_side(connection, step_id)
    if entities is None or side is None:
        return ""
    return LOST.format(
        step=step_id, entities=entities, source=side, target=other(side), wanted=_mapping_condition(params)
    )


def _mapping_condition(params: Mapping[str, Any]) -> str:
    """The condition that an entity is not dropped by the label mapping."""
    mapping = params.get("labels")
    if mapping is None:
        return ""
    others_kept = mapping["others"] == "keep"
    names = [name for name, becomes in mapping["table"].items() if (becomes is None) == others_kept]
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in sorted(names))
    return (
        f" AND entity.label {'NOT ' if others_kept else ''}IN ({listed})"
        if listed
        else ("" if others_kept else " AND 1 = 0")
    )


LOST = """SELECT outcome.step_id, translation.id AS translation_id, entity.sentence_id AS source_id,
         translation.{target}_id AS sentence_id, entity.ordinal, outcome.status, outcome.reason
  FROM outcome
  JOIN translation ON translation.id = outcome.item_id
  JOIN entity ON entity.step_id = {entities} AND entity.sentence_id = translation.{source}_id
  WHERE outcome.step_id = {step}{wanted} AND NOT EXISTS (
    SELECT 1 FROM label
    WHERE label.step_id = {step} AND label.sentence_id = translation.{target}_id
      AND label.translation_id = translation.id AND label.entity_ordinal = entity.ordinal)"""
