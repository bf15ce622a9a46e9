"""Every method on every pair of Europarl-NER: ``python benchmarks/methods_table.py [--db FILE] [--write]``.

English gold entities are projected onto German, Spanish and Italian over the links of five aligners (one small
encoder), by the heuristics and by matches of scored candidates. Reads Europarl-NER from ``$XPROJDB_DATA`` or
``../shared/data``; published figures are put beside when they are in ``published`` there. With ``--write``, the table
goes to ``docs/methods.md``. A database given with ``--db`` is reused: nothing in it is computed twice.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from sqlalchemy import Connection, select

from xprojdb.db import Database, open_database
from xprojdb.db.tables import corpus, translation
from xprojdb.engine.plan import Plan, plan_recipe
from xprojdb.engine.recipe import parse_recipe
from xprojdb.engine.run import run_plan
from xprojdb.evaluation.published import load_published
from xprojdb.steps.evaluate import read_counts
from xprojdb.steps.gold import projected, read_gold
from xprojdb.steps.importing.imports import CorpusInfo, corpus_file, import_files
from xprojdb.steps.projection import Projection

LANGUAGES = ("de", "es", "it")
CORPUS = "europarl-ner"
HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "docs" / "methods.md"
#: name in the table → keys of [align]
ALIGNERS = {
    "argmax": 'method = "argmax"',
    "itermax": 'method = "itermax"',
    "match": 'method = "match"',
    "softmax (AWESOME)": 'method = "softmax"\nthreshold = 0.001',
    "soft": 'method = "soft"',
}
_NGRAM = 'candidates = "ngram"\nlongest = 10\n'
_ALIGNED = 'candidates = "aligned"\n'
_ALIGNMENT = '[[score]]\nscore = "alignment"\nfloor = 0.2\n'
_SOFT = '[[score]]\nscore = "soft"\nfloor = 0.2\n'
#: name in the table → tables of the recipe
METHODS = {
    "heuristic, reference": '[project]\nmethod = "heuristic"\npreset = "reference"\n',
    "heuristic, default": '[project]\nmethod = "heuristic"\n',
    "heuristic, min–max": '[project]\nmethod = "heuristic"\n[project.heuristic]\nminmax = true\n',
    "alignment score, n-grams, greedy": f'{_ALIGNMENT}{_NGRAM}[project]\nthreshold = 0.2\nsolver = "greedy"\n',
    "alignment score, n-grams, exact": f"{_ALIGNMENT}{_NGRAM}[project]\nthreshold = 0.2\n",
    "alignment score, aligned, greedy": f'{_ALIGNMENT}{_ALIGNED}[project]\nthreshold = 0.2\nsolver = "greedy"\n',
    "alignment score, aligned, exact": f"{_ALIGNMENT}{_ALIGNED}[project]\nthreshold = 0.2\n",
    "alignment score, aligned, exact, = 1": f'{_ALIGNMENT}{_ALIGNED}[project]\nthreshold = 0.2\ncount = "= 1"\n',
    "soft score, aligned, greedy": f'{_SOFT}{_ALIGNED}[project]\nsolver = "greedy"\n',
    "soft score, aligned, exact": f"{_SOFT}{_ALIGNED}[project]\n",
}


class Row(NamedTuple):
    """One method over one aligner's links: F1 in percent by language, and their mean."""

    links: str
    method: str
    f1: tuple[float, ...]

    @property
    def figures(self) -> tuple[float, ...]:
        return (*self.f1, mean(self.f1))


def recipe(align: str, method: str) -> str:
    """The text of a recipe."""
    head = f'name = "methods"\ncorpora = ["{CORPUS}"]\nsource = ["en"]\ntarget = {list(LANGUAGES)}\n'
    return f"{head}[align]\n{align}\n{method}"


def rows(database: Database) -> Iterator[Row]:
    """Run every method and score it."""
    for links, align in ALIGNERS.items():
        for name, method in METHODS.items():
            plan = plan_recipe(database, parse_recipe(recipe(align, method)))
            failed = run_plan(database, plan, command="benchmark").failed
            assert not failed, f"{links}, {name}: {failed} items failed"
            row = Row(links, name, tuple(100 * f1 for f1 in measured(database, plan)))
            print(links, name, *(f"{value:.1f}" for value in row.figures), sep="\t", flush=True)
            yield row


def measured(database: Database, plan: Plan) -> list[float]:
    """The F1 of each language."""
    with database.read() as connection:
        return [read_counts(connection, each).micro().f1 for each in by_language(plan)]


def by_language(plan: Plan) -> list[Projection]:
    """The projections, in the order of the table."""
    return sorted(plan.projections, key=lambda each: LANGUAGES.index(each.target))


def ceiling(database: Database) -> tuple[float, ...]:
    """The F1 of a projection that finds every gold entity with a counterpart of the same label, and no other span."""
    plan = plan_recipe(database, parse_recipe(recipe(ALIGNERS["soft"], METHODS["heuristic, default"])))
    run_plan(database, plan, command="benchmark")
    with database.read() as connection:
        return tuple(100 * _ceiling(connection, each) for each in by_language(plan))


def _ceiling(connection: Connection, projection: Projection) -> float:
    pairs = projected(connection, projection).add_columns(translation.c.original_id)
    sides = [(row[2], row[1]) for row in connection.execute(pairs)]
    gold = read_gold(connection, sorted({key for pair in sides for key in pair}))
    labels = [[Counter(span.label for span in gold.get(key, ())) for key in pair] for pair in sides]
    found = sum((source & target).total() for source, target in labels)
    return 2 * found / sum(source.total() + target.total() for source, target in labels)


def published(folder: Path) -> list[Row]:
    """Published figures that have all languages."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for each in load_published(folder) if folder.is_dir() else ():
        if each.dataset == CORPUS and each.lang in LANGUAGES:
            settings = [each.settings[key] for key in ("candidates",) if each.settings.get(key)]
            method = ", ".join([f"{each.source}: {each.method}", *settings])
            found.setdefault((each.settings.get("aligner", "–"), method), {})[each.lang] = 100 * each.f1
    return [
        Row(links, method, tuple(f1[lang] for lang in LANGUAGES))
        for (links, method), f1 in sorted(found.items(), key=lambda item: item[0][1])
        if len(f1) == len(LANGUAGES)
    ]


def table(found: Sequence[Row], beside: Sequence[Row], top: tuple[float, ...]) -> Iterator[str]:
    """The lines of a Markdown table: the best of a column is bold, the best of an aligner in italics."""
    yield "| links | method | " + " | ".join(f"en → {lang}" for lang in LANGUAGES) + " | mean |"
    yield "|---|---|" + "---:|" * (len(LANGUAGES) + 1)
    best = _best(found)
    for links in ALIGNERS:
        own = [row for row in found if row.links == links]
        best_own = _best(own)
        for row in own:
            yield _line(row, [_marked(*each) for each in zip(row.figures, best_own, best, strict=True)])
    yield _line(Row("–", "*ceiling: entities with a counterpart of the same label*", top))
    for row in beside:
        yield _line(row)


def _best(found: Sequence[Row]) -> list[str]:
    """The best figure of each column, as it is printed."""
    return [f"{max(column):.1f}" for column in zip(*(row.figures for row in found), strict=True)]


def _marked(value: float, best_own: str, best: str) -> str:
    told = f"{value:.1f}"
    mark = "**" if told == best else "*" if told == best_own else ""
    return f"{mark}{told}{mark}"


def _line(row: Row, figures: Sequence[str] = ()) -> str:
    told = figures or [f"{value:.1f}" for value in row.figures]
    return f"| {row.links} | {row.method} | {' | '.join(told)} |"


def fill(database: Database, folder: Path) -> None:
    """Import the four languages, unless they are there."""
    with database.read() as connection:
        if connection.execute(select(corpus.c.id).where(corpus.c.name == CORPUS)).first():
            return
    paths = {lang: folder / CORPUS / f"{lang}-europarl.test.conll02" for lang in ("en", *LANGUAGES)}
    files = [corpus_file(path, lang, form="conll") for lang, path in paths.items()]
    import_files(database, CorpusInfo(CORPUS), files, parallel=True)


def write(lines: Sequence[str]) -> None:
    """Put the table into the document, between its marks."""
    before, mark, rest = DOCUMENT.read_text(encoding="utf-8").partition("<!-- table -->\n")
    _, end, after = rest.partition("<!-- end -->")
    DOCUMENT.write_text("\n".join([before + mark, *lines, "", end + after]), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", help="a database to reuse; without it, a temporary one")
    parser.add_argument("--write", action="store_true", help=f"write the table to {DOCUMENT.name}")
    given = parser.parse_args()
    data = Path(os.environ.get("XPROJDB_DATA") or HERE.parents[1] / "shared" / "data")
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(given.db or Path(folder) / "methods.db", create=True) as database,
    ):
        fill(database, data)
        lines = list(table(list(rows(database)), published(data / "published"), ceiling(database)))
    print("\n".join(lines))
    if given.write:
        write(lines)


if __name__ == "__main__":
    main()
