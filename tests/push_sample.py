"""What the tests of publishing share: names, and what is read off a push."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db.tables import export
from xprojdb.exports.card.hand_written import HAND_WRITTEN_END, HAND_WRITTEN_START
from xprojdb.exports.hub.push import PushReport
from xprojdb.exports.manifest import MANIFEST_NAME

REPO = "ana/boats"
CARD, DATA = "README.md", "de/train-00000-of-00001.parquet"
GENERATED = {CARD, DATA, MANIFEST_NAME}

Push = Callable[..., PushReport]
Command = Callable[..., Any]


def told_by(done: Any) -> dict[str, Any]:
    """What a command that went well printed as JSON."""
    assert (done.code, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def exports_of(database: Database) -> list[Any]:
    """The records of exports."""
    with database.read() as connection:
        return list(connection.execute(select(export).order_by(export.c.id)))


def with_text(card: str, text: str) -> str:
    """A card with another hand-written part."""
    before, start, rest = card.partition(HAND_WRITTEN_START)
    return before + start + text + rest[rest.index(HAND_WRITTEN_END) :]
