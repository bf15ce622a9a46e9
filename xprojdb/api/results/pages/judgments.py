"""What reviews show: how well reviewers agree, and how good the labels are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import percent, table

if TYPE_CHECKING:
    from xprojdb.evaluation.span_metrics import SpanScore
    from xprojdb.review.agreement import Agreement
    from xprojdb.review.figures import CampaignFigures


class AgreementResult(ReportResult):
    """How well each pair of reviewers agrees; a row is a label."""

    report: list[Agreement]

    def to_dict(self) -> list[Row]:
        """A row for each pair of reviewers and label: F1 in 0..1, and how many labels each of them and both gave."""
        return [
            {
                "first": agreement.first,
                "second": agreement.second,
                "label": label,
                "f1": score.f1,
                "first_labels": score.gold,
                "second_labels": score.predicted,
                "both_labels": score.tp,
                "sentences": agreement.sentences,
                "equal_sentences": agreement.equal,
            }
            for agreement in self.report
            for label, score in _scores(agreement)
        ]

    def to_json(self) -> Any:
        """What ``xprojdb review agreement --json`` prints."""
        return [asdict(agreement) for agreement in self.report]

    def __rich__(self) -> RenderableType:
        shown = table("reviewers", "label", "F1>", "first>", "second>", "both>")
        for agreement in self.report:
            for label, score in _scores(agreement):
                counts = map(str, (score.gold, score.predicted, score.tp))
                shown.add_row(_names(agreement), label, percent(score.f1), *counts)
            shown.add_section()
        lines = (
            f"{_names(agreement)}: {agreement.equal:,} of {agreement.sentences:,} sentences are equal"
            for agreement in self.report
        )
        return Group(shown, *map(Text, lines))


def _scores(agreement: Agreement) -> Iterator[tuple[str, SpanScore]]:
    yield "all", agreement.all
    yield "words alone", agreement.places
    yield from agreement.labels.items()


def _names(agreement: Agreement) -> str:
    return f"{agreement.first}, {agreement.second}"


class CampaignFiguresResult(ReportResult):
    """The scores of the labels that a campaign shows, weighted as an estimate for all sentences; a row is a label."""

    report: CampaignFigures

    def to_dict(self) -> list[Row]:
        """A row for each label: precision, recall and F1 in 0..1, with a 95 % interval of F1."""
        return [
            {
                "label": label,
                "precision": score.precision,
                "recall": score.recall,
                "f1": score.f1,
                "f1_low": score.low,
                "f1_high": score.high,
            }
            for label, score in self.report.labels.items()
        ]

    def __rich__(self) -> RenderableType:
        report = self.report
        shown = table("label", "precision>", "recall>", "F1>", "95 % interval>")
        for label, score in report.labels.items():
            figures = map(percent, (score.precision, score.recall, score.f1))
            shown.add_row(label, *figures, f"{percent(score.low)} – {percent(score.high)}")
        counts = f"of {report.population:,} sentences, {report.drawn:,} were drawn and {report.sentences:,} are frozen"
        return Group(shown, Text(f"{counts}; unweighted F1: {percent(report.plain)}"))
