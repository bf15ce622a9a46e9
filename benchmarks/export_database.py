"""Sentences a second out of a database of projected labels, into each format, whole and cut.

Two labels a sentence; each export runs in a process of its own, on a database that is already warm. "Of CPU" counts the
seconds that the processor worked for it: the machine may do other work, too. "Of bare" is that against reading the same
rows and doing nothing with them. MiB is by how much the export's memory grew beyond what opening took.

python benchmarks/export_database.py [sentences]
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select

from xprojdb.config.recipe import parse_recipe
from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database, bulk, open_database
from xprojdb.db import tables as t
from xprojdb.digest import canonical_json
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_as, export_conll, export_dataset
from xprojdb.exports.rows.projected_labels import finished
from xprojdb.extras import require
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.planning.planner import Plan, plan_recipe
from xprojdb.planning.store import load_plan
from xprojdb.steps.align.stage import Align

TAGS = ("B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC")
#: the share of sentences with quotation marks, which are escaped where words are stored
QUOTED = 0.1
#: those that are projected in earnest
SEED = 200


class Diagonal:
    """Links word n to word n: the labels are projected at once."""

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        """The links of each pair."""
        return [_links(len(left)) for left, _ in pairs]


def _links(words: int) -> Links:
    both = np.arange(words, dtype=np.int32)
    return Links(np.stack([both, both], 1), np.full(words, 0.9, np.float32))


def write_corpus(folder: Path, sentences: int) -> list[Any]:
    """Parallel files: an entity of two words at either end of the first six words."""
    with (folder / "en.conll").open("w") as english, (folder / "de.conll").open("w") as german:
        for number in range(sentences):
            words = _words(number)
            for word, tag in zip(words, [*TAGS, *["O"] * len(words)], strict=False):
                english.write(f"{word} {tag}\n")
            german.write("\n".join([*words, "\n"]))
            english.write("\n")
    return [corpus_file(folder / f"{lang}.conll", lang, form="conll", labelled=lang == "en") for lang in ("en", "de")]


def _words(number: int) -> list[str]:
    draw = random.Random(number)
    words = [f"w{draw.randrange(50_000)}" for _ in range(draw.randint(8, 24))]
    if draw.random() < QUOTED:
        words[6] = words[-1] = '"'
    return words


def grow(database: Database, plan: Plan, sentences: int) -> None:
    """Add sentences with the rows that projecting them would leave; what the export does not read is left out."""
    labelling = plan.projections[0]
    pair, step = labelling.pair, labelling.step.step_id
    with database.write() as connection:
        first, link = (bulk.next_id(connection, table) for table in (t.sentence, t.translation))
        run = connection.execute(select(func.max(t.run.c.id))).scalar_one()
        linked = connection.execute(select(t.step.c.id).where(t.step.c.digest == pair.link)).scalar_one()
        numbers = range(sentences)
        texts = [canonical_json(_words(number)) for number in numbers]
        for side, lang in enumerate(("en", "de")):
            key = first + side * sentences
            names = ("id", "corpus_id", "lang", "n_words", "external_id", "words")
            rows = ((key + n, pair.corpus_id, lang, 1 + texts[n].count(","), f"more-{n}", texts[n]) for n in numbers)
            bulk.insert(connection, t.sentence, names, rows)
        names = ("id", "corpus_id", "original_lang", "rendering_lang", "step_id", "kind", "original_id", "rendering_id")
        links = (
            (link + n, pair.corpus_id, "en", "de", linked, "human", first + n, first + sentences + n) for n in numbers
        )
        bulk.insert(connection, t.translation, names, links)
        names = (
            "step_id",
            "sentence_id",
            "translation_id",
            "ordinal",
            "start_word",
            "end_word",
            "label",
            "score",
            "margin",
        )
        labels = (
            (
                step,
                first + sentences + n,
                link + n,
                place,
                4 * place,
                4 * place + 2,
                ("PER", "LOC")[place],
                0.9,
                n % 97 / 97,
            )
            for n in numbers
            for place in range(2)
        )
        bulk.insert(connection, t.label, names, labels)
        done = ((step, link + n, "ok", None, run) for n in numbers)
        bulk.insert(connection, t.outcome, ("step_id", "item_id", "status", "reason", "run_id"), done)


def project(database: Database, folder: Path) -> Plan:
    """Project them, without a model."""
    (folder / "model").mkdir()
    (folder / "model" / "config.json").write_text("{}")
    text = f'name = "b"\ncorpora = ["b"]\nsource = ["en"]\ntarget = ["de"]\n[align]\nmodel = "{folder / "model"}"\n'
    plan = plan_recipe(database, parse_recipe(text))
    diagonal = Diagonal()
    plan.stages = [
        Align(stage.spec, partial(lambda given: given, diagonal)) if isinstance(stage, Align) else stage
        for stage in plan.stages
    ]
    run_plan(database, plan)
    return plan


#: what is measured: the writer, the cut, and the format's name
EXPORTS: dict[str, tuple[Any, ExportTable]] = {
    "hf": (export_dataset, ExportTable()),
    "hf, no provenance": (export_dataset, ExportTable(provenance="none")),
    "conll": (export_conll, ExportTable()),
    "jsonl": (partial(export_as, "jsonl"), ExportTable()),
    "hf, cut to a half": (
        export_dataset,
        ExportTable(min_margin=0.1, dedupe=True, split_ratios={"train": 0.9, "test": 0.1}),
    ),
}


def read_bare(database: Database, plan: Plan) -> int:
    """Read what a Hugging Face folder is made of, and do nothing with it."""
    labelling = plan.projections[0]
    target, query = finished(labelling)
    source, item = t.sentence.alias("source"), labelling.covered().item
    query = query.join(source, source.c.id == t.translation.c.original_id).order_by(item)
    query = query.with_only_columns(item, target.c.id, target.c.external_id, target.c.words, source.c.external_id)
    names = ("translation_id", "start_word", "end_word", "label", "score", "margin")
    labels = select(*(t.label.c[name] for name in names)).where(t.label.c.step_id == labelling.step.step_id)
    count = 0
    with database.read() as connection, bulk.uncollected():
        for number, entry in enumerate((query, labels)):
            with closing(connection.execute(entry)) as result:
                cursor: Any = result.cursor
                while rows := cursor.fetchmany(1_000):
                    count += len(rows) if number == 0 else 0
    return count


def measure(address: Path, told: str) -> None:
    """Export in this process, which does nothing else, and print the figures as JSON."""
    for module in ("pyarrow.compute", "pyarrow.json", "pyarrow.parquet"):
        require(module, "export")
    # With its first array, pyarrow loads pandas, if that is installed.
    require("pyarrow", "export").array([])
    with open_database(address) as database:
        plan = load_plan(database)
        before = peak()
        begin, worked = time.perf_counter(), time.process_time()
        if told == "bare reading":
            count = read_bare(database, plan)
        else:
            write, table = EXPORTS[told]
            if told.endswith("half"):
                table = table.model_copy(update={"budget": plan_size(database) // 2})
            count = write(database, plan, address.parent / told.replace(" ", "-"), table=table).sentences
        figures = [count, time.perf_counter() - begin, time.process_time() - worked]
    print(json.dumps([*figures, peak() - before]))


def peak() -> float:
    """The most memory of this process so far, in MiB: by resource.getrusage it would begin with that of its parent."""
    result = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(result[1]) / 1024 if result else float("nan")


def plan_size(database: Database) -> int:
    """How many translations there are."""
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(t.translation)).scalar_one())


def main() -> None:
    """Print the table."""
    sentences = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open_database(folder / "b.db", create=True) as database:
            import_files(database, CorpusInfo("b"), write_corpus(folder, SEED), parallel=True)
            grow(database, project(database, folder), sentences - SEED)
        print(f"{'export':<20}{'sentences':>10}{'seconds':>9}{'sentences/s':>13}{'of CPU':>10}{'of bare':>9}{'MiB':>7}")
        bare = 0.0
        for message in ("bare reading", *EXPORTS):
            child = [sys.executable, __file__, "--measure", str(folder / "b.db"), message]
            count, taken, worked, grown = json.loads(subprocess.run(child, check=True, stdout=subprocess.PIPE).stdout)
            bare = bare or count / worked
            rates = f"{count / taken:>13,.0f}{count / worked:>10,.0f}{count / worked / bare:>9.2f}"
            print(f"{message:<20}{count:>10,}{taken:>9.1f}{rates}{grown:>7.0f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]), sys.argv[3])
    else:
        main()
