"""A small corpus with names that letters give away, a tiny encoder, and recipes that train on them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from model_checkpoints import tiny_checkpoint
from sqlalchemy import Table, func, select

from xprojdb.config.recipe import parse_recipe
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.plan import Plan
from xprojdb.planning.planner import plan_recipe
from xprojdb.study.train import TrainReport, train_model

PEOPLE = ("anna", "berta", "carla", "dora")
PLACES = ("zug", "zurich", "zalau", "zwolle")
VERBS = ("met", "saw", "left", "knew")
ZERO = """
name = "zero"
corpora = ["news"]
source = []
target = ["es"]
splits = ["test"]
[tag]
models = {{ es = "trained:{model}" }}
[combine]
method = "majority"
transfer = true
"""


def lines(shift: int, count: int) -> Iterator[str]:
    """Sentences of two entities, in the notation of ``write_conll``."""
    people = itertools.cycle(PEOPLE[shift % 4 :] + PEOPLE[: shift % 4])
    places = itertools.cycle(PLACES[shift % 3 :] + PLACES[: shift % 3])
    for number, person, place in zip(range(count), people, places, strict=False):
        yield f"{person}/B-PER {person}s/I-PER {VERBS[(number + shift) % 4]} {'q' * (number % 5 + 1)} in {place}/B-LOC"


def import_languages(
    database: Database, write_conll: Callable[..., Path], *langs: str, corpus: str = "news", count: int = 12
) -> None:
    """Languages with sentences to train on and, others, to measure."""
    for number, lang in enumerate(langs):
        for split, first, size in (("train", 0, count), ("validation", 5, 6), ("test", 7, 8)):
            path = write_conll(f"{corpus}.{split}.{lang}.conll", *lines(number + first, size))
            import_files(
                database, CorpusInfo(corpus), [corpus_file(path, lang, form="conll", split=split)], parallel=False
            )


def encoder(folder: Path) -> Path:
    """The tiny encoder, in a folder."""
    place = folder / "encoder"
    return place if place.exists() else tiny_checkpoint(place, positions=64)


def train_toml(folder: Path, *more: str, name: str = "tiny", top: str = "", steps: int = 150) -> str:
    """The text of a training recipe on the tiny encoder."""
    table = (
        f'encoder = "{encoder(folder)}"',
        "layer = 0",
        f"steps = {steps}",
        "batch = 64",
        "hidden = 32",
        "rate = 0.05",
        "dropout = 0.0",
    )
    return "\n".join([f'name = "{name}"', 'corpora = ["news"]', top, "[train]", *table, *more]) + "\n"


def train(database: Database, folder: Path, *more: str, **options: Any) -> TrainReport:
    """Train on two languages, or as more lines of the recipe say."""
    text = train_toml(folder, *(more or ('languages = ["en", "de"]',)), **options)
    return train_model(database, LoadedTraining(TrainingRecipe.from_toml(text), text))


def zero(database: Database, model: str = "tiny") -> Plan:
    """Have a model tag a language without any projection."""
    plan = plan_recipe(database, parse_recipe(ZERO.format(model=model)))
    run_plan(database, plan)
    return plan


def rows(database: Database, table: Table) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def import_sample_of_dates(database: Database, write_conll: Callable[..., Path]) -> None:
    """French, whose labels are others."""
    path = write_conll("news.train.fr.conll", "anna/B-PER met zug/B-LOC today/B-DATE")
    import_files(database, CorpusInfo("news"), [corpus_file(path, "fr", form="conll", split="train")], parallel=False)
