"""Whether links get better by learning from the translations at hand, and by other ways to make words of sub-words:
``python benchmarks/learned_links.py [--db FILE] [--pairs en-lug,en-tsn] [--sentences 500] [--more 0] [--rows 0,9]``.

Pairs of MasakhaNER2 and MAFAND (offline taggers) whose words have many affixes, or ``de`` for Europarl-NER; one scorer,
``link_mass``, so that links alone decide. Reads ``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import europarl_single
import masakhaner2
from rich.console import Console
from rich.table import Table

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.evaluation.bootstrap import bootstrap_interval, paired_difference
from xprojdb.evaluation.evaluate import read_counts
from xprojdb.evaluation.span_metrics import SpanCounts
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import plan_recipe

VOTERS = '\n[[align.voters]]\n[[align.voters]]\naligner = "eflomal"\n[[align.voters]]\naligner = "equal_words"\n'
ALIGNERS = {
    "e5, mean of sub-words": "",
    "e5, first sub-word": 'pooling = "first"',
    "e5, stem": 'pooling = "stem"',
    "e5, sub-words": 'pooling = "subword"',
    "eflomal": 'aligner = "eflomal"',
    "union of e5, eflomal, equal words": f'aligner = "vote"\nsymmetrization = "union"{VOTERS}',
    "two of them": f'aligner = "vote"{VOTERS}',
    "intersection of e5 and eflomal": 'aligner = "vote"\nsymmetrization = "intersection"'
    + VOTERS.replace('[[align.voters]]\naligner = "equal_words"\n', ""),
    "e5 tuned (SO, PSI)": 'aligner = "tuned"\nobjectives = ["so", "psi"]',
    "e5 tuned (SO)": 'aligner = "tuned"',
}
SCORER = '[[scorer]]\ntype = "link_mass"\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--pairs", default="en-lug,en-tsn", help="of MasakhaNER2, or de, es, it of Europarl-NER")
    parser.add_argument("--sentences", type=int, default=500, help="of each pair of MasakhaNER2 at most")
    parser.add_argument("--more", type=int, default=0, help="further sentences of its training set to learn from")
    parser.add_argument("--rows", help="of the table, counted from 0; by default all")
    args = parser.parse_args()
    console = Console(width=150)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "links.db", create=True) as database,
    ):
        names = [*ALIGNERS]
        rows = [names[int(number)] for number in args.rows.split(",")] if args.rows else names
        scores: dict[str, dict[str, SpanCounts]] = {name: {} for name in rows}
        for pair in args.pairs.split(","):
            head = recipe_head(database, pair, args.sentences, Path(folder), args.more)
            for name in rows:
                start = time.process_time()
                scores[name][pair] = counted(database, f"{head}[align]\n{ALIGNERS[name]}\n{SCORER}")
                seconds, score = time.process_time() - start, 100 * scores[name][pair].micro().f1
                console.print(f"{pair}, {name}: F1 {score:.1f}, {seconds:.0f} CPU seconds")
        console.print(report(scores))


def recipe_head(database: Database, pair: str, sentences: int, folder: Path, more: int) -> str:
    """Import a pair; the head of its recipe."""
    if "-" not in pair:
        europarl_single.import_europarl(database)
        return f'name = "europarl"\ncorpora = ["europarl-ner"]\nsource = ["en"]\ntarget = ["{pair}"]\n'
    masakhaner2.import_pair(database, pair, sentences, folder, more)
    source, target = pair.split("-")
    part = 'splits = ["test"]\n' if more else ""
    tables = masakhaner2.TAGGED[masakhaner2.TAGGED.index("labels") :]
    return f'name = "{pair}"\ncorpora = ["{pair}"]\nsource = ["{source}"]\ntarget = ["{target}"]\n{part}{tables}'


def counted(database: Database, recipe: str) -> SpanCounts:
    plan = plan_recipe(database, parse_recipe(recipe))
    run_plan(database, plan)
    with database.read() as connection:
        return read_counts(connection, plan.projections[0])


def report(scores: dict[str, dict[str, SpanCounts]]) -> Table:
    first = next(iter(scores.values()))
    table = Table("links", *first, title="entity F1, 95 % bootstrap interval; below, the difference to the first row")
    for name, own in scores.items():
        values = (bootstrap_interval(counts) for counts in own.values())
        table.add_row(name, *(f"{100 * v.value:.1f} ({100 * v.low:.1f} – {100 * v.high:.1f})" for v in values))
        if own is not first:
            gains = (paired_difference(own[pair], first[pair]) for pair in own)
            table.add_row("", *(f"{100 * d.value:+.1f} ({100 * d.low:+.1f} – {100 * d.high:+.1f})" for d in gains))
    return table


if __name__ == "__main__":
    main()
