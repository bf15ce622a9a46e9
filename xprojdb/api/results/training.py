"""Results of training and studies."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from xprojdb.study.train import TrainReport


class TrainResult(ReportResult):
    """A trained model; a row is a language in its training set."""

    report: TrainReport

    @property
    def notes(self) -> list[str]:
        """Remarks, such as languages with less data than the budget."""
        return [*self.report.notes, *super().notes]

    @property
    def tagger(self) -> str:
        """Its name in ``[tag]``."""
        return f"trained:{self.report.name}"

    def to_dict(self) -> list[Row]:
        """A row for each language: the size of its training set."""
        return [{"model": self.report.name, "lang": lang, **sizes} for lang, sizes in self.report.samples.items()]

    def to_json(self) -> Any:
        """What ``xprojdb train --json`` prints."""
        fields = asdict(self.report)
        return {**fields, "run": self.report.run.run_id}

    def __rich__(self) -> RenderableType:
        report = self.report
        shown = table("lang", "sentences>", "words>", "entities>")
        for lang, sizes in report.samples.items():
            shown.add_row(lang, *(f"{sizes[unit]:,}" for unit in ("sentences", "words", "entities")))
        return Group(shown, Text(self._summary()))

    def _summary(self) -> str:
        report = self.report
        if report.sha256 is None:
            return f"{report.name} was not trained: {report.run.failed} failed"
        done = "nothing to do: " if report.run.run_id is None else ""
        summary = f"{done}{self.tagger} ({report.digest[:8]}): {report.steps} steps, {report.cpu_s:.1f} CPU seconds"
        best = max(report.measures.get("dev", {}).values(), default=None)
        return summary + (f", F1 {best:.1f} on the dev split" if best is not None else "")
