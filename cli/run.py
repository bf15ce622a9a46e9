"""``xprojdb run``: a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli.bounds import SOME_ROWS
from xprojdb.cli.execution_options import engine_options, make_engine
from xprojdb.cli.output import as_json, console, open_current, print_json, table

if TYPE_CHECKING:
    from xprojdb.db import Database
    from xprojdb.planning.plan import Plan


@click.command()
@click.argument("recipe")
@click.option("--retry-failed", is_flag=True, help="Try the items again that failed before.")
@click.option("--dry-run", is_flag=True, help="Only show which steps would run, on how many items, and why.")
@click.option("--only", multiple=True, metavar="STEP", help="Only these steps: a kind (align) or how a digest begins.")
@click.option("--limit", type=SOME_ROWS, metavar="N", help="At most N items of each step.")
@engine_options
@as_json
def command(
    recipe: str,
    retry_failed: bool,
    dry_run: bool,
    only: tuple[str, ...],
    limit: int | None,
    as_json: bool,
    **engine: Any,
) -> None:
    """Do what RECIPE (a TOML file, or the name of a ready recipe) says and is not done yet.

    What is done is never done again: a second run does nothing, new sentences are the only ones processed, and a
    changed parameter makes new steps from there on. Ctrl-C ends after the batches at hand; run again to go on.
    Several runs may share a database: each takes what the others have not.
    """
    from xprojdb.cli.progress import stop_on_interrupt, watcher
    from xprojdb.config.builtin_recipes import find_recipe
    from xprojdb.execution.run import chosen_stages, forget_failures, run_plan
    from xprojdb.execution.status.database import keep_counts
    from xprojdb.planning.planner import plan_recipe

    loaded = find_recipe(recipe)
    with open_current() as database:
        plan = plan_recipe(database, loaded)
        chosen_stages(plan, only)
        if dry_run:
            _show_pending(database, plan, only, limit, as_json)
            return
        computing = make_engine(**engine)
        if retry_failed:
            forget_failures(database, plan)
        with stop_on_interrupt() as stop:
            report = run_plan(database, plan, progress=watcher(), stop=stop, engine=computing, only=only, limit=limit)
        if report.run_id is not None and not report.stopped:
            keep_counts(database)
    if as_json:
        steps = [{"step": s.step_id, "title": s.title, "done": s.done, "failed": s.failed} for s in report.steps]
        print_json({"run": report.run_id, "stopped": report.stopped, "steps": steps})
    elif report.run_id is None:
        click.echo("nothing to do")
    else:
        ended = "stopped" if report.stopped else "done"
        click.echo(f"run {report.run_id} {ended}: {report.done} items, {report.failed} failed")
    if report.stopped:
        raise click.exceptions.Exit(130)
    if report.failed:
        raise click.exceptions.Exit(1)


def _show_pending(database: Database, plan: Plan, only: Sequence[str], limit: int | None, as_json: bool) -> None:
    from xprojdb.execution.dry_run import preview_plan

    found = preview_plan(database, plan, only=only, limit=limit)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    shown = table("step", "", "what", "pending>", "because")
    for each in found:
        shown.add_row(each.digest[:8], "known" if each.known else "new", each.title, str(each.pending), each.change)
    console().print(shown)
    for each in found:
        if each.sends:
            told = ", ".join(f"{count:,} {name}" for name, count in each.sends.items())
            click.echo(f"{each.digest[:8]} would send about {told}")
