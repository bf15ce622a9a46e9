"""``xprojdb verify``: damage and its repair."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from xprojdb.cli.end_runs import end_and_tell, end_runs_option
from xprojdb.cli.output import as_json, console, open_current, print_json, table

if TYPE_CHECKING:
    from xprojdb.maintenance.verify import VerifyReport


@click.command()
@click.option("--repair", is_flag=True, help="Mend what is found, and tell what was done.")
@end_runs_option
@as_json
@click.pass_context
def command(context: click.Context, repair: bool, end_runs: bool, as_json: bool) -> None:
    """Check all rows against each other: dangling keys, spans, overlaps, outcomes, digests, files.

    A repair drops what is wrong and what rests on it, so that the next run makes it again; a file whose sentences are
    damaged is dropped whole, to be imported again. Exit code 1 when there is damage that was not mended.

    While runs are under way, nothing is mended.
    """
    from xprojdb.maintenance.verify import verify

    with open_current() as database:
        if repair and end_runs:
            end_and_tell(database.engine)
        found = verify(database, repair=repair)
    if as_json:
        print_json(asdict(found))
    else:
        _show(found, repair)
    context.exit(1 if found.left or (found.damage and not repair) else 0)


def _show(found: VerifyReport, repair: bool) -> None:
    shown = table("check", "found>", "such as")
    for each in found.checks:
        shown.add_row(
            each.name, f"{each.found:,}", each.examples[0] if each.examples else "", style="red" if each.found else None
        )
    out = console()
    out.print(shown)
    if not found.damage:
        click.echo("all is well")
        return
    for each in found.checks:
        if each.found:
            click.echo(f"{each.name}: {each.repair}")
    if not repair:
        click.echo("nothing was changed: add --repair")
        return
    click.echo(
        f"taken away: {', '.join(f'{name} {count:,}' for name, count in sorted(found.taken.items())) or 'nothing'}"
    )
    click.echo(
        "not mended: " + ", ".join(each.name for each in found.left)
        if found.left
        else "mended; now run the recipe again"
    )
