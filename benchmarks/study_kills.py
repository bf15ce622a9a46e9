"""A study that is killed again and again ends as one that was not: ``python benchmarks/study_kills.py [--kills 20]``.

A small study on MasakhaNER 2.0 (from ``$XPROJDB_DATA`` or ``../shared/data``), with short trainings, is run twice: once
undisturbed, and once by a command that SIGKILL ends, each time as soon as it has stored models. Prints what each start
left, and whether the tables of both databases are equal, row by row, weights included.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select
from studies import import_entities

import xprojdb as xp
from xprojdb.db import tables as t

LANGS = ("hau", "ibo", "kin", "lug", "swa", "yor")
STUDY = {
    "pool": ["hau", "ibo", "kin", "swa", "yor"],
    "targets": LANGS,
    "k": [1, 2, 3],
    "budgets": {"fixed": 120, "growing": 30},
    "unit": "entities",
    "orders": 2,
    "seeds": 2,
    "test_limit": 50,
}
TRAIN = {"steps": 20}


def main() -> None:
    """Run undisturbed, run and kill, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    args = parser.parse_args()
    recipe = xp.TrainingRecipe(
        name="kills", corpora=["masakhaner2"], labels=["PER", "ORG", "LOC"], train=TRAIN, study=STUDY
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        file = place / "kills.toml"
        file.write_text(recipe.to_toml(), encoding="utf-8")
        for name in ("whole", "killed"):
            with xp.open(place / f"{name}.db", create=True) as database:
                import_entities(database, place / name, LANGS)
        with xp.open(place / "whole.db") as database:
            cells = database.study(recipe).report
        print(f"{cells.cells} cells, {cells.trainings} models, without a kill", flush=True)
        killed = kill_again_and_again(place / "killed.db", file, args.kills, cells.trainings)
        subprocess.run(command(place / "killed.db", file), check=True, capture_output=True)
        digests = [table_digests(place / f"{name}.db") for name in ("whole", "killed")]
        for name, rows, digest in digests[0]:
            print(f"{name:14} {rows:6,} rows  {digest}")
        print(f"{killed} kills; tables are {'equal' if digests[0] == digests[1] else 'NOT EQUAL'}")


def command(path: Path, file: Path) -> list[str]:
    """The command that runs the study."""
    return [str(Path(sys.executable).with_name("xprojdb")), "--db", str(path), "study", str(file)]


def kill_again_and_again(path: Path, file: Path, kills: int, models: int) -> int:
    """Start the study and kill it while it trains; returns how often it was killed."""
    killed = 0
    for number in range(1, kills + 1):
        child = subprocess.Popen(command(path, file), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = stored(path)
        while child.poll() is None and stored(path) == before:
            time.sleep(0.05)
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
            killed += 1
        child.wait()
        print(f"kill {number:2}: {stored(path):3} of {models} models are stored", flush=True)
    return killed


def stored(path: Path) -> int:
    """The models in a database."""
    # Opening it as the library does would take longer than the child's work.
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM model").fetchone()[0])


def table_digests(path: Path) -> list[tuple[str, int, str]]:
    """Rows and digest of what a study leaves: models, scores and cells, by digests of steps rather than keys."""
    trained, measured = t.step.alias(), t.step.alias()
    score, cell = t.model_score.c, t.study_cell.c
    models = select(trained.c.digest, t.model.c.sha256).join(trained, trained.c.id == t.model.c.step_id)
    counts = (score.lang, score.correct, score.predicted, score.gold, score.counts)
    scores = (
        select(trained.c.digest, measured.c.digest, *counts)
        .join(trained, trained.c.id == score.train_id)
        .join(measured, measured.c.id == score.step_id)
    )
    design = (cell.task, cell.arm, cell.regime, cell.k, cell.ordering, cell.place, cell.seed, cell.sources)
    cells = select(trained.c.digest, *design).join(trained, trained.c.id == cell.train_id)
    with xp.open(path) as database, database.store.read() as connection:
        read: dict[str, list[Any]] = {
            name: sorted(map(tuple, connection.execute(query)))
            for name, query in (("model", models), ("model_score", scores), ("study_cell", cells))
        }
    return [(name, len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()[:16]) for name, rows in read.items()]


if __name__ == "__main__":
    main()
