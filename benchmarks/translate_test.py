"""Translate-test with offline models only, Spanish labelled through English, with its F1 and what each stage cost:
``python benchmarks/translate_test.py [RECIPE.toml …]``.

Reads the Spanish side of Europarl-NER from ``$XPROJDB_DATA`` or ``../shared/data``, and nothing of the English side.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from xprojdb.config.recipe import read_recipe
from xprojdb.db import Database, open_database
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.execution.run import run_plan
from xprojdb.execution.status.database import read_status
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan, plan_recipe

RECIPES = [Path(__file__).parent / "translate_test.toml"]


class Stopwatch:
    """A watcher of runs that notes what each stage took, its model's loading included."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, float]] = []
        self._since = time.perf_counter()
        self._title, self._total = "", 0

    def begin(self, title: str, _noun: str, total: int) -> None:
        self._title, self._total = title, total

    def advance(self, done: int, failed: int) -> None:
        pass

    def end(self) -> None:
        now = time.perf_counter()
        self.told.append((self._title, self._total, now - self._since))
        self._since = now


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "t.db", create=True) as database:
        import_files(database, CorpusInfo("europarl-ner"), [corpus_file(_spanish(), "es", form="conll")])
        for recipe in [Path(name) for name in sys.argv[1:]] or RECIPES:
            plan = plan_recipe(database, read_recipe(recipe))
            watch = Stopwatch()
            run_plan(database, plan, progress=watch)
            _show(database, plan, watch)


def _spanish() -> Path:
    data = Path(os.environ.get("XPROJDB_DATA", "../shared/data"))
    return data / "europarl-ner" / "es-europarl.test.conll02"


def _show(database: Database, plan: Plan, watch: Stopwatch) -> None:
    shown = Table("stage", "items", "seconds", "items/s", title=plan.recipe.name, box=None)
    for title, items, seconds in watch.told:
        shown.add_row(title, str(items), f"{seconds:.1f}", f"{items / seconds:.0f}")
    console = Console(width=160)
    console.print(shown)
    for step in read_status(database).recipes[plan.recipe.name]:
        if step.reasons:
            console.print(f"{step.title}: {step.reasons}")
    for scores in evaluate_projections(database, plan.labellings):
        table = Table("label", "P", "R", "F1", "interval", box=None)
        for name, (score, interval) in scores.labels.items():
            numbers = [f"{100 * value:.1f}" for value in (score.precision, score.recall, score.f1)]
            table.add_row(name, *numbers, f"{100 * interval.low:.1f}–{100 * interval.high:.1f}")
        console.print(table)


if __name__ == "__main__":
    main()
