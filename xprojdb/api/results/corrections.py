"""Results of importing labels for stored sentences."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def note_lines(file: str, notes: Mapping[str, Note]) -> list[str]:
    """What was left out or repaired, one line each."""
    return [
        f"{Path(file).name}: {note.message}: {note.count:,}"
        + (f", the first at line {note.line}" if note.line is not None else "")
        for note in notes.values()
    ]
