"""A run in a process of its own, with an aligner that takes its time: ``python driving.py DATABASE FOLDER WORKERS``."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from projection_sample import Diagonal, plan_of

from xprojdb.db import open_database
from xprojdb.execution.local import Local
from xprojdb.execution.processes import Processes
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
    """Takes fifty milliseconds a batch."""

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        time.sleep(0.05)
        return super().align(pairs)


def slow_stage(spec: StepSpec) -> Stage:
    return Align(spec, Slow) if spec.kind == "align" else stage_of(spec)


def start_driver(address: str, folder: Path, workers: int = 0) -> subprocess.Popen[str]:
    """Begin such a run.

    :param workers: processes beside it; 0: it computes itself.
    """
    command = [sys.executable, __file__, address, str(folder), str(workers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def drive(address: str, folder: str, workers: str) -> None:
    Align.block = BLOCK
    with open_database(address) as database:
        plan = plan_of(database, Path(folder), aligner=Slow())
        # Of this module by its name, as other processes import it.
        from driving import slow_stage as make

        engine = partial(Processes, make=make)(int(workers)) if int(workers) else Local()
        run_plan(database, plan, engine=engine)


if __name__ == "__main__":
    drive(*sys.argv[1:])
