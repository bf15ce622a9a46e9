"""``xprojdb import tags``, ``import translations`` and ``export text``: sentences for other programs, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xprojdb.cli.corrections.labels import place_options, places_from, reader_options, reading_from
from xprojdb.cli.options.importing import ColumnType
from xprojdb.cli.printing.output import as_json, open_current, show

_COLUMN = ColumnType()


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the tagger, for recipes.")
@place_options
@reader_options
@as_json
def tags(file: Path, name: str, as_json: bool, **options: Any) -> None:
    """Import your own predictions from FILE as a tagger.

    Recipes use it as [tag] model = "imported:NAME". Sentences are found as for 'import labels', including machine
    translations. FILE may cover some of the sentences; sentences without predictions wait.
    """
    places, reading = places_from(options), reading_from(options)
    with open_current() as database:
        show(database.import_tags(file, name=name, **places, reading=reading), as_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the translator, for recipes.")
@click.option("--source", required=True, help="Language of the stored sentences, by any of its codes.")
@click.option("--lang", required=True, help="Language of the translations.")
@click.option("--corpus", help="Corpus of the sentences.  [default: any]")
@click.option("--part", help="With --by-line: only sentences of this part of the corpus.")
@click.option("--format", default="auto", show_default=True, help="Format of the FILE. auto: by its content.")
@click.option("--by-line", is_flag=True, help="The first row belongs to the first sentence of the import, and so on.")
@click.option("--text", type=_COLUMN, help="Table: column of the translations.")
@click.option("--id", type=_COLUMN, help="Table: column of the ids.")
@click.option("--text-field", help="JSON: field of the translation.")
@click.option("--id-field", help="JSON: field of the id.")
@as_json
def translations(file: Path, as_json: bool, **options: Any) -> None:
    """Import machine translations of stored sentences.

    Recipes use them as [translate] model = "imported:NAME". A FILE with ids may cover some of the sentences. In plain
    text, a blank line is a sentence without a translation. Sentences without a translation wait.
    """
    reading = {key: options.pop(key) for key in ("text", "id", "text_field", "id_field")}
    reading = {key: value for key, value in reading.items() if value is not None}
    with open_current() as database:
        show(database.import_translations(file, **options, reading=reading), as_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--corpus", required=True, help="Name of the corpus.")
@click.option("--lang", required=True, help="Language of the sentences, by any of its codes.")
@click.option("--split", help="Only this split.")
@click.option("--part", help="Only this part of the corpus.")
@click.option(
    "--format",
    type=click.Choice(["tsv", "plain"]),
    default="tsv",
    show_default=True,
    help="tsv: ids and texts, with a header line. plain: one sentence per line.",
)
@click.option("--untranslated", metavar="NAME", help="Only sentences without a translation imported under this name.")
@click.option("--to", metavar="LANG", help="With --untranslated: language of the translations.")
@as_json
def text(file: Path, as_json: bool, **options: Any) -> None:
    """Write sentences to FILE for any translator.

    'xprojdb import translations' imports the translations.
    """
    with open_current() as database:
        written = database.export_text(file, **options)
    if str(file) != "/dev/stdout":
        show(written, as_json)
