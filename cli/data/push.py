"""``xprojdb push``: a data set on the Hugging Face Hub."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from xprojdb.cli.data.export import label_arguments, label_options
from xprojdb.cli.printing.output import as_json, open_current, show


@click.command()
@click.argument("repo", metavar="USER/NAME")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Publish this folder, which 'export hf' or 'models export' wrote, as it is.",
)
@label_options
@click.option("--private", is_flag=True, help="Make the repository private if it is new.")
@click.option("--dry-run", is_flag=True, help="Only show what would change. Nothing is sent.")
@as_json
def command(repo: str, folder: Path | None, private: bool, dry_run: bool, as_json: bool, **options: Any) -> None:
    """Publish projected labels on the Hugging Face Hub as the data set USER/NAME, in one commit.

    Only files that differ from those on the Hub are sent. Files of an earlier export that no longer exist are removed.
    The token is read from HF_TOKEN or from the Hub's own login ('hf auth login'), and never stored. Sentences and
    labels are selected as for 'export'.
    """
    from xprojdb.hub import quiet_progress

    if not sys.stderr.isatty():
        quiet_progress()
    selected = label_arguments(options)
    with open_current() as database:
        show(database.push(repo, folder=folder, private=private, dry_run=dry_run, **selected), as_json)
