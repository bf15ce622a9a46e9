"""Frozen reviews: the steps that hold the labels confirmed by reviewers, by the name of their set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import campaign, step
from xprojdb.errors import UsageError

KIND = "review"
#: the key of a campaign's query that holds the digest frozen last
FROZEN = "frozen"


class FrozenSet(NamedTuple):
    """The latest frozen version of a set of labels.

    :param name: the name of the set, which is that of its campaign.
    """

    name: str
    step_id: int
    digest: str


def frozen_sets(connection: Connection) -> list[FrozenSet]:
    """The latest frozen version of every set, oldest set first."""
    rows = connection.execute(select(step.c.id, step.c.digest, step.c.params).where(step.c.kind == KIND)).all()
    if not rows:
        return []
    latest: dict[str, str] = dict(bulk.fetch(connection, select(campaign.c.name, campaign.c.query)))
    by_name: dict[str, FrozenSet] = {}
    for row in sorted(rows, key=lambda row: int(row.id)):
        name = str(json.loads(row.params)["campaign"])
        last = json.loads(latest.get(name, "{}")).get(FROZEN)
        if name not in by_name or by_name[name].digest != last:
            by_name[name] = FrozenSet(name, int(row.id), row.digest)
    return sorted(by_name.values(), key=lambda frozen_set: frozen_set.step_id)


def find_frozen(connection: Connection, name: str) -> int:
    """Find the key of a frozen step.

    :param name: the name of a set, for its latest frozen version, or the prefix of a digest.
    :raises UsageError: when there is no such step.
    """
    sets = frozen_sets(connection)
    step_id = next((frozen_set.step_id for frozen_set in sets if frozen_set.name == name), None)
    if step_id is None and name:
        query = select(step.c.id).where(step.c.kind == KIND, step.c.digest.startswith(name, autoescape=True))
        step_id = connection.execute(query.order_by(step.c.id.desc()).limit(1)).scalar()
    if step_id is None:
        raise _nothing(connection, name, sets)
    return int(step_id)


def _nothing(connection: Connection, name: str, sets: Sequence[FrozenSet]) -> UsageError:
    if connection.execute(select(campaign.c.id).where(campaign.c.name == name)).first() is not None:
        return UsageError(f"{name} has not been frozen yet", hint=f"xprojdb review freeze {name}", campaign=name)
    names = ", ".join(frozen_set.name for frozen_set in sets)
    hint = f"there are {names}" if names else "create one with xprojdb import labels or xprojdb review freeze"
    return UsageError(f"there is no set of labels {name!r}", hint=hint, campaign=name)
