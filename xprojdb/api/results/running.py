"""What a run did, and what one would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from xprojdb.execution.dry_run import Preview
    from xprojdb.execution.progress import RunReport


class RunResult(ReportResult):
    """What a run did; a row is a step."""

    report: RunReport

    def to_dict(self) -> list[Row]:
        """A row for each step: how many of its items were done, and how many of those failed."""
        return [
            {"step": step.step_id, "title": step.title, "done": step.done, "failed": step.failed}
            for step in self.report.steps
        ]

    def to_json(self) -> Any:
        """What ``xprojdb run --json`` prints."""
        report = self.report
        fields = {"run": report.run_id, "stopped": report.stopped, "steps": self.to_dict()}
        left = {"waiting": report.waiting, "missing": report.missing}
        return {**fields, **{name: lines for name, lines in left.items() if lines}}

    def __rich__(self) -> RenderableType:
        report = self.report
        left = [Text(line) for line in (*report.waiting, *(f"missing: {name}" for name in report.missing))]
        if report.run_id is None:
            if report.stopped:
                return Text("stopped before the first batch: run again to continue")
            return Group(*left) if left else Text("nothing to do")
        ended = f"{report.done} items, {report.failed} failed"
        if report.stopped:
            return Text(f"run {report.run_id} stopped: {ended}; work is left: run again to continue")
        return Group(Text(f"run {report.run_id} done: {ended}"), *left)


class DryRunResult(ReportResult):
    """What a run would do now; a row is a step.

    :param missing: why parts of the recipe cannot be run.
    """

    report: list[Preview]

    def __init__(self, report: list[Preview], missing: Sequence[str] = ()) -> None:
        super().__init__(report)
        self.missing = missing

    @property
    def notes(self) -> list[str]:
        """The parts of the recipe that cannot be run."""
        return [*super().notes, *(f"missing: {line}" for line in self.missing)]

    def to_dict(self) -> list[Row]:
        """A row for each step: how many of its items are pending, and what is new about it."""
        return [
            {
                "step": step.digest,
                "title": step.title,
                "known": step.is_stored,
                "pending": step.pending,
                "change": step.change,
            }
            for step in self.report
        ]

    def to_json(self) -> Any:
        """What ``xprojdb run --dry-run --json`` prints."""
        return [
            {("known" if key == "is_stored" else key): value for key, value in asdict(step).items()}
            for step in self.report
        ]

    def __rich__(self) -> RenderableType:
        shown = table("step", "", "what", "pending>", "because")
        for step in self.report:
            state = "known" if step.is_stored else "new"
            shown.add_row(step.digest[:8], state, step.title, str(step.pending), step.change)
        sent = [
            f"{step.digest[:8]} would send about "
            + ", ".join(f"{count:,} {name}" for name, count in step.sends.items())
            for step in self.report
            if step.sends
        ]
        return Group(shown, *map(Text, sent))
