"""What several sources bring: ``python benchmarks/several_sources.py [--db FILE]``.

Europarl-NER from ``$XPROJDB_DATA`` or ``../shared/data``: English, German, Spanish and Italian each receive the gold
entities of the other three. Settings are chosen on the even sentences and reported on the odd ones, and the other way
round; the first run of a database aligns the six pairs of languages, later ones load no model.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations, product
from pathlib import Path

import numpy as np
from europarl_single import CENTRED, DERIVED, LANGUAGES, WEIGHED, f1, full, import_europarl, one_pass
from rich.console import Console
from rich.table import Table

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.evaluation.evaluate import read_counts
from xprojdb.evaluation.span_metrics import SpanCounts
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import Plan, plan_recipe

ALL = slice(None)
EVEN, ODD = slice(0, None, 2), slice(1, None, 2)
SINGLE = CENTRED + one_pass(WEIGHED, project=DERIVED)
#: all spans are candidates: in a joint match a source has a say on spans that only another one would choose
JOINT = CENTRED + one_pass(f'{WEIGHED}candidates = "ngram"\n', project=DERIVED)
#: the single source with everything: first words, and the terms of a first pass
SINGLE_FULL = CENTRED + full(0.1, 0.3, 0.2)
Settings = tuple[float, float, float]
#: threshold, terms, first word; a last word costs half of a first one
GRID: tuple[Settings, ...] = tuple(product((0.24, 0.28, 0.32), (0.0, 0.2), (0.07,)))
METHODS = {"joint, equal": "equal", "joint, agreement": "agreement", "joint, learned": "learned"}
MAJORITY = '[combine]\nmethod = "majority"\n'


class Measured:
    """Recipes on a database, run when they are first asked for."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.single = cache(self._single)
        self.consensus = cache(self._consensus)

    def _single(self, source: str, target: str, tables: str = SINGLE) -> SpanCounts:
        plan = self._run((source,), target, tables)
        with self.database.read() as connection:
            return read_counts(connection, plan.projections[0])

    def _consensus(self, sources: tuple[str, ...], target: str, combine: str) -> SpanCounts:
        plan = self._run(sources, target, (SINGLE if combine == MAJORITY else JOINT) + combine)
        with self.database.read() as connection:
            return read_counts(connection, plan.consensuses[0])

    def _run(self, sources: tuple[str, ...], target: str, tables: str) -> Plan:
        named = ", ".join(f'"{source}"' for source in sources)
        head = f'name = "several-sources"\ncorpora = ["europarl-ner"]\nsource = [{named}]\ntarget = ["{target}"]\n'
        plan = plan_recipe(self.database, parse_recipe(head + tables))
        run_plan(self.database, plan)
        return plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "europarl.db", create=True) as database,
    ):
        import_europarl(database)
        report(Measured(database), Console(width=120))


def report(measured: Measured, console: Console) -> None:
    """Print the tables."""
    console.print(_singles(measured))
    table = Table("labels", "sources", *LANGUAGES, "mean", title="Two-fold: chosen on one half, reported on the other")
    best = [_best_single(measured, target, SINGLE) for target in LANGUAGES]
    strong = [_best_single(measured, target, SINGLE_FULL) for target in LANGUAGES]
    table.add_row("best single source, chosen with gold", "1", *_cells(best))
    table.add_row("the same, with first words and terms", "1", *_cells(strong), end_section=True)
    for number in (1, 2, 3):
        table.add_row("majority", str(number), *_cells(_mean_of_subsets(measured, number, MAJORITY, ALL)))
    results = {}
    for name, weights in METHODS.items():
        folds = [_choose(measured, weights, other) for other in (ODD, EVEN)]
        results[name] = folds
        for number in (1, 2, 3):
            halves = [
                _mean_of_subsets(measured, number, joint_table(settings, weights), part)
                for settings, part in zip(folds, (EVEN, ODD), strict=True)
            ]
            table.add_row(name, str(number), *_cells(np.mean(halves, 0)), end_section=number == 3)
    console.print(table)
    for name, folds in results.items():
        chosen = "; ".join(f"{part}: {entry}" for part, entry in zip(("even", "odd"), folds, strict=True))
        console.print(f"{name}: threshold, terms, first word for {chosen}; {_range(measured, METHODS[name])}")


def joint_table(settings: Settings, weights: str) -> str:
    """The ``[combine]`` table of a joint match."""
    threshold, terms, first_word = settings
    last_word = first_word / 2
    edges = f"first_word = {first_word:g}\nlast_word = {last_word:g}\nterms = {terms:g}\n"
    return f'[combine]\nmethod = "joint"\nweights = "{weights}"\nmin_support = {threshold:g}\n{edges}'


def others(target: str) -> tuple[str, ...]:
    """The languages that a target receives labels from."""
    return tuple(lang for lang in LANGUAGES if lang != target)


def _choose(measured: Measured, weights: str, part: slice) -> Settings:
    """The settings with the best mean over the targets on some of the sentences."""
    return max(GRID, key=lambda settings: np.mean(_all_sources(measured, joint_table(settings, weights), part)))


def _all_sources(measured: Measured, combine: str, part: slice) -> list[float]:
    return [f1(measured.consensus(others(target), target, combine), part) for target in LANGUAGES]


def _range(measured: Measured, weights: str) -> str:
    every = [np.mean(_all_sources(measured, joint_table(settings, weights), ALL)) for settings in GRID]
    return f"the {len(GRID)} settings on all sentences: {min(every):.2f} to {max(every):.2f}"


def _mean_of_subsets(measured: Measured, number: int, combine: str, part: slice) -> list[float]:
    """Per target, the mean F1 over all choices of so many of its sources."""
    return [
        float(
            np.mean(
                [
                    f1(measured.consensus(sources, target, combine), part)
                    for sources in combinations(others(target), number)
                ]
            )
        )
        for target in LANGUAGES
    ]


def _best_single(measured: Measured, target: str, tables: str) -> float:
    return max(f1(measured.single(source, target, tables)) for source in others(target))


def _singles(measured: Measured) -> Table:
    table = Table("from", *(f"to {target}" for target in LANGUAGES), title="Single sources (all sentences)")
    for source in LANGUAGES:
        cells: Mapping[str, str] = {
            target: f"{f1(measured.single(source, target, SINGLE)):.1f}" for target in LANGUAGES if target != source
        }
        table.add_row(source, *(cells.get(target, "–") for target in LANGUAGES))
    return table


def _cells(values: Sequence[float]) -> list[str]:
    return [f"{value:.1f}" for value in values] + [f"{np.mean(values):.2f}"]


if __name__ == "__main__":
    main()
