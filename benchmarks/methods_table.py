"""Every method on every pair of a data set: ``python benchmarks/methods_table.py [DATA] [--db FILE] [--write]``.

DATA is ``europarl-ner`` (English gold entities onto German, Spanish and Italian) or ``masakhaner2`` (entities of
English and French taggers onto six African languages). Entities are projected over the links of five aligners (one
small encoder), by the heuristics and by matches of scored candidates. Reads the data from ``$XPROJDB_DATA`` or
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

import masakhaner2
from sqlalchemy import Connection, select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, bulk, open_database
from xprojdb.db.tables import corpus, entity, translation
from xprojdb.evaluation.evaluate import read_counts
from xprojdb.evaluation.gold import projected, read_gold
from xprojdb.evaluation.published import load_published
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.labellings import Projection
from xprojdb.planning.planner import Plan, plan_recipe
from xprojdb.text.spans import Span

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
_NGRAM = 'candidates = "ngram"\nmax_length = 10\n'
_ALIGNED = 'candidates = "aligned"\n'
_ALIGNMENT = '[[scorer]]\ntype = "link_dice"\nmin_score = 0.2\n'
_SOFT = '[[scorer]]\ntype = "link_mass"\nmin_score = 0.2\n'
#: name in the table → tables of the recipe
METHODS = {
    "heuristic, reference": '[project]\nmethod = "heuristic"\npreset = "reference"\n',
    "heuristic, default": '[project]\nmethod = "heuristic"\n',
    "heuristic, min–max": '[project]\nmethod = "heuristic"\n[project.heuristic]\nminmax = true\n',
    "alignment score, n-grams, greedy": f'{_ALIGNMENT}{_NGRAM}[project]\nmin_score = 0.2\nsolver = "greedy"\n',
    "alignment score, n-grams, exact": f"{_ALIGNMENT}{_NGRAM}[project]\nmin_score = 0.2\n",
    "alignment score, aligned, greedy": f'{_ALIGNMENT}{_ALIGNED}[project]\nmin_score = 0.2\nsolver = "greedy"\n',
    "alignment score, aligned, exact": f"{_ALIGNMENT}{_ALIGNED}[project]\nmin_score = 0.2\n",
    "alignment score, aligned, exact, = 1": (
        f'{_ALIGNMENT}{_ALIGNED}[project]\nmin_score = 0.2\ncandidates_per_entity = "= 1"\n'
    ),
    "soft score, aligned, greedy": f'{_SOFT}{_ALIGNED}[project]\nsolver = "greedy"\n',
    "soft score, aligned, exact": f"{_SOFT}{_ALIGNED}[project]\n",
}


class Data(NamedTuple):
    """A data set: the beginning of its recipes, and its pairs of languages in the order of the table."""

    name: str
    head: str
    pairs: tuple[tuple[str, str], ...]
    sentences: int = 1000

    def fill(self, database: Database, folder: Path) -> None:
        """Import it, unless it is there."""
        with database.read() as connection:
            if connection.execute(select(corpus.c.id)).first():
                return
        if self.name == CORPUS:
            paths = {lang: folder / CORPUS / f"{lang}-europarl.test.conll02" for lang in ("en", "de", "es", "it")}
            files = [corpus_file(path, lang, form="conll") for lang, path in paths.items()]
            import_files(database, CorpusInfo(CORPUS), files, parallel=True)
            return
        with tempfile.TemporaryDirectory() as built:
            for pair in masakhaner2.PAIRS:
                masakhaner2.import_pair(database, pair, self.sentences, Path(built))


EUROPARL = f'name = "methods"\ncorpora = ["{CORPUS}"]\nsource = ["en"]\ntarget = ["de", "es", "it"]\n'
AFRICAN = (("en", "lug"), ("en", "pcm"), ("en", "tsn"), ("en", "yo"), ("fr", "bam"), ("fr", "ewe"))
DATA = {
    CORPUS: Data(CORPUS, EUROPARL, (("en", "de"), ("en", "es"), ("en", "it"))),
    "masakhaner2": Data("masakhaner2", masakhaner2.TAGGED, AFRICAN),
}


class Row(NamedTuple):
    """One method over one aligner's links: F1 in percent by language, and their mean."""

    links: str
    method: str
    f1: tuple[float, ...]

    @property
    def figures(self) -> tuple[float, ...]:
        return (*self.f1, mean(self.f1))


def rows(database: Database, data: Data) -> Iterator[Row]:
    """Run every method and score it."""
    for links, align in ALIGNERS.items():
        for name, method in METHODS.items():
            plan = plan_recipe(database, parse_recipe(f"{data.head}[align]\n{align}\n{method}"))
            failed = run_plan(database, plan, command="benchmark").failed
            assert not failed, f"{links}, {name}: {failed} items failed"
            row = Row(links, name, tuple(100 * f1 for f1 in measured(database, plan, data)))
            print(links, name, *(f"{value:.1f}" for value in row.figures), sep="\t", flush=True)
            yield row


def measured(database: Database, plan: Plan, data: Data) -> list[float]:
    """The F1 of each pair."""
    with database.read() as connection:
        return [read_counts(connection, entry).micro().f1 for entry in in_order(plan, data)]


def in_order(plan: Plan, data: Data) -> list[Projection]:
    """The projections, in the order of the table."""
    return sorted(plan.projections, key=lambda each: data.pairs.index((each.source, each.target)))


def ceilings(database: Database, data: Data) -> list[Row]:
    """The F1 of a projection that labels the right span of every entity with a counterpart of the same label in gold.

    First of one that puts all other entities somewhere, too, then of one that knows which to leave out.
    """
    method = METHODS["heuristic, default"]
    plan = plan_recipe(database, parse_recipe(f"{data.head}[align]\n{ALIGNERS['soft']}\n{method}"))
    run_plan(database, plan, command="benchmark")
    with database.read() as connection:
        values = [_ceilings(connection, entry) for entry in in_order(plan, data)]
    message = ("all entities projected, right where there is a counterpart", "only those with a counterpart projected")
    return [
        Row("–", f"*ceiling: {name}*", tuple(100 * f1 for f1 in column))
        for name, column in zip(message, zip(*values, strict=True), strict=True)
    ]


def _ceilings(connection: Connection, projection: Projection) -> tuple[float, float]:
    pairs = projected(connection, projection).add_columns(translation.c.original_id)
    sides = [(row[2], row[1]) for row in connection.execute(pairs)]
    gold = read_gold(connection, sorted({target for _, target in sides}))
    result = read_given(connection, projection)
    labels = [(_labels(result, source, projection), _labels(gold, target, projection)) for source, target in sides]
    results = sum((source & target).total() for source, target in labels)
    entities, gold_spans = (sum(side.total() for side in sides) for sides in zip(*labels, strict=True))
    return 2 * results / (entities + gold_spans), 2 * results / (results + gold_spans)


def read_given(connection: Connection, projection: Projection) -> dict[int, list[Span]]:
    """The entities that are projected, by their sentences."""
    columns = (entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
    step_id, result = projection.step.input_ids["entities"], dict[int, list[Span]]()
    for key, *span in bulk.fetch(connection, select(*columns).where(entity.c.step_id == step_id)):
        result.setdefault(key, []).append(Span(*span))
    return result


def _labels(spans: dict[int, list[Span]], key: int, projection: Projection) -> Counter[str]:
    answer = spans.get(key, [])
    return Counter(span.label for span in (projection.mapping.apply(answer) if projection.mapping else answer))


def published(folder: Path, data: Data) -> list[Row]:
    """Published figures that have all languages."""
    langs = [target for _, target in data.pairs]
    results: dict[tuple[str, str], dict[str, float]] = {}
    for entry in load_published(folder) if folder.is_dir() else ():
        if entry.dataset == data.name and entry.lang in langs:
            settings = [entry.settings[key] for key in ("candidates",) if entry.settings.get(key)]
            method = ", ".join([f"{entry.source}: {entry.method}", *settings])
            results.setdefault((entry.settings.get("aligner", "–"), method), {})[entry.lang] = 100 * entry.f1
    return [
        Row(links, method, tuple(f1[lang] for lang in langs))
        for (links, method), f1 in sorted(results.items(), key=lambda item: item[0][1])
        if len(f1) == len(langs)
    ]


def table(data: Data, found: Sequence[Row], beside: Sequence[Row], top: Sequence[Row]) -> Iterator[str]:
    """The lines of a Markdown table: the best of a column is bold, the best of an aligner in italics."""
    yield "| links | method | " + " | ".join(f"{source} → {target}" for source, target in data.pairs) + " | mean |"
    yield "|---|---|" + "---:|" * (len(data.pairs) + 1)
    best = _best(found)
    for links in ALIGNERS:
        own = [row for row in found if row.links == links]
        best_own = _best(own)
        for row in own:
            yield _line(row, [_marked(*entry) for entry in zip(row.figures, best_own, best, strict=True)])
    for row in (*top, *beside):
        yield _line(row)


def _best(found: Sequence[Row]) -> list[str]:
    """The best figure of each column, as it is printed."""
    return [f"{max(column):.1f}" for column in zip(*(row.figures for row in found), strict=True)]


def _marked(value: float, best_own: str, best: str) -> str:
    message = f"{value:.1f}"
    mark = "**" if message == best else "*" if message == best_own else ""
    return f"{mark}{message}{mark}"


def _line(row: Row, figures: Sequence[str] = ()) -> str:
    message = figures or [f"{value:.1f}" for value in row.figures]
    return f"| {row.links} | {row.method} | {' | '.join(message)} |"


def write(lines: Sequence[str], data: Data) -> None:
    """Put the table into the document, between its marks."""
    before, mark, rest = DOCUMENT.read_text(encoding="utf-8").partition(f"<!-- table {data.name} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    DOCUMENT.write_text("\n".join([before + mark, *lines, "", end + after]), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default=CORPUS, choices=DATA)
    parser.add_argument("--db", help="a database to reuse; without it, a temporary one")
    parser.add_argument("--write", action="store_true", help=f"write the table to {DOCUMENT.name}")
    args = parser.parse_args()
    data, root = DATA[args.data], Path(os.environ.get("XPROJDB_DATA") or HERE.parents[1] / "shared" / "data")
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "methods.db", create=True) as database,
    ):
        data.fill(database, root)
        result, beside = list(rows(database, data)), published(root / "published", data)
        lines = list(table(data, result, beside, ceilings(database, data)))
    print("\n".join(lines))
    if args.write:
        write(lines, data)


if __name__ == "__main__":
    main()
