"""Weights, thresholds and solvers compared on gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import percent, table

if TYPE_CHECKING:
    from xprojdb.evaluation.tune import Point, Scored, Tuning

#: how many of the best points are shown
TOP = 10


class TuningResult(ReportResult):
    """Many settings of one recipe, best first, one per row.

    :param top: how many of them to print.
    :param recipe_name: the name of the recipe that the best settings were stored as, if any.
    """

    report: Tuning

    def __init__(self, report: Tuning, top: int = TOP, recipe_name: str | None = None) -> None:
        super().__init__(report)
        self.top, self.recipe_name = top, recipe_name

    def to_dict(self) -> list[Row]:
        """A row for each point: its settings, its F1 by language pair, and their mean, in 0..1."""
        return [
            {
                **{f"weight {name}": weight for name, weight in scored.point.weights.items()},
                **{f"power {name}": power for name, power in scored.point.powers.items()},
                "threshold": scored.point.threshold,
                "solver": scored.point.solver,
                **{f"f1 {direction}": f1 for direction, f1 in scored.f1.items()},
                "mean_f1": scored.mean,
            }
            for scored in self.report.points
        ]

    def to_json(self) -> Any:
        """What ``xprojdb tune --json`` prints."""
        report = self.report
        folds = [
            {"sentences": fold.sentences, "chosen": _as_dict(fold.chosen), "reported": _as_dict(fold.reported)}
            for fold in report.folds
        ]
        return {
            "sentences": report.sentences,
            "points": [_as_dict(scored) for scored in report.points],
            "folds": folds,
            "held_out": report.held_out,
            "held_out_mean": report.held_out_mean if report.folds else None,
        }

    def __rich__(self) -> RenderableType:
        report = self.report
        counts = ", ".join(f"{direction}: {count:,} pairs" for direction, count in report.sentences.items())
        more = (
            []
            if self.recipe_name is None
            else [f"stored as recipe {self.recipe_name}: xprojdb evaluate --recipe {self.recipe_name}"]
        )
        return Group(Text(f"{len(report.points):,} points; {counts}"), _table(report, self.top), *map(Text, more))


def _table(report: Tuning, top: int) -> Table:
    """The best settings on all sentences, then those that each fold chose and how they did on the others."""
    directions = list(report.sentences)
    shown = table("settings", *(f"{name}>" for name in directions), "mean F1>")
    for scored in report.points[:top]:
        shown.add_row(*_row(_settings(scored.point), scored, directions))
    for number, fold in enumerate(report.folds, 1):
        shown.add_section()
        head = f"fold {number}: {_settings(fold.chosen.point)}"
        shown.add_row(*_row(f"{head}, where it was chosen", fold.chosen, directions))
        others = f"{head}, on the other {fold.sentences:,} pairs"
        shown.add_row(*_row(others, fold.reported, directions), style="bold")
    if report.folds:
        shown.add_section()
        figures = [percent(f1, 2) for f1 in (*report.held_out.values(), report.held_out_mean)]
        shown.add_row("all sentences, settings chosen on the others", *figures, style="bold")
    return shown


def _row(head: str, scored: Scored, directions: Sequence[str]) -> list[str]:
    return [head, *(percent(scored.f1[name], 2) for name in directions), percent(scored.mean, 2)]


def _settings(point: Point) -> str:
    powers = {name: f"^{power:g}" for name, power in point.powers.items()}
    parts = [f"{weight:g} {name}{powers.get(name, '')}" for name, weight in point.weights.items()]
    return f"{' + '.join(parts)} > {point.threshold:g}, {point.solver}"


def _as_dict(scored: Scored) -> Row:
    return {**asdict(scored.point), "f1": scored.f1, "mean": scored.mean}
