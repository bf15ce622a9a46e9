"""``xprojdb models``: which models are on this machine."""

from __future__ import annotations

import click

from xprojdb.cli.output import as_json, console, print_json, table


@click.group()
def command() -> None:
    """List and install models."""


@command.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Install again, over what is there.")
def install(name: str, force: bool) -> None:
    """Install the model NAME into the user's cache (first use does it by itself)."""
    from xprojdb.models import store

    click.echo(f"{store.canonical_id(name)} is in {store.install(name, force=force)}")


@command.command("list")
@as_json
def list_models(as_json: bool) -> None:
    """List the installed models, and those that could be."""
    from xprojdb.models import store

    found = store.installed()
    if as_json:
        rows = [{"model": m.model_id, "revision": m.revision, "bytes": m.size, "path": str(m.path)} for m in found]
        print_json({"installed": rows, "available": store.available()})
        return
    shown = table("model", "revision", "size>", "folder")
    for model in found:
        shown.add_row(model.model_id, model.revision[:19], f"{model.size / 2**20:.0f} MiB", str(model.path))
    console().print(shown if found else "no models are installed")
    missing = sorted(set(store.available()) - {model.model_id for model in found})
    if missing:
        click.echo(f"can be installed: {', '.join(missing)}")
