"""Memory by name: an entity is projected onto the words that it was projected onto in other sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projection_sample import import_sample, plan_of
from sqlalchemy import select
from test_step_score import Noisy
from test_step_scorers import _entities, _sides, _stored

from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.matching.scores.translation_memory import count_renderings, rendered_elsewhere, rendering_shares
from xprojdb.steps.fit.entity_renderings import EntityRenderingsFit
from xprojdb.steps.fit.stage import read_artifact
from xprojdb.text.normalization import fold

Write = Callable[..., Path]
RECIPE = (
    '[[scorer]]\nname = "links"\n'
    '[[scorer]]\ntype = "translation_memory"\ncandidates = "ngram"\nmax_length = 3\n'
    "weight = 0.5\n[project]\nmin_score = 0.3\n"
)
ENGLISH = [
    "Anna/B-PER met Ida/B-PER in Turin/B-LOC",
    "ANNA/B-PER left Turin/B-LOC",
    "Anna/B-PER saw Ida/B-PER and Anna/B-PER",
    "Turin/B-ORG won",
    "Ida/B-PER sang",
]
GERMAN = [
    "Anna traf Ida in Turín",
    "Anna verließ Turin",
    "Anna sah Ida und Anna",
    "Turin gewann",
    "Ida sang",
]  # fmt: skip


@pytest.fixture
def sample(database: Database, write_conll: Write) -> Database:
    import_sample(database, write_conll, {"en": ENGLISH, "de": GERMAN})
    return database


def _text(words: list[str], start: int, end: int) -> str:
    return " ".join(map(fold, words[start:end]))


def _draft(database: Database, step_id: int) -> list[tuple[int, int, str, str, str]]:
    """The labels of the first pass: translation, ordinal, label, the entity's words, the words chosen."""
    sides, entities = _sides(database), _entities(database)
    with database.read() as connection:
        rows = connection.execute(select(t.label).where(t.label.c.step_id == step_id)).all()
    return [
        (row.translation_id, row.entity_ordinal, row.label,
         _text(sides[row.translation_id][0], *entities[row.translation_id, row.entity_ordinal]),
         _text(sides[row.translation_id][1], row.start_word, row.end_word))
        for row in rows
    ]  # fmt: skip


def test_memory_is_what_other_sentences_made_of_the_same_name(sample: Database, tmp_path: Path) -> None:
    plan = plan_of(sample, tmp_path, RECIPE, aligner=Noisy())
    assert [stage.spec.kind for stage in plan.stages] == [
        "align", "score", "project", "renderings", "score", "project"
    ]  # fmt: skip
    run_plan(sample, plan)
    first = _draft(sample, plan.stages[2].step_id)
    with sample.read() as connection:
        learned = read_artifact(connection, plan.stages[3].step_id, 1)
    counted = Counter((label, values, chosen) for _, _, label, values, chosen in first)
    assert counted == {
        (a, b, c): n for a, more in learned.items() for b, counts in more.items() for c, n in counts.items()
    }
    sides, entities, expected = _sides(sample), _entities(sample), {}
    with sample.read() as connection:
        names = {(i, o): n for i, o, n in connection.execute(
            select(t.translation.c.id, t.entity.c.ordinal, t.entity.c.label)
            .join(t.entity, t.entity.c.sentence_id == t.translation.c.original_id))}  # fmt: skip
    for (key, ordinal), span in entities.items():
        source, target = sides[key]
        other = [c for i, _, label, values, c in first
                 if i != key and (label, values) == (names[key, ordinal], _text(source, *span))]  # fmt: skip
        for start in range(len(target)):
            for end in range(start + 1, min(start + 3, len(target)) + 1):
                share = other.count(_text(target, start, end)) / (len(other) + 1)
                expected |= {(key, ordinal, start, end): share} if share else {}
    assert _stored(sample, plan, "translation_memory:ngram") == pytest.approx(expected)
    assert len(expected) > 3


def test_a_later_corpus_knows_what_an_earlier_one_made_of_names(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": ["Anna/B-PER sang"], "de": ["Anna sang"]})
    import_sample(sqlite_database, write_conll, {"en": ["Anna/B-PER left"], "de": ["Anna ging"]}, corpus="talk")
    plan = plan_of(sqlite_database, tmp_path, RECIPE)
    for pairs in plan.pairs.values():
        pairs.append(pairs[0]._replace(corpus_id=2))
    run_plan(sqlite_database, plan)
    shares = {place[0]: value for place, value in _stored(sqlite_database, plan, "translation_memory:ngram").items()}
    assert shares == {1: 0.5, 2: 0.5}


def test_another_language_is_another_memory(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    sides = {"en": ["Anna/B-PER sang"] * 2, "de": ["Anna sang"] * 2, "it": ["Anna cantava"] * 2}
    import_sample(sqlite_database, write_conll, sides)
    plan = plan_of(sqlite_database, tmp_path, RECIPE, top='source = ["en"]\ntarget = ["de", "it"]\n')
    run_plan(sqlite_database, plan)
    fits = [stage for stage in plan.stages if isinstance(stage, EntityRenderingsFit)]
    assert {stage.lang for stage in fits} == {"de", "it"}
    with sqlite_database.read() as connection:
        assert [read_artifact(connection, fit.step_id, 1) for fit in fits] == [{"PER": {"anna": {"anna": 2}}}] * 2
    assert [(projection.source, projection.target) for projection in plan.projections] == [("en", "de"), ("en", "it")]


def test_labels_are_compared_after_mapping(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    lines = {"en": ["Turin/B-GPE won", "Turin/B-LOC lost"], "de": ["Turin gewann", "Turin verlor"]}
    import_sample(sqlite_database, write_conll, lines)
    top = 'source = ["en"]\ntarget = ["de"]\nlabels = { GPE = "LOC", LOC = "LOC" }\n'
    plan = plan_of(sqlite_database, tmp_path, RECIPE, top=top)
    run_plan(sqlite_database, plan)
    assert set(_stored(sqlite_database, plan, "translation_memory:ngram").values()) == {0.5}


def test_memory_alone_is_refused(sample: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(sample, tmp_path, '[[scorer]]\ntype = "translation_memory"\n[[scorer]]\ntype = "term_consistency"\n')
    assert caught.value.scorer == "translation_memory:aligned"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from("xyz"), st.integers(1, 3))))
def test_counts_add_up_and_shares_stay_below_one(rows: list[tuple[str, str, str, int]]) -> None:
    renderings = count_renderings(rows)
    for label, more in renderings.items():
        for given_text, known in more.items():
            plain = sum(n for a, b, _, n in rows if (a, b) == (label, given_text))
            assert sum(known.values()) == plain
            left = rendered_elsewhere(known, {"x": 1})
            assert sum(left.values()) == plain - (known["x"] > 0)
            shares = rendering_shares(["x", "y", "z"], [(0, 1), (1, 2), (2, 3), (0, 2)], left)
            assert shares[3] == 0
            assert sum(shares) == pytest.approx(sum(left.values()) / (sum(left.values()) + 1))
