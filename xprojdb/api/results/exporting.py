"""What was exported or published, and its card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import canvas, table

if TYPE_CHECKING:
    from xprojdb.exports.api import ExportReport
    from xprojdb.exports.card.text import CardText
    from xprojdb.exports.hub.push import PushReport
    from xprojdb.exports.models.exporting import ModelExport

_CHANGES = ("added", "changed", "removed", "unchanged")


class ExportResult(ReportResult):
    """The exported files; a row is a file, or a configuration and split of a Hugging Face data set."""

    report: ExportReport

    def to_dict(self) -> list[Row]:
        """A row for each file: its name and its sentences."""
        return [{"name": name, "sentences": count} for name, count in self.report.counts.items()]

    def to_json(self) -> Any:
        """What the ``xprojdb export`` commands print with ``--json``."""
        report = self.report
        return {
            "destination": report.destination,
            "counts": report.counts,
            "checksums": report.checksums,
            "found": report.available,
            "removed": report.removed,
            "dropped": report.dropped,
        }

    def __rich__(self) -> RenderableType:
        return Group(*self._parts())

    def _parts(self) -> Iterator[RenderableType]:
        report = self.report
        shown = table(report.destination, "sentences>")
        for name, count in report.counts.items():
            shown.add_row(name, f"{count:,}")
        yield shown
        for name, count in (report.removed or {}).items():
            yield Text(f"{name} removed {count:,} of {report.available:,} sentences")
        if report.dropped:
            yield Text(f"{report.dropped:,} labels were dropped from sentences that were kept")


class ModelResult(ReportResult):
    """An exported model; a row is a file."""

    report: ModelExport

    def to_dict(self) -> list[Row]:
        """A row for each file: its name and its size in bytes."""
        return [{"name": name, "bytes": size} for name, size in self.report.files.items()]

    def __rich__(self) -> RenderableType:
        report = self.report
        shown = table(report.destination, "bytes>")
        for name, size in report.files.items():
            shown.add_row(name, f"{size:,}")
        same = f"finds the same entities as in the database in {report.checked:,} sentences of its training set"
        scored = f"{report.scores:,} scores in its card" if report.scores else "no score in its card"
        return Group(shown, Text(f"trained:{report.name} ({report.digest[:8]}) {same}; {scored}"))


class PushResult(ReportResult):
    """What a push changed on the Hub, or would change; a row is a file."""

    report: PushReport

    def to_dict(self) -> list[Row]:
        """A row for each file: whether it is added, changed, removed or unchanged, and its size in bytes."""
        return [
            {"file": path, "change": change, "bytes": size}
            for change in _CHANGES
            for path, size in getattr(self.report, change).items()
        ]

    def __rich__(self) -> RenderableType:
        shown = table("file", "change", "bytes>")
        for row in self.to_dict():
            style = "dim" if row["change"] == "unchanged" else None
            shown.add_row(row["file"], row["change"], f"{row['bytes']:,}", style=style)
        return Group(shown, Text(_summary(self.report)))


def _summary(report: PushReport) -> str:
    changes = len(report.added) + len(report.changed) + len(report.removed)
    if not changes:
        return f"{report.destination} is up to date: commit {report.revision}"
    files = f"{changes} {'change' if changes == 1 else 'changes'}, {report.sent_bytes:,} bytes"
    new = "a new repository: " if report.created else ""
    if report.dry_run:
        return f"{report.destination} would get {new}{files} to send; nothing was sent"
    return f"{report.destination} is at commit {report.revision}: {new}{files} sent"


class CardResult(ReportResult):
    """The card of an exported data set; a row is a field of its front matter.

    :param folder: of the data set.
    :param recipe_text: whether to include the text of the recipe.
    """

    report: CardText

    def __init__(self, report: CardText, folder: Path, recipe_text: bool = True) -> None:
        super().__init__(report)
        self.folder, self.recipe_text = folder, recipe_text

    def to_dict(self) -> list[Row]:
        """A row for each field."""
        return [{"field": name, "value": value} for name, value in self.report.fields.items()]

    def to_json(self) -> Any:
        """The fields by name, and the Markdown as ``text``."""
        return {**self.report.fields, "text": self.report.text(code=self.recipe_text)}

    def to_svg(self, file: str | Path) -> None:
        """Draw the card into an SVG file.

        :raises ExportError: when the file cannot be written.
        """
        from xprojdb.exports.outputs import output_file

        recording = canvas()
        recording.print(self)
        # A generated id would be different each time.
        drawing = recording.export_svg(title=f"{self.folder.name}/README.md", unique_id="xprojdb-card")
        with output_file(Path(file)) as stream:
            stream.write(drawing.encode())

    def __rich__(self) -> RenderableType:
        head = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for name, value in self.report.fields.items():
            head.add_row(Text(name, style="dim"), Text(value))
        text = self.report.text(code=self.recipe_text)
        return Group(head, Text(""), Markdown(text, code_theme="ansi_dark"))
