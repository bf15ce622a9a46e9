"""A run in a process of its own, with an aligner that waits: ``python driving.py DATABASE FOLDER WORKERS``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from children import start
from projection_sample import Diagonal, plan_of

from xprojdb.db import open_database
from xprojdb.execution.engines.local import Local
from xprojdb.execution.engines.processes import Processes
from xprojdb.execution.run import run_plan
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.steps.align.stage import Align
from xprojdb.steps.registry import stage_of
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Stage

#: items of a batch of the driver, which takes them for its workers
BLOCK = 20


class Slow(Diagonal):
    """Aligns one batch; the others wait until a file is there, and are then taken in turns with other processes.

    :param gate: the file; see :func:`open_gate`.
    """

    def __init__(self, gate: Path) -> None:
        super().__init__()
        self._gate, self._parent = gate, os.getppid()

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        while self.seen and not self._gate.exists():
            if os.getppid() != self._parent:
                raise SystemExit("whoever would open the gate has ended")
            time.sleep(0.02)
        time.sleep(0.02)
        return super().align(pairs)


def slow_stage(spec: StepSpec) -> Stage:
    if spec.kind != "align" or spec.model is None:
        return stage_of(spec)
    folder = Path(spec.model).parent
    return Align(spec, lambda: Slow(_gate(folder)))


def _gate(folder: Path) -> Path:
    return folder / "go-on"


def open_gate(folder: Path) -> None:
    """Let the runs that were started with a folder go on behind their first batch."""
    _gate(folder).touch()


def start_driver(address: str, folder: Path, workers: int = 0) -> subprocess.Popen[str]:
    """Begin such a run. It cannot end before :func:`open_gate`.

    :param workers: processes beside it; 0: it computes itself.
    """
    command = [sys.executable, __file__, address, str(folder), str(workers)]
    return start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def drive(address: str, folder: str, workers: str) -> None:
    Align.block = BLOCK
    with open_database(address) as database:
        plan = plan_of(database, Path(folder), aligner=Slow(_gate(Path(folder))))
        # Of this module by its name, as other processes import it.
        from driving import slow_stage as make

        engine = partial(Processes, make=make)(int(workers)) if int(workers) else Local()
        run_plan(database, plan, engine=engine)


if __name__ == "__main__":
    drive(*sys.argv[1:])
