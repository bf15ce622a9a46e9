"""Workers in separate processes on this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import cast

from xprojdb.db import Database
from xprojdb.db.opening import address_of
from xprojdb.execution.engines.pool import BATCH_TIMEOUT, LostBatch, WorkerHandle, WorkerPool
from xprojdb.execution.engines.worker import Make, Order, Packed, Worker, WorkerAnswer
from xprojdb.steps.registry import stage_of

#: environment variables from which numerical libraries read the number of threads to start
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
#: Ctrl-C goes to all processes of a terminal, and Slurm's TERM to all processes of a job step; the parent decides what
#: happens to the current batches
_PARENTS = (signal.SIGINT, signal.SIGTERM)
#: seconds to wait for a process to end after it closed its pipe, to learn how it ended
_DYING = 60.0


def cores() -> int:
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[str]:
    """The CUDA indices or names of the GPUs this process may use, found without loading CUDA."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    return [str(number) for number, _ in enumerate(Path("/proc/driver/nvidia/gpus").glob("*"))]


class Processes(WorkerPool):
    """Several processes on this machine, which share its cores; GPUs are assigned to them in turn.

    :param workers: the number of processes; by default the number of cores.
    :param make: makes the stage of a step in a worker; must be importable in a new process.
    """

    def __init__(
        self, workers: int | None = None, *, batch_timeout: float = BATCH_TIMEOUT, make: Make = stage_of
    ) -> None:
        super().__init__(workers or cores(), batch_timeout)
        self._make = make
        self._hired = 0

    def _spawn(self, database: Database) -> WorkerHandle:
        threads = dict.fromkeys(_THREADS, str(max(1, cores() // self.workers)))
        said = {name: value for name, value in threads.items() if name not in os.environ}
        with _environment(said | _gpu_of(self._hired, gpus())):
            self._hired += 1
            return _Process(address_of(database), self._make)

    def _answering(self, handles: Sequence[WorkerHandle], seconds: float) -> Sequence[WorkerHandle]:
        waited: dict[object, WorkerHandle] = {
            ready: handle for handle in handles if isinstance(handle, _Process) for ready in handle.signs
        }
        return [waited[ready] for ready in wait(cast("list[Pipe]", list(waited)), seconds)]


class _Process(WorkerHandle):
    def __init__(self, address: str, make: Make) -> None:
        # Spawned, not forked: threads and resources held by models do not survive a fork.
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, address, make), daemon=True)
        with _unsignalled():
            self._process.start()
        theirs.close()

    @property
    def signs(self) -> tuple[Pipe, int]:
        """The objects that become ready when the worker has answered or died."""
        return self._pipe, self._process.sentinel

    def open(self, order: Order) -> None:
        self._send(order)

    def give(self, items: Sequence[int]) -> None:
        self._send(list(items))

    def answer(self) -> Packed | None:
        try:
            answer: WorkerAnswer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(_DYING)
            raise LostBatch(_how_it_ended(self._process.exitcode)) from error
        return answer.unpack()

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _send(self, message: Order | list[int]) -> None:
        try:
            self._pipe.send(message)
        except OSError:
            # The process died; reading its answer will say so.
            return


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"it was killed by {signal.Signals(-code).name}"
    return f"it ended with exit code {code}"


def _gpu_of(worker: int, there: Sequence[str]) -> dict[str, str]:
    """The environment that shows a worker only one GPU, assigned in turn."""
    return {"CUDA_VISIBLE_DEVICES": there[worker % len(there)]} if there else {}


@contextmanager
def _environment(said: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for processes started inside the block."""
    before = {name: os.environ.get(name) for name in said}
    os.environ.update(said)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _unsignalled() -> Iterator[None]:
    """Block these signals, so that a process started inside the block does not receive them before it ignores them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _PARENTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Pipe, address: str, make: Make) -> None:
    """The main loop of a worker process, until its parent ends."""
    for number in _PARENTS:
        signal.signal(number, signal.SIG_IGN)
    inbox: SimpleQueue[Order | list[int]] = SimpleQueue()
    Thread(target=_receive, args=(pipe, inbox), daemon=True).start()
    worker = Worker(address, make)
    while True:
        answer = worker.answer(inbox.get())
        try:
            pipe.send(answer)
        except OSError:
            return


def _receive(pipe: Pipe, inbox: SimpleQueue[Order | list[int]]) -> None:
    """Receive messages as they arrive, so that the parent never waits; exit when the parent has ended."""
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        # Immediately, even in the middle of a batch: nobody needs its result any more.
        os._exit(1)
