"""Import machine translations of stored sentences made elsewhere, as the translator ``imported:NAME``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection, func, select

from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import outcome, sentence
from xprojdb.digest import canonical_json
from xprojdb.errors import UsageError
from xprojdb.importing.corpus_files import ImportRefused
from xprojdb.importing.onto.finding import Finder, LineFinder, Match, scopes
from xprojdb.importing.onto.reading import BLOCK, REASONS, LaterFile
from xprojdb.importing.seen import Seen
from xprojdb.readers.notes import Note, Notes
from xprojdb.readers.records import Record
from xprojdb.steps.spec import StepSpec, register_step
from xprojdb.steps.stage import Rows
from xprojdb.steps.translate.imported import imported_translations_spec
from xprojdb.steps.translate.sentences import Original, Rendering, read_originals, rendering_of, rendering_rows
from xprojdb.text import translation_quality
from xprojdb.text.languages import language

_OUTCOME = ("step_id", "item_id", "status", "reason", "run_id")


@dataclass(slots=True)
class TranslationsReport:
    """What an import of translations did.

    :param source, lang: the languages of the sentences and of their translations.
    :param rows: rows in the file.
    :param sentences: rows that translate a stored sentence.
    :param added: how many are new.
    :param filtered: how many of these are unusable, by reason code; nothing is projected through them.
    :param pending: how many sentences still have no translation under this name.
    """

    name: str
    source: str
    lang: str
    file: str
    rows: int = 0
    sentences: int = 0
    added: int = 0
    filtered: dict[str, int] = field(default_factory=dict)
    pending: int = 0
    left_out: dict[str, Note] = field(default_factory=dict)


def import_translations(
    database: Database, file: LaterFile, lang: str, name: str, *, command: str = "import translations"
) -> TranslationsReport:
    """Store the sentences of a file as translations of stored ones by the translator ``imported:NAME``.

    Importing the same again adds nothing.

    :param file: a file in the language ``lang``; its own language is that of the sentences that it translates.
    :param lang: the language of the translations, by any of its codes.
    :raises ReadError: when the file cannot be read; then nothing is stored.
    :raises ImportRefused: when another translation of a sentence is stored under the name; fields ``file``, ``line``
        and ``external_id``.
    :raises UsageError: when both languages are the same, the first has no sentences, or no row belongs to a stored one.
    """
    with database.write() as connection, bulk.uncollected():
        report = store_translations(connection, file, lang, name, command)
        if not report.added:
            connection.rollback()
    return report


def store_translations(
    connection: Connection, file: LaterFile, lang: str, name: str, command: str
) -> TranslationsReport:
    """Store them in a write transaction, as a run of its own; see :func:`import_translations`."""
    code, notes = language(lang).code, Notes()
    if code == file.code:
        raise UsageError(f"{code} cannot be translated into {code}", hint="name two languages", lang=code)
    report = TranslationsReport(name, file.code, code, str(file.path))
    spec = imported_translations_spec(name, file.code, code)
    # In this order: an outcome of a run that began before its step was stored would be damage.
    step_id, run_id = register_step(connection, spec), begin_run(connection, command)
    storing = _Storing(connection, file, code, spec, step_id, run_id, notes)
    for records in storing.blocks():
        storing.store(records, report)
    if not report.sentences:
        raise file.nothing(report.rows, notes)
    report.left_out = dict(notes)
    report.pending = storing.pending()
    end_run(connection, run_id, "done", {"translations": report.added})
    return report


@dataclass
class _Storing:
    connection: Connection
    file: LaterFile
    lang: str
    spec: StepSpec
    step_id: int
    run_id: int
    notes: Notes
    seen: Seen = field(default_factory=Seen)

    def __post_init__(self) -> None:
        self.finder = self.file.finder(self.connection)

    def blocks(self) -> Iterator[list[tuple[Record, Match]]]:
        """The rows of the file, with the sentences that they translate."""
        records = self.file.records(self.notes, self.lang)
        while block := list(islice(records, BLOCK)):
            if isinstance(self.finder, Finder):
                yield list(zip(block, self.finder.find(block, words=False), strict=True))
            else:
                yield [(record, self._line(self.finder, record)) for record in block]

    def _line(self, finder: LineFinder, record: Record) -> Match:
        # In a text file, a blank line is a sentence without a translation.
        while self.file.form == "text" and finder.read < record.line - 1:
            finder.next()
        return finder.next()

    def store(self, rows: Sequence[tuple[Record, Match]], report: TranslationsReport) -> None:
        """Store a block of rows."""
        records: dict[int, Record] = {}
        for record, match in rows:
            reason = match.reason if not match.key else None if self.seen.add(match.key) else "again"
            if reason is not None:
                self.notes.add(reason, REASONS[reason], record.line)
            else:
                records[match.key] = record
                if record.entities:
                    self.notes.add(
                        "labels", "labels of translations, which are not read; use import tags for them", record.line
                    )
        report.rows += len(rows)
        report.sentences += len(records)
        originals = read_originals(self.connection, sorted(records)) if records else []
        new = self._unstored(originals, records)
        report.added += len(new)
        self._write([(original, self._rendering(original, records[original.id])) for original in new], report)

    def _rendering(self, original: Original, record: Record) -> Rendering:
        if record.text is not None and record.offsets is None:
            return rendering_of(original, record.text, self.lang)
        return Rendering(original, record.words, record.text, record.offsets)

    def _unstored(self, originals: Sequence[Original], records: dict[int, Record]) -> list[Original]:
        keys = [original.id for original in originals]
        done = select(outcome.c.item_id).where(outcome.c.step_id == self.step_id)
        query = done.where(bulk.among(self.connection, outcome.c.item_id, keys))
        finished = {key for (key,) in bulk.fetch(self.connection, query)}
        if finished:
            self._check_same(sorted(finished), records)
        return [original for original in originals if original.id not in finished]

    def _check_same(self, keys: Sequence[int], records: dict[int, Record]) -> None:
        own = sentence.c
        query = select(own.parent_id, own.words).where(own.step_id == self.step_id)
        query = query.where(bulk.among(self.connection, own.parent_id, keys))
        for key, words in bulk.fetch(self.connection, query):
            record = records[key]
            if canonical_json(list(record.words)) != words:
                raise ImportRefused(
                    f"{self.file.path}:{record.line}: another translation is stored under this name for the sentence",
                    hint="import it under another --name",
                    file=str(self.file.path),
                    line=record.line,
                    external_id=record.external_id,
                )

    def _write(self, translations: Sequence[tuple[Original, Rendering]], report: TranslationsReport) -> None:
        good, outcomes = [], []
        for original, rendering in translations:
            text = rendering.text if rendering.text is not None else " ".join(rendering.words)
            reason = translation_quality.reason(original.running, text, original.lang, self.lang)
            status = "filtered" if reason else "ok"
            outcomes.append((self.step_id, original.id, status, reason, self.run_id))
            if reason is None:
                good.append(rendering)
            else:
                report.filtered[reason] = report.filtered.get(reason, 0) + 1
        first = bulk.next_id(self.connection, sentence)
        for rows in rendering_rows(good, self.lang, self.step_id, self.spec.short, "machine"):
            bulk.insert(self.connection, rows.table, rows.columns, _numbered(rows, first))
        bulk.insert(self.connection, outcome, _OUTCOME, outcomes)

    def pending(self) -> int:
        """How many imported sentences have no translation yet."""
        done = select(outcome.c.item_id).where(outcome.c.step_id == self.step_id, outcome.c.item_id == sentence.c.id)
        corpora = [scope.corpus_id for scope in scopes(self.connection, self.file.code, self.file.corpus)]
        query = select(func.count()).select_from(sentence).where(sentence.c.corpus_id.in_(corpora))
        query = query.where(sentence.c.lang == self.file.code, sentence.c.step_id.is_(None))
        return int(self.connection.execute(query.where(~done.exists())).scalar_one())


def _numbered(rows: Rows, first: int) -> Iterator[tuple[object, ...]]:
    """Rows whose first column counts new sentences, with the keys that these will get."""
    for number, *values in rows.values:
        yield first + number, *values
