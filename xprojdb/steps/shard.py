"""Shares of the items of a run, by the id of the imported sentence an item comes from."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from xprojdb.db.tables import sentence, translation
from xprojdb.errors import UsageError

#: the most shares
MOST_SHARDS = 100_000


class Shard(NamedTuple):
    """One of several shares of about the same size.

    :param number: from 1 to ``total``.
    """

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Parse ``3/16``, the third of sixteen shares.

        :raises UsageError: when the text has another form, or the numbers are out of range.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip(), re.ASCII)
        shard = cls(int(match[1]), int(match[2])) if match else cls(0, 0)
        if not 1 <= shard.number <= shard.total <= MOST_SHARDS:
            hint = f"use I/N with I from 1 to N, such as 3/16, and N up to {MOST_SHARDS:,}"
            raise UsageError(f"{text!r} is not a share of the items", hint=hint, shard=text)
        return shard


def external_id(key: ColumnElement[int], *, of_translation: bool) -> ScalarSelect[str]:
    """The id of the imported sentence an item comes from, so that everything made from a sentence is in its share.

    :param key: the key of a translation or a sentence.
    """
    own, parent, origin = sentence.alias("shared"), sentence.alias("shared_parent"), sentence.alias("shared_origin")
    name = func.coalesce(own.c.external_id, parent.c.external_id, origin.c.external_id, "")
    lineage = own.outerjoin(parent, parent.c.id == own.c.parent_id).outerjoin(origin, origin.c.id == parent.c.parent_id)
    if not of_translation:
        return select(name).select_from(lineage).where(own.c.id == key).scalar_subquery()
    pair = translation.alias("shared_pair")
    joined = lineage.join(pair, pair.c.original_id == own.c.id)
    return select(name).select_from(joined).where(pair.c.id == key).scalar_subquery()
