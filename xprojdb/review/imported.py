"""Labels made elsewhere, stored as what an annotator decided about sentences, in the same rows as a review.

They form a campaign without a queue: every sentence with labels counts as finished, and freezing turns it into gold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from xprojdb.db import bulk
from xprojdb.db.tables import campaign, review
from xprojdb.errors import UsageError
from xprojdb.review.campaigns import IMPORTED, Campaign, campaign_of
from xprojdb.review.decisions import ADD, DONE, REJECT, NewDecision, ReviewedSentence, fold, read_decisions, row_values
from xprojdb.review.freezing import Gold
from xprojdb.text.spans import Span

_COLUMNS = (
    "campaign_id", "sentence_id", "reviewer", "at", "action", "old_start", "old_end", "old_label", "start_word",
    "end_word", "label",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredLabels:
    """What storing labels changed.

    :param sentences: how many were given.
    :param added, removed: labels that the annotator did not have before, or no longer has.
    """

    sentences: int
    added: int
    removed: int


@dataclass
class LabelStore:
    """Stores the labels of one annotator, in blocks, in a write transaction.

    :param empty: whether the annotator has not decided anything in this campaign before.
    :param gold: what was stored so far, if nobody has decided anything in this campaign before.
    :param labels: the labels stored so far.
    """

    connection: Connection
    campaign_id: int
    annotator: str
    empty: bool
    existing: frozenset[str]
    gold: Gold | None
    labels: set[str] = field(default_factory=set)

    @classmethod
    def open(cls, connection: Connection, name: str, annotator: str) -> LabelStore:
        """The store of a campaign, which is created if it does not exist.

        :raises UsageError: when the name is that of a campaign with a queue.
        """
        key, existing = _campaign(connection, name)
        reviewed = select(review.c.id).where(review.c.campaign_id == key).limit(1)
        unseen = connection.execute(reviewed).first() is None
        empty = unseen or connection.execute(reviewed.where(review.c.reviewer == annotator)).first() is None
        return cls(connection, key, annotator, empty, existing, Gold() if unseen else None)

    def add(self, sentences: Mapping[int, Sequence[Span]]) -> StoredLabels:
        """Store all labels of some sentences, by their keys; each sentence only once in the life of a store."""
        keys, now = sorted(sentences), datetime.now(UTC).isoformat(timespec="seconds")
        states = {} if self.empty else _states(self.connection, self.campaign_id, self.annotator, keys)
        rows: list[tuple[object, ...]] = []
        added = removed = 0
        for key in keys:
            spans, head = sentences[key], (self.campaign_id, key, self.annotator, now)
            if key not in states:
                new = sorted(set(spans))
                rows += [(*head, ADD, None, None, None, *span) for span in new]
                added += len(new)
                rows.append((*head, DONE, *_NOTHING))
                if self.gold is not None:
                    self.gold.add(key, new)
            else:
                changes = list(_changes(states[key], spans))
                rows += [_row(self.campaign_id, key, self.annotator, now, change) for change in changes]
                added += sum(change.action == ADD for change in changes)
                removed += sum(change.action == REJECT for change in changes)
            self.labels.update([span.label for span in spans])
        bulk.insert(self.connection, review, _COLUMNS, rows)
        return StoredLabels(len(sentences), added, removed)

    def close(self) -> Campaign:
        """Store which labels the campaign has, and return it."""
        names = json.dumps(sorted(self.labels | self.existing), ensure_ascii=False)
        here = campaign.c.id == self.campaign_id
        if not self.labels <= self.existing:
            self.connection.execute(update(campaign).where(here).values(labels=names))
        return campaign_of(self.connection.execute(select(campaign).where(here)).one())


_NOTHING = (None,) * 6


def _campaign(connection: Connection, name: str) -> tuple[int, frozenset[str]]:
    row = connection.execute(select(campaign).where(campaign.c.name == name)).first()
    if row is None:
        values = {
            "name": name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "query": "{}",
            "ordering": IMPORTED,
            "seed": 0,
            "labels": "[]",
            "redundancy": 1,
        }
        key = connection.execute(insert(campaign).values(values).returning(campaign.c.id)).scalar_one()
        return int(key), frozenset()
    if row.ordering != IMPORTED:
        hint = "choose another name: reviews made on the pages are kept separate"
        raise UsageError(f"{name} is a campaign with a queue", hint=hint, campaign=name)
    return int(row.id), frozenset(json.loads(row.labels))


def _states(connection: Connection, key: int, annotator: str, keys: Sequence[int]) -> dict[int, ReviewedSentence]:
    rows = read_decisions(connection, key, reviewer=annotator, sentences=keys)
    by_sentence: dict[int, list[int]] = {}
    for place, decision in enumerate(rows):
        by_sentence.setdefault(decision.sentence_id, []).append(place)
    return {sentence_id: fold((), (rows[place] for place in places)) for sentence_id, places in by_sentence.items()}


def _changes(state: ReviewedSentence, spans: Sequence[Span]) -> Iterator[NewDecision]:
    target, standing = set(spans), state.standing
    for about, now in standing.items():
        if now not in target:
            yield NewDecision(REJECT, about)
    for span in sorted(target.difference(standing.values())):
        yield NewDecision(ADD, None, span)
    if state.state != DONE:
        yield NewDecision(DONE)


def _row(key: int, sentence_id: int, annotator: str, now: str, new: NewDecision) -> tuple[object, ...]:
    values = {"campaign_id": key, "sentence_id": sentence_id, "reviewer": annotator, "at": now, **row_values(new)}
    return tuple(values[name] for name in _COLUMNS)
