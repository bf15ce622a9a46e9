"""Shares of the items of a run: by the id of the imported sentence that an item comes from."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from xprojdb.db.tables import sentence, translation
from xprojdb.errors import UsageError

#: shares at most
MOST_SHARDS = 100_000


class Shard(NamedTuple):
    """One of several shares of the same size, nearly.

    :param number: from 1 to ``total``.
    """

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``3/16``: the third of sixteen.

        :raises UsageError: when it is no such thing.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip(), re.ASCII)
        shard = cls(int(match[1]), int(match[2])) if match else cls(0, 0)
        if not 1 <= shard.number <= shard.total <= MOST_SHARDS:
            hint = f"I/N with I from 1 to N, such as 3/16; N is {MOST_SHARDS:,} at most"
            raise UsageError(f"{text!r} is no share of the items", hint=hint, shard=text)
        return shard


def external_id(key: ColumnElement[int], *, of_translation: bool) -> ScalarSelect[str]:
    """The id of the imported sentence that an item comes from: what is made of a sentence is in its share.

    :param key: of a translation or of a sentence.
    """
    own, parent, origin = sentence.alias("shared"), sentence.alias("shared_parent"), sentence.alias("shared_origin")
    name = func.coalesce(own.c.external_id, parent.c.external_id, origin.c.external_id, "")
    made = own.outerjoin(parent, parent.c.id == own.c.parent_id).outerjoin(origin, origin.c.id == parent.c.parent_id)
    if not of_translation:
        return select(name).select_from(made).where(own.c.id == key).scalar_subquery()
    pair = translation.alias("shared_pair")
    joined = made.join(pair, pair.c.original_id == own.c.id)
    return select(name).select_from(joined).where(pair.c.id == key).scalar_subquery()
