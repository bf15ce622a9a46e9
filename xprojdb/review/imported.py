"""Labels that were made elsewhere, put onto stored sentences as what an annotator said: the same rows as a review.

They are a campaign without a queue: every sentence that was given is finished, and freezing makes gold of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from xprojdb.db import Database, bulk
from xprojdb.db.tables import campaign, review
from xprojdb.errors import UsageError
from xprojdb.review.decisions import ADD, DONE, REJECT, NewDecision, ReviewedSentence, fold, read_decisions, row_values
from xprojdb.text.spans import Span

#: the ordering of such a campaign
IMPORTED = "imported"
_COLUMNS = (
    "campaign_id", "sentence_id", "reviewer", "at", "action", "old_start", "old_end", "old_label", "start_word",
    "end_word", "label",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredLabels:
    """What labels changed.

    :param sentences: that were given.
    :param added, removed: labels that the annotator had not, or has no more.
    """

    sentences: int
    added: int
    removed: int


def store_labels(
    database: Database, name: str, annotator: str, sentences: Mapping[int, Sequence[Span]]
) -> StoredLabels:
    """Store what an annotator says of some sentences; the same again adds no row.

    :param name: of the campaign, made when there is none.
    :param sentences: all labels of each, by its key; they lie inside it and do not overlap.
    :raises UsageError: when the name is that of a campaign with a queue.
    """
    with database.write(counted=False) as connection:
        key = _campaign(connection, name, {span.label for spans in sentences.values() for span in spans})
        states = _states(connection, key, annotator, sorted(sentences))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        decisions = [
            (sentence_id, change)
            for sentence_id, spans in sorted(sentences.items())
            for change in _changes(states.get(sentence_id, fold((), ())), spans)
        ]
        rows = [_row(key, sentence_id, annotator, now, each) for sentence_id, each in decisions]
        bulk.insert(connection, review, _COLUMNS, rows)
    actions = [each.action for _, each in decisions]
    return StoredLabels(len(sentences), actions.count(ADD), actions.count(REJECT))


def _campaign(connection: Connection, name: str, labels: set[str]) -> int:
    row = connection.execute(select(campaign).where(campaign.c.name == name)).first()
    if row is None:
        values = {
            "name": name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "query": "{}",
            "ordering": IMPORTED,
            "seed": 0,
            "labels": json.dumps(sorted(labels), ensure_ascii=False),
            "redundancy": 1,
        }
        return int(connection.execute(insert(campaign).values(values).returning(campaign.c.id)).scalar_one())
    if row.ordering != IMPORTED:
        hint = "choose another name: what is reviewed on the page stays apart"
        raise UsageError(f"{name} is a campaign with a queue", hint=hint, campaign=name)
    known = set(json.loads(row.labels))
    if not labels <= known:
        told = json.dumps(sorted(labels | known), ensure_ascii=False)
        connection.execute(update(campaign).where(campaign.c.id == row.id).values(labels=told))
    return int(row.id)


def _states(connection: Connection, key: int, annotator: str, keys: Sequence[int]) -> dict[int, ReviewedSentence]:
    rows = read_decisions(connection, key, reviewer=annotator, sentences=keys)
    by_sentence: dict[int, list[int]] = {}
    for place, each in enumerate(rows):
        by_sentence.setdefault(each.sentence_id, []).append(place)
    return {sentence_id: fold((), (rows[place] for place in places)) for sentence_id, places in by_sentence.items()}


def _changes(state: ReviewedSentence, spans: Sequence[Span]) -> Iterator[NewDecision]:
    wanted, standing = set(spans), state.standing
    for about, now in standing.items():
        if now not in wanted:
            yield NewDecision(REJECT, about)
    for span in sorted(wanted.difference(standing.values())):
        yield NewDecision(ADD, None, span)
    if state.state != DONE:
        yield NewDecision(DONE)


def _row(key: int, sentence_id: int, annotator: str, now: str, new: NewDecision) -> tuple[object, ...]:
    values = {"campaign_id": key, "sentence_id": sentence_id, "reviewer": annotator, "at": now, **row_values(new)}
    return tuple(values[name] for name in _COLUMNS)
