"""How fast databases are merged: shards of generated sentences, with what an alignment and a projection make of them.

python benchmarks/merge_speed.py --sentences 1000000 --shards 10 --candidates 20
python benchmarks/merge_speed.py --target postgresql://user@host/empty
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from xprojdb.db import bulk, open_database
from xprojdb.db import tables as t
from xprojdb.db.runs import begin_run, end_run
from xprojdb.maintenance.merging.merge import merge_databases
from xprojdb.steps.spec import GOLD, StepSpec, register_step

ENTITIES = 2
_ALIGN = StepSpec("align", 1, {"generated": True})
_SCORE = StepSpec("score", 1, {"generated": True}, inputs={"alignment": _ALIGN})
_PROJECT = StepSpec("project", 1, {"generated": True}, inputs={"score:all": _SCORE})


def main() -> None:
    """Make the shards, merge them one after the other, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=100_000, help="in both languages and all shards together")
    parser.add_argument("--shards", type=int, default=10)
    parser.add_argument("--candidates", type=int, default=20, help="of each pair")
    parser.add_argument("--target", help="an empty database; by default a new SQLite file")
    options = parser.parse_args()
    pairs = options.sentences // 2 // options.shards
    with tempfile.TemporaryDirectory(prefix="xprojdb-merge-") as folder:
        shards = [_shard(Path(folder), number, pairs, options.candidates) for number in range(options.shards)]
        size = sum(path.stat().st_size for path in shards)
        print(f"{options.shards} shards of {2 * pairs:,} sentences, {size / 1e6:,.0f} MB")
        _merge(options.target or str(Path(folder) / "target.db"), shards, pairs)


def _merge(target: str, shards: list[Path], pairs: int) -> None:
    began = time.perf_counter()
    for number, path in enumerate(shards, 1):
        before, cpu = time.perf_counter(), time.process_time()
        (source,) = merge_databases(target, [path]).sources
        seconds, busy = time.perf_counter() - before, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows = sum(source.added.values())
        print(
            f"shard {number:3}: {rows:>10,} rows, {seconds:6.1f} s ({busy:5.1f} s of CPU),"
            f" {2 * pairs / seconds:>9,.0f} sentences/s, {rows / seconds:>9,.0f} rows/s, peak {peak:,.0f} MiB",
            flush=True,
        )
    total = time.perf_counter() - began
    print(f"together: {total:.1f} s, {2 * pairs * len(shards) / total:,.0f} sentences/s")


def _shard(folder: Path, number: int, pairs: int, candidates: int) -> Path:
    path = folder / f"shard{number}.db"
    with open_database(path, create=True) as database, database.write() as connection:
        run = begin_run(connection, "generate")
        key = connection.execute(insert(t.corpus).values(name="news").returning(t.corpus.c.id)).scalar_one()
        steps = [register_step(connection, spec) for spec in (GOLD, _ALIGN, _SCORE, _PROJECT)]
        for lang, offset in (("en", 0), ("de", pairs)):
            file = {"corpus_id": key, "lang": lang, "part": f"part{number}", "name": f"{lang}.conll", "format": "conll"}
            more = {"options": "{}", "sha256": f"{number}{lang}", "sentences": pairs, "run_id": run}
            result = connection.execute(insert(t.source_file).values({**file, **more}).returning(t.source_file.c.id))
            rows = _sentences(pairs, offset, key, lang, number, int(result.scalar_one()))
            _fill(connection, t.sentence, rows)
        _made(connection, steps, pairs, candidates, run, key)
        end_run(connection, run, "done", {})
        connection.execute(update(t.run).values(process=f"generated:{number}:0"))
    return path


def _fill(connection: Any, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    names = tuple(first)
    with bulk.uncollected():
        bulk.insert(connection, table, names, _values(first, rows))


def _values(first: dict[str, Any], rows: Iterator[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    yield tuple(first.values())
    for row in rows:
        yield tuple(row.values())


def _sentences(pairs: int, offset: int, corpus: int, lang: str, number: int, file: int) -> Iterator[dict[str, Any]]:
    for place in range(1, pairs + 1):
        words = [f"word{(place * 7 + entry) % 5_003}" for entry in range(18)]
        yield {
            "id": offset + place, "corpus_id": corpus, "lang": lang, "n_words": 18, "split": "train",
            "external_id": f"part{number}-{place}", "source_file_id": file, "words": json.dumps(words),
        }  # fmt: skip


def _made(connection: Any, steps: list[int], pairs: int, candidates: int, run: int, corpus: int) -> None:
    gold, align, score, project = steps
    places = range(1, pairs + 1)
    link = {"corpus_id": corpus, "original_lang": "en", "rendering_lang": "de", "step_id": gold, "kind": "human"}
    _fill(connection, t.translation, ({"id": n, **link, "original_id": n, "rendering_id": pairs + n} for n in places))
    spans = [(entry, 3 * entry, 3 * entry + 2, "PER") for entry in range(ENTITIES)]
    names = ("ordinal", "start_word", "end_word", "label")
    _fill(
        connection, t.entity,
        ({"step_id": gold, "sentence_id": n, **dict(zip(names, span, strict=True))} for n in places for span in spans),
    )  # fmt: skip
    links = " ".join(f"{entry}-{entry}:0.{90 + entry % 10}" for entry in range(18))
    order = sorted(range(candidates), key=lambda each: (each % ENTITIES, each // 4, each % 4))
    _fill(connection, t.alignment, ({"step_id": align, "translation_id": n, "links": links} for n in places))
    _fill(
        connection, t.candidate,
        (
            {
                "step_id": score, "translation_id": n, "entity_ordinal": entry % ENTITIES, "start_word": entry // 4,
                "end_word": entry // 4 + 1 + entry % 4, "score": (n * 31 + entry) % 1000 / 1000,
            }
            for n in places
            for entry in order
        ),
    )  # fmt: skip
    _fill(
        connection, t.label,
        (
            {
                "step_id": project, "sentence_id": pairs + n, "translation_id": n, "ordinal": entry,
                "start_word": start, "end_word": end, "label": name, "score": 0.9, "margin": 0.1,
                "entity_ordinal": entry,
            }
            for n in places for entry, start, end, name in spans
        ),
    )  # fmt: skip
    for step in (gold, align, score, project):
        outcome = {"step_id": step, "status": "ok", "run_id": run}
        _fill(connection, t.outcome, ({"item_id": n, **outcome} for n in places))


if __name__ == "__main__":
    main()
