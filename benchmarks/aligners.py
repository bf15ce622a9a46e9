"""Aligners side by side on Europarl-NER: ``python benchmarks/aligners.py [--db FILE]``.

Gold English entities are projected onto German, Spanish and Italian by one match over the links of each aligner. What a
run cost is taken from it; the quality is what ``xprojdb compare`` tells of the same database. Reads Europarl-NER from
``$XPROJDB_DATA`` or ``../shared/data``. A database given with ``--db`` is reused, and then nothing is timed again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.evaluation.compare import compare_recipes
from xprojdb.execution.run import Silent, run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import plan_recipe

LANGUAGES = ("de", "es", "it")
HERE = Path(__file__).parent
_VOTERS = '[[align.voters]]\n[[align.voters]]\naligner = "eflomal"\n[[align.voters]]\naligner = "equal_words"\n'
#: name of the recipe → its table [align]
ALIGNERS = {
    "e5": "",
    "eflomal": 'aligner = "eflomal"\n',
    "eflomal-gdfa": 'aligner = "eflomal"\nrule = "grow-diag-final-and"\n',
    "eflomal-intersection": 'aligner = "eflomal"\nrule = "intersection"\n',
    "equal_words": 'aligner = "equal_words"\n',
    "vote-2-of-3": f'aligner = "vote"\n{_VOTERS}',
    "vote-union": f'aligner = "vote"\nrule = "union"\n{_VOTERS}',
}


class Stopwatch(Silent):
    """Seconds that each step took; what is loaded before its first batch is not counted."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.items: dict[str, int] = {}

    def begin(self, title: str, noun: str, total: int) -> None:  # noqa: ARG002
        self._title, self._from = title, time.perf_counter()
        self.items[title] = self.items.get(title, 0) + total

    def end(self) -> None:
        self.seconds[self._title] = self.seconds.get(self._title, 0.0) + time.perf_counter() - self._from


def recipe(name: str) -> str:
    """The text of a recipe."""
    head = f'name = "{name}"\ncorpora = ["europarl-ner"]\nsource = ["en"]\ntarget = {list(LANGUAGES)}\n'
    return f"{head}[align]\n{ALIGNERS[name]}"


@contextmanager
def database_at(path: str | None) -> Iterator[Database]:
    """The database at a path, or one that is thrown away, with the corpus in it."""
    data = Path(os.environ.get("XPROJDB_DATA", HERE.parent.parent / "shared" / "data")) / "europarl-ner"
    names = ("en", *LANGUAGES)
    files = [corpus_file(data / f"{lang}-europarl.test.conll02", lang, form="conll") for lang in names]
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(path or str(Path(folder) / "aligners.db"), create=True) as database,
    ):
        import_files(database, CorpusInfo("europarl-ner"), files, parallel=True)
        yield database


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", help="database to use and keep")
    watch = Stopwatch()
    with database_at(parser.parse_args().db) as database:
        for name in ALIGNERS:
            run_plan(database, plan_recipe(database, parse_recipe(recipe(name))), progress=watch)
        recipes = compare_recipes(database, list(ALIGNERS), resamples=1)
    print(f"{'step':96} {'items':>6} {'seconds':>8} {'items/s':>8}")
    for title, seconds in watch.seconds.items():
        if title.startswith(("align", "train")):
            print(f"{title:96} {watch.items[title]:6} {seconds:8.1f} {watch.items[title] / seconds:8.1f}")
    print()
    print(f"{'F1':22}", *(f"{language.lang:>6}" for language in recipes.languages))
    for method in ALIGNERS:
        print(f"{method:22}", *(f"{100 * language.f1(method):6.1f}" for language in recipes.languages))


if __name__ == "__main__":
    main()
