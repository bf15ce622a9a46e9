"""Workers as Ray actors, on this machine or on the nodes of a cluster that share one database."""

from __future__ import annotations

import logging
import math
import os
import re
from collections import deque
from collections.abc import Sequence
from typing import Any

from xprojdb.db import Database
from xprojdb.db.opening import address_of
from xprojdb.errors import UsageError
from xprojdb.execution.engines.pool import BATCH_TIMEOUT, LostBatch, WorkerHandle, WorkerPool
from xprojdb.execution.engines.processes import cores
from xprojdb.execution.engines.worker import Make, Order, Packed, Worker, WorkerAnswer
from xprojdb.extras import require
from xprojdb.steps.registry import stage_of

#: for a Ray instance started here: results pass through one by one, and are a few megabytes each
_OBJECT_STORE_BYTES = 256 << 20


class RayActors(WorkerPool):
    """Ray actors, each with a share of a processor or GPU.

    Uses the Ray instance of this process if there is one, then the cluster at ``address`` or ``$RAY_ADDRESS``, and
    otherwise starts Ray on this machine until the run ends.

    :param workers: the number of actors; by default as many as fit.
    :param cpus: processors per actor, which is also the number of threads its libraries use.
    :param gpus: the share of a GPU per actor.
    :param address: the address of a cluster, such as ``auto``, ``10.0.0.1:6379`` or ``ray://…``.
    :param make: makes the stage of a step in an actor; must be importable there.
    :raises MissingExtra: when Ray is not installed.
    :raises UsageError: when there is no cluster, it has no room, or it has several nodes and the database is a file.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        cpus: float = 1.0,
        gpus: float = 0.0,
        address: str | None = None,
        batch_timeout: float = BATCH_TIMEOUT,
        make: Make = stage_of,
    ) -> None:
        # No usage reports.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        self._ray = require("ray", "ray")
        self._cluster = address or os.environ.get("RAY_ADDRESS")
        self._shares = {"num_cpus": cpus, "num_gpus": gpus}
        self._started = False
        self._make = make
        self._max_workers = workers
        super().__init__(workers or 1, batch_timeout)

    def close(self) -> None:
        super().close()
        if self._started:
            self._ray.shutdown()
            self._started = False

    def _spawn(self, database: Database) -> WorkerHandle:
        if not self._ray.is_initialized():
            self._connect()
        if not self._members:
            self._check_place(database)
        # The pool decides what to retry when an actor is lost, not Ray.
        actor = self._ray.remote(max_restarts=0, max_task_retries=0, **self._shares)(Worker)
        return _Actor(self._ray, actor.remote(address_of(database), self._make))

    def _answering(self, handles: Sequence[WorkerHandle], seconds: float) -> Sequence[WorkerHandle]:
        waited = {handle.answers[0]: handle for handle in handles if isinstance(handle, _Actor)}
        ready, _ = self._ray.wait(list(waited), num_returns=1, timeout=seconds, fetch_local=False)
        return [waited[reference] for reference in ready]

    def _connect(self) -> None:
        quiet = {"log_to_driver": False, "logging_level": logging.WARNING}
        if self._cluster:
            try:
                self._ray.init(address=self._cluster, **quiet)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise UsageError(
                    f"cannot connect to a Ray cluster at {self._cluster}: {error}",
                    hint="start its head node with 'ray start --head' and pass --ray-address HOST:6379",
                    address=self._cluster,
                ) from error
        else:
            needed = max(cores(), math.ceil(self.workers * self._shares["num_cpus"]))
            room = {"num_cpus": needed, "object_store_memory": _OBJECT_STORE_BYTES, "include_dashboard": False}
            self._ray.init(**room, **quiet)
        self._started = True

    def _check_place(self, database: Database) -> None:
        """Check that the workers can reach the database, and limit their number to what fits."""
        nodes = sum(1 for node in self._ray.nodes() if node["Alive"])
        if nodes > 1 and database.engine.dialect.name == "sqlite":
            raise UsageError(
                f"the {nodes} nodes of the Ray cluster cannot share the file {database.url}",
                hint="copy the database to PostgreSQL and pass its URL as --db",
                nodes=nodes,
            )
        room = self._ray.cluster_resources()
        fits = min(
            int(room.get(name, 0) / share)
            for name, share in (("CPU", self._shares["num_cpus"]), ("GPU", self._shares["num_gpus"]))
            if share
        )
        if fits < 1:
            resources = f"{room.get('CPU', 0):g} processors and {room.get('GPU', 0):g} GPUs"
            hint = "lower --cpus-per-worker and --gpus-per-worker"
            raise UsageError(f"Ray has {resources}, which is not enough for one worker", hint=hint, room=dict(room))
        self.workers = min(fits, self._max_workers or fits)


class _Actor(WorkerHandle):
    """An actor and its outstanding answers, in order."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray = ray
        self._actor = actor
        self.answers: deque[Any] = deque()

    def open(self, order: Order) -> None:
        self.answers.append(self._actor.answer.remote(order))

    def give(self, items: Sequence[int]) -> None:
        self.answers.append(self._actor.answer.remote(list(items)))

    def answer(self) -> Packed | None:
        try:
            answer: WorkerAnswer = self._ray.get(self.answers.popleft())
        except self._ray.exceptions.RayError as error:
            raise LostBatch(_in_short(error)) from error
        return answer.unpack()

    def end(self) -> None:
        self._ray.kill(self._actor, no_restart=True)


def _in_short(error: Exception) -> str:
    """The first and last line of a Ray error, which is long and coloured."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines() if line.strip()]
    return " … ".join(dict.fromkeys([*lines[:1], *lines[-1:]]))
