"""The figures of a report, drawn by matplotlib without a screen."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from xprojdb.extras import require
from xprojdb.study.report.analysis import Analysis, SeriesAnalysis

Format = Literal["svg", "png"]
_COLOURS = ("#0b6e99", "#c2571a", "#4f7d3a", "#7b4fa0", "#8c6d1f", "#a23b52", "#4a4a4a", "#2a9d8f")


def figures(analysis: Analysis) -> dict[str, dict[Format, bytes]]:
    """All figures, by name and format.

    :raises MissingExtra: without matplotlib.
    """
    drawings: dict[str, Callable[[Any, Analysis], None]] = {"curves": _curves, "gains": _gains, "spread": _spread}
    tasks = dict.fromkeys(series.series.task for series in analysis.series)
    by_name = {name: _drawn(draw, analysis, (5.2 * len(tasks) + 1, 3.8)) for name, draw in drawings.items()}
    rows = -(-len({target for series in analysis.series for target in series.targets}) // 5)
    return {**by_name, "targets": _drawn(_targets, analysis, (12, 2.3 * rows + 0.6))}


def _drawn(draw: Callable[[Any, Analysis], None], analysis: Analysis, size: tuple[float, float]) -> dict[Format, bytes]:
    matplotlib, figure = require("matplotlib", "study"), require("matplotlib.figure", "study")
    # The same numbers give the same file: neither the time nor random ids are written.
    with matplotlib.rc_context(
        {"svg.hashsalt": "xprojdb", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    ):
        sheet = figure.Figure(figsize=size, layout="constrained")
        draw(sheet, analysis)
        return {form: _saved(sheet, form) for form in ("svg", "png")}


def _saved(sheet: Any, form: Format) -> bytes:
    buffer = io.BytesIO()
    sheet.savefig(buffer, format=form, dpi=160, metadata={"Date": None} if form == "svg" else {"Software": None})
    return buffer.getvalue()


def _by_task(analysis: Analysis) -> dict[str, list[SeriesAnalysis]]:
    results: dict[str, list[SeriesAnalysis]] = {}
    for series in analysis.series:
        results.setdefault(series.series.task, []).append(series)
    return results


def _panels(sheet: Any, analysis: Analysis, title: str) -> list[tuple[Any, list[SeriesAnalysis]]]:
    tasks = _by_task(analysis)
    axes = sheet.subplots(1, len(tasks), squeeze=False)[0]
    for axis, task in zip(axes, tasks, strict=True):
        ks = sorted({point.k for entry in tasks[task] for point in entry.points})
        axis.set_xscale("log", base=2)
        axis.set_xticks(ks, [str(k) for k in ks])
        axis.set_xlabel("source languages k")
        axis.set_title(f"{'F1' if task == 'ner' else 'accuracy'} of {task.upper()}, {title}")
    return list(zip(axes, tasks.values(), strict=True))


def _curves(sheet: Any, analysis: Analysis) -> None:
    for axis, series in _panels(sheet, analysis, "level"):
        for colour, entry in zip(_COLOURS, series, strict=False):
            ks = [point.k for point in entry.points]
            axis.fill_between(
                ks, [p.low for p in entry.points], [p.high for p in entry.points], color=colour, alpha=0.12
            )
            axis.plot(ks, [point.level for point in entry.points], "o-", color=colour, label=entry.series.title)
        axis.legend(frameon=False)


def _gains(sheet: Any, analysis: Analysis) -> None:
    for axis, series in _panels(sheet, analysis, "difference to k = 1"):
        axis.axhline(0, color="#999999", linewidth=0.8)
        for number, (colour, entry) in enumerate(zip(_COLOURS, series, strict=False)):
            points = [point for point in entry.points if point.gain is not None]
            ks = [_beside(point.k, number, len(series)) for point in points]
            gains = [point.gain or 0.0 for point in points]
            low = [gain - (point.gain_low or 0.0) for gain, point in zip(gains, points, strict=True)]
            high = [(point.gain_high or 0.0) - gain for gain, point in zip(gains, points, strict=True)]
            bars = [[max(0.0, value) for value in side] for side in (low, high)]
            axis.errorbar(ks, gains, yerr=bars, fmt="o-", capsize=3, color=colour, label=entry.series.title)
        axis.legend(frameon=False)


def _beside(k: int, number: int, series: int, distance: float = 0.05) -> float:
    """Where a series stands at k, so that the marks of several do not hide one another."""
    return k * float(np.exp2(distance * (number - (series - 1) / 2)))


def _spread(sheet: Any, analysis: Analysis) -> None:
    for axis, series in _panels(sheet, analysis, "each subset, less its target's mean"):
        axis.axhline(0, color="#999999", linewidth=0.8)
        for number, (colour, entry) in enumerate(zip(_COLOURS, series, strict=False)):
            for k in analysis.data.ks(entry.series):
                own = analysis.data.of(entry.series, k)
                rest = [one.score - entry.targets[one.target][k][0] for one in own]
                at = _beside(k, number, len(series), 0.12)
                axis.plot(
                    [at] * len(rest), rest, "_", color=colour, alpha=0.5, label=entry.series.title if k == 1 else None
                )
        axis.legend(frameon=False)


def _targets(sheet: Any, analysis: Analysis) -> None:
    """Small multiples: a panel a target, a line a series without a control."""
    plain = [series for series in analysis.series if series.series.arm == "raw"]
    names = sorted({target for item in plain for target in item.targets})
    axes = sheet.subplots(-(-len(names) // 5), min(5, len(names)), squeeze=False, sharex=True).ravel()
    for axis, name in zip(axes, names, strict=False):
        for colour, entry in zip(_COLOURS, plain, strict=False):
            own = entry.targets.get(name, {})
            axis.plot(
                list(own),
                [mean for mean, _, _ in own.values()],
                "o-",
                markersize=3,
                color=colour,
                label=entry.series.title,
            )
            axis.fill_between(
                list(own), [v[1] for v in own.values()], [v[2] for v in own.values()], color=colour, alpha=0.12
            )
        axis.set_xscale("log", base=2)
        ks = sorted({k for item in plain for k in item.targets.get(name, {})})
        axis.set_xticks(ks, [str(k) for k in ks])
        axis.set_title(name)
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    axes[0].legend(frameon=False, fontsize=7)
