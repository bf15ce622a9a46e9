"""The view of the labels that a recipe ends in, and what the database says of itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from projection_sample import english, german, import_sample, plan_of
from several_sample import FIRST, import_part, run_combined
from sqlalchemy import inspect, text

import xprojdb
from xprojdb.db import Database
from xprojdb.db.tables import label, metadata
from xprojdb.execution.run import run_plan


def _count(database: Database, query: str, **values: str) -> int:
    with database.read() as connection:
        return int(connection.execute(text(query), values).scalar_one())


def test_each_recipe_has_a_row_for_each_of_its_labels(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(10), "de": german(10), "es": german(10)})
    run_plan(database, plan_of(database, tmp_path, top='source = ["en"]\ntarget = ["de"]'))
    one = _count(database, "SELECT count(*) FROM v_final WHERE recipe = 'sample'")
    assert one == _count(database, "SELECT count(*) FROM label") == 16
    run_plan(database, plan_of(database, tmp_path, top='source = ["en"]\ntarget = ["de", "es"]'))
    assert _count(database, "SELECT count(*) FROM v_final WHERE lang = 'de'") == one
    assert _count(database, "SELECT count(*) FROM v_final") == 2 * one
    with database.read() as connection:
        row = connection.execute(text("SELECT * FROM v_final ORDER BY sentence_id, ordinal LIMIT 1")).one()
    assert (row.sentence, row.text, row.label, row.source_lang) == ("news/de/all-1", "Anna Berg", "PER", "en")


def test_a_recipe_that_combines_ends_in_its_consensus(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_part(database, write_conll, FIRST, "a")
    plan = run_combined(database, tmp_path, 'method = "majority"')
    (consensus,) = plan.consensuses
    own = f"SELECT count(*) FROM label WHERE step_id = {consensus.step.step_id}"
    assert _count(database, "SELECT count(*) FROM v_final") == _count(database, own) > 0
    assert _count(database, "SELECT count(*) FROM label") > _count(database, own)


def test_uncertain_labels_are_found_by_an_index(sqlite_database: Database) -> None:
    query = "EXPLAIN QUERY PLAN SELECT * FROM v_final WHERE recipe = 'sample' AND margin < 0.01"
    with sqlite_database.read() as connection:
        steps = [row[3] for row in connection.execute(text(query))]
    assert any("ix_label_margin (step_id=? AND margin<?)" in step for step in steps)


def test_tables_and_columns_have_comments(database: Database) -> None:
    assert label.comment
    assert all(column.comment for column in label.columns)
    with database.read() as connection:
        if connection.dialect.name == "postgresql":
            assert inspect(connection).get_table_comment("label") == {"text": label.comment}
            columns = {column["name"]: column["comment"] for column in inspect(connection).get_columns("sentence")}
            assert columns == {column.name: column.comment for column in metadata.tables["sentence"].columns}


def test_datasette_is_told_what_columns_hold(sqlite_database: Database, tmp_path: Path) -> None:
    with xprojdb.open(sqlite_database.url) as opened:
        opened.write_datasette_metadata(tmp_path / "metadata.yaml")
    (answer,) = json.loads((tmp_path / "metadata.yaml").read_text(encoding="utf-8"))["databases"].values()
    assert answer["tables"]["label"]["columns"]["margin"] == label.c.margin.comment
    for query in answer["queries"].values():
        values = dict.fromkeys(("recipe", "corpus", "lang", "id"), "x")
        with sqlite_database.read() as connection:
            connection.execute(text(query["sql"]), values).all()
