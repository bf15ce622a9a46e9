"""What the tests of the Python API share: a small corpus as files, and a recipe that needs no model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from projection_sample import english

from xprojdb.api.database import Database
from xprojdb.api.results.labels import Labels

Write = Callable[..., Path]

#: keys of a recipe, as Python has them and as TOML has them
SETTINGS = {
    "name": "news",
    "corpora": ["news"],
    "source": ["en"],
    "target": ["de"],
    "align": {"aligner": "equal_words"},
    "scorer": [{}],
}
TOML = """name = "news"
corpora = ["news"]
source = ["en"]
target = ["de"]
[align]
aligner = "equal_words"
[[scorer]]
"""


def gold_german(count: int) -> list[str]:
    """Labelled translations of :func:`english`: every third lacks the label of its place."""
    place = ("Turin/B-LOC", "Turin/B-LOC", "Turin")
    return [
        f"Niemand sah {n} Boote" if n % 5 == 4 else f"Anna/B-PER Berg/I-PER traf {n} Leute in {place[n % 3]}"
        for n in range(count)
    ]


def write_sample(write_conll: Write, count: int = 10) -> dict[str, Path]:
    """The files of the corpus by language."""
    return {
        "en": write_conll("news.test.en.conll", *english(count)),
        "de": write_conll("news.test.de.conll", *gold_german(count)),
    }


def run_sample(database: Database, write_conll: Write, folder: Path, count: int = 10) -> Labels:
    """Import the corpus and run the recipe."""
    database.import_parallel("news", write_sample(write_conll, count), license="CC0-1.0")
    recipe = folder / "news.toml"
    recipe.write_text(TOML, encoding="utf-8")
    return database.run(recipe)
