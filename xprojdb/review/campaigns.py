"""Campaigns: queues of sentences that are drawn once, so that people can share them, and can be drawn again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import campaign, campaign_item, label, sentence
from xprojdb.digest import canonical_json
from xprojdb.errors import GroundMoved, UsageError
from xprojdb.exports.ground import check_referenced
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.plan import Plan
from xprojdb.review.queues import Mixture, draw, read_population

_DRAW_AGAIN = "nothing was stored; run the recipe again, then draw the campaign again"

#: the ordering of a campaign without a queue, for labels from elsewhere
IMPORTED = "imported"
#: placed before other labels
CUSTOMARY = ("PER", "ORG", "LOC", "DATE", "MISC")
_NAME = re.compile(r"[^\s/\x00-\x1f\x7f]{1,60}")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign.

    :param recipe, step_id: whose labels are shown; None for labels from elsewhere.
    :param query: what it was drawn from: language, source, splits, and the number of sentences.
    :param ordering: how it was drawn, such as ``margin`` or ``margin=0.7,random=0.3``.
    :param labels: the labels for reviewers.
    :param redundancy: how many reviewers should finish each sentence.
    """

    id: int
    name: str
    created_at: str
    recipe: str | None
    step_id: int | None
    query: dict[str, Any]
    ordering: str
    seed: int
    labels: tuple[str, ...]
    guideline: str | None
    redundancy: int


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """The settings of a new campaign.

    :param name: must be new.
    :param lang: the target language; may be omitted if the recipe has only one.
    :param source: the language the labels come from, if a target has several that are not combined.
    :param size: the maximal number of sentences.
    :param by: how they are drawn.
    :param labels: additional labels for reviewers.
    """

    name: str
    lang: str | None = None
    source: str | None = None
    splits: tuple[str, ...] = ()
    size: int = 200
    by: Mixture = field(default_factory=lambda: Mixture({"margin": 1.0}))
    seed: int = 0
    labels: tuple[str, ...] = ()
    guideline: str | None = None
    redundancy: int = 1


def check_name(name: str) -> None:
    """Refuse invalid names of campaigns or reviewers.

    :raises UsageError: when it is empty or too long, or has spaces or slashes.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a valid name", hint="use up to 60 characters, without spaces or slashes", name=name
        )


def create_campaign(database: Database, plan: Plan, settings: CampaignSettings) -> Campaign:
    """Draw a campaign from the sentences that a recipe has labelled.

    :raises UsageError: when there is a campaign of that name, the recipe labels several languages and none was chosen,
        or no sentence is labelled.
    :raises GroundMoved: when some of the sentences, or the labels, were deleted meanwhile, or no recipe references the
        labels any more.
    """
    labelling = _labelling(plan, settings)
    with database.read() as connection:
        _check_unused(connection, settings.name)
        population = read_population(connection, labelling, settings.splits)
        items = draw(connection, labelling, population, settings.by, settings.size, settings.seed)
        labels = _labels(connection, labelling, settings.labels)
    if not items:
        raise UsageError(
            f"the recipe {plan.recipe.name} has labelled no such sentence",
            hint="run the recipe first, or choose another --split",
        )
    query = {
        "lang": labelling.target,
        "source": labelling.source,
        "splits": list(settings.splits),
        "population": len(population),
    }
    with database.write() as connection:
        _check_unused(connection, settings.name)
        _check_sentences(connection, {item.sentence_id for item in items})
        check_referenced(connection, plan, _DRAW_AGAIN, step=labelling.step.spec)
        values = {
            "name": settings.name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "recipe": plan.recipe.name,
            "step_id": labelling.step.step_id,
            "query": canonical_json(query),
            "ordering": str(settings.by),
            "seed": settings.seed,
            "labels": json.dumps(labels, ensure_ascii=False),
            "guideline": settings.guideline,
            "redundancy": settings.redundancy,
        }
        key = connection.execute(insert(campaign).values(values).returning(campaign.c.id)).scalar_one()
        columns = ("campaign_id", "rank", "sentence_id", "translation_id", "probability")
        rows = [(key, rank, item.sentence_id, item.translation_id, item.probability) for rank, item in enumerate(items)]
        bulk.insert(connection, campaign_item, columns, rows)
    return load_campaign(database, settings.name)


def _check_sentences(connection: Connection, keys: Set[int]) -> None:
    """Refuse to store a queue of which a part was deleted since it was drawn.

    :raises GroundMoved: with the field ``gone``: how many of the sentences.
    """
    query = select(func.count()).where(bulk.among(connection, sentence.c.id, sorted(keys)))
    gone = len(keys) - int(connection.execute(query).scalar_one())
    if gone:
        raise GroundMoved(f"{gone} of the {len(keys)} sentences were deleted meanwhile", hint=_DRAW_AGAIN, gone=gone)


def _labelling(plan: Plan, settings: CampaignSettings) -> Labelling:
    possible: Sequence[Labelling] = (
        plan.consensuses if settings.source is None and plan.consensuses else plan.projections
    )
    chosen = [
        labelling
        for labelling in possible
        if settings.lang in (None, labelling.target) and settings.source in (None, labelling.source)
    ]
    if len(chosen) == 1:
        return chosen[0]
    directions = ", ".join(labelling.direction for labelling in (chosen or possible))
    if not chosen:
        raise UsageError(
            f"the recipe {plan.recipe.name} has no such labels", hint=f"its labels: {directions}", lang=settings.lang
        )
    hint = f"choose with --lang and --source among {directions}"
    raise UsageError("a campaign covers one language from one source, or from a consensus", hint=hint)


def _check_unused(connection: Connection, name: str) -> None:
    if connection.execute(select(campaign.c.id).where(campaign.c.name == name)).first() is not None:
        raise UsageError(f"there is a campaign {name}", hint="choose another name", campaign=name)


def _labels(connection: Connection, labelling: Labelling, further: Sequence[str]) -> list[str]:
    here = label.c.step_id == labelling.step.step_id
    used = set(connection.execute(select(label.c.label).where(here).distinct()).scalars())
    names = used | set(further)
    return [name for name in CUSTOMARY if name in names] + sorted(names.difference(CUSTOMARY))


def load_campaign(database: Database, name: str) -> Campaign:
    """A campaign by its name.

    :raises UsageError: when there is no such campaign.
    """
    with database.read() as connection:
        row = connection.execute(select(campaign).where(campaign.c.name == name)).first()
        names = list(connection.execute(select(campaign.c.name).order_by(campaign.c.id)).scalars())
    if row is None:
        hint = f"campaigns: {', '.join(names)}" if names else "draw one: xprojdb review new NAME"
        raise UsageError(f"there is no campaign {name}", hint=hint, campaign=name)
    return campaign_of(row)


def list_campaigns(database: Database) -> list[Campaign]:
    """All campaigns, latest first."""
    with database.read() as connection:
        return [campaign_of(row) for row in connection.execute(select(campaign).order_by(campaign.c.id.desc()))]


def campaign_of(row: Row[Any]) -> Campaign:
    """A campaign from its row in the table."""
    values = (row.id, row.name, row.created_at, row.recipe, row.step_id, json.loads(row.query), row.ordering, row.seed)
    return Campaign(*values, tuple(json.loads(row.labels)), row.guideline, row.redundancy)


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence of a campaign.

    :param translation_id: which labels of the step are shown; 0: those from several translations.
    """

    rank: int
    sentence_id: int
    translation_id: int
    probability: float


def read_items(connection: Connection, campaign_id: int) -> list[Item]:
    """The queue of a campaign."""
    own = campaign_item.c
    query = select(own.rank, own.sentence_id, own.translation_id, own.probability)
    rows = bulk.fetch(connection, query.where(own.campaign_id == campaign_id).order_by(own.rank))
    return [Item(*row) for row in rows]


def read_item(connection: Connection, campaign_id: int, rank: int) -> Item | None:
    """One position in a queue."""
    own = campaign_item.c
    query = select(own.rank, own.sentence_id, own.translation_id, own.probability)
    row = connection.execute(query.where(own.campaign_id == campaign_id, own.rank == rank)).first()
    return None if row is None else Item(*row)


def count_items(connection: Connection, campaign_id: int) -> int:
    """The length of a queue."""
    query = select(func.count()).where(campaign_item.c.campaign_id == campaign_id)
    return connection.execute(query).scalar_one()


def words_of(connection: Connection, sentence_id: int) -> list[str]:
    """The words of a sentence."""
    words: list[str] = json.loads(
        connection.execute(select(sentence.c.words).where(sentence.c.id == sentence_id)).scalar_one()
    )
    return words
