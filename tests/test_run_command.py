"""``xprojdb run`` from a shell: dry run, exit codes, JSON, and its progress on a terminal and off one."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from children import HANG, start
from conftest import XPROJDB
from model_checkpoints import tiny_checkpoint
from projection_sample import english, german, import_sample

from xprojdb.db import Database

RowCounts = Callable[[Database], dict[str, int]]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    model = tiny_checkpoint(tmp_path / "tiny", positions=64)
    path = tmp_path / "recipe.toml"
    top = 'name = "sample"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    path.write_text(f'{top}[align]\nmodel = "{model}"\nlayer = 2\n[[scorer]]\n', encoding="utf-8")
    return path


@pytest.fixture
def sample(sqlite_database: Database, write_conll: Callable[..., Path]) -> Database:
    import_sample(sqlite_database, write_conll, {"en": english(12), "de": german(12)})
    return sqlite_database


@pytest.mark.slow
def test_a_dry_run_tells_and_writes_nothing_then_a_run_does_it(
    sample: Database, recipe: Path, run_cli: Callable[..., Any], row_counts: RowCounts
) -> None:
    address = str(sample.engine.url.database)
    before = row_counts(sample)
    dry = run_cli("--db", address, "run", recipe, "--dry-run", "--json")
    assert dry.code == 0, dry.stderr
    assert [(step["known"], step["pending"]) for step in json.loads(dry.stdout)] == [(False, 12)] * 3
    assert row_counts(sample) == before
    done = run_cli("--db", address, "run", recipe, "--json")
    assert done.code == 0, done.stderr
    assert [(step["done"], step["failed"]) for step in json.loads(done.stdout)["steps"]] == [(12, 0)] * 3
    lines = [line for line in done.stderr.splitlines() if "12 of 12 pairs" in line]
    assert len(lines) == 3
    assert all("pairs/s" in line for line in lines)
    after = row_counts(sample)
    again = run_cli("--db", address, "run", recipe)
    assert (again.code, again.stdout) == (0, "nothing to do\n")
    assert row_counts(sample) == after


def test_a_wrong_recipe_is_a_usage_error(sample: Database, recipe: Path, run_cli: Callable[..., Any]) -> None:
    recipe.write_text(recipe.read_text().replace("layer", "layr"))
    done = run_cli("--db", str(sample.engine.url.database), "run", recipe)
    assert done.code == 2
    assert "align.layr" in done.stderr
    assert "did you mean layer?" in done.stderr


@pytest.mark.slow
def test_a_terminal_gets_a_bar_for_each_step_once(sample: Database, recipe: Path, child_env: dict[str, str]) -> None:
    main, secondary = pty.openpty()
    command = [XPROJDB, "--db", str(sample.engine.url.database), "run", recipe]
    env = {**child_env, "TERM": "xterm-256color", "COLUMNS": "150"}
    child = start(command, env=env, stdout=subprocess.DEVNULL, stderr=secondary)
    os.close(secondary)
    shown = _read_all(main)
    assert child.wait(HANG) == 0
    final = _final_lines(shown)
    bars = [line for line in final if "12/12" in line]
    assert [line.split()[0].rstrip(",") for line in bars] == ["align", "score", "project"]
    assert all("pairs/s" in line for line in bars)


def _read_all(terminal: int) -> str:
    """What was written to a terminal, until its other end is closed."""
    parts = []
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()


def _final_lines(shown: str) -> list[str]:
    """The lines as they stand at the end: each redrawing of a line replaces it."""
    lines = [re.split(r"\r", line.rstrip("\r"))[-1] for line in shown.split("\n")]
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in lines]
