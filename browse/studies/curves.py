"""The curves of a study as SVG: scores by the number of sources, on a scale of doublings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from xprojdb.browse.escaping import visible
from xprojdb.study.report.analysis import SeriesAnalysis

_WIDTH, _HEIGHT, _LEFT, _FOOT = 420, 210, 34, 34
#: ways of drawing a line, each a class with a colour and dashes
STYLES = 6


class Mark(NamedTuple):
    """A point of a line, with its interval."""

    k: int
    value: float
    low: float
    high: float


class Line(NamedTuple):
    """A series on a plot."""

    title: str
    marks: Sequence[Mark]


def levels_of(series: Sequence[SeriesAnalysis]) -> list[Line]:
    """Levels with their intervals."""
    return [
        Line(one.series.title, [Mark(point.k, point.level, point.low, point.high) for point in one.points])
        for one in series
    ]


def gains_of(series: Sequence[SeriesAnalysis]) -> list[Line]:
    """Differences to k = 1 with their intervals."""
    return [
        Line(
            one.series.title,
            [
                Mark(point.k, point.gain, point.gain_low or 0.0, point.gain_high or 0.0)
                for point in one.points
                if point.gain is not None
            ],
        )
        for one in series
    ]


def target_lines(series: Sequence[SeriesAnalysis], target: str) -> list[Line]:
    """The mean of a target at each k, and its range over subsets."""
    return [
        Line(one.series.title, [Mark(k, *values) for k, values in one.targets.get(target, {}).items()])
        for one in series
    ]


def draw_lines(lines: Sequence[Line], description: str) -> Markup:
    """Lines by the number of sources.

    :param description: what it shows, for screen readers.
    """
    marks = [mark for line in lines for mark in line.marks]
    if not marks:
        return Markup()
    ks = sorted({mark.k for mark in marks})
    scale = _Scale(ks, min(mark.low for mark in marks), max(mark.high for mark in marks))
    drawn = [*scale.grid(), *(piece for number, line in enumerate(lines) for piece in _line(scale, number, line))]
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    label = escape(visible(description))
    return Markup(f'<svg class="plot curves" {size} role="img" aria-label="{label}">{"".join(drawn)}</svg>')


class _Scale:
    def __init__(self, ks: Sequence[int], low: float, high: float) -> None:
        self.ks = ks
        self.step = _round_step((high - low) / 4)
        self.low = math.floor(low / self.step) * self.step
        self.high = max(math.ceil(high / self.step) * self.step, self.low + self.step)

    def x(self, k: int) -> float:
        first, last = math.log2(self.ks[0]), math.log2(self.ks[-1])
        share = (math.log2(k) - first) / (last - first) if last > first else 0.5
        return _LEFT + 12 + share * (_WIDTH - _LEFT - 24)

    def y(self, value: float) -> float:
        return 8 + (self.high - value) / (self.high - self.low) * (_HEIGHT - _FOOT - 8)

    def grid(self) -> Iterator[str]:
        for number in range(round((self.high - self.low) / self.step) + 1):
            value = self.low + number * self.step
            y = self.y(value)
            yield f'<line class="axis" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH}" y2="{y:.1f}"/>'
            yield f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
        for k in self.ks:
            yield f'<text x="{self.x(k):.1f}" y="{_HEIGHT - _FOOT + 15}" text-anchor="middle">{k}</text>'
        yield f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{_HEIGHT - 3}" text-anchor="middle">source languages</text>'


def _line(scale: _Scale, number: int, line: Line) -> Iterator[str]:
    style = f"style-{number % STYLES}"
    upper = [(scale.x(mark.k), scale.y(mark.high)) for mark in line.marks]
    lower = [(scale.x(mark.k), scale.y(mark.low)) for mark in line.marks]
    yield f'<polygon class="band {style}" points="{_points([*upper, *reversed(lower)])}"/>'
    places = [(scale.x(mark.k), scale.y(mark.value)) for mark in line.marks]
    yield f'<polyline class="curve {style}" points="{_points(places)}"/>'
    for (x, y), mark in zip(places, line.marks, strict=True):
        told = f"{line.title}, k = {mark.k}: {mark.value:.1f} [{mark.low:.1f}, {mark.high:.1f}]"
        yield f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(visible(told))}</title></circle>'


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _round_step(width: float) -> float:
    """The least of 1, 2 and 5 times a power of ten that is as wide."""
    power = 10.0 ** math.floor(math.log10(max(width, 0.05)))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= width), 10 * power)
