"""What an expert's reviews are worth: ``python benchmarks/expert_hour.py DATABASE RECIPE LANG [--seeds 5]``.

Gold is the speaker. Queues by margin, disagreement, probability and at random are worked through sentence by sentence;
after so many reviewed labels, F1 of the whole data set is that of the reviewed sentences as gold has them and of the
others as projected. The probabilities are learned on one half of the sentences, and tried on the other.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Mapping, Sequence
from statistics import mean

import numpy as np

from xprojdb.db import Database, open_database
from xprojdb.errors import UsageError
from xprojdb.evaluation.gold import read_gold, read_projected
from xprojdb.evaluation.span_metrics import count_spans
from xprojdb.exports.rows.projected_labels import choose
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.store import load_plan
from xprojdb.review.calibration.curves import binned, calibration_error
from xprojdb.review.calibration.model import calibrate, latest_calibration, read_judged_labels
from xprojdb.review.queues import Place, draw, parse_mixture, read_population
from xprojdb.text.spans import Span

Spans = Mapping[Place, Sequence[Span]]


def f1_after(queue: Sequence[Place], gold: Spans, predicted: Spans, budgets: Sequence[int]) -> list[float]:
    """F1 of the data set after so many reviewed labels."""
    result, reviewed, labels = [], set[Place](), 0
    steps = iter(queue)
    for budget in budgets:
        for place in steps:
            reviewed.add(place)
            labels += max(len(predicted[place]), len(gold[place]))
            if labels >= budget:
                break
        pairs = [(gold[place], gold[place] if place in reviewed else predicted[place]) for place in gold]
        result.append(count_spans(pairs).micro().f1)
    return result


def held_out(database: Database, labelling: Labelling, places: Sequence[Place], seed: int) -> tuple[float, float]:
    """Calibration error of the other half: of the margin itself, and of probabilities learned on this half."""
    half = random.Random(seed).sample(list(places), len(places) // 2)
    rest = set(places) - set(half)
    step_id, lang = labelling.step.step_id, labelling.target
    learned = calibrate(database, step_id, lang=lang, places=dict.fromkeys(half, 1.0), seed=seed)
    with database.read() as connection:
        judged = read_judged_labels(connection, step_id, "margin", places=dict.fromkeys(rest, 1.0))
    chances = learned.probabilities(judged.names.tolist(), judged.values)
    before = calibration_error(binned(np.clip(judged.values, 0, 1), judged), judged)
    return before, calibration_error(binned(chances, judged), judged)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("recipe")
    parser.add_argument("lang")
    parser.add_argument("--source")
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    with open_database(asked.database) as database:
        (labelling,) = choose(load_plan(database, asked.recipe), [asked.lang], asked.source)
        with database.read() as connection:
            places = read_population(connection, labelling)
            keys = sorted(key for key, _ in places)
            imported = read_gold(connection, keys)
            projected = read_projected(connection, [labelling.step.step_id], keys)
        gold = {place: imported.get(place[0], []) for place in places}
        predicted = {place: projected.get(place, []) for place in places}
        total = sum(map(len, predicted.values()))
        budgets = [round(total * share) for share in (0, 0.05, 0.1, 0.2, 0.3, 0.5)]
        errors = [held_out(database, labelling, places, seed) for seed in range(asked.seeds)]
        print(f"{len(places)} sentences, {total} labels")
        print(
            f"calibration error on held-out halves: {mean(e[0] for e in errors):.3f} → {mean(e[1] for e in errors):.3f}"
        )
        print(f"{'reviewed labels':<16}" + "".join(f"{budget:>8}" for budget in budgets))
        for order in ("random", "margin", "score", "disagreement", "probability"):
            print(_line(database, labelling, places, gold, predicted, budgets, order, asked.seeds))


def _line(
    database: Database, labelling: Labelling, places: Sequence[Place], gold: Spans, predicted: Spans,
    budgets: Sequence[int], order: str, seeds: int,
) -> str:  # fmt: skip
    curves = []
    with database.read() as connection:
        assert latest_calibration(connection, labelling.step.step_id, labelling.target) is not None
        for seed in range(seeds):
            try:
                drawn = draw(connection, labelling, places, parse_mixture(order), len(places), seed)
            except UsageError as error:
                return f"{order:<16}  {error.message}"
            queue = [(entry.sentence_id, entry.translation_id) for entry in drawn]
            # Nothing is reviewed at a budget of 0.
            start = f1_after([], gold, predicted, budgets[:1])
            curves.append(start + f1_after(queue, gold, predicted, budgets[1:]))
    return f"{order:<16}" + "".join(f"{100 * mean(entry):8.1f}" for entry in zip(*curves, strict=True))


if __name__ == "__main__":
    main()
