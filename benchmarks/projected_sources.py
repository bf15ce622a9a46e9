"""Multi-source curves from projected and from gold labels: ``python benchmarks/projected_sources.py --db FILE``.

On a database that ``extrinsic.py --db FILE`` has filled: the same study three times, on the same training sentences of
six languages with their gold labels, with the labels that were projected from English or French, and with those of them
whose score is at least 0.5. Prints the three curves, and what projection costs at each k, by matched models.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import xprojdb as xp
from xprojdb.study.report.measurements import Measurement, read_study

HERE = Path(__file__).parent
TARGETS = ("lug", "pcm", "tsn", "yor", "bam", "ewe")
SOURCES: dict[str, dict[str, Any]] = {
    "gold": {},
    "projected": {"from": "extrinsic"},
    "filtered": {"from": "extrinsic", "min_score": 0.5, "on_low_score": "label"},
}
RESAMPLES = 2000
Key = tuple[str, str, int, tuple[str, ...], int]


def main() -> None:
    """Three studies, and their differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", required=True, help="SQLite file that extrinsic.py has filled")
    parser.add_argument("--train", type=int, default=200, help="training sentences that the database has of a language")
    args = parser.parse_args()
    base = tomllib.loads((HERE / "extrinsic-baselines.toml").read_text(encoding="utf-8"))
    design = {
        "pool": TARGETS,
        "targets": TARGETS,
        "k": (1, 2, 4),
        "budgets": {"fixed": args.train, "growing": args.train // 4},
        "orders": 2,
        "seeds": 1,
    }
    console = Console(width=120)
    with xp.open(args.db) as database:
        scores = {}
        for name, train in SOURCES.items():
            recipe = xp.TrainingRecipe(
                name=f"sources-{name}", corpora=base["corpora"], labels=base["labels"], train=train, study=design
            )
            result = database.study(recipe)
            console.print(f"{name}: {result.report.trainings} models", *result.notes, sep="\n")
            with database.store.read() as connection:
                scores[name] = by_key(read_study(connection, recipe.name).measurements)
    for regime in ("fixed", "growing"):
        console.print(table_of(scores, regime, design["k"]))


def by_key(measurements: list[Measurement]) -> dict[Key, float]:
    """The score of each model on each target."""
    return {
        (entry.series.regime, entry.target, entry.k, entry.subset, entry.seed): entry.score for entry in measurements
    }


def table_of(scores: dict[str, dict[Key, float]], regime: str, ks: Any) -> Table:
    """Levels, and differences to gold labels, by k."""
    shown = Table(title=f"{regime} budget: F1", title_justify="left", box=None)
    for column in ("k", *SOURCES, "projected less gold [95 %]", "filtered less projected [95 %]", "cells"):
        shown.add_column(column, justify="right")
    for k in ks:
        keys = [key for key in scores["gold"] if key[0] == regime and key[2] == k]
        levels = [f"{np.mean([scores[name][key] for key in keys]):.1f}" for name in SOURCES]
        pairs = (("projected", "gold"), ("filtered", "projected"))
        gaps = [interval(keys, {key: scores[one][key] - scores[other][key] for key in keys}) for one, other in pairs]
        shown.add_row(str(k), *levels, *gaps, str(len(keys)))
    return shown


def interval(keys: list[Key], gaps: dict[Key, float]) -> str:
    """The mean difference of matched models, targets and models drawn anew."""
    rng = np.random.default_rng(0)
    targets = sorted({key[1] for key in keys})
    own = [np.array([gaps[key] for key in keys if key[1] == target]) for target in targets]
    drawn = []
    for _ in range(RESAMPLES):
        chosen = rng.integers(0, len(own), len(own))
        drawn.append(np.mean([rng.choice(own[place], len(own[place])).mean() for place in chosen]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{np.mean([gap.mean() for gap in own]):+.1f} [{low:+.1f}, {high:+.1f}]"


if __name__ == "__main__":
    main()
