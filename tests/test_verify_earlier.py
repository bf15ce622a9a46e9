"""Damage of databases that gave a key twice: what a run left under the keys of what was deleted while it went on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from damaged import hurting
from projection_sample import english, german, import_sample, plan_of, results
from sqlalchemy import text

from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.maintenance.verify import verify

Write = Callable[..., Path]


def _found(database: Database) -> dict[str, int]:
    return {check.name: check.count for check in verify(database).checks if check.count}


def _hurt(database: Database, *statements: str) -> None:
    with hurting(database) as connection:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount != 0, statement


@pytest.fixture
def whole(database: Database, write_conll: Write, tmp_path: Path) -> Database:
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    run_plan(database, plan_of(database, tmp_path))
    assert not _found(database)
    return database


def test_rows_of_another_recipe_under_the_key_of_a_step(whole: Database, tmp_path: Path) -> None:
    """A run wrote the first five under a key that was freed and given to this step."""
    undisturbed = results(whole)
    _hurt(
        whole,
        "UPDATE step SET after_run = 2 WHERE kind = 'score'",
        "UPDATE run SET id = 7, ended_at = '2020' WHERE id = 2",
        "UPDATE outcome SET run_id = 7 WHERE run_id = 2",
        "UPDATE outcome SET run_id = 2 WHERE item_id <= 5 AND step_id = (SELECT id FROM step WHERE kind = 'score')",
        "UPDATE candidate SET end_word = 1, start_word = 0 WHERE translation_id <= 5 AND entity_ordinal = 1",
    )
    assert _found(whole)["outcomes older than their step"] == 5
    assert verify(whole, repair=True).left == []
    run_plan(whole, plan_of(whole, tmp_path))
    assert results(whole) == undisturbed
    assert not _found(whole)


@pytest.mark.parametrize("items", ["translation", "sentence", "corpus"])
def test_rows_of_a_deleted_corpus_under_the_keys_of_the_next(whole: Database, tmp_path: Path, items: str) -> None:
    """The run had ended before what it seems to have worked on was imported."""
    undisturbed = results(whole)
    _hurt(
        whole,
        "UPDATE run SET started_at = '2026-01-01T10:00:00+00:00', ended_at = '2026-01-01T11:00:00+00:00' WHERE id = 2",
        "UPDATE run SET started_at = '2026-01-01T12:00:00+00:00', ended_at = '2026-01-01T12:00:01+00:00' WHERE id = 1",
    )
    if items == "translation":
        _hurt(whole, "UPDATE label SET label = 'ORG' WHERE translation_id = 3 AND ordinal = 1")
        assert _found(whole) == {"outcomes older than their item": 30}
    else:
        kind, item, artifact = ("tag", 4, "") if items == "sentence" else ("frequencies", 1, "")
        _hurt(
            whole,
            "DELETE FROM outcome WHERE run_id = 2",
            f"INSERT INTO step (id, kind, version, params, digest) VALUES (50, '{kind}', 1, '{{}}', 'x')",
            f"INSERT INTO outcome (step_id, item_id, status, run_id) VALUES (50, {item}, 'empty', 2){artifact}",
        )
        assert _found(whole)["outcomes older than their item"] == 1
    assert verify(whole, repair=True).left == []
    run_plan(whole, plan_of(whole, tmp_path))
    assert results(whole) == undisturbed
    assert not _found(whole)


def test_what_was_imported_while_a_run_went_on_is_no_damage(whole: Database) -> None:
    _hurt(
        whole,
        "UPDATE run SET started_at = '2026-01-01T10:00:00+00:00', ended_at = '2026-01-01T12:00:00+00:00' WHERE id = 2",
        "UPDATE run SET started_at = '2026-01-01T12:00:00+00:00', ended_at = '2026-01-01T12:00:01+00:00' WHERE id = 1",
    )
    assert not _found(whole)


def test_runs_of_another_machine_are_passed_over(whole: Database) -> None:
    _hurt(
        whole,
        "UPDATE run SET started_at = '2026-01-01T10:00:00+00:00', ended_at = '2026-01-01T11:00:00+00:00' WHERE id = 2",
        "UPDATE run SET host = 'elsewhere', started_at = '2026-01-01T12:00:00+00:00' WHERE id = 1",
    )
    assert not _found(whole)
