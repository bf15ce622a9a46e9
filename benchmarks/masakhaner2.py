"""Projection from offline taggers onto six African languages, against the published heuristic on the same tags:
``python benchmarks/masakhaner2.py [--db FILE] [--sentences 1000]``.

Reads MasakhaNER2 with its English and French sources from ``$XPROJDB_DATA`` or ``../shared/data``: the first test
sentences of each pair (of the training set for Yoruba, which has no other here).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import tempfile
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.evaluation.bootstrap import bootstrap_interval, paired_difference
from xprojdb.evaluation.evaluate import read_counts
from xprojdb.evaluation.span_metrics import SpanCounts
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import plan_recipe
from xprojdb.text.languages import language

PAIRS = ("en-lug", "en-pcm", "en-tsn", "en-yor", "fr-bam", "fr-ewe")
RECIPE = (Path(__file__).parent / "masakhaner2.toml").read_text(encoding="utf-8")
HEAD = RECIPE[: RECIPE.index("[[scorer]]")]
REFERENCE = "reference heuristic"
OURS = "links, letters, capitals, memory, one label"
ONE_LABEL = "label_consistency = 0.5\n"
NAMES = (
    '[[scorer]]\nname = "names"\ntype = "translation_memory"\ncandidates = "scored"\n'
    'scorers = ["links", "letters"]\nweight = 0.3\n\n'
)
HEURISTIC = '[project]\nmethod = "heuristic"\npreset = "reference"\n'
GRID = tuple(product((0.3, 0.5), (0.3, 0.6), (0.0, 0.5), (0.3, 0.4, 0.5)))


def weighted(links: float, capitals: float, memory: float, threshold: float, letters: float = 1.0) -> str:
    """The recipe with other weights; a scorer with none is left out.

    :param threshold: of a candidate without capitals.
    """
    weights = {"links": links, "letters": letters, "capitals": capitals, "memory": memory}
    tables = RECIPE[len(HEAD) : RECIPE.index("[project]")].split("[[scorer]]\n")[1:]
    kept = [_reweighted(table, weight) for table, weight in zip(tables, weights.values(), strict=True) if weight]
    result = ", ".join(f'"{name}"' for name in ("links", "letters") if weights[name])
    text = re.sub(r"scorers = .*", f"scorers = [{result}]", "".join(kept))
    return f"{HEAD}{text}[project]\nthreshold = {threshold + capitals:g}\n{ONE_LABEL}"


def apart(recipe: str) -> str:
    """A recipe without the rule that the same words have one label."""
    return recipe.replace(ONE_LABEL, "")


def _reweighted(table: str, weight: float) -> str:
    return f"[[scorer]]\n{re.sub(r'weight = .*', '', table).rstrip()}\nweight = {weight:g}\n\n"


#: what is there before [align], so that the links are those of the library's defaults
TAGGED = HEAD[: HEAD.index("[align]")]
METHODS = {
    REFERENCE: HEAD + HEURISTIC,
    "reference heuristic, soft links": TAGGED + HEURISTIC,
    "library's default (soft links)": TAGGED,
    "links alone (soft links)": f'{TAGGED}[project]\nweights = "scorers"\n',
    "links alone, one label": f'{TAGGED}[project]\nweights = "scorers"\n{ONE_LABEL}',
    "links": apart(weighted(1, 0, 0, 0.3, letters=0)),
    "letters": apart(weighted(0, 0, 0, 0.35)),
    "links, letters": apart(weighted(0.5, 0, 0, 0.4)),
    "links, letters, capitals": apart(weighted(0.5, 0.3, 0, 0.5)),
    "links, letters, capitals, memory": apart(RECIPE),
    OURS: RECIPE,
    "the same and memory by name": RECIPE.replace("[project]", f"{NAMES}[project]"),
}
Scores = dict[str, SpanCounts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--sentences", type=int, default=1000, help="of each pair at most")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "masakhaner2.db", create=True) as database,
    ):
        for pair in PAIRS:
            import_pair(database, pair, args.sentences, Path(folder))
        console = Console(width=140)
        by_name = {name: scored(database, text) for name, text in METHODS.items()}
        report(by_name, console)
        console.print(two_fold(by_name[REFERENCE], {key: scored(database, weighted(*key)) for key in GRID}))


def import_pair(database: Database, pair: str, most: int, folder: Path, more: int = 0) -> None:
    """Import the sentences of a pair, labelled on the target side, as a corpus of its own.

    :param more: sentences of the training set besides.
    """
    source, target = pair.split("-")
    sides = {source: folder / f"{pair}.{source}.jsonl", target: folder / f"{pair}.{target}.jsonl"}
    lines = [*islice(evaluated(pair), most), *islice(lines_of(pair, "train"), more)]
    for path, fields in zip(sides.values(), (("src_text",), ("tgt_tokens", "tgt_tags")), strict=True):
        own = [{key: line[key] for key in ("id", "split", *fields)} for line in lines]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in own), encoding="utf-8")
    files = [
        corpus_file(sides[source], source, part="all", text_field="src_text"),
        corpus_file(sides[target], target, part="all", words_field="tgt_tokens", tags_field="tgt_tags"),
    ]
    import_files(database, CorpusInfo(pair), files, parallel=True)


def evaluated(pair: str) -> Iterator[dict[str, Any]]:
    """The lines of the test set, or of all where there is none."""
    return iter([*lines_of(pair, "test")] or [*lines_of(pair)])


def lines_of(pair: str, split: str | None = None) -> Iterator[dict[str, Any]]:
    """The lines of a part of a pair, or of all of it."""
    folder = Path(os.environ.get("XPROJDB_DATA") or "../shared/data") / "masakhaner2-mafand"
    with gzip.open(folder / f"{pair}.jsonl.gz", "rt", encoding="utf-8") as file:
        lines = map(json.loads, file)
        yield from (line for line in lines if split in (None, line["split"]))


def scored(database: Database, recipe: str) -> Scores:
    """Run a recipe and count spans by target language and sentence."""
    plan = plan_recipe(database, parse_recipe(recipe))
    run_plan(database, plan)
    with database.read() as connection:
        return {projection.target: read_counts(connection, projection) for projection in plan.projections}


def report(found: dict[str, Scores], console: Console) -> None:
    """Print F1 with its interval, and each method's difference to the reference."""
    langs = [language(pair.split("-")[1]).code for pair in PAIRS]
    table = Table("F1", *langs, "mean", title="entity F1, 95 % bootstrap interval")
    for name, scores in found.items():
        values = [100 * scores[lang].micro().f1 for lang in langs]
        table.add_row(name, *(_interval(scores[lang]) for lang in langs), f"{np.mean(values):.2f}")
    console.print(table)
    table = Table("less", *langs, "mean", title=f"{OURS}, less another method")
    for name in (entry for entry in found if entry != OURS):
        pairs = [paired_difference(found[OURS][lang], found[name][lang]) for lang in langs]
        cells = (f"{100 * d.value:+.1f}\n{100 * d.low:+.1f} – {100 * d.high:+.1f}" for d in pairs)
        table.add_row(name, *cells, f"{100 * np.mean([d.value for d in pairs]):+.2f}")
    console.print(table)


def two_fold(reference: Scores, found: dict[tuple[float, ...], Scores]) -> Table:
    """For each half of the sentences, the weights that are best on the other one."""
    halves, reached = {"even": slice(0, None, 2), "odd": slice(1, None, 2)}, []
    title = f"two-fold over {len(found)} configurations"
    table = Table("reported on", "links, capitals, memory, cut", *reference, "mean", "gain", title=title)
    for name, part in halves.items():
        other = next(half for half in halves.values() if half != part)
        best = max(found, key=lambda key: float(np.mean(_f1(found[key], other))))
        reached.append((_f1(found[best], part), _f1(reference, part)))
        table.add_row(f"{name} sentences", ", ".join(f"{value:g}" for value in best), *_compared(*reached[-1]))
    table.add_row("two-fold mean", "", *_compared(*np.mean(reached, 0)))
    return table


def _f1(scores: Scores, part: slice) -> list[float]:
    return [100 * SpanCounts(counts.labels, counts.rows[part]).micro().f1 for counts in scores.values()]


def _compared(ours: list[float], reference: list[float]) -> Iterator[str]:
    differences = np.subtract(ours, reference)
    yield from (f"{value:.1f} ({gain:+.1f})" for value, gain in zip(ours, differences, strict=True))
    yield f"{np.mean(ours):.2f}"
    yield f"{differences.mean():+.2f}"


def _interval(counts: SpanCounts) -> str:
    result = bootstrap_interval(counts)
    return f"{100 * result.value:.1f}\n{100 * result.low:.1f} – {100 * result.high:.1f}"


if __name__ == "__main__":
    main()
