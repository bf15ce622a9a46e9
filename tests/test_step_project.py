"""The project step: fused scores, the match, and the rows of the labels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from projection_sample import english, german, import_sample, outcomes, plan_of
from sqlalchemy import select
from test_step_score import Noisy

from xprojdb.db import Database
from xprojdb.db.tables import candidate, label, step
from xprojdb.execution.run import run_plan
from xprojdb.steps.project.match import _fuse, spread

TWO = (
    '[[scorer]]\ncandidates = "ngram"\nmax_length = 4\n'
    '[[scorer]]\ntype = "link_dice"\ncandidates = "aligned"\nweight = 0.25\nmin_score = 0.4\n'
    "[project]\nmin_score = 0.5\n"
)


def test_fusing_sums_equal_places() -> None:
    random = np.random.default_rng(3)
    where, values, expected = [], [], {}
    for _ in range(3):
        places = sorted({tuple(row) for row in random.integers(0, 3, (40, 4)).tolist()})
        scores = random.random(len(places))
        where.append(np.array(places, np.int64).T)
        values.append(scores)
        for place, score in zip(places, scores.tolist(), strict=True):
            expected[place] = expected.get(place, 0.0) + score
    place, fused = _fuse(where, values)
    assert [tuple(column) for column in place.T.tolist()] == sorted(expected)
    assert fused.tolist() == pytest.approx([expected[key] for key in sorted(expected)])


def test_scores_side_by_side() -> None:
    random = np.random.default_rng(4)
    for scorers in (1, 2, 3):
        where, values, expected = [], [], {}
        for scorer in range(scorers):
            places = sorted({tuple(row) for row in random.integers(0, 3, (30, 4)).tolist()})
            scores = random.random(len(places))
            where.append(np.array(places, np.int64).T)
            values.append(scores)
            for place, score in zip(places, scores.tolist(), strict=True):
                expected.setdefault(place, [0.0] * scorers)[scorer] = score
        place, parts = spread(where, values)
        assert [tuple(column) for column in place.T.tolist()] == sorted(expected)
        assert parts.T.tolist() == [expected[key] for key in sorted(expected)]


def test_fusing_nothing() -> None:
    empty = np.empty((4, 0), np.int64)
    for parts in (1, 2):
        place, fused = _fuse([empty] * parts, [np.empty(0)] * parts)
        assert (place.shape, fused.shape) == ((4, 0), (0,))


def _stored_sums(database: Database) -> dict[tuple[int, int, int, int], float]:
    """The weighted sum of what the scorers stored for each candidate."""
    weight = {"soft": 1.0, "alignment": 0.25}
    query = select(candidate, step.c.params).join(step, step.c.id == candidate.c.step_id)
    sums: dict[tuple[int, int, int, int], float] = {}
    with database.read() as connection:
        for row in connection.execute(query):
            kind = "soft" if '"score":"soft"' in row.params else "alignment"
            key = (row.translation_id, row.entity_ordinal, row.start_word, row.end_word)
            sums[key] = sums.get(key, 0.0) + weight[kind] * row.score
    return sums


def test_labels_have_the_weighted_sum_of_their_scores(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(30), "de": german(30)})
    run_plan(database, plan_of(database, tmp_path, TWO, aligner=Noisy()))
    sums = _stored_sums(database)
    with database.read() as connection:
        rows = connection.execute(select(label)).all()
    assert len(rows) > 20
    for row in rows:
        key = (row.translation_id, row.entity_ordinal, row.start_word, row.end_word)
        assert row.score == pytest.approx(sums[key], abs=1e-8)
        assert row.score > 0.5
    for translation in {row.translation_id for row in rows}:
        own = [row for row in rows if row.translation_id == translation]
        spans = sorted((row.ordinal, row.start_word, row.end_word) for row in own)
        assert [ordinal for ordinal, _, _ in spans] == list(range(len(spans)))
        assert all(before[2] <= after[1] for before, after in pairwise(spans))


def test_the_exact_match_is_never_worse_than_greedy(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(30), "de": german(30)})
    totals = []
    for solver in ("exact", "greedy"):
        settings = f'[[scorer]]\ncandidates = "ngram"\n[project]\nsolver = "{solver}"\nmin_score = 0.3\n'
        report = run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, settings, aligner=Noisy()))
        with sqlite_database.read() as connection:
            own = select(label.c.score).where(label.c.step_id == report.steps[-1].step_id)
            totals.append(sum(connection.execute(own).scalars()))
    assert totals[0] >= totals[1] - 1e-6
    assert totals[1] > 0


def test_nothing_above_the_threshold_is_an_outcome(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(4), "de": german(4)})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, "[project]\nmin_score = 1.5\n"))
    assert set(outcomes(sqlite_database, "project").values()) == {("empty", "no-candidates")}
