"""Sources near a target, sources far from one another, and sources at random: what ``studies.py near`` compares.

Each way is a study with the same targets, budgets, test sentences and samples, so that they share models and their
differences are paired. ``words`` and ``states`` look at unlabelled sentences of the training split, the other three at
URIEL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from rich.console import Console
from rich.table import Table

import xprojdb as xp
from xprojdb.config.tables.study import Nearness
from xprojdb.study.report.bootstrap import curve
from xprojdb.study.report.measurements import Measurement, Series, StudyData, read_study
from xprojdb.study.report.paired import Difference, paired_difference

LABELS = ["PER", "ORG", "LOC"]
RANDOM, BEST = "at random", "best single, by gold"


def compare_near(database: xp.Database, design: dict[str, Any], workers: int | None) -> None:
    """Run the studies of all ways, and print a table for each kind of budget."""
    ways: dict[str, dict[str, Any]] = {RANDOM: {}}
    ways |= {f"nearest by {near}": {"subsets": "ranked", "near": near} for near in get_args(Nearness)}
    ways |= {f"diverse by {near}": {"subsets": "diverse", "near": near} for near in ("words", "states")}
    studies: dict[str, StudyData] = {}
    for way, settings in ways.items():
        recipe = xp.TrainingRecipe(
            name=f"near: {way}", corpora=["masakhaner2"], labels=LABELS, study={**design, **settings}
        )
        done = database.study(recipe, workers=workers)
        print(f"{way}: {done.report.trainings} models, {done.report.trained} of them there before", flush=True)
        for warning in done.report.warnings:
            print(f"  {warning}")
        with database.store.read() as connection:
            studies[way] = read_study(connection, recipe.name)
    console = Console(width=150)
    for series in studies[RANDOM].series:
        found = {way: data.of(series) for way, data in studies.items()}
        found[BEST] = best_single(found[RANDOM])
        console.print(table_of(series, found))
    console.print(*costs(studies), sep="\n")


def best_single(measurements: Sequence[Measurement]) -> list[Measurement]:
    """For each target, a model of the single source that its gold says is best.

    Which one is said by one half of the test sentences, and measured on the other, and the other way round: a source
    chosen on the sentences that measure it would look too good.
    """
    results = []
    for target in sorted({entry.target for entry in measurements}):
        singles = [entry for entry in measurements if entry.target == target and entry.k == 1]
        counts = np.zeros_like(singles[0].counts)
        for half in (0, 1):
            chosen = max(singles, key=lambda entry: f1(entry.counts[half::2]))
            counts[1 - half :: 2] = chosen.counts[1 - half :: 2]
        results.append(replace(singles[0], counts=counts, score=f1(counts), sources=("best",)))
    return results


def f1(counts: Any) -> float:
    """In percent, of (items, 3) correct, predicted and gold."""
    correct, predicted, gold = counts.sum(0).tolist()
    return 200 * correct / (predicted + gold) if predicted + gold else 0.0


def table_of(series: Series, found: dict[str, list[Measurement]]) -> Table:
    """Levels, and differences to sources at random, by k."""
    shown = Table(title=f"{series.title}: F1 and the difference to sources at random [95 %]", box=None)
    shown.title_justify = "left"
    shown.add_column("sources")
    ks = sorted({entry.k for entry in found[RANDOM]})
    for k in ks:
        shown.add_column(f"k = {k}", justify="right")
    for way, own in found.items():
        cells = []
        for k in ks:
            models = own if way == BEST else of_k(own, k)
            (point,) = curve(models, resamples=1)
            gap = "" if way == RANDOM else f"  {told(paired_difference(models, of_k(found[RANDOM], k)))}"
            cells.append(f"{point.level:.1f}{gap}")
        shown.add_row(way, *cells)
    return shown


def of_k(measurements: Sequence[Measurement], k: int) -> list[Measurement]:
    """Those with k sources."""
    return [entry for entry in measurements if entry.k == k]


def told(gap: Difference) -> str:
    """For people."""
    return f"{gap.value:+.1f} [{gap.low:+.1f}, {gap.high:+.1f}]"


def costs(studies: dict[str, StudyData]) -> list[str]:
    """How many models there are, and what their training took."""
    models = {entry.model: entry.cpu_s for data in studies.values() for entry in data.measurements}
    return [f"{len(models):,} models, {sum(models.values()):.0f} CPU seconds to train them"]


if __name__ == "__main__":
    raise SystemExit("python benchmarks/studies.py near")
