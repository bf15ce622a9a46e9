"""The options that say where a run computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from xprojdb.cli.bounds import WORKERS, Seconds, Share
from xprojdb.errors import UsageError

if TYPE_CHECKING:
    from xprojdb.execution.local import Engine

Command = TypeVar("Command", bound=Callable[..., object])
_OPTIONS = (
    click.option(
        "--engine",
        type=click.Choice(["local", "processes", "ray"]),
        help="Where batches are computed: in this process, in several on this machine, or by Ray. "
        "[default: local, processes with --workers]",
    ),
    click.option("--workers", type=WORKERS, metavar="N", help="Processes or Ray actors. [default: all cores]"),
    click.option(
        "--batch-timeout",
        type=Seconds(),
        metavar="SECONDS",
        help="A worker that takes longer for a batch is taken to hang, and ended. [default: 1800]",
    ),
    click.option("--cpus-per-worker", type=Share(), metavar="N", help="Ray: cores of one actor. [default: 1]"),
    click.option("--gpus-per-worker", type=Share(), metavar="N", help="Ray: GPUs of one actor. [default: 0]"),
    click.option(
        "--ray-address", envvar="RAY_ADDRESS", metavar="HOST:PORT", help="Ray: the cluster. [env: RAY_ADDRESS]"
    ),
)


def engine_options(command: Command) -> Command:
    """Add the options to a command; it gets them as keywords for :func:`make_engine`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_engine(
    engine: str | None,
    workers: int | None,
    batch_timeout: float | None,
    cpus_per_worker: float | None,
    gpus_per_worker: float | None,
    ray_address: str | None,
) -> Engine:
    """The engine that the options name.

    :raises UsageError: when an option is not of that engine.
    """
    name = engine or ("processes" if workers else "local")
    ray = {"--cpus-per-worker": cpus_per_worker, "--gpus-per-worker": gpus_per_worker}
    pool = {"--workers": workers, "--batch-timeout": batch_timeout}
    foreign = {"local": {**pool, **ray}, "processes": ray, "ray": {}}[name]
    for option, value in foreign.items():
        if value is not None:
            raise UsageError(f"{option} is nothing to the engine {name!r}", hint="leave it out", option=option)
    if name == "local":
        from xprojdb.execution.local import Local

        return Local()
    from xprojdb.execution.pool import BATCH_TIMEOUT

    timeout = BATCH_TIMEOUT if batch_timeout is None else batch_timeout
    if name == "processes":
        from xprojdb.execution.processes import Processes

        return Processes(workers, batch_timeout=timeout)
    return _ray(workers, timeout, cpus_per_worker, gpus_per_worker, ray_address)


def _ray(workers: int | None, timeout: float, cpus: float | None, gpus: float | None, address: str | None) -> Engine:
    from xprojdb.execution.ray_actors import RayActors

    cpus, gpus = 1.0 if cpus is None else cpus, gpus or 0.0
    if not cpus and not gpus:
        raise UsageError(
            "a Ray worker needs a share of something", hint="give it --cpus-per-worker or --gpus-per-worker"
        )
    return RayActors(workers, cpus=cpus, gpus=gpus, address=address, batch_timeout=timeout)
