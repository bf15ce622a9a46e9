"""How likely labels are correct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import percent, table

if TYPE_CHECKING:
    from xprojdb.review.calibration.curves import Curve
    from xprojdb.review.calibration.model import Calibration

_PROBABILITIES = (0.8, 0.9, 0.95, 0.98)


class CalibrationResult(ReportResult):
    """From which margin or score labels are correct with a given probability; a row is a probability and a label."""

    report: Calibration

    @property
    def _curves(self) -> dict[str, Curve]:
        return {"all": self.report.curve, **self.report.by_label}

    def threshold(self, probability: float, label: str = "all") -> float | None:
        """The smallest margin (or score) from which labels are correct with a probability; None if they never are.

        :param probability: in 0..1.
        :param label: for labels of this type, if there were enough to learn from; otherwise for all.
        """
        return self._curves.get(label, self.report.curve).threshold(probability)

    def to_dict(self) -> list[Row]:
        """A row for each of the probabilities 0.8, 0.9, 0.95, 0.98 and each label: its threshold, None for never."""
        return [
            {"probability": probability, "label": label, "threshold": self.threshold(probability, label)}
            for probability in _PROBABILITIES
            for label in self._curves
        ]

    def __rich__(self) -> RenderableType:
        report = self.report
        labels = f"{report.labels:,} labels, {percent(report.right)} % correct; step calibration {report.digest[:8]}"
        error = f"{report.before:.3f} for the {report.measure} itself, {report.after:.3f} after calibration"
        return Group(Text(labels), Text(f"expected calibration error: {error}"), _bins(report), self._thresholds())

    def _thresholds(self) -> Table:
        shown = table("correct with>", *(f"{label}>" for label in self._curves), "option")
        for probability in _PROBABILITIES:
            thresholds = [self.threshold(probability, label) for label in self._curves]
            option = "–" if thresholds[0] is None else f"--min-{self.report.measure} {thresholds[0]:.3f}"
            cells = ("never" if threshold is None else f"{threshold:.3f}" for threshold in thresholds)
            shown.add_row(f"{probability:g}", *cells, option)
        return shown


def _bins(report: Calibration) -> Table:
    shown = table("probability>", "correct>", "labels>")
    for predicted, right, count in report.bins:
        shown.add_row(f"{predicted:.2f}", f"{right:.2f}", f"{count:,}")
    return shown
