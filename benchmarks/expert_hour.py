"""What an hour of an expert's reviews is worth:
``python benchmarks/expert_hour.py [--db FILE] [--sentences 1000] [--seeds 3]``.

The default recipe on Europarl-NER from gold English entities, on German from three languages together, and on six pairs
of MasakhaNER2 from offline taggers. Gold is the speaker: queues by margin, disagreement, probability and at random are
worked through sentence by sentence; after so many reviewed labels, F1 of the whole data set is that of the reviewed
sentences as gold has them and of the others as projected. Disagreement is that of sources, or of a projection and the
taggers that voted on it; gold entities from one source have no voters. The probabilities are learned on one half of the
sentences and tried on the other, and the queue by probability is of that other half alone. Reads ``$XPROJDB_DATA`` or
``../shared/data``.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import europarl_single
import masakhaner2
import numpy as np
from rich.console import Console
from rich.table import Table

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.errors import UsageError
from xprojdb.evaluation.gold import read_gold, read_projected
from xprojdb.evaluation.span_metrics import count_spans
from xprojdb.execution.run import run_plan
from xprojdb.exports.rows.projected_labels import choose
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.planner import plan_recipe
from xprojdb.review.calibration.curves import binned, calibration_error
from xprojdb.review.calibration.model import Calibration, calibrate, read_judged_labels
from xprojdb.review.queues import Place, draw, parse_mixture, read_population
from xprojdb.text.spans import Span

EUROPARL = europarl_single.HEAD
TOGETHER = """
name = "europarl-together"
corpora = ["europarl-ner"]
source = ["en", "es", "it"]
target = ["de"]
[combine]
method = "weighted"
weights = "agreement"
"""
SHARES = (0, 0.05, 0.1, 0.2, 0.3, 0.5)
ORDERS = ("random", "margin", "disagreement", "probability")
Spans = Mapping[Place, Sequence[Span]]


@dataclass(frozen=True)
class Projected:
    """The sentences of a language with their labels and their gold labels."""

    labelling: Labelling
    places: Sequence[Place]
    gold: Spans
    predicted: Spans

    @property
    def title(self) -> str:
        return f"{self.labelling.source} → {self.labelling.target}"

    def within(self, places: Sequence[Place]) -> Projected:
        """Some of its sentences."""
        gold, predicted = ({place: spans[place] for place in places} for spans in (self.gold, self.predicted))
        return Projected(self.labelling, places, gold, predicted)


def read(database: Database, labelling: Labelling) -> Projected:
    """Read the labels of a language, with gold as the recipe maps it."""
    with database.read() as connection:
        places = read_population(connection, labelling)
        keys = sorted(key for key, _ in places)
        imported = read_gold(connection, keys)
        projected = read_projected(connection, [labelling.step.step_id], keys)
    gold = {place: imported.get(place[0], []) for place in places}
    if labelling.mapping is not None:
        gold = {place: labelling.mapping.apply_to_gold(spans) for place, spans in gold.items()}
    return Projected(labelling, places, gold, {place: projected.get(place, []) for place in places})


def f1_after(queue: Sequence[Place], data: Projected, shares: Sequence[float]) -> list[float]:
    """F1 of the data set after reviewing these shares of its labels."""
    total = sum(map(len, data.predicted.values()))
    result, reviewed, labels = [], set[Place](), 0
    steps = iter(queue)
    for share in shares:
        while labels < round(share * total) and (place := next(steps, None)) is not None:
            reviewed.add(place)
            labels += max(len(data.predicted[place]), len(data.gold[place]))
        pairs = [(gold, gold if place in reviewed else data.predicted[place]) for place, gold in data.gold.items()]
        result.append(count_spans(pairs).micro().f1)
    return result


def halves(data: Projected, seed: int) -> tuple[list[Place], list[Place]]:
    """The sentences from which probabilities are learned, and those on which they are tried."""
    half = random.Random(seed).sample(list(data.places), len(data.places) // 2)
    chosen = set(half)
    return half, [place for place in data.places if place not in chosen]


def learn(database: Database, data: Projected, half: Sequence[Place], seed: int) -> Calibration:
    step_id, lang = data.labelling.step.step_id, data.labelling.target
    return calibrate(database, step_id, lang=lang, places=dict.fromkeys(half, 1.0), seed=seed)


def errors(database: Database, data: Projected, learned: Calibration, rest: Sequence[Place]) -> tuple[float, float]:
    """Calibration error of other sentences: of the margin itself, and of probabilities."""
    with database.read() as connection:
        judged = read_judged_labels(connection, {data.labelling.step.step_id: dict.fromkeys(rest, 1.0)}, "margin")
    chances = learned.probabilities(judged.names.tolist(), judged.values)
    before = calibration_error(binned(np.clip(judged.values, 0, 1), judged), judged)
    return before, calibration_error(binned(chances, judged), judged)


def curve(database: Database, data: Projected, order: str, seed: int) -> list[float]:
    """F1 by share of reviewed labels.

    :raises UsageError: when the labels have no voters that could disagree.
    """
    with database.read() as connection:
        drawn = draw(connection, data.labelling, data.places, parse_mixture(order), len(data.places), seed)
    return f1_after([(entry.sentence_id, entry.translation_id) for entry in drawn], data, SHARES)


def report(database: Database, recipe: str, title: str, seeds: int) -> Table:
    """Run a recipe; a table of what reviews are worth in each language."""
    plan = plan_recipe(database, parse_recipe(recipe))
    run_plan(database, plan)
    table = Table("", "error", "order", *(f"{100 * share:g} %" for share in SHARES), title=title)
    means: dict[str, list[list[float]]] = {}
    for labelling in sorted(choose(plan, several=not plan.consensuses), key=lambda each: each.target):
        data = read(database, labelling)
        split = [halves(data, seed) for seed in range(seeds)]
        learned = [learn(database, data, half, seed) for seed, (half, _) in enumerate(split)]
        told = [errors(database, data, one, rest) for one, (_, rest) in zip(learned, split, strict=True)]
        before, after = (mean(column) for column in zip(*told, strict=True))
        names = (f"{data.title}, {len(data.places)} sentences", f"{before:.3f} → {after:.3f}")
        for order in ORDERS:
            try:
                own = _curve(database, data, order, seeds, split)
            except UsageError:
                continue
            means.setdefault(order, []).append(own)
            table.add_row(*names, order, *(f"{100 * value:.1f}" for value in own))
            names = ("", "")
    for order, curves in means.items():
        if len(curves) == 1:
            continue
        table.add_row("mean", "", order, *(f"{100 * mean(column):.1f}" for column in zip(*curves, strict=True)))
    return table


def _curve(
    database: Database, data: Projected, order: str, seeds: int, split: Sequence[tuple[Sequence[Place], list[Place]]]
) -> list[float]:
    """The mean over all seeds; probabilities of a half were learned on the other."""
    curves = []
    for seed in range(seeds):
        if order != "probability":
            curves.append(curve(database, data, order, seed))
            continue
        for own, other in (split[seed], split[seed][::-1]):
            learn(database, data, own, seed)
            curves.append(curve(database, data.within(list(other)), order, seed))
    return [mean(column) for column in zip(*curves, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--sentences", type=int, default=1000, help="of each pair of MasakhaNER2 at most")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    console = Console(width=150)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(asked.db or Path(folder) / "expert.db", create=True) as database,
    ):
        europarl_single.import_europarl(database)
        for pair in masakhaner2.PAIRS:
            masakhaner2.import_pair(database, pair, asked.sentences, Path(folder))
        for recipe, title in (
            (EUROPARL, "Europarl-NER, gold English entities"),
            (TOGETHER, "Europarl-NER, three languages together"),
            (masakhaner2.TAGGED, "MasakhaNER2, offline taggers"),
        ):
            console.print(report(database, recipe, title, asked.seeds))


if __name__ == "__main__":
    main()
