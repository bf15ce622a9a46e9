"""Whether leaving out the worst translations raises F1, by each score of ``[quality]``:
``python benchmarks/translation_filters.py [--db FILE] [--sentences 1000] [--no-similarity]``.

The library's default without voting taggers on Europarl-NER (gold English entities) and six pairs of MasakhaNER2
(offline taggers), all human translations; and how well the scores tell translations from others that were spoiled:
given to another sentence, or cut in half. Reads ``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import europarl_single
import masakhaner2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.db.tables import label, outcome, translation
from xprojdb.evaluation.evaluate import read_counts
from xprojdb.execution.run import run_plan
from xprojdb.matching.scores.sentence_similarity import sentence_similarity
from xprojdb.planning.labellings import Projection
from xprojdb.planning.planner import plan_recipe
from xprojdb.steps.inputs import read_side_words
from xprojdb.steps.quality.stage import QUALITY, SCORES, read_quality
from xprojdb.steps.stage import other
from xprojdb.text.kept_words import kept_length, kept_names, kept_numbers
from xprojdb.training.states import StatesOf, WordStates

TABLES = "[quality]\n{similarity}[vote]\ntaggers = []\n"
SHARES = (0.05, 0.1, 0.2)
#: the scores, and the least score of a sentence's labels, for comparison
CHOICES = (*SCORES, "label score", "at random")
#: sentences of each pair that are spoiled
SPOILED = 60
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--sentences", type=int, default=1000, help="of each pair of MasakhaNER2 at most")
    parser.add_argument("--no-similarity", action="store_true", help="only the scores that need no encoder")
    args = parser.parse_args()
    tables = TABLES.format(similarity="similarity = false\n" if args.no_similarity else "")
    console = Console(width=150)
    start = time.process_time()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "filters.db", create=True) as database,
    ):
        europarl_single.import_europarl(database)
        for pair in masakhaner2.PAIRS:
            masakhaner2.import_pair(database, pair, args.sentences, Path(folder))
        gains: dict[str, dict[str, Floats]] = {}
        told: dict[str, dict[str, list[float]]] = {}
        for head in (europarl_single.HEAD, masakhaner2.TAGGED):
            plan = plan_recipe(database, parse_recipe(head + tables))
            run_plan(database, plan)
            for projection in plan.projections:
                name = f"{projection.source}–{projection.target}"
                gains[name] = gained(database, projection)
                told[name] = told_apart(database, projection)
        console.print(gain_table(gains))
        console.print(spoiled_table(told))
        console.print(f"{time.process_time() - start:.0f} CPU seconds")


def gained(database: Database, projection: Projection) -> dict[str, Floats]:
    """F1 of the sentences that are left less F1 of all, for each choice and share; the means of 20 orders of ties."""
    random = np.random.default_rng(0)
    with database.read() as connection:
        rows = read_counts(connection, projection).rows
        query = select(outcome.c.item_id).where(outcome.c.step_id == projection.step.step_id)
        keys = list(connection.execute(query.order_by(outcome.c.item_id)).scalars())
        quality = read_quality(connection, projection.step.input_ids[QUALITY], keys)
        scores = select(label.c.translation_id, label.c.score).where(label.c.step_id == projection.step.step_id)
        least: dict[int, float] = {}
        for key, score in connection.execute(scores):
            least[key] = min(score, least.get(key, 1.0))
    values = {name: np.array([getattr(quality[key], name) for key in keys], np.float64) for name in SCORES}
    values["label score"] = np.array([least.get(key, 1.0) for key in keys])
    values["at random"] = np.zeros(len(keys))
    assert len(keys) == len(rows), "every sentence has gold labels"
    gains = {}
    for name in (name for name in CHOICES if not np.isnan(values[name]).any()):
        orders = [np.lexsort((random.random(len(keys)), values[name])) for _ in range(20)]
        left = [[f1(rows[order[round(share * len(keys)) :]]) for share in SHARES] for order in orders]
        gains[name] = np.mean(left, 0) - f1(rows)
    return gains


def f1(rows: NDArray[np.int32]) -> float:
    correct, predicted, gold = rows.sum((0, 1)).tolist()
    return 200 * correct / (predicted + gold)


def told_apart(database: Database, projection: Projection) -> dict[str, list[float]]:
    """How often a score is higher for a translation than for another one, exchanged or cut (area under the curve)."""
    with database.read() as connection:
        spec = projection.step.spec.inputs[QUALITY]
        query = select(translation.c.id).join(outcome, outcome.c.item_id == translation.c.id)
        query = query.where(outcome.c.step_id == projection.step.step_id).order_by(translation.c.id).limit(SPOILED)
        keys = list(connection.execute(query).scalars())
        source, target = (
            read_side_words(connection, keys, side) for side in (projection.labelled, other(projection.labelled))
        )
    states = WordStates(StatesOf(spec.model, spec.revision or "", int(spec.params["layer"]))) if spec.model else None
    good = scored(states, source, target)
    exchanged = scored(states, source, [*target[1:], target[0]])
    cut = scored(states, source, [words[: (len(words) + 1) // 2] for words in target])
    names = [name for name in SCORES if not np.isnan(good[name]).any()]
    return {name: [area(good[name], spoiled[name]) for spoiled in (exchanged, cut)] for name in names}


def scored(states: WordStates | None, source: Sequence[list[str]], target: Sequence[list[str]]) -> dict[str, Floats]:
    pairs = list(zip(source, target, strict=True))
    values = {
        "similarity": similarities(states, source, target) if states else [np.nan] * len(pairs),
        "length": [kept_length(*pair) for pair in pairs],
        "numbers": [kept_numbers(*pair) for pair in pairs],
        "names": [kept_names(*pair) for pair in pairs],
    }
    return {name: np.array(column) for name, column in values.items()}


def similarities(states: WordStates, source: Sequence[list[str]], target: Sequence[list[str]]) -> list[float]:
    vectors = zip(states.read(source, keep=False), states.read(target, keep=False), strict=True)
    return [sentence_similarity(*(side.astype(np.float32) for side in pair)) for pair in vectors]


def area(good: Floats, spoiled: Floats) -> float:
    above = (good[:, None] > spoiled).mean() + (good[:, None] == spoiled).mean() / 2
    return float(above)


def gain_table(gains: dict[str, dict[str, Floats]]) -> Table:
    table = Table("left out by", "share", *gains, "mean", title="gain of F1 on the sentences that are left")
    for name in next(iter(gains.values())):
        for place, share in enumerate(SHARES):
            values = [own[name][place] for own in gains.values()]
            table.add_row(name, f"{share:.0%}", *(f"{value:+.1f}" for value in values), f"{np.mean(values):+.2f}")
    return table


def spoiled_table(told: dict[str, dict[str, list[float]]]) -> Table:
    table = Table("score", "spoiled", *told, "mean", title="how often the score of a translation is the higher one")
    for name in next(iter(told.values())):
        for place, how in enumerate(("exchanged", "cut in half")):
            values = [own[name][place] for own in told.values()]
            table.add_row(name, how, *(f"{value:.2f}" for value in values), f"{np.mean(values):.3f}")
    return table


if __name__ == "__main__":
    main()
