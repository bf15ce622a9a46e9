"""``xprojdb models``: the models on this machine."""

from __future__ import annotations

import click

from xprojdb.cli.printing.output import as_json, show


@click.group()
def command() -> None:
    """List and install models."""


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
