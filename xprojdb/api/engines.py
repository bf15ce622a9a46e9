"""Where a run computes, by option names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from xprojdb.errors import UsageError

if TYPE_CHECKING:
    from xprojdb.execution.engines.local import Engine

EngineName = Literal["local", "processes", "ray"]


class EngineOptions(TypedDict, total=False):
    """Where a run computes its batches.

    :param engine: ``local`` (in this process), ``processes`` or ``ray``; by default ``processes`` if ``workers`` is
        set, otherwise ``local``.
    :param workers: number of processes or Ray actors; by default one per core.
    :param batch_timeout: seconds after which a worker counts as hung and is terminated; by default 1800.
    :param cpus_per_worker: CPUs per Ray actor; by default 1.
    :param gpus_per_worker: GPUs per Ray actor; by default 0.
    :param ray_address: address of the Ray cluster, ``HOST:PORT``.
    """

    engine: EngineName | None
    workers: int | None
    batch_timeout: float | None
    cpus_per_worker: float | None
    gpus_per_worker: float | None
    ray_address: str | None


def make_engine(
    engine: str | None = None,
    workers: int | None = None,
    batch_timeout: float | None = None,
    cpus_per_worker: float | None = None,
    gpus_per_worker: float | None = None,
    ray_address: str | None = None,
) -> Engine:
    """The engine described by :class:`EngineOptions`.

    :raises UsageError: when there is no such engine, or an option does not apply to it.
    """
    name = engine or ("processes" if workers else "local")
    ray = {"--cpus-per-worker": cpus_per_worker, "--gpus-per-worker": gpus_per_worker}
    pool = {"--workers": workers, "--batch-timeout": batch_timeout}
    foreign = {"local": {**pool, **ray}, "processes": ray, "ray": {}}
    if name not in foreign:
        raise UsageError(f"there is no engine {name!r}", hint=f"choose from {', '.join(foreign)}", engine=name)
    for option, value in foreign[name].items():
        if value is not None:
            raise UsageError(f"the engine {name!r} does not use {option}", hint="leave that option out", option=option)
    if name == "local":
        from xprojdb.execution.engines.local import Local

        return Local()
    from xprojdb.execution.engines.pool import BATCH_TIMEOUT

    timeout = BATCH_TIMEOUT if batch_timeout is None else batch_timeout
    if name == "processes":
        from xprojdb.execution.engines.processes import Processes

        return Processes(workers, batch_timeout=timeout)
    return _ray(workers, timeout, cpus_per_worker, gpus_per_worker, ray_address)


def _ray(workers: int | None, timeout: float, cpus: float | None, gpus: float | None, address: str | None) -> Engine:
    from xprojdb.execution.engines.ray_actors import RayActors

    cpus, gpus = 1.0 if cpus is None else cpus, gpus or 0.0
    if not cpus and not gpus:
        raise UsageError("a Ray worker needs a CPU or a GPU", hint="set --cpus-per-worker or --gpus-per-worker")
    return RayActors(workers, cpus=cpus, gpus=gpus, address=address, batch_timeout=timeout)
