"""What is freed: steps that nothing names, and never a row that a recipe or an export needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damaged import MADE, by_name, import_news, made
from projection_sample import english, german, import_sample, plan_of
from several_sample import run_combined
from sqlalchemy import func, insert, select

from xprojdb.db import Database
from xprojdb.db.tables import phrase_score, recipe, sentence, step, translation
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_conll
from xprojdb.maintenance import garbage_collection
from xprojdb.maintenance.garbage_collection import find_garbage, free_garbage
from xprojdb.maintenance.verify import verify
from xprojdb.planning.planner import Plan
from xprojdb.steps.spec import StepSpec, register_step

Write = Callable[..., Path]
LOOSE = "[project]\nmin_score = 0.1"
STRICT = "[project]\nmin_score = 0.5"


def _run(database: Database, folder: Path, settings: str) -> Plan:
    plan = plan_of(database, folder, settings)
    run_plan(database, plan)
    return plan


@pytest.fixture
def changed(database: Database, write_conll: Write, tmp_path: Path) -> Database:
    """A recipe that was run, changed, and run again."""
    import_sample(database, write_conll, {"en": english(12), "de": german(12)})
    _run(database, tmp_path, LOOSE)
    _run(database, tmp_path, STRICT)
    return database


def test_only_the_step_that_nothing_names_is_freed(changed: Database, tmp_path: Path, row_counts: Any) -> None:
    before = row_counts(changed)
    garbage = find_garbage(changed)
    assert [entry.step.kind for entry in garbage.steps] == ["project"]
    assert garbage.rows["label"] == before["label"] / 2
    assert garbage.bytes > 0
    assert row_counts(changed) == before
    freed = free_garbage(changed)
    after = row_counts(changed)
    assert freed.freed == {name: before[name] - after[name] for name in freed.freed}
    assert dict(garbage.rows) | {"step": 1} == freed.freed
    assert after["candidate"] == before["candidate"]
    again = plan_of(changed, tmp_path, STRICT)
    assert run_plan(changed, again).run_id is None
    assert not find_garbage(changed).steps


@pytest.mark.slow
def test_nothing_that_a_recipe_needs_is_freed(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_news(database, write_conll)
    run_combined(database, tmp_path, 'method = "majority"')
    kept = run_combined(database, tmp_path, 'method = "joint"\nweights = "learned"')
    before = made(database)
    freed = free_garbage(database)
    assert freed.freed["vote"] > 0
    gone = {entry.step.digest for entry in freed.steps}
    assert gone
    assert made(database) == {name: [row for row in rows if row[0] not in gone] for name, rows in before.items()}
    assert run_plan(database, kept).run_id is None
    assert verify(database).damage == 0


def test_what_was_exported_is_named_until_it_is_forgotten(changed: Database, tmp_path: Path) -> None:
    free_garbage(changed)
    plan = plan_of(changed, tmp_path, STRICT)
    run_plan(changed, plan)
    export_conll(changed, plan, tmp_path / "out")
    _run(changed, tmp_path, LOOSE)
    assert not find_garbage(changed).steps
    assert [entry.step.kind for entry in find_garbage(changed, exports=False).steps] == ["project"]


def test_a_forgotten_recipe_names_nothing(changed: Database, row_counts: Any) -> None:
    with pytest.raises(UsageError) as refused:
        find_garbage(changed, without=["other"])
    assert refused.value.name == "other"
    free_garbage(changed, without=["sample"])
    counts = row_counts(changed)
    assert all(counts[name] == 0 for name in MADE if name != "outcome")
    assert (counts["recipe"], counts["step"], counts["sentence"]) == (0, 1, 24)
    assert verify(changed).damage == 0


def test_it_goes_on_where_it_was_stopped(changed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage_collection, "BLOCK", 3)
    undisturbed = by_name(changed)
    results: list[str] = []

    def stop(name: str, _rows: int) -> None:
        results.append(name)
        if len(results) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        free_garbage(changed, watch=stop)
    assert results[0] == "outcome"
    # The recipe is as it was, and is run again: what was freed of it comes back.
    _run(changed, tmp_path, LOOSE)
    _run(changed, tmp_path, STRICT)
    assert by_name(changed) == undisturbed
    assert verify(changed).damage == 0
    free_garbage(changed)
    assert not find_garbage(changed).steps


def test_a_step_that_a_run_names_meanwhile_stays(changed: Database, tmp_path: Path) -> None:
    undisturbed = by_name(changed)
    seen: list[str] = []

    def name_it(table: str, _rows: int) -> None:
        if not seen:
            run_plan(changed, plan_of(changed, tmp_path, LOOSE))
        seen.append(table)

    free_garbage(changed, watch=name_it)
    assert seen == ["outcome"]
    assert by_name(changed) == undisturbed


def test_what_a_step_made_goes_with_it(changed: Database, row_counts: Any) -> None:
    """A machine's sentences, their translations, and what kept steps put on these."""
    free_garbage(changed)
    before = row_counts(changed)
    with changed.write() as connection:
        made_by = register_step(connection, StepSpec("translate", 1, {"lang": "es"}, "m", "r"))
        parent = connection.execute(select(sentence).where(sentence.c.lang == "en").limit(1)).mappings().one()
        values = {"lang": "es", "step_id": made_by, "parent_id": parent["id"], "external_id": None}
        connection.execute(insert(sentence).values({**parent, **values, "id": 1000, "source_file_id": None}))
        link = {"original_lang": "en", "rendering_lang": "es", "kind": "machine", "corpus_id": parent["corpus_id"]}
        connection.execute(
            insert(translation).values(original_id=parent["id"], rendering_id=1000, step_id=made_by, **link)
        )
        rows = [("m", "r", "en>es", "a", "b", 0.5), ("n", "r", "en>es", "a", "b", 0.5)]
        names = [column.name for column in phrase_score.columns]
        connection.execute(insert(phrase_score), [dict(zip(names, row, strict=True)) for row in rows])
    garbage = find_garbage(changed)
    assert garbage.rows == {"sentence": 1, "translation": 1, "phrase_score": 2}
    free_garbage(changed)
    assert row_counts(changed) == before


def test_phrases_of_a_model_in_use_are_kept(changed: Database) -> None:
    free_garbage(changed)
    with changed.write() as connection:
        align = connection.execute(select(step).where(step.c.kind == "align")).one()
        connection.execute(
            insert(phrase_score).values(
                model=align.model, revision=align.revision, direction="en>de", condition="a", phrase="b", score=0.5
            )
        )
    assert find_garbage(changed).phrases == (0, 0)


@pytest.mark.slow
def test_the_command_shows_first_and_frees_with_yes(run_cli: Any, changed: Database) -> None:
    address = changed.engine.url.render_as_string(hide_password=False)
    shown = json.loads(run_cli("--db", address, "gc", "--json").stdout)
    assert [entry["kind"] for entry in shown["steps"]] == ["project"]
    assert shown["freed"] == {}
    result = run_cli("--db", address, "gc")
    assert (result.code, "--yes" in result.stdout) == (0, True)
    freed = run_cli("--db", address, "gc", "--yes")
    assert freed.code == 0, freed.stderr
    assert json.loads(run_cli("--db", address, "gc", "--json").stdout)["steps"] == []
    assert run_cli("--db", address, "gc", "--forget", "sample", "--yes").code == 0
    with changed.read() as connection:
        assert connection.execute(select(func.count()).select_from(recipe)).scalar() == 0
    sizes = json.loads(run_cli("--db", address, "db", "vacuum", "--json").stdout)
    assert 0 < sizes["after"] <= max(sizes["before"], sizes["after"])
