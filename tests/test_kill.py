"""Commands that are killed go on where they were, to the same tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from children import HANG

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "faults.py"


@pytest.mark.slow
def test_killed_commands_end_with_the_tables_and_files_of_undisturbed_ones() -> None:
    counts = ["--kills", "6", "--restarts", "0", "--disks", "0", "--sentences", "800"]
    command = [sys.executable, str(SCRIPT), *counts, "--database", "sqlite"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=HANG, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 hits" in done.stdout
    assert "all tables and files identical" in done.stdout
