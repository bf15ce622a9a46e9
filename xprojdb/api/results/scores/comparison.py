"""Several recipes on one gold set, and the entities that one found and another missed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from statistics import mean
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import percent, table
from xprojdb.api.results.scores.published import published_parts

if TYPE_CHECKING:
    from xprojdb.evaluation.compare import Comparison, LanguageComparison, MethodScore
    from xprojdb.evaluation.missed_entities import MissedEntities
    from xprojdb.evaluation.published_comparison import PublishedComparison
    from xprojdb.text.spans import Span

#: characters of an entity
_TEXT_SHOWN = 50


class ComparisonResult(ReportResult):
    """Several recipes on the same gold sentences; a row is a method on a label of a language.

    :param published: published scores of the same languages, and the differences from them.
    """

    report: Comparison

    def __init__(self, report: Comparison, published: Sequence[PublishedComparison] = ()) -> None:
        super().__init__(report)
        self.published = list(published)

    @property
    def _languages(self) -> list[LanguageComparison]:
        return [*self.report.languages, *([self.report.total] if self.report.total else [])]

    def to_dict(self) -> list[Row]:
        """A row for each method on each label of each language; scores and differences in 0..1."""
        return [
            {"corpus": language.corpus, "lang": language.lang, "label": label, **_row(score)}
            for language in self._languages
            for label, scores in language.labels.items()
            for score in scores
        ]

    def to_json(self) -> Any:
        """What ``xprojdb compare --json`` prints."""
        return {**asdict(self.report), "published": [asdict(score) for score in self.published]}

    @property
    def notes(self) -> list[str]:
        """What could not be compared."""
        notes = [
            f"{language.corpus}/{language.lang}: {language.left_out} sentences with gold labels are left out: "
            "not every recipe has finished them"
            for language in self.report.languages
            if language.left_out
        ]
        if self.report.not_compared:
            notes.append(
                f"not compared because not every recipe has labelled them: {', '.join(self.report.not_compared)}"
            )
        return notes

    def __rich__(self) -> RenderableType:
        languages = self._languages
        means = _means(self.report) if self.report.total else ()
        parts = published_parts(self.published, list(self.report.methods))
        return Group(_scores(languages, self.report.baseline), *means, Text(""), _errors(languages), *parts)


class MissedEntitiesResult(ReportResult):
    """Gold entities that one recipe found and another missed, one per row."""

    report: list[MissedEntities]

    def __init__(self, report: list[MissedEntities], found_by: str, missed_by: str) -> None:
        super().__init__(report)
        self.found_by, self.missed_by = found_by, missed_by

    def to_dict(self) -> list[Row]:
        """A row for each entity: where it is, and what the other recipe labelled instead."""
        return [
            {
                "sentence": entity.sentence,
                "start_word": entity.span.start,
                "end_word": entity.span.end,
                "label": entity.span.label,
                "text": entity.text,
                "error": entity.error,
                "instead_label": entity.instead and entity.instead.label,
                "instead_text": entity.instead_text,
            }
            for entity in self.report
        ]

    def to_json(self) -> Any:
        """What ``xprojdb compare --missed A B --json`` prints."""
        return [asdict(entity) for entity in self.report]

    def __rich__(self) -> RenderableType:
        count = f"{len(self.report)} entities found by {self.found_by} but not by {self.missed_by}"
        if not self.report:
            return Text(count)
        shown = table("sentence", "words", "gold entity", self.missed_by, "instead")
        for entity in self.report:
            place = f"{entity.span.start}–{entity.span.end - 1}"
            instead = _entity(entity.instead_text, entity.instead)
            shown.add_row(entity.sentence, place, _entity(entity.text, entity.span), entity.error, instead)
        return Group(shown, Text(f"{count}; xprojdb explain SENTENCE"))


def _row(method: MethodScore) -> Row:
    score, difference = method.score, method.difference
    return {
        "method": method.method,
        "precision": score.precision,
        "recall": score.recall,
        "f1": score.f1,
        "f1_low": method.interval.low,
        "f1_high": method.interval.high,
        "difference": difference and difference.value,
        "difference_low": difference and difference.low,
        "difference_high": difference and difference.high,
        "p_value": difference and difference.p_value,
        "correct": score.tp,
        "predicted": score.predicted,
        "gold": score.gold,
    }


def _scores(languages: Iterable[LanguageComparison], baseline: str) -> Table:
    names = ("precision>", "recall>", "F1>", "95 % interval>", f"F1 less {baseline}>", "95 % interval>", "p>")
    shown = table("language", "label", "method", *names)
    for language in languages:
        for label, scores in language.labels.items():
            for number, score in enumerate(scores):
                style = "bold" if label == "all" else None
                head = (_place(language), label) if number == 0 else ("", "")
                shown.add_row(*head, score.method, *_figures(score), style=style)
        shown.add_section()
    return shown


def _means(report: Comparison) -> Iterator[Text]:
    for method in report.methods:
        average = mean(language.f1(method) for language in report.languages)
        yield Text(f"{method}: mean F1 of {len(report.languages)} languages: {percent(average)}")


def _place(language: LanguageComparison) -> str:
    name = "all" if language.corpus == "all" else f"{language.corpus}/{language.lang}"
    return f"{name} ({language.sentences:,})"


def _figures(method: MethodScore) -> list[str]:
    score, interval, difference = method.score, method.interval, method.difference
    figures = [percent(score.precision), percent(score.recall), percent(score.f1)]
    figures.append(f"{percent(interval.low)} – {percent(interval.high)}")
    if difference is None:
        return [*figures, "–", "", ""]
    around = f"{100 * difference.low:+.1f} – {100 * difference.high:+.1f}"
    return [*figures, f"{100 * difference.value:+.1f}", around, f"{difference.p_value:.3f}"]


def _errors(languages: Sequence[LanguageComparison]) -> Table:
    kinds = list(next(iter(languages[0].errors.values())))
    shown = table("language", "method", *(f"{kind}>" for kind in kinds))
    for language in languages:
        for number, (method, counts) in enumerate(language.errors.items()):
            shown.add_row("" if number else _place(language), method, *(f"{counts[kind]:,}" for kind in kinds))
        shown.add_section()
    return shown


def _entity(text: str | None, span: Span | None) -> str:
    if text is None or span is None:
        return "–"
    return f"{span.label} {text}" if len(text) <= _TEXT_SHOWN else f"{span.label} {text[: _TEXT_SHOWN - 1]}…"
