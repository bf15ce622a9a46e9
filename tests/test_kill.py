"""Runs that are killed go on where they were, to the same tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "kill_runs.py"


def test_killed_runs_end_with_the_tables_of_a_run_left_alone() -> None:
    for module in ("torch", "transformers"):
        pytest.importorskip(module)
    command = [sys.executable, str(SCRIPT), "3", "--sentences", "3000"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kills" in done.stdout
    assert "all tables identical" in done.stdout
