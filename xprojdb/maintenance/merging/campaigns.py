"""Merge campaigns and reviews: a campaign in both databases gets the decisions of both."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from xprojdb.db import tables as t
from xprojdb.maintenance.merging.keys import Known, Row, number, rows_of
from xprojdb.maintenance.merging.records import Records, free_name

#: what makes two campaigns of one name the same
_SAME = ("created_at", "query", "ordering", "seed", "redundancy")
_REVIEW = (
    "campaign_id", "sentence_id", "reviewer", "at", "action", "old_start", "old_end", "old_label", "start_word",
    "end_word", "label", "seconds", "note",
)  # fmt: skip


def merge_campaigns(records: Records) -> None:
    """Merge campaigns with their queues, and the decisions of reviewers.

    One with the same name that was drawn differently is stored under another name.
    """
    rows = records.connection.execute(select(t.campaign)).mappings()
    campaigns: dict[str, Row] = {row["name"]: dict(row) for row in rows}
    keys = {}
    for row in rows_of(records.connection, records.source, "campaign"):
        key = _merge_campaign(records, row, campaigns)
        if key is not None:
            keys[row["id"]] = key
    _merge_reviews(records, keys)


def _merge_campaign(records: Records, row: Row, campaigns: dict[str, Row]) -> int | None:
    there = next((item for item in campaigns.values() if _is_same(row, item)), None)
    if there is not None:
        return int(there["id"])
    items = records.source.name("campaign_item")
    own = f"FROM {items} AS r WHERE r.campaign_id = {int(row['id'])}"
    queue = _queue(records, row["id"])
    if len(queue) != number(records.connection, f"SELECT count(*) {own}"):
        # The step that it was drawn from is not merged.
        records.kept["campaign"] += 1
        return None
    name = row["name"] if row["name"] not in campaigns else free_name(row["name"], set(campaigns))
    if name != row["name"]:
        records.notes.append(
            f"the campaign {row['name']} was drawn otherwise here: that of the source is called {name}"
        )
    step = None if row["step_id"] is None else records.steps[row["step_id"]]
    key = records.add(t.campaign, {**row, "name": name, "step_id": step})
    campaigns[name] = {**row, "name": name, "id": key}
    records.added["campaign_item"] += len(queue)
    if queue:
        records.connection.execute(t.campaign_item.insert(), [{**item, "campaign_id": key} for item in queue])
    return key


def _is_same(row: Row, there: Row) -> bool:
    named = there["name"] == row["name"] or there["name"].startswith(f"{row['name']}-")
    return named and all(row[name] == there[name] for name in _SAME)


def _queue(records: Records, campaign: int) -> list[dict[str, Any]]:
    result = records.connection.exec_driver_sql(
        "SELECT r.rank, s.new AS sentence_id, t.new AS translation_id, r.probability"
        f" FROM {records.source.name('campaign_item')} AS r JOIN map_sentence AS s ON s.old = r.sentence_id"
        f" JOIN map_translation AS t ON t.old = r.translation_id WHERE r.campaign_id = {int(campaign)} ORDER BY r.rank"
    )
    return [dict(row) for row in result.mappings()]


def _merge_reviews(records: Records, campaigns: dict[int, int]) -> None:
    matching = Known(records.connection, t.review, _REVIEW)
    keys: dict[int, int] = {}
    sentences = _sentences(records)
    for row in rows_of(records.connection, records.source, "review"):
        if row["campaign_id"] not in campaigns or row["sentence_id"] not in sentences:
            records.kept["review"] += 1
            continue
        mapped = {
            **row,
            "campaign_id": campaigns[row["campaign_id"]],
            "sentence_id": sentences[row["sentence_id"]],
            "seen_step_id": None if row["seen_step_id"] is None else records.steps[row["seen_step_id"]],
            "undone_id": None if row["undone_id"] is None else keys[row["undone_id"]],
        }
        there = matching.take(mapped)
        keys[row["id"]] = records.add(t.review, mapped) if there is None else there["id"]


def _sentences(records: Records) -> dict[int, int]:
    """The keys of the sentences that were reviewed."""
    reviews = records.source.name("review")
    query = f"SELECT m.old, m.new FROM map_sentence AS m WHERE m.old IN (SELECT sentence_id FROM {reviews})"
    return dict(tuple(row) for row in records.connection.exec_driver_sql(query))
