"""``xprojdb push``: a data set on the Hugging Face Hub."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli.export import choice, choice_options
from xprojdb.cli.output import as_json, console, open_current, print_json, table
from xprojdb.cli.selection_options import given_cut

if TYPE_CHECKING:
    from xprojdb.exports.hub.push import PushReport


@click.command()
@click.argument("repo", metavar="USER/NAME")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Publish this folder, which 'xprojdb export hf' wrote, as it is."
)
@choice_options
@click.option("--private", is_flag=True, help="Make the repository visible to its owners only, if it is new.")
@click.option("--dry-run", is_flag=True, help="Only show what would change; nothing is sent.")
@as_json
def command(
    repo: str,
    folder: Path | None,
    recipe: str | None,
    private: bool,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Publish the labels that a recipe projected as the data set USER/NAME, in one commit.

    Only files that differ from those on the Hub are sent; files of an earlier export that are gone are removed. The
    token is that of HF_TOKEN or of the Hub's own login ("hf auth login"); it is stored nowhere else. Which sentences
    and labels is said as for "export".
    """
    from xprojdb.exports.hub.names import dataset_name

    dataset_name(repo)
    if folder and (recipe or options["langs"] or options["source"] or given_cut(options)):
        raise click.UsageError("--folder is published as it is: leave out what chooses sentences and labels")
    report = _push(repo, folder, recipe, options, private, dry_run)
    if as_json:
        print_json(asdict(report))
    else:
        show_report(report)


def _push(
    repo: str, folder: Path | None, recipe: str | None, options: dict[str, Any], private: bool, dry_run: bool
) -> PushReport:
    from xprojdb.exports.hub.push import push_folder, push_recipe
    from xprojdb.hub import quiet_progress
    from xprojdb.planning.store import load_plan

    if not sys.stderr.isatty():
        quiet_progress()
    with open_current() as database:
        if folder:
            return push_folder(database, folder, repo, private=private, dry_run=dry_run)
        plan = load_plan(database, recipe)
        return push_recipe(database, plan, repo, **choice(plan, options), private=private, dry_run=dry_run)


def show_report(report: PushReport) -> None:
    """Print what a push changed, or would change."""
    shown = table("file", "change", "bytes>")
    for change in ("added", "changed", "removed", "unchanged"):
        for path, size in getattr(report, change).items():
            shown.add_row(path, change, f"{size:,}", style="dim" if change == "unchanged" else None)
    console().print(shown)
    click.echo(_summary(report))


def _summary(report: PushReport) -> str:
    changes = len(report.added) + len(report.changed) + len(report.removed)
    if not changes:
        return f"{report.destination} holds this already: commit {report.revision}"
    files = f"{changes} {'change' if changes == 1 else 'changes'}, {report.sent_bytes:,} bytes to send"
    new = "a new repository: " if report.created else ""
    if report.dry_run:
        return f"{report.destination} would get {new}{files}; nothing was sent"
    return f"{report.destination} is at commit {report.revision}: {new}{files.replace('to send', 'sent')}"
