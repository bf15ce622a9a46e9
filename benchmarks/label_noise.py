"""Training on projected labels in ways that bear wrong ones: ``python benchmarks/label_noise.py --db FILE``.

On a database that ``extrinsic.py --db FILE`` has filled: plain cross-entropy, the generalised cross-entropy of Zhang
and Sabuncu (2018), label smoothing (Lukasik et al. 2020), words weighted by the score of their label, and soft labels
by that score; the same by calibrated probabilities, learned from the gold of the other five languages' training
sentences, or, as a bound, from that of the language's own. Nothing is chosen: each is compared with the first, on the
same test sentences, whose gold teaches nothing.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

from rich.console import Console

import xprojdb as xp

HERE = Path(__file__).parent
TARGETS = ("lug", "pcm", "tsn", "yor", "bam", "ewe")
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "truncation-0.7": {"truncation": 0.7},
    "smoothing-0.1": {"smoothing": 0.1},
    "score-weights": {"weight": "score"},
    "soft-labels": {"weight": "score", "soft": True},
    "probability-weights": {"weight": "probability"},
    "probability-soft": {"weight": "probability", "soft": True},
    "own-probability-weights": {"weight": "probability"},
    "own-probability-soft": {"weight": "probability", "soft": True},
}


def main() -> None:
    """Train each way, tag the test sentences, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", required=True, help="SQLite file that extrinsic.py has filled")
    args = parser.parse_args()
    base = tomllib.loads((HERE / "extrinsic-baselines.toml").read_text(encoding="utf-8"))
    shared = {key: base[key] for key in ("corpora", "labels")}
    with xp.open(args.db) as database:
        for way, settings in WAYS.items():
            for target in TARGETS:
                if settings.get("weight") == "probability":
                    calibrate(database, base["train"]["from"], target, own=way.startswith("own-"))
                table = {**base["train"], "languages": [target], **settings}
                database.train(xp.TrainingRecipe(name=f"{way}-{target}", **shared, train=table))
            models = {target: f"trained:{way}-{target}" for target in TARGETS}
            database.run(
                xp.Recipe(
                    name=way,
                    **shared,
                    source=[],
                    target=TARGETS,
                    splits=["test"],
                    tag={"models": models},
                    combine={"method": "majority", "transfer": True},
                )
            )
        Console(width=150).print(database.compare(*WAYS))


def calibrate(database: xp.Database, recipe: str, target: str, *, own: bool) -> None:
    """Learn how probable the labels of a language are, from gold of the training split."""
    teachers = [target] if own else [lang for lang in TARGETS if lang != target]
    known = database.review.calibrate(recipe=recipe, lang=target, learn_from=teachers, splits=["train"])
    print(f"{target}, of {', '.join(teachers)}: {known.report.labels:,} labels, {known.report.right:.1%} right")


if __name__ == "__main__":
    main()
