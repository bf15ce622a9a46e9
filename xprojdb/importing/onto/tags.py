"""Import the predictions of another program as the tagger ``imported:NAME``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import entity, outcome, sentence
from xprojdb.importing.corpus_files import ImportRefused
from xprojdb.importing.onto.finding import scopes
from xprojdb.importing.onto.reading import LabelReading, LaterFile
from xprojdb.readers.notes import Note, Notes
from xprojdb.readers.records import Record
from xprojdb.steps.spec import register_step
from xprojdb.steps.tag.imported import imported_tags_spec
from xprojdb.text.spans import Span

_ENTITY = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
_OUTCOME = ("step_id", "item_id", "status", "reason", "run_id")


@dataclass(slots=True)
class TagsReport:
    """What an import of predictions did.

    :param rows: rows in the file.
    :param sentences: how many were found, of which ``by_words`` by their words only.
    :param added: how many had no predictions under this name before.
    :param entities: how many entities those have.
    :param pending: how many sentences of the language, in the corpora searched, still have no predictions.
    """

    name: str
    lang: str
    file: str
    rows: int = 0
    sentences: int = 0
    by_words: int = 0
    added: int = 0
    entities: int = 0
    pending: int = 0
    left_out: dict[str, Note] = field(default_factory=dict)


def import_tags(database: Database, file: LaterFile, name: str, *, command: str = "import tags") -> TagsReport:
    """Store the entities of a file as predictions of the tagger ``imported:NAME`` for stored sentences.

    Sentences may be imported ones or machine translations. Importing the same again adds nothing.

    :raises ReadError: when the file cannot be read; then nothing is stored.
    :raises ImportRefused: when a label cuts a stored word, or other entities are stored under the name for a sentence;
        fields ``file``, ``line`` and ``external_id``.
    :raises UsageError: when the language has no sentences, or no row belongs to a stored one.
    """
    notes, spec = Notes(), imported_tags_spec(name, file.code)
    report = TagsReport(name, file.code, str(file.path))
    with database.write() as connection, bulk.uncollected():
        reading = LabelReading(file, file.finder(connection), notes)
        step_id, run_id = register_step(connection, spec), begin_run(connection, command)
        for sentences, records in reading.blocks():
            new = _unstored(connection, file, step_id, sentences, records)
            report.added += len(new)
            report.entities += _write(connection, step_id, run_id, new)
        if not reading.sentences:
            raise file.nothing(reading.rows, notes)
        report.rows, report.sentences, report.by_words = reading.rows, reading.sentences, reading.by_words
        report.left_out = dict(notes)
        report.pending = _pending(connection, file, step_id)
        if report.added:
            end_run(connection, run_id, "done", {"sentences": report.added, "entities": report.entities})
        else:
            connection.rollback()
    return report


def _unstored(
    connection: Connection,
    file: LaterFile,
    step_id: int,
    sentences: Mapping[int, Sequence[Span]],
    records: Mapping[int, Record],
) -> dict[int, Sequence[Span]]:
    """The new ones; refuses those whose entities differ from what is stored."""
    keys = sorted(sentences)
    done = outcome.select().with_only_columns(outcome.c.item_id).where(outcome.c.step_id == step_id)
    finished = {key for (key,) in bulk.fetch(connection, done.where(bulk.among(connection, outcome.c.item_id, keys)))}
    stored: dict[int, list[Span]] = {key: [] for key in finished}
    if finished:
        columns = (entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
        query = entity.select().with_only_columns(*columns).where(entity.c.step_id == step_id)
        query = query.where(bulk.among(connection, entity.c.sentence_id, sorted(finished)))
        for key, *span in bulk.fetch(connection, query.order_by(entity.c.sentence_id, entity.c.ordinal)):
            stored[key].append(Span(*span))
    for key in sorted(finished):
        if stored[key] != sorted(sentences[key]):
            raise _differs(file, records[key])
    return {key: sentences[key] for key in keys if key not in finished}


def _differs(file: LaterFile, record: Record) -> ImportRefused:
    return ImportRefused(
        f"{file.path}:{record.line}: different entities are stored under this name for the sentence",
        hint="import them under another --name",
        file=str(file.path),
        line=record.line,
        external_id=record.external_id,
    )


def _write(connection: Connection, step_id: int, run_id: int, new: Mapping[int, Sequence[Span]]) -> int:
    rows = [(step_id, key, n, *span) for key, spans in new.items() for n, span in enumerate(sorted(spans))]
    bulk.insert(connection, entity, _ENTITY, rows)
    done = ((step_id, key, "ok", None, run_id) if spans else (step_id, key, "empty", "no-entities", run_id)
            for key, spans in new.items())  # fmt: skip
    bulk.insert(connection, outcome, _OUTCOME, done)
    return len(rows)


def _pending(connection: Connection, file: LaterFile, step_id: int) -> int:
    """How many imported sentences have no predictions yet."""
    done = select(outcome.c.item_id).where(outcome.c.step_id == step_id, outcome.c.item_id == sentence.c.id)
    corpora = [scope.corpus_id for scope in scopes(connection, file.code, file.corpus)]
    query = select(func.count()).select_from(sentence)
    query = query.where(sentence.c.corpus_id.in_(corpora), sentence.c.lang == file.code, sentence.c.step_id.is_(None))
    return int(connection.execute(query.where(~done.exists())).scalar_one())
