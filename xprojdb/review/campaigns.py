"""Campaigns: queues of sentences that are drawn once, so that people can share them, and can be drawn again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import campaign, campaign_item, sentence
from xprojdb.errors import UsageError

#: the ordering of a campaign without a queue, for labels from elsewhere
IMPORTED = "imported"
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


def check_name(name: str) -> None:
    """Refuse invalid names of campaigns or reviewers.

    :raises UsageError: when it is empty or too long, or has spaces or slashes.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a valid name", hint="use up to 60 characters, without spaces or slashes", name=name
        )


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
