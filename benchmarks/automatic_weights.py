"""What the library's default projects without a word about weights, against the default before it:
``python benchmarks/automatic_weights.py [--db FILE] [--sentences 1000] [--directions]``.

Europarl-NER (gold English entities onto three languages) and six pairs of MasakhaNER2 (offline taggers), read from
``$XPROJDB_DATA`` or ``../shared/data``; what was learned of each corpus, and paired differences with their intervals.
With ``--directions``, the nine directions of Europarl-NER from German, Spanish and Italian: nothing was chosen on them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import europarl_single
import masakhaner2
import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.db.tables import corpus, outcome, step
from xprojdb.evaluation.bootstrap import bootstrap_interval, paired_difference
from xprojdb.evaluation.evaluate import read_counts
from xprojdb.evaluation.span_metrics import SpanCounts
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import plan_recipe

HEADS = {"Europarl-NER": europarl_single.HEAD, "MasakhaNER2": masakhaner2.TAGGED}
BEFORE = '[project]\nweights = "scorers"\n'
OURS, BEFORE_IT = "the default", "the default before"
METHODS = {
    OURS: "",
    "the same, each its own label": '[project]\nlabel_consistency = "none"\n',
    BEFORE_IT: BEFORE,
    "the default before, one label": f"{BEFORE}label_consistency = 0.5\n",
}
Scores = dict[str, SpanCounts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--sentences", type=int, default=1000, help="of each pair of MasakhaNER2 at most")
    parser.add_argument("--directions", action="store_true", help="from the other languages of Europarl-NER instead")
    args = parser.parse_args()
    if args.directions:
        directions()
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "weights.db", create=True) as database,
    ):
        europarl_single.import_europarl(database)
        for pair in masakhaner2.PAIRS:
            masakhaner2.import_pair(database, pair, args.sentences, Path(folder))
        console = Console(width=150)
        for title, head in HEADS.items():
            for name, tables in METHODS.items():
                measure(database, head + tables, f"{title}: {name}", console)
            report(title, {name: counted(database, head + tables) for name, tables in METHODS.items()}, console)
        console.print(evidence(database))


def directions() -> None:
    """The default and the default before it, from German, Spanish and Italian, gold source entities."""
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "weights.db", create=True) as database:
        europarl_single.import_europarl(database)
        for source in europarl_single.TARGETS:
            head = f'name = "from-{source}"\ncorpora = ["europarl-ner"]\nsource = ["{source}"]\ntarget = '
            others = [lang for lang in europarl_single.LANGUAGES if lang != source]
            names = (OURS, BEFORE_IT)
            report(
                f"from {source}",
                {name: counted(database, f"{head}{others}\n{METHODS[name]}") for name in names},
                console,
            )


def measure(database: Database, recipe: str, title: str, console: Console) -> None:
    """Run a recipe and print what it cost; aligning counts for the first that aligns."""
    start = time.process_time()
    done = run_plan(database, plan_recipe(database, parse_recipe(recipe))).done
    console.print(f"{title}: {time.process_time() - start:.1f} CPU seconds for {done} items")


def counted(database: Database, recipe: str) -> Scores:
    """The span counts of a recipe that has run, by target language and sentence."""
    plan = plan_recipe(database, parse_recipe(recipe))
    run_plan(database, plan)
    with database.read() as connection:
        return {projection.target: read_counts(connection, projection) for projection in plan.projections}


def report(title: str, scores: dict[str, Scores], console: Console) -> None:
    """Print F1 with its interval, and the default's difference to each other method."""
    ours = scores[OURS]
    table = Table(title, *ours, "mean", title="entity F1, 95 % bootstrap interval; below, the default less that method")
    for name, own in scores.items():
        table.add_row(name, *_intervals(own), f"{100 * np.mean([own[lang].micro().f1 for lang in own]):.2f}")
        if own is not ours:
            differences = [paired_difference(ours[lang], own[lang]) for lang in own]
            cells = (f"{100 * d.value:+.1f} ({100 * d.low:+.1f} – {100 * d.high:+.1f})" for d in differences)
            table.add_row("", *cells, f"{100 * np.mean([d.value for d in differences]):+.2f}")
    console.print(table)


def _intervals(scores: Scores) -> Iterator[str]:
    for counts in scores.values():
        result = bootstrap_interval(counts)
        yield f"{100 * result.value:.1f} ({100 * result.low:.1f} – {100 * result.high:.1f})"


def evidence(database: Database) -> Table:
    """What the weights follow."""
    query = select(corpus.c.name, step.c.params, outcome.c.reason)
    query = query.join(step, step.c.id == outcome.c.step_id).join(corpus, corpus.c.id == outcome.c.item_id)
    table = Table("corpus", "target", "learned", title="what was learned")
    with database.read() as connection:
        for name, params, reason in connection.execute(
            query.where(step.c.kind == "habits").order_by(outcome.c.step_id)
        ):
            table.add_row(name, json.loads(params)["lang"], reason.partition(":")[2])
    return table


if __name__ == "__main__":
    main()
