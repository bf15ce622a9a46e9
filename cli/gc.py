"""``xprojdb gc``: steps that nothing names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from xprojdb.cli.end_runs import end_and_tell, end_runs_option
from xprojdb.cli.output import as_json, console, megabytes, open_current, print_json, table

if TYPE_CHECKING:
    from xprojdb.maintenance.garbage_collection import Garbage


@click.command()
@click.option("--yes", is_flag=True, help="Free it; without this, it is only shown.")
@click.option("--forget", "forgotten", multiple=True, metavar="RECIPE", help="Forget a recipe; may be repeated.")
@click.option("--forget-exports", is_flag=True, help="Free what only an earlier export names.")
@end_runs_option
@as_json
def command(yes: bool, forgotten: tuple[str, ...], forget_exports: bool, end_runs: bool, as_json: bool) -> None:
    """Free the steps that no recipe and no export names, with all their rows.

    A recipe that was changed and run again names its new steps; the old ones stay until they are freed here. Steps that
    a kept step reads are kept. The file gets smaller by "xprojdb db vacuum".

    While runs are under way, nothing is freed.
    """
    from xprojdb.maintenance.garbage_collection import find_garbage, free_garbage

    with open_current() as database:
        if yes and end_runs:
            end_and_tell(database.engine)
        act = free_garbage if yes else find_garbage
        found = act(database, without=forgotten, exports=not forget_exports)
    if as_json:
        print_json(_told(found))
        return
    _show(found)
    if yes:
        rows = ", ".join(f"{name} {count:,}" for name, count in sorted(found.freed.items()))
        click.echo(f"freed: {rows or 'nothing'}")
    elif found.rows or found.steps:
        click.echo("nothing was freed yet: add --yes")


def _show(found: Garbage) -> None:
    shown = table("step", "model", "rows", "bytes>")
    for each in found.steps:
        rows = ", ".join(f"{name} {count:,}" for name, count in each.rows.items())
        shown.add_row(each.step.short, each.model or "–", rows or "none", megabytes(each.bytes))
    if found.steps:
        console().print(shown)
    if found.phrases[0]:
        click.echo(f"scores of phrases by models that no other step uses: {found.phrases[0]:,}")
    total = sum(found.rows.values())
    click.echo(
        f"{len(found.steps)} steps that nothing names, {total:,} rows, about {megabytes(found.bytes)}; "
        f"{found.kept} steps are kept"
    )


def _told(found: Garbage) -> dict[str, object]:
    steps = [
        {"digest": each.step.digest, "kind": each.step.kind, "rows": each.rows, "bytes": each.bytes}
        for each in found.steps
    ]
    return {"steps": steps, "rows": dict(found.rows), "bytes": found.bytes, "kept": found.kept, "freed": found.freed}
