"""What changed between two steps or recipes, sentence by sentence."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gold_sample import SENTENCES, Forgetful, import_gold, run_named
from projection_sample import english, german, import_sample, plan_of
from sqlalchemy import select, update

from xprojdb.db import Database
from xprojdb.db.tables import label, step
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.provenance.diff import diff_steps, pair_spans
from xprojdb.provenance.explain import explain_sentence
from xprojdb.text.spans import Span

Write = Callable[..., Path]


@pytest.fixture
def two(database: Database, write_conll: Write, tmp_path: Path) -> Database:
    """One recipe whose aligner knows all, and one whose aligner does not know Lin."""
    import_gold(database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    run_named(database, tmp_path, "all", Forgetful())
    run_named(database, tmp_path, "some", Forgetful("Lin"), layer=6)
    return database


def _steps(database: Database) -> list[tuple[int, str]]:
    with database.read() as connection:
        query = select(step.c.id, step.c.digest).where(step.c.kind == "project").order_by(step.c.id)
        return [tuple(row) for row in connection.execute(query)]


def _hurt(database: Database, key: int, sentence: int, **values: Any) -> None:
    chosen = label.c.step_id == key, label.c.sentence_id == sentence, label.c.ordinal == 0
    with database.write() as connection:
        assert connection.execute(update(label).where(*chosen).values(**values)).rowcount == 1


def test_every_kind_of_change_is_counted(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": english(6), "de": german(6)})
    for threshold in (0.1, 0.2):
        run_plan(database, plan_of(database, tmp_path, f"[project]\nmin_score = {threshold}"))
    (_, first), (second_id, second) = _steps(database)
    alike = diff_steps(database, first, second)
    assert (alike.changed, alike.same, sum(alike.counts.values())) == (0, 10, 0)
    assert alike.sentences == 6
    with database.read() as connection:
        query = select(label.c.sentence_id).where(label.c.step_id == second_id).distinct().order_by(label.c.sentence_id)
        one, other, third, fourth, _ = connection.execute(query).scalars()
    _hurt(database, second_id, one, label="ORG")
    _hurt(database, second_id, other, end_word=1)
    _hurt(database, second_id, third, start_word=2, end_word=3)
    _hurt(database, second_id, fourth, start_word=1, label="ORG")
    result = diff_steps(database, first[:12], second[:12])
    assert result.counts == {
        "added": 1, "removed": 1, "moved boundary": 1, "changed label": 1, "moved and relabelled": 1,
    }  # fmt: skip
    assert (result.changed, result.same) == (4, 6)
    moved = next(change for change in result.changes if change.kind == "moved boundary")
    assert (moved.before_text, moved.after_text) == ("Anna Berg", "Anna")
    assert moved.sentence.startswith("news/de/")
    only = diff_steps(database, first, second, kind="added", limit=5)
    assert [change.kind for change in only.changes] == ["added"]
    assert diff_steps(database, first, second, limit=0).changes == []
    back = diff_steps(database, second, first)
    assert (back.counts["added"], back.counts["removed"], back.same) == (1, 1, 6)


def test_recipes_are_compared_by_the_labels_they_end_in(two: Database) -> None:
    result = diff_steps(two, "all", "some")
    assert result.counts["removed"] >= 1
    assert "Lin" in {change.before_text for change in result.changes if change.kind == "removed"}


def test_only_sentences_that_both_have_done_are_compared(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(3), "de": german(3)})
    run_plan(database, plan_of(database, tmp_path, "[project]\nmin_score = 0.1"))
    import_sample(database, write_conll, {"en": english(6), "de": german(6)})
    run_plan(database, plan_of(database, tmp_path, "[project]\nmin_score = 0.2"))
    (_, first), (_, second) = _steps(database)
    result = diff_steps(database, first, second)
    assert (result.sentences, result.changed, sum(result.counts.values())) == (3, 0, 0)


@pytest.mark.parametrize("name", ["nothing", "", "%", "ffffffffffffffff"])
def test_what_is_no_step_is_refused(two: Database, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        diff_steps(two, "all", name)
    assert refused.value.step == name


def test_a_step_without_labels_is_refused(two: Database) -> None:
    with two.read() as connection:
        align = connection.execute(select(step.c.digest).where(step.c.kind == "align")).scalars().first()
    with pytest.raises(UsageError) as refused:
        diff_steps(two, "all", align)
    assert refused.value.step == align


def test_pairs_take_each_span_once() -> None:
    rng = random.Random(7)
    for _ in range(300):
        first, second = (_spans(rng) for _ in range(2))
        pairs = pair_spans(first, second)
        left, right = ([pair[side] for pair in pairs if pair[side] is not None] for side in (0, 1))
        assert sorted(left) == sorted(set(first) - set(second))
        assert sorted(right) == sorted(set(second) - set(first))
        for one, other in pairs:
            if one and other:
                assert one.start < other.end
                assert other.start < one.end


def _spans(rng: random.Random) -> list[Span]:
    spans, at = [], 0
    while at < 10:
        start = at + rng.randrange(3)
        at = start + 1 + rng.randrange(3)
        spans.append(Span(start, at, rng.choice(("PER", "LOC"))))
    return spans


def test_one_label_is_explained_alone(two: Database) -> None:
    from xprojdb.planning.store import load_plan

    plan = load_plan(two, "all")
    (whole,) = explain_sentence(two, plan, "news/de/all-1").projections
    assert len(whole.entities) == 3
    (turin,) = explain_sentence(two, plan, "news/de/all-1:5-5").projections
    assert [entity.projected for entity in turin.entities] == [Span(5, 6, "LOC")]
    (second,) = explain_sentence(two, plan, "news/de/all-1#3").projections
    assert second == turin
    for name in ("news/de/all-1:0-0", "news/de/all-1#9", "news/de/all-1#0"):
        with pytest.raises(UsageError) as refused:
            explain_sentence(two, plan, name)
        assert refused.value.label == name


def test_the_command_tells_both(run_cli: Any, two: Database) -> None:
    address = two.engine.url.render_as_string(hide_password=False)
    answer = json.loads(run_cli("--db", address, "diff", "all", "some", "--json").stdout)
    assert answer["counts"]["removed"] >= 1
    result = run_cli("--db", address, "diff", "all", "some", "--kind", "removed", "--limit", "1")
    assert (result.code, "Lin" in result.stdout) == (0, True)
