"""``sbatch``, ``srun`` and ``scontrol`` for tests: tasks of an array are real processes on this machine.

Called as ``sbatch SCRIPT`` it reads the directives of the script, starts a process group for each task with the
variables that Slurm sets, and ends with 0 when all tasks have. A task whose id ``scontrol requeue`` was told is started
again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

JOB = 4711


def install(folder: Path) -> None:
    """Put the commands into a folder that comes first in a PATH."""
    folder.mkdir()
    for name in ("sbatch", "srun", "scontrol"):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" {name} "$@"\n', encoding="utf-8")
        (folder / name).chmod(0o755)


def _sbatch(arguments: list[str]) -> int:
    script = Path(arguments[-1])
    directives = re.findall(r"^#SBATCH (\S+)", script.read_text(encoding="utf-8"), re.MULTILINE)
    options = dict(entry.removeprefix("--").partition("=")[::2] for entry in [*directives, *arguments[:-1]])
    # Those by which the scripts of the documentation are ended and begun again.
    assert options["signal"].startswith("TERM@"), options
    assert "requeue" in options
    first, last = map(int, options["array"].split("-"))
    tasks = {number: _start(script, number, last - first + 1) for number in range(first, last + 1)}
    while tasks:
        for number, task in list(tasks.items()):
            if task.poll() is None:
                continue
            if _asked(number).exists():
                _asked(number).unlink()
                tasks[number] = _start(script, number, last - first + 1)
            elif task.returncode != 0:
                return int(task.returncode)
            else:
                del tasks[number]
        time.sleep(0.05)
    return 0


def _asked(number: int) -> Path:
    return Path(os.environ["STANDIN"]) / f"requeue-{JOB}_{number}"


def _start(script: Path, number: int, count: int) -> subprocess.Popen[bytes]:
    results = {"SLURM_ARRAY_JOB_ID": JOB, "SLURM_ARRAY_TASK_ID": number, "SLURM_ARRAY_TASK_COUNT": count}
    # Slurm's sbatch leads no session of ours: each task is ended apart from the others.
    task = subprocess.Popen(
        ["bash", str(script)], env=os.environ | {name: str(value) for name, value in results.items()}, process_group=0
    )
    (Path(os.environ["STANDIN"]) / f"task-{number}").write_text(str(task.pid), encoding="utf-8")
    return task


def _srun(arguments: list[str]) -> int:
    """A job step: what a signal to the steps of a task reaches."""
    command = [argument for argument in arguments if not argument.startswith("--ntasks")]
    step = subprocess.Popen(command)
    number = os.environ["SLURM_ARRAY_TASK_ID"]
    (Path(os.environ["STANDIN"]) / f"step-{number}").write_text(str(step.pid), encoding="utf-8")
    return step.wait()


def _scontrol(arguments: list[str]) -> int:
    assert arguments[0] == "requeue"
    (Path(os.environ["STANDIN"]) / f"requeue-{arguments[1]}").touch()
    return 0


if __name__ == "__main__":
    sys.exit({"sbatch": _sbatch, "srun": _srun, "scontrol": _scontrol}[sys.argv[1]](sys.argv[2:]))
