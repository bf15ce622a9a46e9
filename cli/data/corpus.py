"""``xprojdb corpus``: operations on a whole corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xprojdb.cli.completion.names import complete_corpora, complete_sentences
from xprojdb.cli.options.end_runs import end_runs_option
from xprojdb.cli.options.groups import Group
from xprojdb.cli.printing.output import as_json, open_current, show


@click.group(cls=Group)
def command() -> None:
    """Delete a corpus, or withdraw and replace some of its sentences, with everything made from them."""


@command.command()
@click.argument("name", shell_complete=complete_corpora)
@click.option("--yes", is_flag=True, help="Delete it. Without this, only show what would be deleted.")
@end_runs_option
@as_json
def delete(name: str, yes: bool, end_runs: bool, as_json: bool) -> None:
    """Delete the corpus NAME: its sentences, their translations, and everything made from them.

    Steps stay (see 'xprojdb gc'), and so do other corpora. Exported files stay where they are. If the deletion is
    interrupted, run the same command again. Nothing is deleted while runs are in progress.
    """
    with open_current() as database:
        show(database.delete_corpus(name, dry_run=not yes, end_runs=end_runs), as_json)
    if not (yes or as_json):
        click.echo(f"nothing of {name} was deleted: add --yes to delete it")


@command.command()
@click.argument("name", shell_complete=complete_corpora)
@click.option(
    "--id",
    "ids",
    multiple=True,
    metavar="ID",
    shell_complete=complete_sentences,
    help="Sentence to withdraw. Can be repeated.",
)
@click.option("--ids-from", type=click.Path(path_type=Path), metavar="FILE", help="File with one id per line.")
@click.option("--lang", help="Only in this language, by any of its codes.  [default: in all]")
@click.option("--part", help="Only in this part. Without ids: all of it.")
@click.option("--yes", is_flag=True, help="Withdraw them. Without this, only show what would be deleted.")
@end_runs_option
@as_json
def withdraw(
    name: str, ids: tuple[str, ...], ids_from: Path | None, lang: str | None, part: str | None, yes: bool,
    end_runs: bool, as_json: bool,
) -> None:  # fmt: skip
    """Withdraw sentences of the corpus NAME, with their translations and everything made from them.

    The rest stays, with everything made from it. Nothing is deleted while runs are in progress.
    """
    with open_current() as database:
        options: dict[str, Any] = {"lang": lang, "part": part, "dry_run": not yes, "end_runs": end_runs}
        show(database.withdraw(name, ids=[*ids, *_ids_in(ids_from)], **options), as_json)
    if not (yes or as_json):
        click.echo("nothing was withdrawn: add --yes to withdraw them")


def _ids_in(path: Path | None) -> list[str]:
    from xprojdb.readers import read_lines

    return [line.strip() for _, line in read_lines(path) if line.strip()] if path is not None else []


@command.command()
@click.argument("name", shell_complete=complete_corpora)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language of the file, by any of its codes.")
@click.option("--part", help="Part of the corpus to replace.  [default: the split, from the file's name]")
@click.option("--split", help="Split of its sentences.  [default: from the file's name, else that of the old ones]")
@click.option("--format", default="auto", show_default=True, help="Format of the FILE. auto: by its content.")
@click.option("--yes", is_flag=True, help="Replace it. Without this, only show what would change.")
@end_runs_option
@as_json
def replace(name: str, file: Path, yes: bool, as_json: bool, **options: Any) -> None:
    """Replace a file of the corpus NAME with a corrected FILE.

    Sentences are compared by id. Unchanged ones keep everything made from them. Changed ones stay where they were,
    and missing ones are withdrawn; what was made from them is deleted, and the next run recomputes it.
    """
    with open_current() as database:
        show(database.replace(name, file, dry_run=not yes, **options), as_json)
    if not (yes or as_json):
        click.echo("nothing was replaced: add --yes to replace the file")
