"""Scores against gold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from statistics import mean
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xprojdb.api.results.base import Result, Row
from xprojdb.api.results.display.rendering import percent, table
from xprojdb.api.results.scores.published import published_parts

if TYPE_CHECKING:
    from xprojdb.evaluation.evaluate import LanguageScore
    from xprojdb.evaluation.published_comparison import PublishedComparison


class EvaluationResult(Result):
    """Precision, recall and F1 of projected labels; a row is a label of a language pair, or ``all`` of its labels.

    :param scores: by language pair.
    :param published: published scores for languages whose corpus is a benchmark, with the differences by source.
    :param published_by_score: the same for each score.
    """

    def __init__(
        self,
        scores: Sequence[LanguageScore],
        published: Sequence[PublishedComparison] = (),
        published_by_score: Sequence[Sequence[PublishedComparison]] | None = None,
    ) -> None:
        self.scores = list(scores)
        self.published = list(published)
        self._by_score = published_by_score or [() for _ in scores]

    def to_dict(self) -> list[Row]:
        """A row for each label of each language pair, scores and intervals in 0..1."""
        return [
            {
                "source": score.projection.source,
                "target": score.projection.target,
                "label": label,
                "precision": measured.precision,
                "recall": measured.recall,
                "f1": measured.f1,
                "f1_low": interval.low,
                "f1_high": interval.high,
                "correct": measured.tp,
                "predicted": measured.predicted,
                "gold": measured.gold,
                "sentences": score.sentences,
                "left_out": score.left_out,
            }
            for score in self.scores
            for label, (measured, interval) in score.labels.items()
        ]

    def to_json(self) -> list[Row]:
        """What ``xprojdb evaluate --json`` prints: an object for each language pair."""
        return [_as_dict(*both) for both in zip(self.scores, self._by_score, strict=True)]

    @property
    def notes(self) -> list[str]:
        """How many sentences with gold labels have no projected labels yet."""
        return [
            f"{score.projection.direction}: {score.left_out} sentences with gold labels are not projected yet; "
            "use xprojdb run"
            for score in self.scores
            if score.left_out
        ]

    def __rich__(self) -> RenderableType:
        ours = list(dict.fromkeys(score.projection.source for score in self.scores))
        return Group(_table(self.scores), *_means(self.scores), *published_parts(self.published, ours))


def _table(scores: Sequence[LanguageScore]) -> Table:
    shown = table(
        "labels", "label", "precision>", "recall>", "F1>", "95 % interval>", "correct>", "predicted>", "gold>"
    )
    for score in scores:
        for name, (measured, interval) in score.labels.items():
            figures = (percent(value) for value in (measured.precision, measured.recall, measured.f1))
            around = f"{percent(interval.low)} – {percent(interval.high)}"
            counts = map(str, (measured.tp, measured.predicted, measured.gold))
            style = "bold" if name == "all" else None
            shown.add_row(score.projection.direction, name, *figures, around, *counts, style=style)
        shown.add_section()
    return shown


def _means(scores: Sequence[LanguageScore]) -> Iterator[Text]:
    consensus = [score for score in scores if len(score.projection.sources) > 1]
    single = [score for score in scores if len(score.projection.sources) == 1]
    named = {"single sources" if consensus else "languages": single, "languages, all sources together": consensus}
    for what, group in named.items():
        if len(group) > 1:
            average = mean(score.total[0].f1 for score in group)
            yield Text(f"mean F1 of {len(group)} {what}: {percent(average)}")


def _as_dict(score: LanguageScore, published: Sequence[PublishedComparison]) -> Row:
    labels = {name: {**asdict(s), "f1_low": i.low, "f1_high": i.high} for name, (s, i) in score.labels.items()}
    return {
        "source": score.projection.source,
        "target": score.projection.target,
        "step": score.projection.step.spec.digest,
        "sentences": score.sentences,
        "left_out": score.left_out,
        "labels": labels,
        "published": [
            {**asdict(other.published), "difference": other.differences[score.projection.source]} for other in published
        ],
    }
