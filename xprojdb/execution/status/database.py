"""What each step of each recipe has done and has pending, and what failed and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, and_, exists, func, not_, select

from xprojdb.db import Database
from xprojdb.db.count_cache import CountCache
from xprojdb.db.tables import corpus, failure, outcome, recipe, run, sentence, translation
from xprojdb.digest import canonical_json
from xprojdb.errors import OtherVersion
from xprojdb.execution.pending import count_pending, count_undone
from xprojdb.execution.status.watch import is_lost
from xprojdb.planning.plan import Plan
from xprojdb.planning.store import load_plan
from xprojdb.steps.project.stage import reason_codes
from xprojdb.steps.stage import Bitext, ItemKind, Stage

RUNS_SHOWN = 5
FAILURES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class StepStatus:
    """One step of a recipe.

    :param outcomes: all items the step has processed, for any recipe, by outcome: ok, empty, filtered, failed.
    :param pending: items of the recipe that a run would process now.
    :param waiting: items of the recipe whose earlier steps are not done, or have failed or filtered them.
    :param reasons: the number of items that are not ok, by reason code.
    """

    title: str
    digest: str
    outcomes: dict[str, int]
    pending: int
    waiting: int
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """A database at a glance.

    :param corpora: for each corpus its name, license and number of sentences by language.
    :param links: the number of translations by corpus, languages and kind.
    :param recipes: the steps of each recipe.
    :param outdated: recipes whose steps another version of xprojdb planned; running them again plans new ones.
    :param runs: the latest runs, newest first; ``lost`` marks those that ended without recording it.
    :param failures: the latest failures: step, item, message.
    """

    url: str
    corpora: list[dict[str, Any]]
    links: list[dict[str, Any]]
    recipes: dict[str, list[StepStatus]]
    outdated: list[str]
    runs: list[dict[str, Any]]
    failures: list[dict[str, Any]] = field(default_factory=list)


def read_status(database: Database, *, anew: bool = False) -> DatabaseStatus:
    """Read the status without loading any model. New counts are cached if the database can be written immediately.

    :param anew: ignore cached counts, for a database that other programs have written to.
    """
    plans, outdated = _plans(database)
    with database.read() as connection:
        counts = CountCache(connection, anew=anew)
        status = DatabaseStatus(
            url=database.url,
            corpora=_corpora(connection, counts),
            links=counts.of("translations", lambda: _links(connection)),
            recipes={name: _steps(connection, plan, counts) for name, plan in plans.items()},
            outdated=outdated,
            runs=_runs(connection),
            failures=_failures(connection),
        )
    counts.keep(database)
    return status


def _plans(database: Database) -> tuple[dict[str, Plan], list[str]]:
    """The plans of all recipes by name, and the names of those that another version planned."""
    with database.read() as connection:
        names = list(connection.execute(select(recipe.c.name).order_by(recipe.c.name)).scalars())
    plans, outdated = {}, []
    for name in names:
        try:
            plans[name] = load_plan(database, name)
        except OtherVersion:
            outdated.append(name)
    return plans, outdated


def keep_counts(database: Database) -> None:
    """Fill the cache of counts, so that the next status is fast."""
    read_status(database)


def _corpora(connection: Connection, counts: CountCache) -> list[dict[str, Any]]:
    langs: dict[int, dict[str, int]] = {}
    for corpus_id, lang, count in counts.of("sentences", lambda: _sentences(connection)):
        langs.setdefault(corpus_id, {})[lang] = count
    rows = connection.execute(select(corpus).order_by(corpus.c.name)).mappings()
    return [{"name": row["name"], "license": row["license"], "sentences": langs.get(row["id"], {})} for row in rows]


def _sentences(connection: Connection) -> list[list[Any]]:
    scope = (sentence.c.corpus_id, sentence.c.lang)
    return [list(row) for row in connection.execute(select(*scope, func.count()).group_by(*scope))]


def _links(connection: Connection) -> list[dict[str, Any]]:
    t = translation.c
    # Counted in an index that lacks the kind: all translations of a step between two languages are of one kind.
    scope = (t.corpus_id, t.original_lang, t.rendering_lang, t.step_id)
    names = {row.id: row.name for row in connection.execute(select(corpus.c.id, corpus.c.name))}
    counts: Counter[tuple[str, ...]] = Counter()
    for *key, count in connection.execute(select(*scope, func.count()).group_by(*scope)).all():
        same = (column == value for column, value in zip(scope, key, strict=True))
        kind = connection.execute(select(t.kind).where(*same).limit(1)).scalar_one()
        counts[names[key[0]], key[1], key[2], kind] += count
    labels = ("corpus", "original", "rendering", "kind")
    return [{**dict(zip(labels, key, strict=True)), "translations": count} for key, count in sorted(counts.items())]


def _steps(connection: Connection, plan: Plan, counts: CountCache) -> list[StepStatus]:
    titles = plan.titles
    return [_step(connection, stage, titles[stage.spec], plan.pairs[stage.spec], counts) for stage in plan.stages]


def _step(connection: Connection, stage: Stage, title: str, pairs: Sequence[Bitext], counts: CountCache) -> StepStatus:
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for status, reason, count in counts.of(f"outcomes {stage.step_id}", partial(_outcomes, connection, stage.step_id)):
        outcomes[status] += count
        # What is learned from a corpus is told in full: there are few of them.
        for code in [reason] if reason and stage.item_kind is ItemKind.CORPORA else reason_codes(reason or ""):
            reasons[code] += count
    # Not derived from the outcomes, some of which may belong to items of other recipes.
    where = f"{stage.step_id} {canonical_json(pairs)}"
    undone = counts.of(f"undone {where}", partial(count_undone, connection, stage, pairs))
    pending = counts.of(f"pending {where}", partial(count_pending, connection, stage, pairs)) if undone else 0
    return StepStatus(title, stage.spec.digest, dict(outcomes), pending, undone - pending, dict(reasons))


def _outcomes(connection: Connection, step_id: int) -> list[list[Any]]:
    """Outcomes of a step: status, reason and count."""
    of_step = select(func.count()).where(outcome.c.step_id == step_id)
    plain = and_(outcome.c.status == "ok", outcome.c.reason.is_(None))
    count = connection.execute(of_step.where(plain)).scalar_one()
    plain_rows: list[list[Any]] = [["ok", None, count]] if count else []
    if connection.execute(of_step).scalar_one() == count:
        return plain_rows
    # Grouping means sorting, so only these are grouped: most items are plainly ok, and counting is five times faster.
    query = select(outcome.c.status, outcome.c.reason, func.count()).where(outcome.c.step_id == step_id, not_(plain))
    rows = connection.execute(query.group_by(outcome.c.status, outcome.c.reason))
    return plain_rows + [list(row) for row in rows]


def _runs(connection: Connection) -> list[dict[str, Any]]:
    names = ("id", "command", "recipe_name", "started_at", "ended_at", "heartbeat_at", "status", "counts", "process")
    query = select(*(run.c[name] for name in names)).order_by(run.c.id.desc()).limit(RUNS_SHOWN)
    return [_run(dict(row)) for row in connection.execute(query).mappings()]


def _run(row: dict[str, Any]) -> dict[str, Any]:
    counts = json.loads(row["counts"] or "{}")
    counts.pop("steps", None)
    lost = is_lost(row["status"], row.pop("process"), row["heartbeat_at"])
    return {**row, "counts": counts, "lost": lost}


def _failures(connection: Connection) -> list[dict[str, Any]]:
    """Current failures, those that are still the outcome of their item."""
    same = (outcome.c[name] == failure.c[name] for name in ("step_id", "item_id", "run_id"))
    query = (
        select(failure.c.step_id, failure.c.item_id, failure.c.message, failure.c.run_id)
        # Not a join, for which SQLite may scan all outcomes: failures are few.
        .where(exists().where(*same, outcome.c.status == "failed"))
        .order_by(failure.c.run_id.desc(), failure.c.item_id)
        .limit(FAILURES_SHOWN)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
