"""How many spans an entity takes: constraints, their statuses as outcomes, and several labels an entity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from projection_sample import Diagonal, english, german, import_sample, outcomes, plan_of
from sqlalchemy import select, update

from xprojdb.config.recipe import RecipeError
from xprojdb.db import Database
from xprojdb.db.tables import candidate, label, outcome
from xprojdb.execution.run import run_plan
from xprojdb.execution.status.database import read_status
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.provenance.explain import explain_sentence

SCORER = '[[scorer]]\ntype = "link_mass"\ncandidates = "ngram"\nmax_length = 3\nmin_score = 0.1\n'


class Scattered(Diagonal):
    """Several scored links a word, made from the words alone."""

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        return [self._links(len(left), len(right), len(" ".join(left))) for left, right in pairs]

    def _links(self, left: int, right: int, seed: int) -> Links:
        random = np.random.default_rng(seed)
        cells = np.argwhere(random.random((left, right)) < 0.4).astype(np.int32)
        return Links(cells, random.uniform(0.1, 1, len(cells)).astype(np.float32))


Span = tuple[int, int, int]


def _best(candidates: dict[Span, float], entities: int, allowed: Callable[[int], bool]) -> float | None:
    """The greatest sum over all choices, by trying them; None when there is none."""
    best = None
    for size in range(len(candidates) + 1):
        feasible = False
        for chosen in combinations(candidates, size):
            spans = sorted(entry[1:] for entry in chosen)
            if any(before[1] > after[0] for before, after in pairwise(spans)):
                continue
            feasible = True
            counts = [sum(entry[0] == e for entry in chosen) for e in range(entities)]
            if all(map(allowed, counts)):
                total = sum(candidates[entry] for entry in chosen)
                best = total if best is None else max(best, total)
        if not feasible:
            break
    return best


COUNTS: dict[str, Callable[[int], bool]] = {
    "< 3": lambda n: n < 3,
    "<= 2": lambda n: n <= 2,
    "= 1": lambda n: n == 1,
    "= 2": lambda n: n == 2,
    ">= 1": lambda n: n >= 1,
    "> 1": lambda n: n > 1,
}


@pytest.mark.slow
@pytest.mark.parametrize(("count", "allowed"), COUNTS.items(), ids=COUNTS)
def test_each_entity_takes_as_many_as_the_recipe_says(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, count: str, allowed: Callable[[int], bool]
) -> None:
    pytest.importorskip("ortools")
    lines = [f"Anna/B-PER Berg/I-PER met Lin/B-PER {'x' * n}".strip() for n in range(8)]
    import_sample(database, write_conll, {"en": lines, "de": [f"Anna Berg traf Lin {'y' * n}" for n in range(8)]})
    settings = f'{SCORER}[project]\nmin_score = 0.15\ncandidates_per_entity = "{count}"\n'
    run_plan(database, plan_of(database, tmp_path, settings, aligner=Scattered()))
    with database.read() as connection:
        scored = connection.execute(select(candidate)).all()
        rows = connection.execute(select(label).order_by(label.c.translation_id, label.c.ordinal)).all()
    for key, (status, reason) in outcomes(database, "project").items():
        own = {
            (row.entity_ordinal, row.start_word, row.end_word): row.score
            for row in scored
            if row.translation_id == key and row.score > 0.15
        }
        best, mine = _best(own, 2, allowed), [row for row in rows if row.translation_id == key]
        if best is None:
            assert (status, reason, mine) == ("filtered", "infeasible", [])
            continue
        assert status == ("ok" if mine else "empty")
        assert sum(row.score for row in mine) == pytest.approx(best, abs=1e-6)
        assert all(allowed(sum(row.entity_ordinal == e for row in mine)) for e in (0, 1))
        assert [row.ordinal for row in mine] == list(range(len(mine)))
        assert all(before.end_word <= after.start_word for before, after in pairwise(mine))
        chosen = {(row.entity_ordinal, row.start_word, row.end_word) for row in mine}
        for row in mine:
            others = [s for place, s in own.items() if place[0] == row.entity_ordinal and place not in chosen]
            assert row.margin == pytest.approx(row.score - max(others, default=0.0), abs=1e-6)


def test_explain_shows_several_labels_of_an_entity(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("ortools")
    import_sample(sqlite_database, write_conll, {"en": english(3), "de": german(3)})
    settings = f'{SCORER}[project]\nmin_score = 0.1\ncandidates_per_entity = "<= 2"\n'
    plan = plan_of(sqlite_database, tmp_path, settings)
    run_plan(sqlite_database, plan)
    with sqlite_database.read() as connection:
        row = connection.execute(select(label.c.sentence_id).where(label.c.entity_ordinal == 0)).first()
    assert row is not None
    [projection] = explain_sentence(sqlite_database, plan, str(row.sentence_id)).projections
    first = projection.entities[0]
    assert first.projected is not None
    assert [(first.projected.start, first.projected.end), *((s.start, s.end) for s in first.also)] == [(0, 1), (1, 2)]
    assert [entry.rank for entry in first.candidates[:3]] == ["winner", "winner", "runner-up"]


def test_the_usual_count_is_no_part_of_a_step(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(1), "de": german(1)})
    specs = [
        plan_of(sqlite_database, tmp_path, f"[project]\n{settings}\n").stages[-1].spec
        for settings in (
            "",
            'candidates_per_entity = "<= 1"\ntime_limit = 10.0',
            'candidates_per_entity = "<=1"',
            'candidates_per_entity = "< 3"',
            "time_limit = 1.0",
        )
    ]
    assert specs[0] == specs[1] == specs[2]
    assert set(specs[0].params) == {"labelled", "labels", "weights", "threshold", "solver"}
    assert len(set(specs)) == 3


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ('candidates_per_entity = "1"', "project.candidates_per_entity"),
        ('candidates_per_entity = "<= 0"', "project.candidates_per_entity"),
        ('candidates_per_entity = "< 1"', "project.candidates_per_entity"),
        ('candidates_per_entity = "~ 1"', "project.candidates_per_entity"),
        ('candidates_per_entity = "= 1"\nsolver = "greedy"', "project"),
        ("time_limit = 0.0", "project.time_limit"),
        ("min_score = nan", "project.min_score"),
        ("min_score = -0.5", "project.min_score"),
    ],
)
def test_counts_that_make_no_sense_are_refused(
    sqlite_database: Database, tmp_path: Path, settings: str, key: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_of(sqlite_database, tmp_path, f"[project]\n{settings}\n")
    assert caught.value.key == key


@pytest.mark.parametrize("weight", ["nan", "-1.0", "inf", "0.0"])
def test_weights_that_are_no_positive_numbers_are_refused(
    sqlite_database: Database, tmp_path: Path, weight: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        plan_of(sqlite_database, tmp_path, f"[[scorer]]\nweight = {weight}\n")
    assert caught.value.key == "scorer.weight"


@pytest.mark.slow
def test_a_long_sentence_with_many_entities_has_an_honest_status(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("ortools")
    words, entities = 200, 40
    tokens = [f"N{n}/B-PER" if n % (words // entities) == 0 else f"w{n}" for n in range(words)]
    import_sample(
        sqlite_database, write_conll, {"en": [" ".join(tokens)], "de": [" ".join(f"v{n}" for n in range(words))]}
    )
    settings = '[[scorer]]\ncandidates = "ngram"\nmax_length = 12\nmin_score = 0.0\n[project]\nmin_score = 0.0\n'
    statuses = {}
    for limit in (0.001, 1.0):
        plan = plan_of(sqlite_database, tmp_path, f"{settings}time_limit = {limit}\n", aligner=Dense())
        run_plan(sqlite_database, plan)
        with sqlite_database.read() as connection:
            own = select(label.c.score).where(label.c.step_id == plan.stages[-1].step_id)
            total = sum(connection.execute(own).scalars())
        [(status, reason)] = _outcomes_of(sqlite_database, plan.stages[-1].step_id)
        statuses[limit] = reason
        assert status == "ok"
        if reason is not None:
            code, _, bound = reason.partition(":bound=")
            assert code == "not-proven-optimal"
            assert float(bound) >= total - 1e-4
            step = read_status(sqlite_database).recipes["sample"][-1]
            assert step.reasons == {"not-proven-optimal": 1}
    assert statuses[0.001] is not None


def _outcomes_of(database: Database, step_id: int) -> list[tuple[str, str | None]]:
    with database.read() as connection:
        query = select(outcome.c.status, outcome.c.reason).where(outcome.c.step_id == step_id)
        return [(status, reason) for status, reason in connection.execute(query)]


class Dense(Diagonal):
    """Every word is linked to every other, each link with its own score."""

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        random = np.random.default_rng(5)
        results = []
        for left, right in pairs:
            cells = np.argwhere(np.ones((len(left), len(right)), np.bool_)).astype(np.int32)
            results.append(Links(cells, random.uniform(0.01, 1, len(cells)).astype(np.float32)))
        return results


@pytest.mark.slow
def test_no_time_at_all_is_an_outcome(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("ortools")
    tokens = [f"N{n}/B-PER" if n % 5 == 0 else f"w{n}" for n in range(200)]
    import_sample(
        sqlite_database, write_conll, {"en": [" ".join(tokens)], "de": [" ".join(f"v{n}" for n in range(200))]}
    )
    settings = '[[scorer]]\ncandidates = "ngram"\nmax_length = 8\nmin_score = 0.0\n'
    settings += '[project]\nmin_score = 0.0\ncandidates_per_entity = "= 2"\ntime_limit = 1e-9\n'
    plan = plan_of(sqlite_database, tmp_path, settings, aligner=Dense())
    run_plan(sqlite_database, plan)
    assert _outcomes_of(sqlite_database, plan.stages[-1].step_id) == [("filtered", "time-limit")]


def test_a_score_beyond_all_bounds_fails_its_item_alone(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(6), "de": german(6)})
    plan = plan_of(database, tmp_path)
    stages, plan.stages = plan.stages, plan.stages[:-1]
    run_plan(database, plan)
    with database.write() as connection:
        first = connection.execute(select(candidate.c.translation_id).order_by(candidate.c.translation_id)).scalar()
        wrong = update(candidate).where(candidate.c.translation_id == first)
        connection.execute(wrong.values(score=1e12))
    plan.stages = stages
    run_plan(database, plan)
    result = outcomes(database, "project")
    assert result.pop(first or 0) == ("failed", "MatchingError")
    assert {status for status, _ in result.values()} == {"ok", "empty"}
