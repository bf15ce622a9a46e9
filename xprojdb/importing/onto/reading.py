"""Rows of a file on their way to the stored sentences that they are about."""

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

#: rows read and stored at once; bounds the memory of an import
BLOCK = 5_000
By = Literal["id", "line"]
REASONS = {
    "no-sentence": "rows that are no stored sentence, left out",
    "ambiguous": "rows whose id is unknown and whose words several stored sentences have, left out",
    "other-words": "rows with other words than the stored sentence of their id, left out",
    "no-labels": "rows that nobody has labelled, left out",
    "again": "further rows about a sentence that was read before, left out",
}


@dataclass(frozen=True)
class LaterFile:
    """A file about sentences that are stored.

    :param lang: of these sentences, by any code.
    :param corpus: that they are in; None: any.
    :param part: of the corpus, where rows are in the order of the import.
    :param form: the name of a reader, or ``auto``.
    :param by: ``id``: rows are found by their ids, or else by their words; ``line``: the first row is the first
        sentence of the import, and so on.
    :param snap: labels that cut a stored word grow to the whole word, and are counted, instead of being refused.
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
        """Its rows.

        :param lang: the language that they are written in, where it is another one.
        """
        return readers.read(self.path, lang or self.code, self.form, notes, **self.reading)

    def finder(self, connection: Connection) -> Finder | LineFinder:
        """What finds the sentences of its rows.

        :raises UsageError: when there are none in the language.
        """
        within = scopes(connection, self.code, self.corpus)
        if self.by == "id":
            return Finder(connection, within)
        if len(within) > 1:
            names = ", ".join(scope.corpus for scope in within)
            raise UsageError(f"rows are lines of one corpus, and there are {names}", hint="name the --corpus")
        return LineFinder(connection, within[0], self.part)

    def nothing(self, rows: int, notes: Notes) -> UsageError:
        """What a file is refused with that is about nothing that is stored."""
        told = "; ".join(f"{note.message}: {note.count}" for _, note in notes)
        hint = "name the --corpus and --lang that they belong to; ids are those of the export or of the import"
        message = f"{self.path}: none of {rows} rows is a stored sentence ({told})"
        return UsageError(message, hint=hint, file=str(self.path), rows=rows, left_out=dict(notes))


@dataclass
class LabelReading:
    """Labels of a file, as labels of stored sentences.

    :param notes: why rows were left out, and what was mended, are counted in it.
    :ivar rows: read so far.
    :ivar sentences: that were found, by words alone those of ``by_words``.
    """

    file: LaterFile
    finder: Finder | LineFinder
    notes: Notes
    rows: int = 0
    sentences: int = 0
    by_words: int = 0
    seen: Seen = field(default_factory=Seen)

    def blocks(self) -> Iterator[tuple[dict[int, list[Span]], dict[int, Record]]]:
        """The labels of stored sentences by their keys, block by block, and the rows that they are from.

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
        found: dict[int, list[Span]] = {}
        whence: dict[int, Record] = {}
        reasons: Counter[str] = Counter()
        for record, match in zip(block, matches, strict=True):
            spans = self._labels(record, match)
            if isinstance(spans, str):
                self.notes.add(spans, REASONS[spans], record.line)
                continue
            found[match.key], whence[match.key] = spans, record
            reasons[match.reason] += 1
        self.sentences += len(found)
        self.by_words += reasons["words"]
        return found, whence

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
