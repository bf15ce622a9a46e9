"""Input that cannot be right: an outcome with a reason for the item, and everything else goes through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import Diagonal, english, german, import_sample, outcomes, plan_of
from sqlalchemy import insert, select, update

from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import Plan

METHODS = {"match": "", "heuristic": '[project]\nmethod = "heuristic"\n'}
LAST = {"match": "score", "heuristic": "heuristic"}


def _aligned(database: Database, write_conll: Callable[..., Path], folder: Path, method: str) -> Plan:
    """A plan whose alignment is done, and nothing else."""
    import_sample(database, write_conll, {"en": english(6), "de": german(6)})
    plan = plan_of(database, folder, METHODS[method], aligner=Diagonal())
    later, plan.stages = plan.stages[1:], plan.stages[:1]
    run_plan(database, plan)
    plan.stages += later
    return plan


def _set_links(database: Database, links: str) -> int:
    """Write other links for the first translation; its key."""
    with database.write() as connection:
        key = connection.execute(select(t.alignment.c.translation_id).order_by(t.alignment.c.translation_id)).scalar()
        assert key is not None
        connection.execute(update(t.alignment).where(t.alignment.c.translation_id == key).values(links=links))
    return int(key)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "links",
    ["0-0:0.9 99-0:0.5", "0-99:0.9", "0-0:0.5 0-0:0.6", "0-0:-0.5", "0-0:nan", "0-0:0.9 1", "0:0-0.9"],
    ids=["source", "target", "repeated", "negative", "no number", "half", "garbled"],
)
def test_impossible_links_fail_their_item_alone(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, method: str, links: str
) -> None:
    plan = _aligned(database, write_conll, tmp_path, method)
    wrong = _set_links(database, links)
    report = run_plan(database, plan)
    assert report.failed == 1
    result = outcomes(database, LAST[method])
    assert result.pop(wrong) == ("failed", "MatchingError")
    assert sorted(status for status, _ in result.values()) == ["empty", "ok", "ok", "ok", "ok"]
    with database.read() as connection:
        value = connection.execute(select(t.failure.c.message).where(t.failure.c.item_id == wrong)).scalar()
        labelled = connection.execute(select(t.label.c.translation_id).distinct()).scalars()
        assert wrong not in set(labelled)
    assert value
    assert ("pair" in value) or ("alignment" in value)


@pytest.mark.parametrize("method", METHODS)
def test_an_entity_longer_than_its_sentence_fails_its_item_alone(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, method: str
) -> None:
    plan = _aligned(database, write_conll, tmp_path, method)
    with database.write() as connection:
        key = connection.execute(select(t.entity.c.sentence_id).order_by(t.entity.c.sentence_id)).scalar()
        long = update(t.entity).where(t.entity.c.sentence_id == key, t.entity.c.ordinal == 1)
        connection.execute(long.values(end_word=70))
    assert run_plan(database, plan).failed == 1
    result = outcomes(database, LAST[method])
    assert result[min(result)] == ("failed", "MatchingError")
    assert sum(status == "ok" for status, _ in result.values()) == 4


@pytest.mark.parametrize("method", METHODS)
def test_empty_sides_are_outcomes(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, method: str
) -> None:
    plan = _aligned(database, write_conll, tmp_path, method)
    with database.write() as connection:
        sides = connection.execute(select(t.translation).order_by(t.translation.c.id)).all()
        empty = {"words": "[]", "n_words": 0}
        connection.execute(update(t.sentence).where(t.sentence.c.id == sides[0].rendering_id).values(empty))
        connection.execute(update(t.alignment).where(t.alignment.c.translation_id == sides[0].id).values(links=""))
    assert run_plan(database, plan).failed == 0
    result = outcomes(database, "heuristic" if method == "heuristic" else "project")
    reason = "unaligned:0,1" if method == "heuristic" else "no-candidates"
    assert result[sides[0].id] == ("empty", reason)
    assert sum(status == "ok" for status, _ in result.values()) == 4


@pytest.mark.parametrize("method", METHODS)
def test_a_sentence_without_links_loses_its_entities_and_says_so(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path, method: str
) -> None:
    plan = _aligned(sqlite_database, write_conll, tmp_path, method)
    with sqlite_database.write() as connection:
        key = connection.execute(select(t.alignment.c.translation_id).order_by(t.alignment.c.translation_id)).scalar()
        connection.execute(t.alignment.delete().where(t.alignment.c.translation_id == key))
    run_plan(sqlite_database, plan)
    result = outcomes(sqlite_database, "heuristic" if method == "heuristic" else "project")
    assert result[key or 0][0] == "empty"


def test_an_entity_of_another_step_is_not_read(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    plan = _aligned(sqlite_database, write_conll, tmp_path, "heuristic")
    columns = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
    with sqlite_database.write() as connection:
        other = connection.execute(select(t.step.c.id).where(t.step.c.kind == "align")).scalar()
        first = connection.execute(select(t.entity.c.sentence_id)).scalar()
        connection.execute(insert(t.entity).values(dict(zip(columns, (other, first, 0, 0, 99, "X"), strict=True))))
    assert run_plan(sqlite_database, plan).failed == 0
