"""A small corpus with names that letters give away, a tiny encoder, and recipes that train on them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from model_checkpoints import tiny_checkpoint

from xprojdb.db import Database
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files

PEOPLE = ("anna", "berta", "carla", "dora")
PLACES = ("zug", "zurich", "zalau", "zwolle")
VERBS = ("met", "saw", "left", "knew")


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
