"""An aligner for worker processes that dies or hangs on certain words; it can be imported by them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from children import HANG
from projection_sample import Diagonal

from xprojdb.execution.engines.pool import WorkerHandle
from xprojdb.execution.engines.processes import Processes
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.steps.align.stage import Align
from xprojdb.steps.registry import stage_of
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Stage


class Fragile(Diagonal):
    """Dies at the word ``killer``, hangs at ``sleeper``; at ``killer-once`` and ``sleeper-once`` only the first time.

    At ``slurm`` it gets the signal TERM.

    :param folder: where it remembers that, and says which process hangs.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        for word in {word for left, _ in pairs for word in left}:
            name, _, once = word.partition("-")
            if name == "slurm":
                os.kill(os.getpid(), signal.SIGTERM)
            if name in ("killer", "sleeper") and (not once or self._first(word)):
                self._fall(name)
        return super().align(pairs)

    def _first(self, word: str) -> bool:
        try:
            (self.folder / word).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _fall(self, name: str) -> None:
        if name == "killer":
            os.kill(os.getpid(), signal.SIGKILL)
        (self.folder / f"{os.getpid()}-hangs").touch()
        while True:
            time.sleep(HANG)


class Watchful(Processes):
    """Takes those workers to hang that say so, however slow the others are."""

    def __init__(self, workers: int, folder: Path) -> None:
        super().__init__(workers, batch_timeout=HANG, make=fragile_stage)
        self._folder = folder

    def _answering(self, handles: Sequence[WorkerHandle], seconds: float) -> Sequence[WorkerHandle]:
        return super()._answering(handles, min(seconds, 0.05))

    def _patience(self, member: Any) -> float:
        return 0.0 if (self._folder / f"{member.handle._process.pid}-hangs").exists() else super()._patience(member)


def fragile_stage(spec: StepSpec) -> Stage:
    """The stage of a step, its aligner replaced."""
    if spec.kind != "align" or spec.model is None:
        return stage_of(spec)
    folder = Path(spec.model)
    return Align(spec, lambda: Fragile(folder))


def deaf_stage(spec: StepSpec) -> Stage:
    """A stage that dies while it is opened."""

    def die() -> Fragile:
        os._exit(7)

    return Align(spec, die)


class Unforeseen(Exception):
    """A fault in a program, which cannot be copied to another process when it was told two things."""

    def __init__(self, what: str, more: str) -> None:
        super().__init__(f"{what} {more}")


def faulty_stage(spec: StepSpec) -> Stage:
    """A stage with a fault that is met when it is opened."""
    if spec.kind == "align":
        raise Unforeseen("no", "luck")
    return stage_of(spec)


def wrong_stage(spec: StepSpec) -> Stage:
    """A stage with a fault that can be copied."""
    if spec.kind == "align":
        raise ZeroDivisionError("no luck")
    return stage_of(spec)
