"""Read the rows of a file for the stored sentences that they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection

from xprojdb import readers
from xprojdb.errors import UsageError
from xprojdb.importing.corpus_files import ImportRefused
from xprojdb.importing.onto.finding import Finder, LineFinder, Match, scopes
from xprojdb.importing.onto.placing import place
from xprojdb.importing.seen import Seen
from xprojdb.readers.notes import Notes
from xprojdb.readers.records import Record
from xprojdb.text.languages import language
from xprojdb.text.spans import Span

#: rows read and stored at a time, which bounds the memory of an import
BLOCK = 5_000
By = Literal["id", "line"]
REASONS = {
    "no-sentence": "rows without a stored sentence, left out",
    "ambiguous": "rows with an unknown id whose words occur in several stored sentences, left out",
    "other-words": "rows whose words differ from the stored sentence with their id, left out",
    "no-labels": "rows that nobody has labelled, left out",
    "again": "further rows for a sentence that was already read, left out",
}


@dataclass(frozen=True)
class LaterFile:
    """A file about stored sentences.

    :param lang: of the sentences, by any of its codes.
    :param corpus: of the sentences; None: any.
    :param part: of the corpus, if rows are in import order.
    :param form: the name of a reader, or ``auto``.
    :param by: ``id``: rows are matched by their ids, otherwise by their words; ``line``: the first row belongs to the
        first sentence of the import, and so on.
    :param snap: extend labels that cut a stored word to the whole word, and count them, instead of refusing them.
    :param reading: options of the reader.
    """

    path: Path
    lang: str
    corpus: str | None = None
    part: str | None = None
    form: readers.Format = "auto"
    by: By = "id"
    snap: bool = False
    reading: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The stored code of its language."""
        return language(self.lang).code

    def records(self, notes: Notes, lang: str | None = None) -> Iterator[Record]:
        """The rows of the file.

        :param lang: the language of its text, if it is another one.
        """
        return readers.read(self.path, lang or self.code, self.form, notes, **self.reading)

    def finder(self, connection: Connection) -> Finder | LineFinder:
        """An object that finds the sentences of the rows.

        :raises UsageError: when there are none in the language.
        """
        within = scopes(connection, self.code, self.corpus)
        if self.by == "id":
            return Finder(connection, within)
        if len(within) > 1:
            names = ", ".join(scope.corpus for scope in within)
            raise UsageError(
                f"line order needs a single corpus, but there are {names}", hint="choose one with --corpus"
            )
        return LineFinder(connection, within[0], self.part)

    def nothing(self, rows: int, notes: Notes) -> UsageError:
        """The error for a file without any row for a stored sentence."""
        reasons = "; ".join(f"{note.message}: {note.count}" for _, note in notes)
        hint = "check --corpus and --lang; ids must be those of the import or the export"
        message = f"{self.path}: none of the {rows} rows belongs to a stored sentence ({reasons})"
        return UsageError(message, hint=hint, file=str(self.path), rows=rows, left_out=dict(notes))


@dataclass
class LabelReading:
    """Converts the labels of a file to labels of stored sentences.

    :param notes: counts why rows were left out, and what was repaired.
    :ivar rows: how many were read so far.
    :ivar sentences: how many were found, of which ``by_words`` by their words only.
    """

    file: LaterFile
    finder: Finder | LineFinder
    notes: Notes
    rows: int = 0
    sentences: int = 0
    by_words: int = 0
    seen: Seen = field(default_factory=Seen)

    def blocks(self) -> Iterator[tuple[dict[int, list[Span]], dict[int, Record]]]:
        """The labels of stored sentences by key, block by block, and the rows they come from.

        :raises ReadError: when the file cannot be read.
        :raises ImportRefused: when a label cuts a stored word; fields ``file``, ``line`` and ``external_id``.
        """
        records = self.file.records(self.notes)
        while block := list(islice(records, BLOCK)):
            self.rows += len(block)
            yield self._placed(block, self.finder.find(block))

    def _placed(
        self, block: Sequence[Record], matches: Sequence[Match]
    ) -> tuple[dict[int, list[Span]], dict[int, Record]]:
        labels: dict[int, list[Span]] = {}
        records: dict[int, Record] = {}
        reasons: Counter[str] = Counter()
        for record, match in zip(block, matches, strict=True):
            spans = self._labels(record, match)
            if isinstance(spans, str):
                self.notes.add(spans, REASONS[spans], record.line)
                continue
            labels[match.key], records[match.key] = spans, record
            reasons[match.reason] += 1
        self.sentences += len(labels)
        self.by_words += reasons["words"]
        return labels, records

    def _labels(self, record: Record, match: Match) -> list[Span] | str:
        """The labels of a row on the stored words, or the reason why it is left out."""
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
            self.notes.add("snapped", "labels that cut a stored word, extended to the whole word", record.line)
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
