"""Seconds of each ready question on a database with a million labels, and the peak of the process's memory.

python benchmarks/questions.py [sentences] [database] [question …]

The database, an SQLite file or ``postgresql`` for one on a server of its own, is made of synthetic rows through the
bulk layer, or used again when it is there: target sentences that two
languages label, their consensus and its votes, candidates, links and outcomes. Four target labels a sentence are one
projected by each source for each of two entities; the consensus has one for each entity.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from fault_places import postgres_server
from sqlalchemy import Connection, Table, func, insert, select, text

from xprojdb.db import Database, bulk, open_database
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import (  # fmt: skip
    alignment,
    candidate,
    corpus,
    entity,
    label,
    outcome,
    recipe,
    sentence,
    source_file,
    step,
    translation,
    vote,
)
from xprojdb.digest import canonical_json
from xprojdb.provenance.questions import QUESTIONS, QuestionScope, ask_question
from xprojdb.steps.spec import GOLD, StepSpec, register_step

SOURCES = ("en", "es")
LABELS = ("PER", "ORG", "LOC")
WORDS = [f"word{number}" for number in range(997)]
ROUNDS = 5


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    address = sys.argv[2] if len(sys.argv) > 2 else str(Path(tempfile.mkdtemp()) / "questions.db")
    with ExitStack() as stack:
        server = address == "postgresql"
        if server:
            place = stack.enter_context(postgres_server())
            place.restore(None)
            address = place.address
        if server or not Path(address).exists():
            # In a process of its own: its memory is not that of the questions.
            subprocess.run([sys.executable, __file__, str(count), address, "make"], check=True)
        _measure(address, sys.argv[3:] or list(QUESTIONS))


def _measure(address: str, names: Sequence[str]) -> None:
    with open_database(address) as database:
        with database.read() as connection:
            labels = connection.execute(select(func.count()).select_from(label)).scalar_one()
        print(f"{labels:,} labels on {database.engine.dialect.name}")
        print(f"seconds, medians of {ROUNDS}: by the clock (of the processor)")
        print(f"{'question':16} {'all':>16} {'--lang':>16} {'rows':>6}")
        for name in names:
            plain, rows = _seconds(database, name, QuestionScope())
            chosen, _ = _seconds(database, name, QuestionScope(lang="de", corpus="made"))
            print(f"{name:16} {plain:>16} {chosen:>16} {rows:6}")
        print(f"{'v_final, by id':16} {_sentence_seconds(database):>16}")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def _seconds(database: Database, name: str, asked: QuestionScope) -> tuple[str, int]:
    taken = []
    for _ in range(ROUNDS):
        clock, processor = time.perf_counter(), time.process_time()
        with ask_question(database, name, asked) as answer:
            rows = sum(map(len, answer.blocks))
        taken.append((time.perf_counter() - clock, time.process_time() - processor))
    clock, processor = (median(entry) for entry in zip(*taken, strict=True))
    return f"{clock:.3f} ({processor:.3f})", rows


def _sentence_seconds(database: Database) -> str:
    """The labels of one sentence, as docs/questions.md asks for them."""
    where = "recipe = 'made' AND corpus = 'made' AND lang = 'de' AND external_id = 'all-777'"
    taken = []
    for _ in range(ROUNDS):
        clock, processor = time.perf_counter(), time.process_time()
        with database.read() as connection:
            assert connection.execute(text(f"SELECT text, label, score FROM v_final WHERE {where}")).all()
        taken.append((time.perf_counter() - clock, time.process_time() - processor))
    return "{:.3f} ({:.3f})".format(*(median(entry) for entry in zip(*taken, strict=True)))


def make(address: str, count: int) -> None:
    """Write the database."""
    with open_database(address, create=True) as database:
        with database.write() as connection:
            _fill(connection, count)
        with database.write() as connection:
            for table in (label, sentence, translation, step):
                # What PostgreSQL does by itself after a while.
                bulk.refresh_statistics(connection, table)


def _fill(connection: Connection, count: int) -> None:
    run_id = begin_run(connection, "benchmark")
    result = insert(corpus).values(name="made").returning(corpus.c.id)
    corpus_id = connection.execute(result).scalar_one()
    steps = _steps(connection)
    _plan(connection, corpus_id, steps)
    for place, lang in enumerate(("de", *SOURCES)):
        _sentences(connection, corpus_id, run_id, place * count, count, lang)
    gold = steps["import"]
    for place, lang in enumerate(SOURCES, 1):
        link, source = (place - 1) * count, place * count
        _links(connection, corpus_id, gold, lang, link, source, count)
        _entities(connection, gold, run_id, source, count)
        _projected(connection, steps, run_id, link, count)
    _consensus(connection, steps, run_id, count)
    end_run(connection, run_id, "done", {})


def _steps(connection: Connection) -> dict[str, int]:
    align = StepSpec("align", 1, {"made": True}, "model", "1")
    score = StepSpec("score", 1, {"labelled": "rendering"}, inputs={"alignment": align, "entities": GOLD})
    project = StepSpec("project", 1, {"labelled": "rendering"}, inputs={"score:soft": score, "entities": GOLD})
    combine = StepSpec("combine", 1, {"target": "de"}, inputs={"en:rendering": project})
    return {spec.kind: register_step(connection, spec) for spec in (GOLD, align, score, project, combine)}


def _plan(connection: Connection, corpus_id: int, steps: dict[str, int]) -> None:
    pairs = [[corpus_id, "de", lang, GOLD.digest, []] for lang in SOURCES]
    planned = [{"step": key, "pairs": pairs} for kind, key in steps.items() if kind != "import"]
    values = {"name": "made", "digest": "made", "text": "", "plan": canonical_json(planned)}
    connection.execute(insert(recipe).values(**values))


def _words(number: int) -> str:
    return canonical_json([WORDS[(number * 31 + place * 17) % len(WORDS)] for place in range(20)])


def _sentences(connection: Connection, corpus_id: int, run_id: int, before: int, count: int, lang: str) -> None:
    values = {"corpus_id": corpus_id, "lang": lang, "part": "all", "name": lang, "format": "text", "options": "{}"}
    file = insert(source_file).values(**values, sha256=lang, sentences=count, run_id=run_id)
    file_id = connection.execute(file.returning(source_file.c.id)).scalar_one()
    columns = ("id", "corpus_id", "lang", "n_words", "external_id", "source_file_id", "words")
    rows = ((before + n, corpus_id, lang, 20, f"all-{n}", file_id, _words(n)) for n in range(1, count + 1))
    _write(connection, sentence, columns, rows)


def _links(connection: Connection, corpus_id: int, gold: int, lang: str, link: int, source: int, count: int) -> None:
    columns = ("id", "corpus_id", "original_lang", "rendering_lang", "step_id", "kind", "original_id", "rendering_id")
    rows = ((link + n, corpus_id, "de", lang, gold, "human", n, source + n) for n in range(1, count + 1))
    _write(connection, translation, columns, rows)


def _entities(connection: Connection, gold: int, run_id: int, source: int, count: int) -> None:
    columns = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
    rows = (
        (gold, source + n, place, 4 * place, 4 * place + 2, LABELS[(n + place) % 3])
        for n in range(1, count + 1)
        for place in range(2)
    )
    _write(connection, entity, columns, rows)
    _outcomes(connection, gold, run_id, source, count)


def _projected(connection: Connection, steps: dict[str, int], run_id: int, link: int, count: int) -> None:
    links = ((steps["align"], link + n, " ".join(f"{i}-{i}:0.9" for i in range(20))) for n in range(1, count + 1))
    _write(connection, alignment, ("step_id", "translation_id", "links"), links)
    columns = ("step_id", "translation_id", "entity_ordinal", "start_word", "end_word", "score")
    rows = (
        (steps["score"], link + n, place, 4 * place, 4 * place + width, 0.3 * width)
        for n in range(1, count + 1)
        for place in range(2)
        for width in (1, 2)
    )
    _write(connection, candidate, columns, rows)
    _write(connection, label, _LABEL, _labels(steps["project"], link, count))
    for kind in ("align", "score", "project"):
        _outcomes(connection, steps[kind], run_id, link, count)


_LABEL = (
    "step_id", "sentence_id", "translation_id", "ordinal", "start_word", "end_word", "label", "score", "margin",
    "entity_ordinal",
)  # fmt: skip


def _labels(step_id: int, link: int, count: int) -> Iterator[tuple[object, ...]]:
    """One entity in a hundred is lost, one in fifty has a longer span from the second source."""
    for n in range(1, count + 1):
        for place in range(2 if n % 50 else 1):
            longer = int(link > 0 and n % 25 == 0)
            span = (4 * place, 4 * place + 2 + longer)
            score = 0.5 + (n * 7919 % 5003) / 10_006
            yield (step_id, n, link + n, place, *span, LABELS[(n + place) % 3], score, score / 3, place)


def _consensus(connection: Connection, steps: dict[str, int], run_id: int, count: int) -> None:
    combined = steps["combine"]
    rows = ((combined, row[1], 0, *row[3:9], None) for row in _labels(combined, 0, count))
    _write(connection, label, _LABEL, rows)
    columns = (
        "step_id", "sentence_id", "ordinal", "voter_step_id", "translation_id", "entity_ordinal", "start_word",
        "end_word", "label", "contribution",
    )  # fmt: skip
    votes = (
        (combined, n, place, steps["project"], link, place, start, end, name, score)
        for before in (0, count)
        for _, n, link, place, start, end, name, score, _, _ in _labels(combined, before, count)
    )
    _write(connection, vote, columns, votes)
    _outcomes(connection, combined, run_id, 0, count)


def _outcomes(connection: Connection, step_id: int, run_id: int, before: int, count: int) -> None:
    columns = ("step_id", "item_id", "status", "reason", "run_id")
    rows = (
        (step_id, before + n, "empty" if n % 97 == 0 else "ok", "no-entities" if n % 97 == 0 else None, run_id)
        for n in range(1, count + 1)
    )
    _write(connection, outcome, columns, rows)


def _write(connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    with bulk.uncollected():
        bulk.insert(connection, table, columns, rows)


if __name__ == "__main__":
    if sys.argv[3:] == ["make"]:
        make(sys.argv[2], int(sys.argv[1]))
    else:
        main()
