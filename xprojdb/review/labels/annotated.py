"""Read the labels of annotators for the sentences of a set, in blocks: sets may be as large as corpora."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import review
from xprojdb.review.decisions import ADD, DONE, REJECT
from xprojdb.text.spans import Span

#: decisions read at a time
BLOCK = 20_000
Row = tuple[int, str, int | None, int | None, str | None, int | None, int | None, str | None]


def read_annotated(connection: Connection, campaign_id: int) -> Iterator[tuple[int, dict[str, list[Span]]]]:
    """The sentences of a set, ascending, with the labels of each annotator who finished them."""
    own = review.c
    query = select(own.reviewer).where(own.campaign_id == campaign_id).distinct().order_by(own.reviewer)
    names = list(connection.execute(query).scalars())
    streams = (_of_annotator(connection, campaign_id, name) for name in names)
    merged = heapq.merge(*streams, key=itemgetter(0))
    for key, versions in groupby(merged, key=itemgetter(0)):
        yield key, {name: spans for _, name, spans in versions}


def _of_annotator(connection: Connection, campaign_id: int, name: str) -> Iterator[tuple[int, str, list[Span]]]:
    own = review.c
    columns = own.sentence_id, own.action, own.old_start, own.old_end, own.old_label
    query = select(*columns, own.start_word, own.end_word, own.label)
    query = query.where(own.campaign_id == campaign_id, own.reviewer == name).order_by(own.sentence_id, own.id)
    for rows in _whole_sentences(connection, query, own.sentence_id):
        for key, of_sentence in groupby(rows, key=itemgetter(0)):
            standing = _standing(of_sentence)
            if standing is not None:
                yield key, name, standing


def _whole_sentences(connection: Connection, query: object, key: object) -> Iterator[list[Row]]:
    """Blocks of rows that end where a sentence does."""
    cursor, limit = -1, BLOCK
    while True:
        rows: list[Row] = bulk.fetch(connection, query.where(key > cursor).limit(limit))  # type: ignore
        if len(rows) < limit:
            if rows:
                yield rows
            return
        last = rows[-1][0]
        whole = next((n for n in range(len(rows), 0, -1) if rows[n - 1][0] != last), 0)
        if not whole:
            limit *= 2
            continue
        yield rows[:whole]
        cursor, limit = rows[whole - 1][0], BLOCK


def _standing(rows: Iterable[Row]) -> list[Span] | None:
    """The labels after an annotator's rows; None if the sentence is not finished."""
    spans: set[Span] = set()
    finished = False
    for _, action, old_start, old_end, old_label, start, end, label in rows:
        if action == ADD:
            spans.add(Span(start, end, label))  # type: ignore[arg-type]
        elif action == REJECT:
            spans.discard(Span(old_start, old_end, old_label))  # type: ignore[arg-type]
        elif action == DONE:
            finished = True
    return sorted(spans) if finished else None
