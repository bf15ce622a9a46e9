"""How fast scoring and projecting are, database included: ``python benchmarks/project_speed.py [pairs]``.

Seeded sentence pairs of about 25 words and 1.6 entities, with noisy near-diagonal links, are written to an SQLite file;
the score step and the project step run over them as in any run, on one core.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from match_speed import plain_greedy, synthetic
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, insert, select

from xprojdb.db import Database, bulk, open_database
from xprojdb.db import tables as t
from xprojdb.db.runs import RecipeRecord
from xprojdb.digest import canonical_json
from xprojdb.execution.run import run_plan
from xprojdb.matching.batch import PairBatch
from xprojdb.models.aligners.word_links import Links, format_links
from xprojdb.planning.planner import Plan
from xprojdb.steps import inputs
from xprojdb.steps.project import match as project_match
from xprojdb.steps.registry import stage_of
from xprojdb.steps.score import candidates as score_candidates
from xprojdb.steps.score import stage as score_stage
from xprojdb.steps.score.scorers import link_scores as score_links
from xprojdb.steps.spec import GOLD, StepSpec, register_step
from xprojdb.steps.stage import Bitext

ALIGN = StepSpec("align", 1, {"method": "synthetic"})
LABELS = ("PER", "ORG", "LOC", "MISC")
PLAIN_PAIRS = 2_000
NGRAMS = {"score": "soft", "candidates": "ngram", "longest": 45, "floor": 0.2}
CONFIGURATIONS = {
    "alignment score, aligned sub-ranges": {"score": "alignment", "candidates": "aligned", "longest": 45, "floor": 0.2},
    "soft score, aligned sub-ranges": {"score": "soft", "candidates": "aligned", "longest": 45, "floor": 0.2},
    "soft score, n-grams up to 45": NGRAMS,
    "the same, undominated": {**NGRAMS, "keep": "undominated"},
}


def fill(database: Database, pairs: PairBatch) -> Bitext:
    """Write the pairs as sentences, gold entities, translations and alignments, through the bulk layer."""
    n = len(pairs)
    keys = range(1, n + 1)
    with database.write() as connection:
        connection.execute(insert(t.corpus).values(id=1, name="synthetic"))
        gold, align = register_step(connection, GOLD), register_step(connection, ALIGN)
        for lang, first, words in (("en", 1, pairs.source_words), ("de", n + 1, pairs.target_words)):
            rows = ((first + i, 1, lang, w, str(i), _words(w)) for i, w in enumerate(words.tolist()))
            bulk.insert(connection, t.sentence, ("id", "corpus_id", "lang", "n_words", "external_id", "words"), rows)
        scope = {"corpus_id": 1, "original_lang": "en", "rendering_lang": "de", "step_id": gold, "kind": "human"}
        links = ((*scope.values(), i, i, n + i) for i in keys)
        bulk.insert(connection, t.translation, (*scope, "id", "original_id", "rendering_id"), links)
        columns = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
        bulk.insert(connection, t.entity, columns, _entities(pairs, gold))
        columns = ("step_id", "translation_id", "links")
        bulk.insert(connection, t.alignment, columns, zip(repeat(align), keys, _links(pairs)))
        columns = ("step_id", "item_id", "status", "run_id")
        for step_id in (gold, align):
            bulk.insert(connection, t.outcome, columns, ((step_id, i, "ok", 0) for i in keys))
    return Bitext(1, "en", "de", GOLD.digest)


def _words(count: int, _memory: dict[int, str] = {}) -> str:  # noqa: B006 -- made once for each length
    return _memory.setdefault(count, canonical_json(["sentences"[: 1 + i % 9] for i in range(count)]))


def _entities(pairs: PairBatch, gold: int) -> Iterator[tuple[Any, ...]]:
    for i in range(len(pairs)):
        for ordinal, e in enumerate(range(pairs.entity_ptr[i], pairs.entity_ptr[i + 1])):
            label = LABELS[e % len(LABELS)]
            yield gold, i + 1, ordinal, int(pairs.entity_start[e]), int(pairs.entity_end[e]), label


def _links(pairs: PairBatch) -> Iterator[str]:
    cells = np.stack([pairs.link_source, pairs.link_target], 1)
    for i in range(len(pairs)):
        here = slice(pairs.link_ptr[i], pairs.link_ptr[i + 1])
        yield format_links(Links(cells[here], pairs.link_score[here]))


def plan_of(pair: Bitext, params: dict[str, Any]) -> Plan:
    """A score step and the project step on it."""
    labelling = {"labelled": "original", "labels": None}
    scorer = StepSpec("score", 1, {**params, **labelling}, inputs={"entities": GOLD, "alignment": ALIGN})
    chosen = {"weights": {"it": 1.0}, "solver": "exact", "threshold": 0.4, **labelling}
    projector = StepSpec("project", 1, chosen, inputs={"entities": GOLD, "score:it": scorer})
    plan = Plan(RecipeRecord("speed", "", ""))
    for spec in (scorer, projector):
        plan.add(stage_of(spec), pair)
    return plan


class Clock:
    """User CPU and wall-clock seconds by part; a call inside another is counted once, for the outer."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self._busy = False

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed_call(*args: Any, **options: Any) -> Any:
            if self._busy:
                return call(*args, **options)
            self._busy, begin = True, time.process_time()
            try:
                return call(*args, **options)
            finally:
                self._busy = False
                self.cpu[part] = self.cpu.get(part, 0.0) + time.process_time() - begin

        return timed_call


@contextmanager
def watched(clock: Clock) -> Iterator[None]:
    """Time the parts: rows read, arrays packed, candidates made, scored and solved, rows written."""
    with ExitStack() as stack:
        for part, owner, name in (
            ("read", bulk, "fetch"),
            ("read", inputs, "read_columns"),
            ("read", project_match, "read_numbers"),
            ("pack", inputs, "parse_links"),
            ("pack", inputs, "PairBatch"),
            ("pack", score_stage, "cut_pairs"),
            ("pack", project_match, "_fuse"),
            ("solve", score_candidates, "aligned_subranges"),
            ("solve", score_candidates, "ngrams"),
            ("solve", score_links, "alignment"),
            ("solve", score_links, "soft_alignment"),
            ("solve", project_match, "solve"),
            ("write", bulk, "insert"),
        ):
            stack.enter_context(patch.object(owner, name, clock.timed(part, getattr(owner, name))))
        yield


class Measured(NamedTuple):
    """CPU seconds of both steps in all and by part, wall-clock seconds, rows stored."""

    cpu: float
    wall: float
    parts: dict[str, float]
    candidates: int
    labels: int


def measure(database: Database, pair: Bitext, params: dict[str, Any]) -> Measured:
    """Run both steps."""
    clock = Clock()
    with watched(clock):
        plan = plan_of(pair, params)
        cpu, wall = time.process_time(), time.perf_counter()
        run_plan(database, plan)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    with database.read() as connection:
        counts = [
            connection.execute(select(func.count()).where(table.c.step_id == stage.step_id)).scalar_one()
            for table, stage in zip((t.candidate, t.label), plan.stages, strict=True)
        ]
    return Measured(cpu, wall, clock.cpu, *counts)


def database_of(pairs: PairBatch, folder: Path, name: str) -> tuple[Database, Bitext]:
    """A new database with the pairs in it."""
    database = open_database(folder / f"{name}.db", create=True)
    return database, fill(database, pairs)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    table = Table(
        "what", "pairs/s (CPU)", "pairs/s (wall)", "read", "pack", "solve", "write", "rest", "to plain Python"
    )
    with tempfile.TemporaryDirectory() as folder:
        small, few = database_of(synthetic(500, seed=2), Path(folder), "small")
        begin = time.perf_counter()
        for params in CONFIGURATIONS.values():
            measure(small, few, params)
        print(f"first run, which compiles or loads the compiled code: {time.perf_counter() - begin:.1f} s")
        pairs = synthetic(count)
        database, pair = database_of(pairs, Path(folder), "large")
        begin = time.process_time()
        plain_greedy(pairs, PLAIN_PAIRS)
        plain = PLAIN_PAIRS / (time.process_time() - begin)
        for name, params in CONFIGURATIONS.items():
            result = measure(database, pair, params)
            rate, parts = count / result.cpu, dict(result.parts)
            parts["rest"] = result.cpu - sum(parts.values())
            shares = [f"{parts[part] / result.cpu:.0%}" for part in ("read", "pack", "solve", "write", "rest")]
            table.add_row(name, f"{rate:,.0f}", f"{count / result.wall:,.0f}", *shares, f"{rate / plain:.0f} times")
            print(f"{name}: {result.candidates:,} candidates, {result.labels:,} labels of {count:,} pairs")
    table.add_row("plain Python greedy, no database", f"{plain:,.0f}", "", "", "", "", "", "", "1")
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
