"""The rule that the same words have one label throughout a corpus, for both methods, grids and later sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projection_sample import import_sample, labels, plan_of
from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.evaluation.stored_scores import load_scores
from xprojdb.execution.run import run_plan
from xprojdb.matching.scores.translation_memory import majority_labels
from xprojdb.planning.planner import Plan

Write = Callable[..., Path]
EN = ("Turin/B-LOC won", "Turin/B-LOC slept", "Turin/B-ORG won", "Pisa/B-ORG won", "Pisa/B-LOC slept", "Lin/B-PER sang")
DE = ("Turin gewann", "TURIN schlief", "Turin gewann", "Pisa gewann", "Pisa schlief", "Lin sang")
METHODS = {"match": "", "heuristic": 'method = "heuristic"\n'}
ONE = "[project]\nlabel_consistency = 0.5\n"


def _final(database: Database, plan: Plan) -> list[str]:
    query = select(t.label.c.label).where(t.label.c.step_id == plan.projections[0].step.step_id)
    with database.read() as connection:
        return list(connection.execute(query.order_by(t.label.c.translation_id)).scalars())


@pytest.mark.parametrize("method", METHODS)
def test_the_same_words_have_the_label_of_most_of_them(
    database: Database, write_conll: Write, tmp_path: Path, method: str
) -> None:
    import_sample(database, write_conll, {"en": EN, "de": DE})
    plan = plan_of(database, tmp_path, f"{ONE}{METHODS[method]}")
    run_plan(database, plan)
    # Of two labels that are as frequent, neither is that of most.
    assert _final(database, plan) == ["LOC", "LOC", "LOC", "ORG", "LOC", "PER"]
    assert len(labels(database)) == 12


@pytest.mark.parametrize(("share", "third"), [(0.6, "LOC"), (0.7, "ORG")])
def test_the_share_decides(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, share: float, third: str
) -> None:
    import_sample(sqlite_database, write_conll, {"en": EN, "de": DE})
    plan = plan_of(sqlite_database, tmp_path, f"[project]\nlabel_consistency = {share}\n")
    run_plan(sqlite_database, plan)
    assert _final(sqlite_database, plan)[2] == third


def test_the_rule_comes_after_that_for_derived_words(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    lines = {"en": ["Europe/B-LOC won"] * 3, "de": ["europäisch gewann"] * 2 + ["Europäisch gewann"]}
    import_sample(sqlite_database, write_conll, lines)
    plan = plan_of(sqlite_database, tmp_path, f'{ONE}adjective_label = "MISC"\n')
    run_plan(sqlite_database, plan)
    assert _final(sqlite_database, plan) == ["MISC"] * 3


def test_a_grid_solves_with_the_rule(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    gold = ("Turin/B-LOC gewann", "TURIN/B-LOC schlief", "Turin/B-LOC gewann", "Pisa/B-ORG gewann", "Pisa", "Lin/B-PER")
    import_sample(sqlite_database, write_conll, {"en": EN, "de": DE})
    plan = plan_of(sqlite_database, tmp_path, ONE)
    run_plan(sqlite_database, plan)
    with sqlite_database.write() as connection:
        sentences = list(connection.execute(select(t.sentence.c.id).where(t.sentence.c.lang == "de")).scalars())
        step = connection.execute(select(t.step.c.id).where(t.step.c.kind == "import")).scalar_one()
        for key, line in zip(sorted(sentences), gold, strict=True):
            connection.execute(t.outcome.insert().values(step_id=step, item_id=key, status="ok", run_id=1).prefix_with(
                "OR IGNORE"))  # fmt: skip
            if "/B-" in line:
                name = line.split("/B-")[1].split()[0]
                values = {"ordinal": 0, "start_word": 0, "end_word": 1, "label": name}
                connection.execute(t.entity.insert().values(step_id=step, sentence_id=key, **values))
    with sqlite_database.read() as connection:
        stored = load_scores(connection, plan.projections[0])
    assert stored is not None
    counts = stored.solve(*stored.fuse({"link_mass:aligned": 1.0}, {}), 0.4, "exact")
    assert counts.correct.tolist() == [1, 1, 1, 1, 0, 1]


def test_sentences_that_come_later_agree_with_what_was_counted(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": EN, "de": DE})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, ONE))
    import_sample(sqlite_database, write_conll, {"en": (*EN, "Turin/B-PER sang"), "de": (*DE, "Turin sang")})
    plan = plan_of(sqlite_database, tmp_path, ONE)
    run_plan(sqlite_database, plan)
    assert _final(sqlite_database, plan)[-1] == "LOC"


def test_without_the_rule_steps_are_what_they_were(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": EN, "de": DE})
    without, with_rule = (plan_of(sqlite_database, tmp_path, settings) for settings in ("", ONE))
    assert [stage.spec.kind for stage in without.stages] == ["align", "score", "project"]
    assert [stage.spec.kind for stage in with_rule.stages] == ["align", "score", "project", "forms", "project"]
    assert with_rule.stages[2].spec == without.stages[2].spec


@given(
    st.dictionaries(
        st.sampled_from("abc"), st.dictionaries(st.sampled_from(("LOC", "ORG", "PER")), st.integers(1, 5), min_size=1)
    ),
    st.sampled_from((0.5, 0.6, 0.9)),
)
def test_the_majority_has_more_than_its_share(counts: dict[str, dict[str, int]], share: float) -> None:
    result = majority_labels(counts, share)
    for text, known in counts.items():
        above = [name for name, count in known.items() if count / sum(known.values()) > share]
        assert [result[text]] == above if above else text not in result
