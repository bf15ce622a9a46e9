"""What changed between two steps or recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from xprojdb.provenance.diff import LabelDifference
    from xprojdb.text.spans import Span


class DifferenceResult(ReportResult):
    """The labels of two steps or recipes; a row is a label that differs."""

    report: LabelDifference

    def to_dict(self) -> list[Row]:
        """A row for each of the first changes."""
        return [
            {
                "change": change.kind,
                "sentence": change.sentence,
                "before_text": change.before_text,
                "before_label": change.before and change.before.label,
                "before_start": change.before and change.before.start,
                "before_end": change.before and change.before.end,
                "after_text": change.after_text,
                "after_label": change.after and change.after.label,
                "after_start": change.after and change.after.start,
                "after_end": change.after and change.after.end,
            }
            for change in self.report.changes
        ]

    def __rich__(self) -> RenderableType:
        report = self.report
        counts = ", ".join(f"{count:,} {kind}" for kind, count in report.counts.items() if count)
        head = Text(", ".join(report.first), style="bold").append(" → ", "not bold").append(", ".join(report.second))
        summary = (
            f"{report.sentences:,} sentences finished by both, {report.changed:,} differ; "
            f"{report.same:,} labels are the same, {counts or 'none differ'}\n"
        )
        shown = table("change", "sentence", "before", "after")
        for change in report.changes:
            before, after = _label(change.before, change.before_text), _label(change.after, change.after_text)
            shown.add_row(change.kind, change.sentence, before, after)
        hidden = sum(report.counts.values()) - len(report.changes)
        more = [Text(f"and {hidden:,} more; see --limit and --kind", style="dim")] if hidden > 0 else []
        return Group(head, Text(summary), *([shown] if report.changes else []), *more)


def _label(span: Span | None, text: str | None) -> str:
    return "–" if span is None else f"{text} {span.label} {span.start}–{span.end - 1}"
