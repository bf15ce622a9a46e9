"""The encoder in float32, bfloat16 and int8: pairs per CPU second, and F1 of the labels that its links lead to.

    python benchmarks/precision.py [--sentences 799] [--pairs 300] [--rounds 2]

Reads Europarl-NER and the six pairs of MasakhaNER2 from ``$XPROJDB_DATA`` or ``../shared/data``. Speed is that of the
aligner alone, its best of several rounds in which the precisions take turns; F1 is the library's default recipe with
nothing but the precision changed, at most ``--sentences`` of each pair. The tagger that votes reads the aligner's
vectors, or encodes in float32 again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from align_speed import Pairs, sentence_pairs
from europarl_single import HEAD, TARGETS, import_europarl
from masakhaner2 import PAIRS, TAGGED, import_pair, scored
from rich.console import Console
from rich.table import Table

from xprojdb.db import Database, open_database
from xprojdb.evaluation.span_metrics import SpanCounts
from xprojdb.models.aligners.encoder import EncoderAligner
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.text.languages import language

PRECISIONS = ("float32", "bfloat16", "int8")
#: a tagger that is given an encoder of its own reads it in float32
APART = '[vote]\nencoder = "intfloat/multilingual-e5-small"\n'
VOTERS = {"": "", ", voters in float32": APART}


def speeds(pairs: Pairs, rounds: int) -> dict[str, float]:
    """Pairs per CPU second of each precision."""
    aligners = {name: EncoderAligner(Encoder("e5-small", "cpu", name, threads=1)) for name in PRECISIONS}
    for aligner in aligners.values():
        aligner.align(pairs[:8])
    seconds = [{name: _cpu_seconds(aligner, pairs) for name, aligner in aligners.items()} for _ in range(rounds)]
    return {name: len(pairs) / min(row[name] for row in seconds) for name in PRECISIONS}


def _cpu_seconds(aligner: EncoderAligner, pairs: Pairs) -> float:
    began = time.process_time()
    aligner.align(pairs)
    return time.process_time() - began


def f1_scores(database: Database, precision: str, vote: str) -> dict[str, SpanCounts]:
    """Spans of every language, counted against gold."""
    table = f'[align]\nprecision = "{precision}"\n'
    return {**scored(database, HEAD + table), **scored(database, TAGGED + table + vote)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=799)
    parser.add_argument("--pairs", type=int, default=300, help="of which the speed is measured")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    speed = speeds(sentence_pairs(options.pairs)[1], options.rounds)
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "x.db", create=True) as database:
        import_europarl(database)
        for pair in PAIRS:
            import_pair(database, pair, options.sentences, Path(folder))
        scores = {
            (precision, voters): f1_scores(database, precision, vote)
            for precision in PRECISIONS
            for voters, vote in VOTERS.items()
            if precision != "float32" or not voters
        }
    Console(width=140).print(_table(speed, scores))


def _table(speed: dict[str, float], scores: dict[tuple[str, str], dict[str, SpanCounts]]) -> Table:
    groups = (TARGETS, tuple(language(pair.split("-")[1]).code for pair in PAIRS))
    table = Table(
        "precision", "pairs / CPU s", "ratio", *groups[0], "mean", *groups[1], "mean", title="F1 by precision"
    )
    for (precision, voters), by_language in scores.items():
        cells = []
        for langs in groups:
            values = [100 * by_language[lang].micro().f1 for lang in langs]
            cells += [*(f"{value:.2f}" for value in values), f"{np.mean(values):.2f}"]
        ratio = speed[precision] / speed["float32"]
        table.add_row(precision + voters, f"{speed[precision]:.1f}", f"{ratio:.2f}", *cells)
    return table


if __name__ == "__main__":
    main()
