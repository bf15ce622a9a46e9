"""How well English gold entities are projected onto German, Spanish and Italian:
``python benchmarks/europarl_single.py [--db FILE]``.

Reads Europarl-NER from ``$XPROJDB_DATA`` or ``../shared/data``. Weights and threshold are chosen on the even sentences
and reported on the odd ones, and the other way round; every configuration is solved from stored scores, and only the
first run of a database loads a model.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, bulk, open_database
from xprojdb.db.tables import sentence
from xprojdb.evaluation.evaluate import read_counts
from xprojdb.evaluation.gold import read_gold
from xprojdb.evaluation.span_metrics import SpanCounts
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import plan_recipe

TARGETS = ("de", "es", "it")
LANGUAGES = ("en", *TARGETS)
HEAD = """
name = "europarl-single"
corpora = ["europarl-ner"]
source = ["en"]
target = ["de", "es", "it"]
"""
CENTRED = '[align]\ntransform = "centre-language"\n'
DERIVED = 'adjective_label = "MISC"\n'
ONE_LABEL = "label_consistency = 0.5\n"
Scores = dict[str, SpanCounts]


def one_pass(links: str = "", threshold: float = 0.4, project: str = "") -> str:
    """A recipe's tables with the score from links alone."""
    return f"[[scorer]]\n{links}[project]\nthreshold = {threshold:g}\n{project}"


def full(first: float, memory: float, threshold: float, project: str = DERIVED) -> str:
    """A recipe's tables with everything.

    :param first: what a candidate gains whose first word is no function word.
    :param memory: what it gains when its words were always projected elsewhere.
    :param threshold: of a candidate that gains neither.
    """
    tables = "[[scorer]]\npower = 2.0\nword_weights = 0.5\nmin_score = 0.04\n"
    tables += f'[[scorer]]\ntype = "boundary"\ncandidates = "scored"\nweight = {first:g}\n' if first else ""
    tables += f'[[scorer]]\ntype = "term_consistency"\ncandidates = "scored"\nweight = {memory:g}\n' if memory else ""
    return f"{tables}[project]\nthreshold = {first + threshold:g}\n{project}"


def by_name(tables: str) -> str:
    """The tables with memory of what each name became, in place of memory of what was labelled."""
    return tables.replace('score = "terms"', 'score = "memory"')


WEIGHED = "word_weights = 0.5\n"
ALIGNED = '[[scorer]]\ntype = "link_dice"\nmin_score = 0.1\n[project]\nmin_score = 0.1\n'
ABLATION = {
    "0/1 links (itermax), alignment score": '[align]\nmethod = "itermax"\n' + ALIGNED,
    "soft links, soft score": one_pass(),
    "+ vectors less the language's mean": CENTRED + one_pass(),
    "+ word weights": CENTRED + one_pass(WEIGHED),
    "+ derived words become MISC (one pass)": CENTRED + one_pass(WEIGHED, project=DERIVED),
    "+ square, first word, memory (two passes)": CENTRED + full(0.1, 0.3, 0.2),
    "the same without derived words": CENTRED + full(0.1, 0.3, 0.2, project=""),
    "soft links, soft score, one label": one_pass(project=ONE_LABEL),
    "two passes, one label, without derived words": CENTRED + full(0.1, 0.3, 0.2, project=ONE_LABEL),
    "two passes, one label, with derived words": CENTRED + full(0.1, 0.3, 0.2, project=DERIVED + ONE_LABEL),
    "memory by name in place of terms, with derived words": CENTRED + by_name(full(0.1, 0.3, 0.2)),
}
GRID = tuple(product((0.05, 0.1, 0.15), (0.0, 0.2, 0.3, 0.4), (0.15, 0.2, 0.25)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "europarl.db", create=True) as database,
    ):
        import_europarl(database)
        report(database, Console(width=120))


def import_europarl(database: Database) -> None:
    """Import the four languages as parallel files, once."""
    folder = Path(os.environ.get("XPROJDB_DATA") or "../shared/data") / "europarl-ner"
    files = [corpus_file(folder / f"{lang}-europarl.test.conll02", lang, form="conll") for lang in LANGUAGES]
    import_files(database, CorpusInfo("europarl-ner"), files, parallel=True)


def report(database: Database, console: Console) -> None:
    """Print the tables."""
    rows = {name: scored(database, tables) for name, tables in ABLATION.items()}
    console.print(_table("What each part brings (all sentences)", rows))
    rules = (("with derived words", DERIVED), ("without", ""), ("without, but with one label", ONE_LABEL))
    for title, project in rules:
        result = {key: scored(database, CENTRED + full(*key, project=project)) for key in GRID}
        console.print(f"\nTwo-fold over {len(result)} configurations, {title}")
        console.print(_folds(result))
    best = {lang: ceiling(database, lang) for lang in TARGETS}
    message = ", ".join(f"{lang} {100 * value:.1f}" for lang, value in best.items())
    console.print(f"\nceiling: {message}; mean {100 * np.mean(list(best.values())):.1f}")


def scored(database: Database, tables: str) -> Scores:
    """Run a recipe with these tables, and count spans by target language and sentence."""
    plan = plan_recipe(database, parse_recipe(HEAD + tables))
    run_plan(database, plan)
    with database.read() as connection:
        return {projection.target: read_counts(connection, projection) for projection in plan.projections}


def f1(counts: SpanCounts, part: slice = slice(None)) -> float:
    """Micro F1 of some sentences, in percent."""
    return 100 * SpanCounts(counts.labels, counts.rows[part]).micro().f1


def _folds(found: dict[tuple[float, float, float], Scores]) -> Table:
    """For each half, the configuration that is best on the other one, and their mean."""
    table = Table("reported on", "first word, memory, threshold", *TARGETS, "mean")
    halves, reached = {"even": slice(0, None, 2), "odd": slice(1, None, 2)}, []
    for name, part in halves.items():
        other = next(half for half in halves.values() if half != part)
        best = max(found, key=lambda key: mean_f1(found[key], other))
        reached.append([f1(found[best][lang], part) for lang in TARGETS])
        table.add_row(f"{name} sentences", ", ".join(f"{value:g}" for value in best), *_cells(reached[-1]))
    table.add_row("two-fold mean", "", *_cells(np.mean(reached, 0).tolist()))
    everything = [mean_f1(entry) for entry in found.values()]
    table.add_row("worst and best of all", f"on all sentences: {min(everything):.2f} to {max(everything):.2f}")
    return table


def mean_f1(scores: Scores, part: slice = slice(None)) -> float:
    """The mean over languages of :func:`f1`."""
    return float(np.mean([f1(scores[lang], part) for lang in TARGETS]))


def _table(title: str, rows: dict[str, Scores]) -> Table:
    table = Table("", *TARGETS, "mean", title=title)
    for name, scores in rows.items():
        table.add_row(name, *_cells([f1(scores[lang]) for lang in TARGETS]))
    return table


def _cells(values: list[float]) -> Iterator[str]:
    yield from (f"{value:.1f}" for value in values)
    yield f"{np.mean(values):.2f}"


def ceiling(database: Database, lang: str) -> float:
    """F1 of labels that are right wherever the English sentence has a counterpart of the same label, and only there."""
    with database.read() as connection:
        source, target = (_labels(connection, entry) for entry in ("en", lang))
    shared = sum((source[key] & labels).total() for key, labels in target.items())
    return 2 * shared / sum(labels.total() for side in (source, target) for labels in side.values())


def _labels(connection: Connection, lang: str) -> dict[str, Counter[str]]:
    """How often each label occurs in each sentence of a language, by what sentences of several languages share."""
    query = select(sentence.c.id, sentence.c.external_id).where(sentence.c.lang == lang).order_by(sentence.c.id)
    names: dict[int, str] = dict(bulk.fetch(connection, query))
    gold = read_gold(connection, list(names))
    return {name: Counter(span.label for span in gold.get(key, ())) for key, name in names.items()}


if __name__ == "__main__":
    main()
