"""``xprojdb diff``: the labels of two steps."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.text import Text

from xprojdb.cli.bounds import ROWS
from xprojdb.cli.output import as_json, console, open_current, print_json, table

if TYPE_CHECKING:
    from xprojdb.provenance.diff import LabelDifference
    from xprojdb.text.spans import Span

_KINDS = {
    "added": "added",
    "removed": "removed",
    "moved": "moved boundary",
    "relabelled": "changed label",
    "both": "moved and relabelled",
}


@click.command()
@click.argument("first", metavar="STEP")
@click.argument("second", metavar="STEP")
@click.option("--kind", type=click.Choice(list(_KINDS)), help="Show only changes of this kind.")
@click.option("--limit", type=ROWS, default=20, show_default=True, help="Changes shown at most.")
@as_json
def command(first: str, second: str, kind: str | None, limit: int, as_json: bool) -> None:
    """Compare the labels of two steps, sentence by sentence.

    A STEP is the beginning of a digest, as "xprojdb status" shows it, or a recipe, for the labels that it ends in. Only
    sentences that both have done are compared.
    """
    from xprojdb.provenance.diff import diff_steps

    with open_current() as database:
        found = diff_steps(database, first, second, kind=_KINDS[kind] if kind else None, limit=limit)
    if as_json:
        print_json(asdict(found))
    else:
        _show(found)


def _show(found: LabelDifference) -> None:
    out = console()
    first, second = (Text(", ".join(names), "bold") for names in (found.first, found.second))
    out.print(first, "→", second)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in found.counts.items() if count)
    out.print(
        f"{found.sentences:,} sentences done by both, {found.changed:,} differ; "
        f"{found.same:,} labels are the same, {counts or 'none differs'}\n"
    )
    shown = table("change", "sentence", "before", "after")
    for each in found.changes:
        before, after = _told(each.before, each.before_text), _told(each.after, each.after_text)
        shown.add_row(each.kind, each.sentence, before, after)
    if found.changes:
        out.print(shown)
    hidden = sum(found.counts.values()) - len(found.changes)
    if hidden > 0:
        out.print(f"and {hidden:,} more: --limit, --kind", style="dim")


def _told(span: Span | None, text: str | None) -> str:
    if span is None:
        return "–"
    return f"{text} {span.label} {span.start}–{span.end - 1}"
