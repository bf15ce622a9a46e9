"""Published scores beside ours, in the results that measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from xprojdb.api.results.display.rendering import percent, table

if TYPE_CHECKING:
    from xprojdb.evaluation.published_comparison import PublishedComparison

_SHOWN = 8


def published_parts(published: Sequence[PublishedComparison], ours: Sequence[str]) -> Iterator[RenderableType]:
    """A table with the highest score of each language first, and where the scores were published.

    :param ours: names of the differences, one per column.
    """
    if not published:
        return
    shown = table("language", "published", "method", "F1>", *(f"{name} less it>" for name in ours))
    for _, group in groupby(published, key=lambda score: (score.corpus, score.lang)):
        rows = list(group)
        for score in rows[:_SHOWN]:
            shown.add_row(*_row(score, ours))
        if len(rows) > _SHOWN:
            shown.add_row("", "", f"and {len(rows) - _SHOWN} lower ones; see --json")
        shown.add_section()
    yield Text("")
    yield shown
    yield from _sources(published)


def _row(score: PublishedComparison, ours: Sequence[str]) -> list[str]:
    settings = ", ".join(score.published.settings.values())
    method = f"{score.published.method} ({settings})" if settings else score.published.method
    differences = (f"{100 * score.differences[name]:+.1f}" if name in score.differences else "–" for name in ours)
    return [f"{score.corpus}/{score.lang}", score.published.source, method, percent(score.published.f1), *differences]


def _sources(published: Sequence[PublishedComparison]) -> Iterator[RenderableType]:
    from xprojdb.evaluation.published import SOURCES

    named = [name for name in dict.fromkeys(score.published.source for score in published) if name in SOURCES]
    for name in named:
        yield Text(f"{name}: {SOURCES[name]}")
    if named:
        yield Text("The published scores are on the test splits, with the sources and tools of their authors.")
