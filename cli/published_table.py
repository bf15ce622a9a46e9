"""Print published scores beside ours, for the commands that measure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from xprojdb.cli.output import console, table

if TYPE_CHECKING:
    from xprojdb.evaluation.published_comparison import PublishedComparison

_SHOWN = 8


def show_published(beside: Sequence[PublishedComparison], ours: Sequence[str]) -> None:
    """Print a table, the highest score of each language first, and where the scores stood.

    :param ours: names of the differences, a column each.
    """
    if not beside:
        return
    shown = table("language", "published", "method", "F1>", *(f"{name} less it>" for name in ours))
    for _, group in groupby(beside, key=lambda each: (each.corpus, each.lang)):
        rows = list(group)
        for each in rows[:_SHOWN]:
            shown.add_row(*_row(each, ours))
        if len(rows) > _SHOWN:
            shown.add_row("", "", f"and {len(rows) - _SHOWN} lower ones: --json")
        shown.add_section()
    click.echo()
    console().print(shown)
    _show_sources(beside)


def _row(each: PublishedComparison, ours: Sequence[str]) -> list[str]:
    settings = ", ".join(each.published.settings.values())
    method = f"{each.published.method} ({settings})" if settings else each.published.method
    differences = (f"{100 * each.differences[name]:+.1f}" if name in each.differences else "–" for name in ours)
    return [
        f"{each.corpus}/{each.lang}", each.published.source, method, f"{100 * each.published.f1:.1f}", *differences
    ]  # fmt: skip


def _show_sources(beside: Sequence[PublishedComparison]) -> None:
    from xprojdb.evaluation.published import SOURCES

    named = [name for name in dict.fromkeys(each.published.source for each in beside) if name in SOURCES]
    for name in named:
        click.echo(f"{name}: {SOURCES[name]}")
    if named:
        click.echo("Published on the test splits, from sources and with tools of their own.")
