"""A projection beside taggers trained on it, and on gold labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from statistics import mean
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from xprojdb.evaluation.compare import LanguageComparison, MethodScore
    from xprojdb.study.baselines import BaselinesReport

_ALL = "all"


class BaselinesResult(ReportResult):
    """Methods on the same gold sentences; a row is a method on a language."""

    report: BaselinesReport

    @property
    def notes(self) -> list[str]:
        """The methods that could not be had, and how self-training ended."""
        missing = [f"{method} is left out: {lacks}" for method, lacks in self.report.left_out.items()]
        ended = [
            f"self-training of {target}: {_rounds(len(result.rounds) - 1)}, "
            + (f"then labels agreed by {result.settled:.3f}" if result.settled else "and labels still changed")
            for target, result in self.report.rounds.items()
        ]
        return [*missing, *ended]

    def to_dict(self) -> list[Row]:
        """A row for each method and language: F1 with its interval, and less that of the first method; in 0..1."""
        return [
            {
                "lang": language.lang,
                "corpus": language.corpus,
                "sentences": language.sentences,
                "method": method,
                **_row(score),
            }
            for language in self._languages
            for method, score in zip(self.report.recipes, language.labels[_ALL], strict=True)
        ]

    def to_json(self) -> Any:
        """What ``xprojdb baselines --json`` prints."""
        report = self.report
        return {
            "name": report.name,
            "scores": self.to_dict(),
            "recipes": report.recipes,
            "models": {
                name: {"digest": entry.digest, "cpu_s": entry.cpu_s, "samples": entry.samples}
                for name, entry in report.models.items()
            },
            "rounds": {lang: [asdict(entry) for entry in result.rounds] for lang, result in report.rounds.items()},
            "settled": {lang: result.settled for lang, result in report.rounds.items()},
            "left_out": report.left_out,
            "published": [asdict(score) for score in report.published],
        }

    def __rich__(self) -> RenderableType:
        if self.report.comparison is None:
            return Text(f"{self.report.name} stopped before its end; run it again to go on")
        return Group(*self._parts())

    @property
    def _languages(self) -> list[LanguageComparison]:
        return self.report.comparison.languages if self.report.comparison else []

    def _parts(self) -> Iterator[RenderableType]:
        languages = self._languages
        shown = table("F1", *(f"{language.lang}>" for language in languages), "mean>")
        for place, method in enumerate(self.report.recipes):
            scores = [language.labels[_ALL][place] for language in languages]
            shown.add_row(method, *map(_cell, scores), f"{100 * mean(score.score.f1 for score in scores):.1f}")
        shown.add_section()
        for name, own in self._published().items():
            cells = [f"{100 * own[language.lang]:.1f}" if language.lang in own else "–" for language in languages]
            every = mean(own.values()) if len(own) == len(languages) else None
            shown.add_row(name, *cells, "–" if every is None else f"{100 * every:.1f}")
        yield shown
        first = next(iter(self.report.recipes))
        less = table(f"less {first}", *(f"{language.lang}>" for language in languages), "all>")
        for place, method in list(enumerate(self.report.recipes))[1:]:
            total = self.report.comparison.total if self.report.comparison else None
            compared = [*languages, *([total] if total else languages)]
            less.add_row(method, *(_difference(entry.labels[_ALL][place]) for entry in compared))
        yield Text("")
        yield less
        sizes = ", ".join(f"{language.lang} {language.sentences:,}" for language in languages)
        yield Text(f"Sentences: {sizes}. Intervals: 95 %, bootstrap of sentences.")

    def _published(self) -> dict[str, dict[str, float]]:
        """Published F1 by method and language."""
        results: dict[str, dict[str, float]] = {}
        for entry in self.report.published:
            settings = ", ".join(entry.published.settings.values())
            method = f"{entry.published.method} ({settings})" if settings else entry.published.method
            results.setdefault(f"{entry.published.source}: {method}", {}).setdefault(entry.lang, entry.published.f1)
        return dict(sorted(results.items()))


def _rounds(count: int) -> str:
    return f"{count} round{'' if count == 1 else 's'}"


def _row(score: MethodScore) -> Row:
    less = score.difference
    return {
        "precision": score.score.precision,
        "recall": score.score.recall,
        "f1": score.score.f1,
        "low": score.interval.low,
        "high": score.interval.high,
        "less_first": less and less.value,
        "less_first_low": less and less.low,
        "less_first_high": less and less.high,
    }


def _cell(score: MethodScore) -> str:
    interval = score.interval
    return f"{100 * score.score.f1:.1f}\n{100 * interval.low:.0f}–{100 * interval.high:.0f}"


def _difference(score: MethodScore) -> str:
    less = score.difference
    return "–" if less is None else f"{100 * less.value:+.1f}\n{100 * less.low:+.1f} – {100 * less.high:+.1f}"
