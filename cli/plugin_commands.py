"""Commands from plug-ins: those under ``xprojdb``, and one under ``xprojdb export`` for each exporter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import click

from xprojdb.cli.options.groups import Group

_COMMANDS = b"[xprojdb.commands]"


class ExporterGroup(Group):
    """``xprojdb export``: its own commands, and those of exporters from other packages."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [*super().list_commands(context), *_foreign_exporters(super().list_commands(context))]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        own = super().get_command(context, name)
        return own or (_exporter_command(name) if name in _foreign_exporters([]) else None)


@cache
def plugin_commands() -> dict[str, str]:
    """The commands from other packages, each with the package; none of them is imported."""
    # Importing importlib.metadata takes as long as the rest of the help.
    if not any(map(_may_bring_commands, sys.path)):
        return {}
    from xprojdb import entry_points

    return {name: f"From {plugin.distribution}." for name, plugin in entry_points.plugins("commands").items()}


def _may_bring_commands(folder: str) -> bool:
    """Whether a distribution in a folder of the path declares commands; what cannot be read so may well do."""
    place = Path(folder)
    try:
        return place.is_file() or any(_COMMANDS in path.read_bytes() for path in _declarations(place))
    except OSError:
        return True


def _declarations(folder: Path) -> Iterator[Path]:
    return chain(folder.glob("*.dist-info/entry_points.txt"), folder.glob("*.egg-info/entry_points.txt"))


def plugin_command(name: str) -> click.Command | None:
    """A command from another package.

    :raises PluginError: when it cannot be imported.
    """
    from xprojdb import entry_points

    if name not in entry_points.plugins("commands"):
        return None
    command: click.Command = entry_points.load("commands", name)
    return command


def _foreign_exporters(own: list[str]) -> list[str]:
    from xprojdb import entry_points

    return [name for name in entry_points.plugins("exporters") if name not in own]


def _exporter_command(name: str) -> click.Command:
    from xprojdb import entry_points
    from xprojdb.cli.data.export import export_command, export_options

    form = entry_points.load("exporters", name)

    def run(folder: Path, as_json: bool, **options: Any) -> None:
        export_command(name, folder, as_json, options)

    line = (form.__doc__ or "").strip().partition("\n")[0]
    distribution = entry_points.find("exporters", name).distribution
    run.__doc__ = line if distribution is None else f"{line} From {distribution}."
    return click.command(name)(export_options(run))
