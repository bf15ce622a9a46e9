"""Exports by columns and exports sentence by sentence write the same files, out of random databases."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projection_sample import english, german, import_sample, plan_of
from several_sample import FIRST, SECOND, import_part, run_combined
from sqlalchemy import Connection, func, select, update

from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database, bulk
from xprojdb.db import tables as t
from xprojdb.digest import canonical_json
from xprojdb.errors import XprojdbError
from xprojdb.execution.run import run_plan
from xprojdb.exports import api
from xprojdb.exports.api import export_as, export_conll, export_dataset
from xprojdb.exports.rows import columnar, text_blocks, walking
from xprojdb.exports.rows.stored_words import word_lists
from xprojdb.exports.selection import pool
from xprojdb.exports.selection.hashing import hash_stored, hash_words
from xprojdb.planning.planner import Plan
from xprojdb.steps.spec import GOLD, find_step

JSONL = partial(export_as, "jsonl")

pa = pytest.importorskip("pyarrow")

PLAIN = ("Anna", "traf", ",", "[", "]", "Größe", "日本", "a,b", "é", "😀", "100", ":")
#: words that JSON writes in its own way, or that hold more than one may think
ODD = ('"', "\\", 'a"b', '","', "a\\u0062", "\\n", "a\u200db")
SPACED = ("New York", "-DOCSTART-", "a\u00a0b")
TABLES = (
    ExportTable(),
    ExportTable(provenance="full", tiers={"gold": 0.5, "rest": 0.0}),
    ExportTable(provenance="none", tiers={"gold": 0.5}, tier_by="score"),
    ExportTable(min_margin=0.2, dedupe=True, budget=20, split_ratios={"train": 0.7, "test": 0.3}),
    ExportTable(min_score=0.0, min_words=2, max_words=7, min_entities=1, splits=("train", "dev")),
    ExportTable(outcomes=("ok", "empty:no-entities"), dedupe=True, provenance="full"),
    ExportTable(
        labels=("PER",), min_margin=0.3, on_low_score="label", min_entities=1, budget=40, budget_unit="entities"
    ),
    ExportTable(gold_splits=("dev",), provenance="full", tiers={"high": 0.5}),
    ExportTable(prefer_gold=True, provenance="full", tiers={"high": 0.5}, min_margin=0.1, dedupe=True),
    ExportTable(gold_splits=("all",), provenance="none", labels=("PER",)),
)
WRITERS: tuple[Callable[..., Any], ...] = (
    export_dataset,
    export_conll,
    partial(export_conll, columns=4, with_ids=True),
    JSONL,
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "BLOCK", 7)
    monkeypatch.setattr(text_blocks, "_TOGETHER", 3)


@pytest.fixture
def plan(database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    import_sample(database, write_conll, {"en": english(3), "de": german(3)})
    result = plan_of(database, tmp_path)
    run_plan(database, result)
    return result


def grow(database: Database, plan: Plan, draw: random.Random, count: int, words: tuple[str, ...]) -> None:
    """Add translations with labels, in no order of their sentences, several of some; not all of them are finished."""
    labelling = plan.projections[0]
    with database.write() as connection:
        first, link = (bulk.next_id(connection, table) for table in (t.sentence, t.translation))
        run = connection.execute(select(func.max(t.run.c.id))).scalar_one()
        value = connection.execute(select(t.step.c.id).where(t.step.c.digest == labelling.pair.link)).scalar_one()
        corpus, step = labelling.corpus_id, labelling.step.step_id
        sides = [range(first, first + count), range(first + count, first + 2 * count)]
        targets = draw.choices(sides[1], k=count)
        texts = {key: [draw.choice(words) for _ in range(draw.randint(1, 9))] for side in sides for key in side}
        sentences = [
            (
                key,
                corpus,
                lang,
                len(texts[key]),
                draw.choice((None, "train", "dev")),
                f"x-{key}",
                _json(draw, texts[key]),
                *_text(draw, texts[key]),
            )
            for lang, side in zip(("en", "de"), sides, strict=True)
            for key in side
        ]
        names = ("id", "corpus_id", "lang", "n_words", "split", "external_id", "words", "text", "offsets")
        bulk.insert(connection, t.sentence, names, sentences)
        _gold(connection, draw, {key: len(texts[key]) for key in sides[1]}, run)
        names = ("id", "corpus_id", "original_lang", "rendering_lang", "step_id", "kind", "original_id", "rendering_id")
        pairs = list(zip(range(link, link + count), sides[0], targets, strict=True))
        bulk.insert(
            connection, t.translation, names, ((k, corpus, "en", "de", value, "human", *two) for k, *two in pairs)
        )
        labels = [row for key, _, target in pairs for row in _labels(draw, step, target, key, len(texts[target]))]
        bulk.insert(connection, t.label, tuple(column.name for column in t.label.columns)[: len(labels[0])], labels)
        rows = {row[2] for row in labels}
        outcomes = [(step, key, *_outcome(draw, key in rows), run) for key, *_ in pairs if draw.random() < 0.9]
        bulk.insert(connection, t.outcome, ("step_id", "item_id", "status", "reason", "run_id"), outcomes)


def _json(draw: random.Random, words: list[str]) -> str:
    """Mostly as this program writes it."""
    return draw.choice((*[canonical_json] * 30, json.dumps, partial(json.dumps, ensure_ascii=False)))(words)


def _text(draw: random.Random, words: list[str]) -> tuple[str | None, str | None]:
    """A text of its own, with two spaces between words, and where they begin in it; or none."""
    if draw.random() < 0.5:
        return None, None
    starts = list(accumulate((len(word) + 2 for word in words[:-1]), initial=0))
    return "  ".join(words), draw.choice((canonical_json(starts), None))


def _gold(connection: Connection, draw: random.Random, lengths: dict[int, int], run: int) -> None:
    """Gold labels of half of the sentences."""
    step = find_step(connection, GOLD)
    assert step is not None
    chosen = [key for key in lengths if draw.random() < 0.5]
    rows = [(step, key, *row[3:7]) for key in chosen for row in _labels(draw, step, key, 0, lengths[key])]
    names = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
    bulk.insert(connection, t.entity, names, rows)
    labelled = {row[1] for row in rows}
    done = [(step, key, "ok" if key in labelled else "empty", None, run) for key in chosen]
    bulk.insert(connection, t.outcome, ("step_id", "item_id", "status", "reason", "run_id"), done)


def _labels(draw: random.Random, step: int, target: int, link: int, words: int) -> Iterator[tuple[Any, ...]]:
    ends = sorted(draw.sample(range(words + 1), draw.randint(0, min(3, words // 2)) * 2))
    for ordinal, (start, end) in enumerate(zip(ends[::2], ends[1::2], strict=True)):
        result = draw.choice(("PER", "LOC", "É"))
        yield step, target, link, ordinal, start, end, result, draw.random(), draw.choice((0.0, 0.2, 1 / 3, 1.0))


def _outcome(draw: random.Random, labelled: bool) -> tuple[str, str | None]:
    if draw.random() < 0.05:
        return "failed", None
    return ("ok", draw.choice((None, "not-proven-optimal:bound=1"))) if labelled else ("empty", "no-entities")


def written(write: Callable[..., Any], database: Database, plan: Plan, folder: Path, **asked: Any) -> Any:
    """The files of an export and what it reports, or how it is refused."""
    try:
        report = write(database, plan, folder, **asked)
    except XprojdbError as error:
        return type(error), error.message, error.fields
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    shutil.rmtree(folder)
    return files, report


def by_rows(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(api, "is_columnar", lambda *_: False)
    patch.setattr(pool, "is_screened", lambda *_: False)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "words"), [(0, PLAIN), (1, PLAIN + ODD), (2, PLAIN * 3 + ODD + SPACED)])
def test_columns_and_rows_give_the_same(
    database: Database, plan: Plan, tmp_path: Path, seed: int, words: tuple[str, ...]
) -> None:
    grow(database, plan, random.Random(seed), 50, words)
    for table in TABLES:
        for write in WRITERS:
            asked = {"table": table}
            result = written(write, database, plan, tmp_path / "out", **asked)
            with pytest.MonkeyPatch.context() as patch:
                by_rows(patch)
                assert written(write, database, plan, tmp_path / "out", **asked) == result, (write, table)


def test_plain_words_are_written_by_columns(database: Database, plan: Plan, tmp_path: Path) -> None:
    grow(database, plan, random.Random(0), 60, PLAIN)
    with database.write() as connection:
        for key, words in connection.execute(select(t.sentence.c.id, t.sentence.c.words)).all():
            plain = {"words": canonical_json(json.loads(words))}
            connection.execute(update(t.sentence).where(t.sentence.c.id == key).values(plain))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xprojdb.exports.selection.parts.read_sentences", lambda *_: pytest.fail("read one by one"))
        patch.setattr("xprojdb.exports.selection.pool.read_sentences", lambda *_: pytest.fail("read one by one"))
        for write in WRITERS:
            write(database, plan, tmp_path / "out", table=TABLES[3])


@pytest.mark.parametrize("wrong", [{"start_word": -1}, {"end_word": 99}, {"start_word": 9, "end_word": 9}])
def test_wrong_labels_are_refused_alike(database: Database, plan: Plan, tmp_path: Path, wrong: dict[str, int]) -> None:
    grow(database, plan, random.Random(5), 20, PLAIN)
    done, wanted = t.outcome.c, t.label.c
    with database.write() as connection:
        labelled = (done.step_id == plan.projections[0].step.step_id, done.status == "ok")
        last = connection.execute(select(func.max(done.item_id)).where(*labelled)).scalar_one()
        connection.execute(update(t.label).where(wanted.translation_id == last, wanted.ordinal == 0).values(wrong))
    for write in (export_conll, JSONL):
        result = written(write, database, plan, tmp_path / "out")
        assert isinstance(result[0], type), "refused"
        with pytest.MonkeyPatch.context() as patch:
            by_rows(patch)
            assert repr(written(write, database, plan, tmp_path / "out")) == repr(result)


@pytest.mark.slow
def test_a_consensus_without_its_sources_goes_by_columns(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_part(database, write_conll, FIRST, "a")
    import_part(database, write_conll, SECOND, "b")
    plan = run_combined(database, tmp_path, 'method = "majority"')
    plain = ExportTable(provenance="none", tiers={"gold": 0.7}, tier_by="score")
    cuts = (plain, ExportTable(min_score=0.7, dedupe=True), ExportTable(min_votes=3), ExportTable(min_entities=1))
    for write in (export_dataset, export_conll, JSONL):
        for table in cuts:
            result = written(write, database, plan, tmp_path / "out", table=table)
            with pytest.MonkeyPatch.context() as patch:
                by_rows(patch)
                assert written(write, database, plan, tmp_path / "out", table=table) == result, (write, table)
    assert columnar.is_columnar(plan.consensuses[0], plain)


@given(st.lists(st.lists(st.text(st.sampled_from('ab,"[]\\ é'), max_size=4), max_size=4), min_size=1, max_size=4))
def test_stored_words_are_parsed_as_json(sentences: list[list[str]]) -> None:
    texts = pa.array([canonical_json(words) for words in sentences])
    escaped = [[json.dumps(word, ensure_ascii=False)[1:-1] for word in words] for words in sentences]
    assert [lists.to_pylist() for lists in word_lists(texts)] == [sentences, escaped]
    assert hash_stored(texts).tolist() == [hash_words(words) for words in sentences]
    loose = pa.array([json.dumps(words) for words in sentences])
    assert [lists.to_pylist() for lists in word_lists(loose)] == [sentences, escaped]
    assert hash_stored(loose).tolist() == hash_stored(texts).tolist()
