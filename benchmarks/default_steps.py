"""What each part of the default is worth, cumulatively, alone and left out:
``python benchmarks/default_steps.py [--db FILE] [--sentences 1000] [--budget 300]``.

On Europarl-NER with gold English entities (gazetteer and vote do nothing there) and with a tagger in their place, and
on six pairs of MasakhaNER2 with offline taggers, with paired differences and their intervals. The gold labels of other
languages are those of MasakhaNER2, the target left out. Reads ``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import europarl_single
import masakhaner2
import numpy as np
import voting_taggers
from automatic_weights import counted
from rich.console import Console
from rich.table import Table

from xprojdb.db import Database, open_database
from xprojdb.evaluation.bootstrap import paired_difference
from xprojdb.evaluation.span_metrics import SpanCounts

#: the parts, in the order in which they are added
PARTS = ("one label", "automatic weights", "gazetteer", "own tagger votes", "other languages' gold votes")
HEADS = {
    "Europarl-NER, gold": europarl_single.HEAD,
    "Europarl-NER, tagged": voting_taggers.TAGGED_EUROPARL,
    "MasakhaNER2": masakhaner2.TAGGED,
}
Scores = dict[str, SpanCounts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--sentences", type=int, default=1000, help="of each pair of MasakhaNER2 at most")
    parser.add_argument("--budget", type=int, default=300, help="gold sentences of each other language")
    args = parser.parse_args()
    console = Console(width=170)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "steps.db", create=True) as database,
    ):
        europarl_single.import_europarl(database)
        for pair in masakhaner2.PAIRS:
            masakhaner2.import_pair(database, pair, args.sentences, Path(folder))
        voting_taggers.import_gold(database, Path(folder))
        for title, head in HEADS.items():
            report(database, title, head, parts_of(title), args.budget, console)


def parts_of(title: str) -> tuple[str, ...]:
    """The parts that change anything."""
    return PARTS[: {"Europarl-NER, gold": 2, "Europarl-NER, tagged": 4}.get(title, 5)]


def report(database: Database, title: str, head: str, parts: tuple[str, ...], budget: int, console: Console) -> None:
    """Print F1, and the differences that a part makes added, alone and left out."""
    every = [frozenset(parts[:count]) for count in range(len(parts) + 1)]
    wanted = {*every, *(frozenset({part}) for part in parts), *(frozenset(parts) - {part} for part in parts)}
    scores = {on: scored(database, head, on, budget) for on in wanted}
    table = Table(title, *scores[every[0]], "mean", title="F1; differences with 95 % intervals")
    table.add_row("links alone", *_values(scores[every[0]]))
    for number, part in enumerate(parts):
        table.add_row(f"+ {part}", *_values(scores[every[number + 1]]))
        table.add_row("  added", *_differences(scores[every[number + 1]], scores[every[number]]))
        table.add_row("  alone", *_differences(scores[frozenset({part})], scores[every[0]]))
        table.add_row("  the others without it", *_differences(scores[every[-1] - {part}], scores[every[-1]]))
    console.print(table)


def scored(database: Database, head: str, on: frozenset[str], budget: int) -> Scores:
    """Run the default with some of its parts."""
    project = f'[project]\nweights = "{"auto" if PARTS[1] in on else "scorers"}"\n'
    project += f"label_consistency = {0.5 if PARTS[0] in on else chr(34) + 'none' + chr(34)}\n"
    tagged = head if "[tag]" not in head else f"{head.rstrip()}\ngazetteer = {0.3 if PARTS[2] in on else 1.0}\n"
    if PARTS[4] not in on:
        taggers = ["self"] if PARTS[3] in on else []
        return counted(database, f"{tagged}{project}[vote]\ntaggers = {voting_taggers.str_list(taggers)}\n")
    results: Scores = {}
    for pair in masakhaner2.PAIRS:
        target = pair.split("-")[1]
        voting_taggers.train_without(database, target, budget)
        taggers = [*(["self"] if PARTS[3] in on else []), f"trained:without-{target}"]
        vote = f"[vote]\ntaggers = {voting_taggers.str_list(taggers)}\n"
        results |= counted(database, f"{voting_taggers.one_pair(tagged, pair)}\n{project}{vote}")
    return results


def _values(scores: Scores) -> Iterator[str]:
    values = [100 * counts.micro().f1 for counts in scores.values()]
    yield from (f"{value:.1f}" for value in values)
    yield f"{np.mean(values):.2f}"


def _differences(scores: Scores, others: Scores) -> Iterator[str]:
    differences = [paired_difference(scores[lang], others[lang]) for lang in others]
    yield from (f"{100 * d.value:+.1f} ({100 * d.low:+.1f} – {100 * d.high:+.1f})" for d in differences)
    yield f"{100 * np.mean([d.value for d in differences]):+.2f}"


if __name__ == "__main__":
    main()
