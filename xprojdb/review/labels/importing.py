"""Import labels: gold, a second annotator's labels or corrections onto sentences that are stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from xprojdb import readers
from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.errors import UsageError
from xprojdb.importing.corpus_files import ImportRefused
from xprojdb.importing.seen import Seen
from xprojdb.readers.notes import Note, Notes
from xprojdb.readers.records import Record
from xprojdb.review.freezing import FrozenReviews, freeze_set
from xprojdb.review.imported import LabelStore
from xprojdb.review.labels.finding import Finder, Match, scopes
from xprojdb.review.labels.placing import place
from xprojdb.text.languages import language
from xprojdb.text.spans import Span

#: rows read and stored at once; bounds the memory of an import
BLOCK = 5_000
_REASONS = {
    "no-sentence": "rows that are no stored sentence, left out",
    "ambiguous": "rows without an id whose words several stored sentences have, left out",
    "other-words": "rows with other words than the stored sentence of their id, left out",
    "no-labels": "rows that nobody has labelled, left out",
    "again": "further rows about a sentence that was read before, left out",
}


@dataclass(frozen=True)
class LabelsFile:
    """A file of labels.

    :param lang: of its sentences, by any code.
    :param name: of the set that the labels are put into.
    :param annotator: whose they are.
    :param corpus: that the sentences are in; None: any.
    :param form: the name of a reader, or ``auto``.
    :param snap: labels that cut a stored word grow to the whole word, and are counted, instead of being refused.
    :param reading: options of the reader.
    """

    path: Path
    lang: str
    name: str
    annotator: str
    corpus: str | None = None
    form: readers.Format = "auto"
    snap: bool = False
    reading: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class LabelsReport:
    """What an import of labels did.

    :param rows: of the file.
    :param sentences: that were found, by words alone those of ``by_words``.
    :param added, removed: labels that the annotator had not given before, or gives no more.
    :param frozen: the step that holds what the annotators of the set agree on; None when that is nothing.
    :param left_out: why rows were left out, and what was mended, by the code of the reason.
    """

    name: str
    annotator: str
    file: str
    rows: int = 0
    sentences: int = 0
    by_words: int = 0
    added: int = 0
    removed: int = 0
    frozen: FrozenReviews | None = None
    left_out: dict[str, Note] = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Whether everything was stored before."""
        return not self.added and not self.removed and self.frozen is not None and self.frozen.known


def import_labels(
    database: Database,
    file: LabelsFile,
    *,
    command: str = "import labels",
    watch: Callable[[int], None] | None = None,
) -> LabelsReport:
    """Put the labels of a file onto stored sentences, and freeze what the annotators of the set agree on.

    A sentence is found by its id, with or without corpus and language in front, or else by its own words. Rows that
    are none are counted. The same labels again add nothing.

    :param watch: told, after each block, how many rows were read.
    :raises ReadError: when the file cannot be read; nothing is stored then.
    :raises ImportRefused: when a label cuts a stored word; fields ``file``, ``line`` and ``external_id``.
    :raises UsageError: when the language is unknown or has no sentences, the name is that of a campaign with a queue,
        or no row is a stored sentence.
    """
    lang, notes = language(file.lang).code, Notes()
    records = readers.read(file.path, lang, file.form, notes, **file.reading)
    report = LabelsReport(file.name, file.annotator, str(file.path))
    with database.write() as connection, bulk.uncollected():
        finder = Finder(connection, scopes(connection, lang, file.corpus))
        store = LabelStore.open(connection, file.name, file.annotator)
        run_id = begin_run(connection, command)
        reading = _Reading(file, finder, notes, report)
        for sentences in reading.blocks(records):
            stored = store.add(sentences)
            report.added += stored.added
            report.removed += stored.removed
            if watch is not None:
                watch(report.rows)
        report.left_out = dict(notes)
        if not report.sentences:
            raise _nothing(file, report)
        report.frozen = freeze_set(connection, store.close())
        if report.unchanged:
            connection.rollback()
        else:
            end_run(connection, run_id, "done", {"sentences": report.sentences, "labels": report.added})
    return report


@dataclass
class _Reading:
    """Rows of a file on their way to the sentences that they are about."""

    file: LabelsFile
    finder: Finder
    notes: Notes
    report: LabelsReport
    seen: Seen = field(default_factory=Seen)

    def blocks(self, records: Iterator[Record]) -> Iterator[dict[int, list[Span]]]:
        """The labels of stored sentences by their keys, block by block."""
        while block := list(islice(records, BLOCK)):
            self.report.rows += len(block)
            yield self._placed(block, self.finder.find(block))

    def _placed(self, block: Sequence[Record], matches: Sequence[Match]) -> dict[int, list[Span]]:
        found: dict[int, list[Span]] = {}
        reasons: Counter[str] = Counter()
        for record, match in zip(block, matches, strict=True):
            spans = self._labels(record, match)
            if isinstance(spans, str):
                self.notes.add(spans, _REASONS[spans], record.line)
                continue
            found[match.key] = spans
            reasons[match.reason] += 1
        self.report.sentences += len(found)
        self.report.by_words += reasons["words"]
        return found

    def _labels(self, record: Record, match: Match) -> list[Span] | str:
        """The labels of a row on the stored words, or why it is left out."""
        if not match.key:
            return match.reason
        if record.entities is None:
            return "no-labels"
        placed = place(record, match.words)
        if placed is None:
            return "other-words"
        if placed.cut:
            self._check_cut(record, placed.cut[0])
        return placed.spans if self.seen.add(match.key) else "again"

    def _check_cut(self, record: Record, span: Span) -> None:
        if self.file.snap:
            self.notes.add("snapped", "labels that cut a stored word and grew to the whole of it", record.line)
            return
        words = " ".join(record.words[span.start : span.end])
        raise ImportRefused(
            f"{self.file.path}:{record.line}: the label {span.label} of {words!r} cuts a word of the stored sentence",
            hint="correct it in the file, or use --snap",
            file=str(self.file.path),
            line=record.line,
            external_id=record.external_id,
            span=span,
        )


def _nothing(file: LabelsFile, report: LabelsReport) -> UsageError:
    told = "; ".join(f"{note.message}: {note.count}" for note in report.left_out.values())
    hint = "name the --corpus and --lang that they belong to; ids are those of the export or of the import"
    message = f"{file.path}: none of {report.rows} rows is a stored sentence ({told})"
    return UsageError(message, hint=hint, file=str(file.path), rows=report.rows, left_out=report.left_out)
