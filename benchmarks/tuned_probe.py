"""Study C: does tuning on entities of k languages change how sentence pairs transfer?
``python benchmarks/tuned_probe.py [--steps 500] [--seeds 3] [--k 1 2 4 8] [--pairs 600] [--db FILE]``.

The last four layers of e5-small are tuned on MasakhaNER 2.0 (360 entities in all), and heads on the states of the last
layer then learn XNLI from English pairs and are measured on the test pairs of the other languages: raw, and centred per
language. Controls: the encoder as it is, and one that was tuned on shuffled labels. Data from ``$XPROJDB_DATA`` or
``../shared/data``; needs ``pip install 'xprojdb[tune,study]'``, and a GPU for the full design.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path

from studies import import_entities, import_pairs

import xprojdb as xp
from xprojdb.models.store import tuned_folder
from xprojdb.study.train import TrainReport

POOL = ("hau", "ibo", "kin", "lug", "nya", "sna", "tsn", "yor")
LAYER, LAST = 12, 4
ENTITIES = 360
TARGETS = ("de", "es", "eu", "ko", "my", "sw", "ur")


def main() -> None:
    """Tune, probe, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--k", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--pairs", type=int, default=600, help="pairs to learn from, and to measure each target on")
    parser.add_argument("--targets", nargs="+", default=TARGETS, help="languages of the pairs to measure on")
    parser.add_argument("--batch", type=int, default=1024, help="words of a step")
    parser.add_argument("--db", default=None)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        xp.open(args.db or Path(folder) / "c.db", create=True) as database,
    ):
        import_entities(database, Path(folder))
        import_pairs(database)
        print_row("as it is", probe(database, "e5-small", "plain", args), 0.0)
        for seed, k, arm in product(range(args.seeds), args.k, ("raw", "shuffled")):
            name = f"c-{arm}-{k}-{seed}-{args.steps}"
            report = tuned(database, name, arm, POOL[:k], seed, args)
            place = str(tuned_folder(report.digest))
            label = f"{'labels' if arm == 'raw' else 'shuffled'}, k = {k}, seed {seed}"
            print_row(label, probe(database, place, name, args), report.cpu_s)


def tuned(
    database: xp.Database, name: str, arm: str, pool: tuple[str, ...], seed: int, given: argparse.Namespace
) -> TrainReport:
    """Tune on entities of some languages."""
    table = {
        "languages": pool, "budget": ENTITIES // len(pool), "unit": "entities", "layer": LAYER, "tune": f"last:{LAST}",
        "steps": given.steps, "batch": given.batch, "seed": seed, "sample_seed": seed, "arm": arm,
    }  # fmt: skip
    recipe = xp.TrainingRecipe(name=name, corpora=["masakhaner2"], labels=["PER", "ORG", "LOC"], train=table)
    return database.train(recipe).report


def probe(database: xp.Database, encoder: str, name: str, given: argparse.Namespace) -> dict[str, float]:
    """Mean accuracy by arm."""
    study = {
        "tasks": ["nli"], "pool": ["en"], "targets": given.targets, "pair_splits": ["validation"], "k": [1],
        "budgets": {"fixed": given.pairs}, "controls": ["centre"], "orders": 1, "seeds": 1, "test_limit": given.pairs,
    }  # fmt: skip
    train = {"encoder": encoder, "layer": LAYER}
    recipe = xp.TrainingRecipe(name=f"probe-{name}", corpora=["xnli"], train=train, study=study)
    return {row[1]: row[4] for row in database.study(recipe).report.scores}


def print_row(name: str, accuracy: dict[str, float], cost: float) -> None:
    """One encoder."""
    print(
        f"{name:28} raw {accuracy['raw']:.1f}  centred {accuracy['centre']:.1f}  tuned in {cost:.0f} CPU s", flush=True
    )


if __name__ == "__main__":
    main()
