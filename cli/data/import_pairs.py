"""``xprojdb import nli``: sentence pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xprojdb.cli.printing.output import as_json, open_current, show


def _named_files(
    _context: click.Context, _argument: click.Parameter, texts: tuple[str, ...]
) -> list[tuple[str | None, Path]]:
    """``en=FILE``, or a file that says the language itself."""
    files: list[tuple[str | None, Path]] = []
    for text in texts:
        lang, equals, path = text.partition("=")
        files.append((lang, Path(path)) if equals else (None, Path(text)))
    return files


@click.command()
@click.argument("files", nargs=-1, required=True, callback=_named_files, metavar="[LANG=]FILE...")
@click.option("--corpus", required=True, help="Name of the corpus. Created if it is new.")
@click.option("--split", help="train, validation or test.  [default: from each file's name]")
@click.option("--origin", type=click.Choice(["human", "machine"]), help="Who translated the pairs, for reports.")
@click.option("--version", help="Version of the corpus.")
@click.option("--license", help="Its license, as an SPDX identifier.")
@click.option("--citation", help="How to cite the corpus.")
@click.option("--url", help="Web address of the corpus.")
@as_json
def nli(files: list[tuple[str | None, Path]], corpus: str, as_json: bool, **options: Any) -> None:
    """Import sentence pairs with labels: XNLI, AfriXNLI, AmericasNLI, myXNLI, as TSV (gzipped or not) or Parquet.

    The first line of a TSV names its columns: premise, hypothesis, label. Line n of a split is the same pair in every
    language, unless a column has ids. Without LANG=, a column has the language.
    """
    with open_current(create=True) as database:
        show(database.import_nli(corpus, files, **options), as_json)
