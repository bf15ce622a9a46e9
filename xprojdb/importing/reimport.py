"""Compare a file that is imported again with what is stored of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, outcome, sentence
from xprojdb.importing.corpus_files import CorpusFile, ImportRefused
from xprojdb.readers.records import Record
from xprojdb.text.spans import Span

_BLOCK = 5_000


class FileChanged(ImportRefused):
    """A file that was imported before no longer starts with the sentences that were stored."""


class StoredSentence(NamedTuple):
    """A sentence as it was imported; ``entities`` is None if it had no labels."""

    id: int
    external_id: str
    split: str | None
    text: str | None
    words: list[str]
    entities: tuple[Span, ...] | None


def skip_stored(
    connection: Connection, file: CorpusFile, source: Row[Any], gold_step: int, records: Iterator[Record]
) -> int:
    """Skip the stored sentences in ``records``, checking that each is unchanged.

    :param source: the row of ``source_file``.
    :returns: how many are stored; the next record is the first new one.
    :raises FileChanged: at the first difference: a changed sentence, or a file that is shorter than before.
    """
    seen, last_id = 0, 0
    while block := _read_block(connection, source.id, gold_step, last_id):
        again = list(islice(records, len(block)))
        for stored, record in zip(block, again, strict=False):
            seen += 1
            _compare(file, seen, stored, record)
        if len(again) < len(block):
            raise FileChanged(
                f"{file.path} has {seen} sentences; {source.sentences} were stored",
                hint="xprojdb corpus replace corrects a file; another one needs another --part or corpus name",
                file=str(file.path),
                what="length",
                sentences=seen,
                stored=source.sentences,
            )
        last_id = block[-1].id
    return seen


def _compare(file: CorpusFile, number: int, stored: StoredSentence, record: Record) -> None:
    difference = _difference(file, number, stored, record)
    if difference is None:
        return
    what, before, after = difference
    raise FileChanged(
        f"{file.path}, line {record.line}: the {what} of sentence {number} has changed since it was imported: "
        f"{_short(before)} is stored, the file has {_short(after)}",
        hint="xprojdb corpus replace corrects a file; another one needs another --part or corpus name",
        file=str(file.path),
        line=record.line,
        sentence=number,
        what=what,
        stored=before,
        found=after,
    )


def _difference(
    file: CorpusFile, number: int, stored: StoredSentence, record: Record
) -> tuple[str, str | None, str | None] | None:
    if stored.words != list(record.words):
        return "words", " ".join(stored.words), " ".join(record.words)
    if stored.entities != record.entities:
        return "labels", _spans_text(stored.entities), _spans_text(record.entities)
    external_id, split = file.id_of(record, number), file.split_of(record)
    if stored.external_id != external_id:
        return "id", stored.external_id, external_id
    if stored.split != split:
        return "split", stored.split, split
    return ("text", stored.text, record.text) if stored.text != record.text else None


def _short(value: str | None) -> str:
    shown = "none" if value is None else repr(value)
    return shown if len(shown) <= 100 else f"{shown[:99]}…"


def _spans_text(entities: tuple[Span, ...] | None) -> str:
    if entities is None:
        return "no labels"
    return ", ".join(f"{span.label} {span.start}-{span.end}" for span in entities) or "no entities"


def is_same(file: CorpusFile, stored: StoredSentence, record: Record) -> bool:
    """Whether a sentence, which has an id, is as it was imported."""
    return _difference(file, 0, stored, record) is None


def read_stored(connection: Connection, file_id: int, gold_step: int, ids: Sequence[str]) -> list[StoredSentence]:
    """The stored sentences of a file that have some ids."""
    query = _query(file_id, gold_step).where(bulk.among_texts(connection, sentence.c.external_id, ids))
    return _stored(connection, query, gold_step)


def _read_block(connection: Connection, file_id: int, gold_step: int, after: int) -> list[StoredSentence]:
    query = _query(file_id, gold_step).where(sentence.c.id > after).order_by(sentence.c.id).limit(_BLOCK)
    return _stored(connection, query, gold_step)


def _query(file_id: int, gold_step: int) -> Select[Any]:
    labelled = outcome.c.item_id.is_not(None)
    return (
        select(sentence.c.id, sentence.c.external_id, sentence.c.split, sentence.c.text, sentence.c.words, labelled)
        .outerjoin(outcome, (outcome.c.step_id == gold_step) & (outcome.c.item_id == sentence.c.id))
        .where(sentence.c.source_file_id == file_id)
    )


def _stored(connection: Connection, query: Select[Any], gold_step: int) -> list[StoredSentence]:
    rows = bulk.fetch(connection, query)
    spans = _read_entities(connection, gold_step, [row[0] for row in rows])
    return [
        StoredSentence(key, external_id, split, text, json.loads(words), tuple(spans.get(key, ())) if gold else None)
        for key, external_id, split, text, words, gold in rows
    ]


def _read_entities(connection: Connection, gold_step: int, keys: list[int]) -> dict[int, list[Span]]:
    query = (
        select(entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
        .where(entity.c.step_id == gold_step, bulk.among(connection, entity.c.sentence_id, keys))
        .order_by(entity.c.sentence_id, entity.c.ordinal)
    )
    spans: dict[int, list[Span]] = {}
    for key, start, end, label in bulk.fetch(connection, query):
        spans.setdefault(key, []).append(Span(start, end, label))
    return spans
