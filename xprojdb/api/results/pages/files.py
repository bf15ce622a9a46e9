"""Pages written as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row

if TYPE_CHECKING:
    from xprojdb.browse.files import WrittenFiles


class PageFilesResult(ReportResult):
    """The files that were written."""

    report: WrittenFiles

    def to_dict(self) -> list[Row]:
        """One row: the folder, and the numbers of sentences and files in it."""
        report = self.report
        return [{"folder": str(report.folder), "sentences": report.sentences, "files": report.files}]

    def to_json(self) -> Row:
        """The same row."""
        return self.to_dict()[0]

    def __rich__(self) -> RenderableType:
        report = self.report
        counts = f"{report.sentences:,} sentences on {report.files:,} files in {report.folder}"
        return Text(f"{counts}: open {report.folder}/index.html")
