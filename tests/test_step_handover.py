"""Scores that are handed over in memory: the labels are those of scores that are read again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from projection_sample import english, german, import_sample, plan_of, results
from test_step_score import Noisy
from test_step_scorers import UNITED

from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.execution.writer import Writer
from xprojdb.steps.inputs import LabelledSpans
from xprojdb.steps.project import match as project_match
from xprojdb.steps.project.match import ProjectMatch
from xprojdb.steps.score import handover
from xprojdb.steps.score.handover import HandedEntities, HandedScores, HandOver
from xprojdb.steps.score.stage import ScoreStage

Write = Callable[..., Path]
RECIPES = {
    "one scorer": "[project]\nmin_score = 0.3\n",
    "several": f"{UNITED}[project]\nmin_score = 0.2\n",
    "two passes": '[[scorer]]\n[[scorer]]\ntype = "translation_memory"\ncandidates = "ngram"\nmax_length = 3\n'
    "[project]\nlabel_consistency = 0.5\n",
}


def _run(database: Database, write: Write, folder: Path, settings: str) -> dict[str, list[tuple[Any, ...]]]:
    import_sample(database, write, {"en": english(40), "de": german(40)})
    run_plan(database, plan_of(database, folder, settings, aligner=Noisy()))
    return results(database, ("candidate", "label", "outcome"))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(("score_block", "project_block"), [(7, 7), (5, 12), (12, 5), (1000, 1000)])
def test_the_rows_are_those_of_scores_that_are_read(
    tmp_path: Path,
    write_conll: Write,
    monkeypatch: pytest.MonkeyPatch,
    recipe: str,
    score_block: int,
    project_block: int,
) -> None:
    monkeypatch.setattr(ScoreStage, "block", score_block)
    monkeypatch.setattr(ProjectMatch, "block", project_block)
    read: list[int] = []
    plain, plain_entities = project_match._read_scores, project_match.read_entities
    entities_read: list[int] = []
    monkeypatch.setattr(project_match, "_read_scores", lambda *given: read.append(1) or plain(*given))
    monkeypatch.setattr(
        project_match, "read_entities", lambda *given: entities_read.append(1) or plain_entities(*given)
    )
    collected = []
    for name in ("handed", "read"):
        if name == "read":
            assert bool(read) == bool(entities_read) == (recipe == "two passes")
            monkeypatch.setattr(ProjectMatch, "take_from", lambda *_: None)
        (tmp_path / name).mkdir()
        with _database(tmp_path / name) as database:
            collected.append(_run(database, write_conll, tmp_path, RECIPES[recipe]))
    assert collected[0] == collected[1]
    assert read
    assert collected[0]["label"]


@pytest.mark.parametrize("project_block", [5, 1000])
def test_labels_are_projected_while_scores_are_made_when_memory_is_full(
    tmp_path: Path, write_conll: Write, monkeypatch: pytest.MonkeyPatch, project_block: int
) -> None:
    monkeypatch.setattr(ScoreStage, "block", 5)
    monkeypatch.setattr(ProjectMatch, "block", project_block)
    written: list[str] = []
    plain = Writer.commit
    monkeypatch.setattr(
        Writer, "commit", lambda self, stage, *given: written.append(stage.spec.kind) or plain(self, stage, *given)
    )
    collected = []
    for most in (200, handover.MOST):
        monkeypatch.setattr(HandOver.__init__, "__defaults__", (most,))
        (tmp_path / str(most)).mkdir()
        with _database(tmp_path / str(most)) as database:
            collected.append(_run(database, write_conll, tmp_path, RECIPES["one scorer"]))
        kinds = [kind for kind in written if kind in ("score", "project")]
        assert (kinds == sorted(kinds, reverse=True)) == (most == handover.MOST)
        written.clear()
    assert collected[0] == collected[1]
    assert collected[0]["label"]


def _database(folder: Path) -> Database:
    from xprojdb.db import open_database

    return open_database(folder / "x.db", create=True)


def test_a_run_takes_nothing_from_an_earlier_one(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    plan = plan_of(sqlite_database, tmp_path)
    stages, plan.stages = plan.stages, plan.stages[:-1]
    run_plan(sqlite_database, plan)
    plan.stages, read = stages, []
    plain = project_match._read_scores
    monkeypatch.setattr(project_match, "_read_scores", lambda *given: read.append(1) or plain(*given))
    run_plan(sqlite_database, plan)
    assert read


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=4), max_size=12), st.data())
def test_what_is_taken_is_what_was_offered(found: list[list[tuple[int, int]]], data: st.DataObject) -> None:
    handed, items = HandedScores(), [3 * n + 1 for n in range(len(found))]
    cut = data.draw(st.integers(1, 5))
    rows = [(item, *place) for item, places in zip(items, found, strict=True) for place in sorted(set(places))]
    for first in range(0, len(items), cut):
        own = items[first : first + cut]
        columns = np.array([row for row in rows if row[0] in own], np.int64).reshape(-1, 3).T
        handed.offer(own, [*columns, columns[2] + 1, columns[1] / 7])
    asked = sorted(data.draw(st.sets(st.sampled_from(items)))) if items else []
    if asked:
        taken = handed.scores(asked)
        assert taken is not None
        expected = [(*row, row[2] + 1) for row in rows if row[0] in asked]
        assert [tuple(row) for row in taken[0].T.tolist()] == expected
        assert taken[1].tolist() == [row[1] / 7 for row in expected]
        assert handed.take([*asked, 10_000]) is None


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 70_000), st.sampled_from(["PER", "LOC", "é"])), max_size=3), min_size=1),
    st.integers(1, 5),
)
def test_entities_are_taken_as_they_were_offered(found: list[list[tuple[int, str]]], cut: int) -> None:
    handed, items = HandedEntities(), [2**40 + 3 * n for n in range(len(found))]
    rows = [
        (item, item + 7, ordinal, start, start + 1, label)
        for item, own in zip(items, found, strict=True)
        for ordinal, (start, label) in enumerate(own)
    ]
    for first in range(0, len(items), cut):
        own = items[first : first + cut]
        handed.offer_entities(own, _spans([row for row in rows if row[0] in own]))
    asked = items[len(items) // 3 :]
    taken = handed.entities(asked)
    assert taken is not None
    assert list(zip(*taken[:5], taken.label, strict=True)) == [row for row in rows if row[0] in asked]
    assert handed.entities([*asked, 2**50]) is None


def _spans(rows: list[tuple[Any, ...]]) -> LabelledSpans:
    columns = [np.array([row[n] for row in rows], np.int64) for n in range(5)]
    return LabelledSpans(*columns, label=[row[5] for row in rows])


def test_there_is_room_for_so_much() -> None:
    handed = HandedScores(most=200)
    columns = [np.array([1, 1, 2]), np.zeros(3, np.int64), np.arange(3), np.arange(3) + 1]
    handed.offer([1, 2], [*columns, np.ones(3)])
    handed.offer([1001, 1002], [columns[0] + 1000, *columns[1:], np.ones(3)])
    for start in range(2000, 9000, 1000):
        handed.offer([start + 1, start + 2], [columns[0] + start, *columns[1:], np.ones(3)])
    assert handed.take([1, 2]) is not None
    assert handed.take([8001, 8002]) is None
    assert handover.MOST >= 1 << 20
