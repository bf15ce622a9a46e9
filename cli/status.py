"""``xprojdb status``: the database at a glance."""

from __future__ import annotations

from dataclasses import asdict
from textwrap import indent
from typing import TYPE_CHECKING

import click
from rich.text import Text

from xprojdb.cli.output import as_json, console, open_current, print_json, table
from xprojdb.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from xprojdb.db import Database
    from xprojdb.execution.status.database import DatabaseStatus


#: failures printed for people; JSON has all
_FAILURES_SHOWN = 100


@click.command()
@click.option("--failed", is_flag=True, help="Show the items that failed: which sentences, and why.")
@click.option("--traceback", is_flag=True, help="With --failed: the traceback of each, too.")
@click.option("--watch", is_flag=True, help="Show the runs that are going on, until they have ended.")
@click.option("--recount", is_flag=True, help="Count all rows, for a database that other programs have written to.")
@as_json
def command(failed: bool, traceback: bool, watch: bool, recount: bool, as_json: bool) -> None:
    """Show what is in the database and, for each step of each recipe, what is done, pending and failed, and why."""
    _check(failed, traceback, watch, recount)
    with open_current() as database:
        if watch:
            _watch(database, as_json)
        elif failed:
            _show_failed(database, traceback, as_json)
        else:
            _show(database, recount, as_json)


def _check(failed: bool, traceback: bool, watch: bool, recount: bool) -> None:
    if traceback and not failed:
        raise UsageError("--traceback is of failed items", hint="say --failed --traceback")
    if watch and failed:
        raise UsageError("--watch and --failed show different things", hint="give one of them")
    if recount and (watch or failed):
        raise UsageError("--recount is for the status itself", hint="leave out --watch and --failed")


def _watch(database: Database, as_json: bool) -> None:
    from xprojdb.cli.watch import watch

    if any(run.lost or run.status == "failed" for run in watch(database, as_json)):
        raise click.exceptions.Exit(1)


def _show_failed(database: Database, traceback: bool, as_json: bool) -> None:
    from xprojdb.execution.status.failures import read_failed

    found = read_failed(database)
    if as_json:
        kept = (asdict(each) for each in found)
        print_json([each if traceback else {k: v for k, v in each.items() if k != "traceback"} for each in kept])
        return
    out = console()
    for each in found[:_FAILURES_SHOWN]:
        name = " → ".join(each.names) or f"item {each.item}"
        heading = Text(name, style="bold").append(f"  {each.title} ({each.digest[:8]}), run {each.run_id}", style="dim")
        out.print(heading)
        out.print(Text("  ").append(each.reason, style="red").append(f": {each.message}"))
        if traceback:
            out.print(Text(indent(each.traceback.rstrip(), "    "), style="dim"))
    hidden = len(found) - _FAILURES_SHOWN
    out.print(f"… and {hidden:,} more: --json has all" if hidden > 0 else "" if found else "nothing has failed")


def _show(database: Database, recount: bool, as_json: bool) -> None:
    from xprojdb.execution.status.database import read_status

    found = read_status(database, anew=recount)
    if as_json:
        print_json(asdict(found))
        return
    out = console()
    out.print(f"{found.url}\n", style="bold")
    _show_corpora(out, found)
    for name in found.recipes:
        _show_recipe(out, found, name)
    _show_runs(out, found)


def _show_corpora(out: Console, found: DatabaseStatus) -> None:
    shown = table("corpus", "licence", "sentences")
    for corpus in found.corpora:
        told = ", ".join(f"{lang} {count:,}" for lang, count in sorted(corpus["sentences"].items()))
        shown.add_row(corpus["name"], corpus["licence"] or "–", told)
    out.print(shown if found.corpora else "no corpora yet: xprojdb import --help")
    links = [f"{each['original']}–{each['rendering']} {each['translations']:,}" for each in found.links]
    if links:
        out.print(f"translations: {', '.join(links)}")


def _show_recipe(out: Console, found: DatabaseStatus, name: str) -> None:
    shown = table("step", "what", "ok>", "empty>", "filtered>", "failed>", "pending>", "waiting>", "why not ok")
    for step in found.recipes[name]:
        cells = [f"{step.outcomes.get(status, 0):,}" for status in ("ok", "empty", "filtered")]
        failed = step.outcomes.get("failed", 0)
        why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(step.reasons.items()))
        marked = Text(f"{failed:,}", "red" if failed else "")
        shown.add_row(step.digest[:8], step.title, *cells, marked, f"{step.pending:,}", f"{step.waiting:,}", why)
    out.print(f"\nrecipe {name}", style="bold")
    out.print(shown)


def _show_runs(out: Console, found: DatabaseStatus) -> None:
    shown = table("run>", "command", "recipe", "started", "status", "counts")
    for run in found.runs:
        counts = ", ".join(f"{name} {count:,}" for name, count in run["counts"].items())
        style = {"failed": "red", "stopped": "yellow", "running": "cyan"}.get(
            "failed" if run["lost"] else run["status"]
        )
        status = f"no sign of life since {run['heartbeat_at'] or run['started_at']}" if run["lost"] else run["status"]
        row = (str(run["id"]), run["command"], run["recipe_name"] or "–", run["started_at"], status, counts)
        shown.add_row(*row, style=style)
    if found.runs:
        out.print("\nlatest runs", style="bold")
        out.print(shown)
    for each in found.failures:
        out.print(Text("failed", "red"), f"step {each['step_id']}, item {each['item_id']}: {each['message']}")
    if found.failures:
        out.print("which sentences, and why: xprojdb status --failed")
