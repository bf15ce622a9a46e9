"""Frozen reviews: the steps that hold what people say is right, by the names of their sets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import campaign, step
from xprojdb.errors import UsageError

KIND = "review"
#: the key of a campaign's query that names what was frozen of it last
FROZEN = "frozen"


class FrozenSet(NamedTuple):
    """What was frozen last of a set of labels.

    :param name: of the set, which is its campaign's.
    """

    name: str
    step_id: int
    digest: str


def frozen_sets(connection: Connection) -> list[FrozenSet]:
    """All sets that are frozen, as they were frozen last, the oldest set first."""
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
    return sorted(by_name.values(), key=lambda each: each.step_id)


def find_frozen(connection: Connection, name: str) -> int:
    """The key of a frozen step.

    :param name: of a set, for what was frozen of it last, or the beginning of a digest.
    :raises UsageError: when there is none.
    """
    sets = frozen_sets(connection)
    found = next((each.step_id for each in sets if each.name == name), None)
    if found is None and name:
        query = select(step.c.id).where(step.c.kind == KIND, step.c.digest.startswith(name, autoescape=True))
        found = connection.execute(query.order_by(step.c.id.desc()).limit(1)).scalar()
    if found is None:
        raise _nothing(connection, name, sets)
    return int(found)


def _nothing(connection: Connection, name: str, sets: Sequence[FrozenSet]) -> UsageError:
    if connection.execute(select(campaign.c.id).where(campaign.c.name == name)).first() is not None:
        return UsageError(f"nothing was frozen of {name}", hint=f"xprojdb review freeze {name}", campaign=name)
    known = ", ".join(each.name for each in sets)
    hint = f"there are {known}" if known else "xprojdb import labels makes one; xprojdb review freeze does, too"
    return UsageError(f"there is no set of labels {name!r}", hint=hint, campaign=name)
