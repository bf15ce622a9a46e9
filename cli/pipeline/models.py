"""``xprojdb models``: the models on this machine, and those trained in a database."""

from __future__ import annotations

import click

from xprojdb.cli.options.groups import Group
from xprojdb.cli.printing.output import as_json, open_current, show


@click.group(cls=Group)
def command() -> None:
    """List, install and export models."""


@command.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Install it even if it is there already.")
def install(name: str, force: bool) -> None:
    """Install the model NAME into your cache. The first use of a model also does this."""
    import xprojdb

    click.echo(f"installed in {xprojdb.install_model(name, force=force)}")


@command.command("list")
@as_json
def list_models(as_json: bool) -> None:
    """List the installed models, and those that can be installed."""
    import xprojdb

    show(xprojdb.list_models(), as_json)


@command.command()
@click.argument("name")
@click.argument("folder", type=click.Path(file_okay=False))
@as_json
def export(name: str, folder: str, as_json: bool) -> None:
    """Write the trained model NAME into FOLDER, as a token classifier of Transformers, with a card.

    NAME is that of a training recipe, or a digest. The folder loads with pipeline("token-classification", FOLDER,
    trust_remote_code=True), and 'push --folder' publishes it. An earlier export there is replaced.
    """
    with open_current() as database:
        show(database.export_model(name, folder), as_json)
