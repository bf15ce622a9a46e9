"""What an import or a join added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.corrections import note_lines
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from xprojdb.importing.alignments import AlignmentReport
    from xprojdb.importing.files import FileReport, ImportReport
    from xprojdb.importing.onto.translations import TranslationsReport


class ImportResult(ReportResult):
    """What an import added; a row is a file."""

    report: ImportReport
    #: machine translations of the sentences, by file
    translations: Sequence[TranslationsReport] = ()

    def to_dict(self) -> list[Row]:
        """A row for each file: its sentences, how many sentences and entities are new, and how much was repaired."""
        return [
            {**asdict(file), "notes": sum(note.count for note in file.notes.values())} for file in self.report.files
        ]

    def __rich__(self) -> RenderableType:
        shown = table("file", "language", "part", "sentences>", "new>", "new entities>")
        for file in self.report.files:
            numbers = (str(file.sentences), str(file.added), str(file.entities))
            shown.add_row(Path(file.path).name, file.lang, file.part, *numbers)
        for translated in self.translations:
            origin = f"{translated.lang} by {translated.name}"
            shown.add_row(Path(translated.file).name, origin, "", str(translated.sentences), str(translated.added), "0")
        links = [Text(f"{self.report.links} new links between translations")] if self.report.links else []
        added = self.report.added or self.report.links or any(translated.added for translated in self.translations)
        nothing = [] if added else [Text("nothing new")]
        return Group(shown, *map(Text, [*_notes(self.report.files), *self._pending()]), *links, *nothing)

    def _pending(self) -> list[str]:
        return [
            line
            for translated in self.translations
            for line in (
                *note_lines(translated.file, translated.left_out),
                *(
                    f"{translated.lang}: filtered because of {reason}: {n:,}"
                    for reason, n in translated.filtered.items()
                ),
                *(
                    [f"{translated.pending:,} sentences have no translation by {translated.name} yet"]
                    if translated.pending
                    else []
                ),
            )
        ]


def _notes(files: Sequence[FileReport]) -> list[str]:
    """What was left out or repaired; once if it is the same for all languages of a file."""
    lines = []
    for file in files:
        for note in file.notes.values():
            place = f", the first at line {note.line}" if note.line is not None else ""
            lines.append(f"{Path(file.path).name}: {note.message}: {note.count}{place}")
    return list(dict.fromkeys(lines))


class AlignmentsResult(ReportResult):
    """What an import of word alignments added."""

    report: AlignmentReport

    def to_dict(self) -> list[Row]:
        """One row: the name, the lines of the file, how many are new, and their links."""
        return [asdict(self.report)]

    def __rich__(self) -> RenderableType:
        report = self.report
        return Text(f"{report.name}: {report.lines} translations, {report.added} new, with {report.links} links")


@dataclass(frozen=True, slots=True)
class JoinReport:
    """What a join added.

    :param added: new translations.
    """

    corpus: str
    langs: list[str]
    added: int


class JoinResult(ReportResult):
    """How many sentences of a corpus were joined as translations of each other."""

    report: JoinReport

    def to_dict(self) -> list[Row]:
        """One row: the corpus, the languages, and how many translations are new."""
        return [{**asdict(self.report), "langs": ",".join(self.report.langs)}]

    def __rich__(self) -> RenderableType:
        report = self.report
        return Text(f"{report.corpus}: {report.added} new links between {', '.join(report.langs)}")
