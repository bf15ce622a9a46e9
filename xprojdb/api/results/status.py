"""An overview of the database, the items that failed, and the runs in progress."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from textwrap import indent
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from xprojdb.execution.progress import StepReport
    from xprojdb.execution.status.database import DatabaseStatus
    from xprojdb.execution.status.failures import FailedItem
    from xprojdb.execution.status.watch import WatchedRun

#: failures printed; the rows have all
FAILURES_SHOWN = 100
#: pairs of languages printed one by one
PAIRS_SHOWN = 12
_STATUSES = ("ok", "empty", "filtered", "failed")
#: characters of a progress bar
_BAR = 20


class StatusResult(ReportResult):
    """What is in the database; a row is a step of a recipe."""

    report: DatabaseStatus

    def to_dict(self) -> list[Row]:
        """A row for each step of each recipe: how many of its items are done, pending, and failed."""
        return [
            {
                "recipe": recipe,
                "step": step.digest,
                "title": step.title,
                **{status: step.outcomes.get(status, 0) for status in _STATUSES},
                "pending": step.pending,
                "waiting": step.waiting,
            }
            for recipe, steps in self.report.recipes.items()
            for step in steps
        ]

    def __rich__(self) -> RenderableType:
        return Group(*self._parts())

    def _parts(self) -> Iterator[RenderableType]:
        report = self.report
        yield Text(f"{report.url}\n", style="bold")
        yield from _corpora(report)
        for name in report.recipes:
            yield Text(f"\nrecipe {name}", style="bold")
            yield _steps(report, name)
        for name in report.outdated:
            yield Text(f"\nrecipe {name}", style="bold")
            yield Text("planned by another version of xprojdb: its labels stay; run it again to plan it anew", "yellow")
        if report.runs:
            yield Text("\nlatest runs", style="bold")
            yield _runs(report)
        for failure in report.failures:
            place = f" step {failure['step_id']}, item {failure['item_id']}: {failure['message']}"
            yield Text("failed", style="red").append(place, "default")
        if report.failures:
            yield Text("see xprojdb status --failed for the sentences and reasons")


def _corpora(report: DatabaseStatus) -> Iterator[RenderableType]:
    shown = table("corpus", "license", "sentences")
    for corpus in report.corpora:
        counts = ", ".join(f"{lang} {count:,}" for lang, count in sorted(corpus["sentences"].items()))
        shown.add_row(corpus["name"], corpus["license"] or "–", counts)
    yield shown if report.corpora else Text("no corpora yet; see xprojdb import --help")
    if report.links:
        yield Text(f"translations: {_links(report)}")


def _links(report: DatabaseStatus) -> str:
    """The pairs of languages with translations; only how many, if a corpus of many languages has them all."""
    if len(report.links) <= PAIRS_SHOWN:
        return ", ".join(f"{pair['original']}–{pair['rendering']} {pair['translations']:,}" for pair in report.links)
    counts = sorted({pair["translations"] for pair in report.links})
    each = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    return f"{len(report.links):,} pairs of languages, {each} each; --json lists them"


def _steps(report: DatabaseStatus, recipe: str) -> Table:
    shown = table("step", "what", "ok>", "empty>", "filtered>", "failed>", "pending>", "waiting>", "reasons")
    for step in report.recipes[recipe]:
        cells = [f"{step.outcomes.get(status, 0):,}" for status in ("ok", "empty", "filtered")]
        why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(step.reasons.items()))
        failed = _failed(step.outcomes.get("failed", 0))
        shown.add_row(step.digest[:8], step.title, *cells, failed, f"{step.pending:,}", f"{step.waiting:,}", why)
    return shown


def _failed(count: int) -> Text:
    return Text(f"{count:,}", style="red" if count else "")


def _runs(report: DatabaseStatus) -> Table:
    shown = table("run>", "command", "recipe", "started", "status", "counts")
    for run in report.runs:
        counts = ", ".join(f"{name} {count:,}" for name, count in run["counts"].items())
        state = "failed" if run["lost"] else run["status"]
        style = {"failed": "red", "stopped": "yellow", "running": "cyan"}.get(state)
        status = f"no heartbeat since {run['heartbeat_at'] or run['started_at']}" if run["lost"] else run["status"]
        row = (str(run["id"]), run["command"], run["recipe_name"] or "–", run["started_at"], status, counts)
        shown.add_row(*row, style=style)
    return shown


class FailuresResult(ReportResult):
    """The items that failed, one per row.

    :param traceback: whether to print the tracebacks.
    """

    report: list[FailedItem]

    def __init__(self, report: list[FailedItem], traceback: bool = False) -> None:
        super().__init__(report)
        self.traceback = traceback

    def to_dict(self) -> list[Row]:
        """A row for each item: its sentences, its step, and what went wrong."""
        return [{**asdict(item), "names": " → ".join(item.names)} for item in self.report]

    def to_json(self) -> Any:
        """What ``xprojdb status --failed --json`` prints."""
        hidden = () if self.traceback else ("traceback",)
        return [{name: value for name, value in asdict(item).items() if name not in hidden} for item in self.report]

    def __rich__(self) -> RenderableType:
        return Group(*self._parts())

    def _parts(self) -> Iterator[RenderableType]:
        for item in self.report[:FAILURES_SHOWN]:
            name = " → ".join(item.names) or f"item {item.item}"
            step = f"  {item.title} ({item.digest[:8]}), run {item.run_id}"
            yield Text(name, style="bold").append(step, style="dim not bold")
            yield Text("  ").append(item.reason, style="red").append(f": {item.message}")
            if self.traceback:
                yield Text(indent(item.traceback.rstrip(), "    "), style="dim")
        hidden = len(self.report) - FAILURES_SHOWN
        yield Text(
            f"… and {hidden:,} more; --json prints all" if hidden > 0 else "" if self.report else "nothing has failed"
        )


class RunningResult(ReportResult):
    """The runs in progress, or just ended; a row is a step of a run."""

    report: list[WatchedRun]

    @property
    def going_on(self) -> bool:
        """Whether any of them has not ended yet."""
        return any(run.going_on for run in self.report)

    @property
    def failed(self) -> bool:
        """Whether any of them failed or was lost."""
        return any(run.lost or run.status == "failed" for run in self.report)

    def to_dict(self) -> list[Row]:
        """A row for each step of each run."""
        return [
            {"run": run.id, "recipe": run.recipe, "status": "lost" if run.lost else run.status, **asdict(step)}
            for run in self.report
            for step in run.steps
        ]

    def to_json(self) -> Any:
        """What ``xprojdb status --watch --json`` prints as one line."""
        return [asdict(run) for run in self.report]

    def __rich__(self) -> RenderableType:
        if not self.report:
            return Text("no run is in progress")
        return Group(*(part for run in self.report for part in (_heading(run), _progress(run))))


def _heading(run: WatchedRun) -> Text:
    recipe = f" {run.recipe}" if run.recipe else ""
    status = f"no heartbeat since {run.heartbeat_at or run.started_at}" if run.lost else run.status
    style = "red" if run.lost or run.status == "failed" else "cyan" if run.going_on else "green"
    name = f"run {run.id}: {run.command}{recipe} on {run.host} since {run.started_at}, "
    return Text(name, style="bold").append(status, style=style)


def _progress(run: WatchedRun) -> Table:
    shown = table("step", "", "done>", "of>", "", "rate>", "left>", "failed>")
    for step in run.steps:
        if step.total is None:
            shown.add_row(step.title, "", "", "", "", "", "waits" if run.going_on else "–", "")
        else:
            counts = (f"{step.done:,}", f"{step.total:,}")
            shown.add_row(step.title, _bar(step), *counts, step.noun, *_pace(step), _failed(step.failed))
    return shown


def _bar(step: StepReport) -> str:
    full = round(_BAR * min(1.0, step.done / step.total)) if step.total else _BAR
    return "━" * full + "╌" * (_BAR - full)


def _pace(step: StepReport) -> tuple[str, str]:
    from xprojdb.execution.status.watch import rate, remaining

    speed, left = rate(step), remaining(step)
    pace = "" if speed is None else f"{speed:,.{0 if speed >= 10 else 1}f}/s"
    return pace, "" if left is None else f"{left:,.0f} s" if left else "done"
