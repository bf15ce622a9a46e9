"""What the page of a study shows: the pieces of a report."""

from __future__ import annotations

from dataclasses import dataclass

from xprojdb.browse.studies.curves import Line, gains_of, levels_of, target_lines
from xprojdb.browse.studies.reading import StudyCells
from xprojdb.study.report.analysis import Analysis, SeriesAnalysis
from xprojdb.study.report.methods import findings, methods_paragraph
from xprojdb.study.report.origins import corpus_rows, digests, translated_rows
from xprojdb.study.report.tables import best_names, best_rows, curve_rows


@dataclass(frozen=True, slots=True)
class TaskView:
    """The plots of a task.

    :param targets: small multiples, of the series without a control.
    """

    name: str
    levels: list[Line]
    gains: list[Line]
    targets: dict[str, list[Line]]


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series in sentences and tables."""

    title: str
    findings: list[str]
    curve: list[list[str]]
    best_names: list[str]
    best: list[list[str]]


@dataclass(frozen=True, slots=True)
class StudyView:
    """A study on a page.

    :param analysed: whether what follows is known.
    :param current: whether it is of the database as it is now.
    :param problem: why nothing is.
    """

    cells: StudyCells
    analysed: bool
    current: bool
    problem: str
    method: str
    warnings: list[str]
    tasks: list[TaskView]
    series: list[SeriesView]
    correlations: list[list[str]]
    corpora: list[list[str]]
    translated: list[list[str]]
    digests: list[str]


def study_view(cells: StudyCells, analysis: Analysis | None, *, current: bool, problem: str) -> StudyView:
    """A page from what is known."""
    if analysis is None:
        return StudyView(cells, False, current, problem, "", [], [], [], [], [], [], [])
    tasks = dict.fromkeys(entry.series.task for entry in analysis.series)
    correlations = [[entry.regime, entry.arm, f"{entry.cells:,}", f"{entry.r:+.2f}"] for entry in analysis.correlations]
    return StudyView(
        cells, True, current, problem, methods_paragraph(analysis), analysis.warnings,
        [_task(task, [entry for entry in analysis.series if entry.series.task == task]) for task in tasks],
        [_series(entry) for entry in analysis.series], correlations, corpus_rows(analysis.data),
        translated_rows(analysis.data), digests(analysis.data),
    )  # fmt: skip


def _task(name: str, series: list[SeriesAnalysis]) -> TaskView:
    plain = [entry for entry in series if entry.series.arm == "raw"]
    targets = sorted({target for entry in plain for target in entry.targets})
    return TaskView(
        name, levels_of(series), gains_of(series), {target: target_lines(plain, target) for target in targets}
    )


def _series(entry: SeriesAnalysis) -> SeriesView:
    return SeriesView(entry.series.title, findings(entry), curve_rows(entry), best_names(entry), best_rows(entry))
