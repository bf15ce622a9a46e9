"""The tables of a report: rows, CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from xprojdb.printable import escaped_formula
from xprojdb.study.report.analysis import Analysis, SeriesAnalysis
from xprojdb.study.report.measurements import StudyData

Row = Sequence[Any]
MEASURED = ("task", "arm", "regime", "k", "order", "place", "seed", "sources", "target", "score", "model", "cpu_s")
#: of a curve for people
POINT = ("k", "score [95 %]", "Δ to k = 1 [95 %]", "SD over subsets", "measurements")
CURVE = ("k", "score", "low", "high", "gain", "gain_low", "gain_high", "spread", "measurements")


def measured_rows(data: StudyData) -> list[Row]:
    """A row for each measurement."""
    return [
        (
            *own.series, own.k, own.ordering, own.place, own.seed, "+".join(own.sources), own.target,
            round(own.score, 4), own.model, round(own.cpu_s, 3),
        )
        for own in data.measurements
    ]  # fmt: skip


def curve_rows(analysis: SeriesAnalysis) -> list[list[str]]:
    """A curve for people: level and gain with intervals, spread over subsets."""
    rows = []
    for point in analysis.points:
        level = f"{point.level:.1f} [{point.low:.1f}, {point.high:.1f}]"
        gain = "–"
        if point.gain is not None and point.gain_low is not None and point.gain_high is not None and point.k > 1:
            gain = f"{point.gain:+.1f} [{point.gain_low:.1f}, {point.gain_high:.1f}]"
        spread = "–" if point.spread is None else f"{point.spread:.1f}"
        rows.append([str(point.k), level, gain, spread, f"{point.measurements:,}"])
    return rows


def best_names(analysis: SeriesAnalysis) -> list[str]:
    """The columns of :func:`best_rows`."""
    mean = f"mean of k = {analysis.points[-1].k}"
    return ["target", "best single source", "its score", "worst single", mean, "best of them"]


def best_rows(analysis: SeriesAnalysis) -> list[list[str]]:
    """Best single source against many, for people."""
    return [
        [one.target, one.source, f"{one.single:.1f}", f"{one.worst:.1f}", f"{one.mean:.1f}", f"{one.best:.1f}"]
        for one in analysis.best
    ]


def as_csv(names: Row, rows: Iterable[Row]) -> str:
    """Rows as CSV; nothing in it is taken for a formula."""
    text = io.StringIO()
    cells = ([escaped_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows([names, *cells])
    return text.getvalue()


def as_latex(analysis: Analysis) -> str:
    """The curves as a table for a paper (booktabs)."""
    lines = [
        "% " + f"xprojdb study {analysis.data.name}, {analysis.data.digest}",
        r"% \usepackage{booktabs}",
        r"\begin{tabular}{llrrrr}",
        r"\toprule",
        r"task & budget & $k$ & score [95\,\%] & $\Delta$ to $k=1$ [95\,\%] & SD over subsets \\",
    ]
    for series in analysis.series:
        lines.append(r"\midrule")
        name = series.series.task.upper() + ("" if series.series.arm == "raw" else f" ({_tex(series.series.arm)})")
        for k, level, gain, spread, _ in curve_rows(series):
            cells = [name, _tex(series.series.regime), k, *map(_tex_number, (level, gain, spread))]
            lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _tex_number(text: str) -> str:
    """A number with its interval: a minus is longer than a hyphen."""
    return text.replace("-", "$-$").replace("–", "--")


def _tex(text: str) -> str:
    for sign in "&%$#_{}":
        text = text.replace(sign, f"\\{sign}")
    return text
