"""``xprojdb status``: the database at a glance."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from xprojdb.cli.output import as_json, console, open_current, print_json, table

if TYPE_CHECKING:
    from rich.console import Console

    from xprojdb.provenance.status import Status


@click.command()
@as_json
def command(as_json: bool) -> None:
    """Show what is in the database and, for each step of each recipe, what is done, pending and failed, and why."""
    from xprojdb.provenance.status import read_status

    with open_current() as database:
        found = read_status(database)
    if as_json:
        print_json(asdict(found))
        return
    out = console()
    out.print(f"[bold]{found.url}[/bold]\n")
    _show_corpora(out, found)
    for name in found.recipes:
        _show_recipe(out, found, name)
    _show_runs(out, found)


def _show_corpora(out: Console, found: Status) -> None:
    shown = table("corpus", "licence", "sentences")
    for corpus in found.corpora:
        told = ", ".join(f"{lang} {count:,}" for lang, count in sorted(corpus["sentences"].items()))
        shown.add_row(corpus["name"], corpus["licence"] or "–", told)
    out.print(shown if found.corpora else "no corpora yet: xprojdb import --help")
    links = [f"{each['original']}–{each['rendering']} {each['translations']:,}" for each in found.links]
    if links:
        out.print(f"translations: {', '.join(links)}")


def _show_recipe(out: Console, found: Status, name: str) -> None:
    shown = table("step", "what", "ok>", "empty>", "filtered>", "failed>", "pending>", "waiting>", "why not ok")
    for step in found.recipes[name]:
        cells = [f"{step.outcomes.get(status, 0):,}" for status in ("ok", "empty", "filtered")]
        failed = step.outcomes.get("failed", 0)
        why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(step.reasons.items()))
        marked = f"[red]{failed:,}[/red]" if failed else "0"
        shown.add_row(step.digest[:8], step.title, *cells, marked, f"{step.pending:,}", f"{step.waiting:,}", why)
    out.print(f"\n[bold]recipe {name}[/bold]")
    out.print(shown)


def _show_runs(out: Console, found: Status) -> None:
    shown = table("run>", "command", "recipe", "started", "status", "counts")
    for run in found.runs:
        counts = ", ".join(f"{name} {count:,}" for name, count in run["counts"].items())
        style = {"failed": "red", "stopped": "yellow", "running": "cyan"}.get(run["status"])
        row = (str(run["id"]), run["command"], run["recipe_name"] or "–", run["started_at"], run["status"], counts)
        shown.add_row(*row, style=style)
    if found.runs:
        out.print("\n[bold]latest runs[/bold]")
        out.print(shown)
    for each in found.failures:
        out.print(f"[red]failed[/red] step {each['step_id']}, item {each['item_id']}: {each['message']}")
