"""Plots as SVG, drawn on the server: no scripts, no library, and a table with each."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from xprojdb.browse.escaping import visible

_WIDTH, _HEIGHT, _FOOT = 320, 120, 18


def bars(counts: Sequence[float], labels: Sequence[str], description: str) -> Markup:
    """A histogram.

    :param counts: the height of each bar.
    :param labels: the labels below the first, the middle and the last bar.
    :param description: what it shows, for screen readers.
    """
    highest, count = max([*counts, 1]), max(len(counts), 1)
    width = _WIDTH / count
    drawn = [
        f'<rect x="{n * width + 1:.1f}" y="{_HEIGHT * (1 - value / highest):.1f}" width="{max(width - 2, 1):.1f}" '
        f'height="{_HEIGHT * value / highest:.1f}" rx="1.5"><title>{value:,}</title></rect>'
        for n, value in enumerate(counts)
    ]
    return _figure("plot bars", description, drawn, labels)


def reliability_diagram(bins: Sequence[tuple[float, float, int]], description: str) -> Markup:
    """Predicted probability against the share of correct labels.

    :param bins: predicted probability, share of correct labels, and count of each bin.
    """
    most = max((count for _, _, count in bins), default=1) or 1
    drawn = [f'<line class="even" x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="0"/>']
    places = [(predicted * _WIDTH, _HEIGHT * (1 - right)) for predicted, right, count in bins if count]
    drawn.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
    sizes = [2.5 + 5 * (count / most) ** 0.5 for _, _, count in bins if count]
    figures = [f"{predicted:.2f} → {right:.2f} ({count:,})" for predicted, right, count in bins if count]
    for (x, y), size, figure in zip(places, sizes, figures, strict=True):
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}"><title>{figure}</title></circle>')
    return _figure("plot reliability", description, drawn, ["0", "0.5", "1"])


def _figure(kind: str, description: str, drawn: Sequence[str], labels: Sequence[str]) -> Markup:
    anchors = ("start", "middle", "end")
    places = (0, _WIDTH / 2, _WIDTH)
    texts = [
        f'<text x="{x:g}" y="{_HEIGHT + 14}" text-anchor="{anchor}">{escape(visible(text))}</text>'
        for x, anchor, text in zip(places, anchors, labels, strict=False)
    ]
    axis = f'<line class="axis" x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}"/>'
    size = f'viewBox="-8 -8 {_WIDTH + 16} {_HEIGHT + _FOOT + 8}"'
    inside = "".join([*drawn, axis, *texts])
    return Markup(f'<svg class="{kind}" {size} role="img" aria-label="{escape(visible(description))}">{inside}</svg>')
