"""The options that choose where a run computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from xprojdb.cli.options.bounds import WORKERS, Seconds, Share

Command = TypeVar("Command", bound=Callable[..., object])
_OPTIONS = (
    click.option(
        "--engine",
        type=click.Choice(["local", "processes", "ray"]),
        help="Where to compute: in this process, in several on this machine, or with Ray. "
        "[default: local, processes with --workers]",
    ),
    click.option(
        "--workers", type=WORKERS, metavar="N", help="Number of processes or Ray actors. [default: all cores]"
    ),
    click.option(
        "--batch-timeout",
        type=Seconds(),
        metavar="SECONDS",
        help="Replace a worker that takes longer for one batch. [default: 1800]",
    ),
    click.option("--cpus-per-worker", type=Share(), metavar="N", help="Ray: CPUs per actor. [default: 1]"),
    click.option("--gpus-per-worker", type=Share(), metavar="N", help="Ray: GPUs per actor. [default: 0]"),
    click.option(
        "--ray-address",
        envvar="RAY_ADDRESS",
        metavar="HOST:PORT",
        help="Ray: address of the cluster. [env: RAY_ADDRESS]",
    ),
)


def engine_options(command: Command) -> Command:
    """Add the options to a command, which gets them as the keywords of :class:`xprojdb.api.engines.EngineOptions`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
