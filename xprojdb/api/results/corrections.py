"""Results of importing data for stored sentences, and of correcting a corpus."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprojdb.exports.plain_text import TextReport
    from xprojdb.importing.onto.tags import TagsReport
    from xprojdb.importing.onto.translations import TranslationsReport
    from xprojdb.maintenance.errata.withdrawal import ErrataReport
    from xprojdb.readers.notes import Note
    from xprojdb.review.labels.importing import LabelsReport


class LabelsResult(ReportResult):
    """What an import of labels did."""

    report: LabelsReport

    def to_dict(self) -> list[Row]:
        """One row: the set, the annotator, rows and sentences, labels that are new or gone, and what was left out."""
        row = asdict(self.report)
        frozen = self.report.frozen
        return [
            {
                **{key: value for key, value in row.items() if key not in ("frozen", "left_out")},
                "gold_sentences": frozen.sentences if frozen else 0,
                "disputed": frozen.disputed if frozen else None,
                "left_out": sum(note.count for note in self.report.left_out.values()),
            }
        ]

    def __rich__(self) -> RenderableType:
        return Group(*map(Text, self._lines()))

    def _lines(self) -> list[str]:
        report = self.report
        words = f" ({report.by_words:,} by their words)" if report.by_words else ""
        lines = [f"{report.name}: {report.sentences:,} of {report.rows:,} rows belong to stored sentences{words}"]
        lines.append(f"{report.annotator}: {report.added:,} labels added, {report.removed:,} removed")
        lines += note_lines(report.file, report.left_out)
        return [*lines, *self._gold()]

    def _gold(self) -> list[str]:
        report, frozen = self.report, self.report.frozen
        if frozen is None:
            hint = f"xprojdb review freeze {report.name} --prefer ANNOTATOR"
            return [f"the annotators do not agree on any sentence; {hint} freezes the labels of one"]
        lines = [f"gold {report.name}: {frozen.sentences:,} sentences, {frozen.labels:,} labels"]
        if frozen.disputed:
            lines.append(f"{frozen.disputed:,} sentences are not gold because annotators disagree:")
            lines.append(f"  xprojdb review agreement {report.name}; xprojdb review freeze {report.name} --prefer NAME")
        return lines


class TagsResult(ReportResult):
    """What an import of predictions did."""

    report: TagsReport

    def to_dict(self) -> list[Row]:
        """One row: the name, rows and sentences, those that are new and their entities, and what is pending."""
        return [{**asdict(self.report), "left_out": sum(note.count for note in self.report.left_out.values())}]

    def __rich__(self) -> RenderableType:
        report = self.report
        words = f" ({report.by_words:,} by their words)" if report.by_words else ""
        lines = [f"{report.sentences:,} of {report.rows:,} rows belong to stored sentences{words}"]
        lines.append(f"imported:{report.name}: {report.added:,} sentences are new, with {report.entities:,} entities")
        lines += note_lines(report.file, report.left_out)
        if report.pending:
            lines.append(f"{report.pending:,} {report.lang} sentences have no predictions by {report.name} yet")
        return Group(*map(Text, lines))


class TranslationsResult(ReportResult):
    """What an import of translations did."""

    report: TranslationsReport

    def to_dict(self) -> list[Row]:
        """One row: the name, the languages, rows and sentences, and how many are new, filtered and pending."""
        row = asdict(self.report)
        left = sum(note.count for note in self.report.left_out.values())
        return [{**row, "filtered": sum(self.report.filtered.values()), "left_out": left}]

    def __rich__(self) -> RenderableType:
        report = self.report
        lines = [f"{report.sentences:,} of {report.rows:,} rows translate stored sentences"]
        lines.append(f"imported:{report.name}: {report.added:,} translations {report.source} → {report.lang} are new")
        lines += [f"filtered because of {reason}: {count:,}" for reason, count in report.filtered.items()]
        lines += note_lines(report.file, report.left_out)
        if report.pending:
            lines.append(f"{report.pending:,} {report.source} sentences have no translation by {report.name} yet")
        return Group(*map(Text, lines))


class TextResult(ReportResult):
    """What was written as text."""

    report: TextReport

    def to_dict(self) -> list[Row]:
        """One row: the file and its sentences."""
        return [asdict(self.report)]

    def __rich__(self) -> RenderableType:
        return Text(f"{self.report.file}: {self.report.sentences:,} sentences")


class ErrataResult(ReportResult):
    """The result of correcting a corpus; a row is a table.

    :param dry_run: whether nothing was changed.
    """

    report: ErrataReport

    def __init__(self, report: ErrataReport, dry_run: bool) -> None:
        super().__init__(report)
        self.dry_run = dry_run

    def to_dict(self) -> list[Row]:
        """A row for each table, with how many of its rows were deleted."""
        return [{"table": name, "rows": rows} for name, rows in sorted(self.report.rows.items())]

    def __rich__(self) -> RenderableType:
        report, would = self.report, "would be " if self.dry_run else ""
        shown = table("table", "rows>")
        for row in self.to_dict():
            shown.add_row(row["table"], f"{row['rows']:,}")
        counts = {"withdrawn": report.withdrawn, "replaced": report.replaced, "added": report.added}
        summary = ", ".join(f"{count:,} {would}{name}" for name, count in counts.items() if count) or "nothing changed"
        more = [Text(f"{report.unchanged:,} sentences are unchanged")] if report.unchanged else []
        return Group(*([shown] if report.rows else []), Text(f"{report.corpus}: {summary}"), *more)


def note_lines(file: str, notes: Mapping[str, Note]) -> list[str]:
    """What was left out or repaired, one line each."""
    return [
        f"{Path(file).name}: {note.message}: {note.count:,}"
        + (f", the first at line {note.line}" if note.line is not None else "")
        for note in notes.values()
    ]
