"""Deleting a corpus: nothing of it stays, nothing of others goes, and importing it again gives the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damaged import COMBINE, build, by_name, import_news
from projection_sample import english, german, import_sample, plan_of
from several_sample import ALL, combined_plan, run_combined
from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db.tables import corpus, recipe
from xprojdb.errors import UsageError
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.execution.run import run_plan
from xprojdb.maintenance import corpus_deletion
from xprojdb.maintenance.corpus_deletion import corpus_contents, delete_corpus
from xprojdb.maintenance.verify import verify

Write = Callable[..., Path]
RECORDS = ("run", "step", "step_input", "xprojdb_revision")


@pytest.mark.slow
def test_deleting_and_importing_again_gives_the_same(
    database: Database, write_conll: Write, tmp_path: Path, row_counts: Any
) -> None:
    plan = build(database, write_conll, tmp_path)
    evaluate_projections(database, plan.labellings)
    undisturbed, before = by_name(database), row_counts(database)
    preview = corpus_contents(database, "news")
    assert row_counts(database) == before
    deleted = delete_corpus(database, "news")
    after = row_counts(database)
    assert all(count == 0 for name, count in after.items() if name not in RECORDS), after
    assert deleted.recipes == ["sample"]
    taken = {name: rows for name, rows in deleted.rows.items() if name not in ("corpus", "recipe")}
    assert preview.rows == taken == {name: before[name] for name in taken}
    import_news(database, write_conll)
    run_combined(database, tmp_path, COMBINE)
    assert by_name(database) == undisturbed
    assert verify(database).damage == 0


@pytest.mark.slow
def test_another_corpus_keeps_every_row(database: Database, write_conll: Write, tmp_path: Path) -> None:
    build(database, write_conll, tmp_path)
    undisturbed = by_name(database)
    import_sample(database, write_conll, {"en": english(7), "de": german(7)}, "other")
    plan = plan_of(database, tmp_path)
    run_plan(database, plan)
    delete_corpus(database, "other")
    left = by_name(database)
    assert {**left, "outcome": undisturbed["outcome"], "label": undisturbed["label"]} == undisturbed
    assert set(undisturbed["label"]) <= set(left["label"])
    assert verify(database).damage == 0


@pytest.mark.slow
def test_a_recipe_for_several_corpora_goes_on_with_the_others(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    for name in ("news", "other"):
        import_news(database, write_conll, name)
    plan = combined_plan(database, tmp_path, COMBINE, top=ALL)
    with database.read() as connection:
        keys = dict(connection.execute(select(corpus.c.name, corpus.c.id)).all())
    for stage in plan.stages:
        pairs = plan.pairs[stage.spec]
        pairs += [pair._replace(corpus_id=keys["other"]) for pair in pairs]
    run_plan(database, plan)
    result = delete_corpus(database, "news")
    assert (result.recipes, result.narrowed) == ([], ["sample"])
    with database.read() as connection:
        (row,) = connection.execute(select(recipe.c.plan)).one()
    assert {pair[0] for load in json.loads(row) for pair in load["pairs"]} == {keys["other"]}
    assert verify(database).damage == 0


@pytest.mark.slow
def test_an_interrupted_deletion_is_told_and_taken_up(
    database: Database, write_conll: Write, tmp_path: Path, row_counts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(database, write_conll, tmp_path)
    monkeypatch.setattr(corpus_deletion, "SEEDS", 1)

    def stop(_name: str, _rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        delete_corpus(database, "news", watch=stop)
    # A group of four sentences is gone, whole; what is left is consistent, and no file passes for imported.
    assert row_counts(database)["sentence"] == 12
    damage = {check.name: check.count for check in verify(database).checks if check.count}
    assert damage == {"unfinished deletions": 1, "sentences of a file": 4}
    with database.read() as connection:
        assert list(connection.execute(select(corpus.c.name)).scalars()) == ["news (being deleted)"]
    import_news(database, write_conll)
    delete_corpus(database, "news")
    assert (row_counts(database)["corpus"], row_counts(database)["sentence"]) == (1, 16)
    assert verify(database).damage == 0


def test_an_unknown_corpus_is_refused(database: Database) -> None:
    for act in (corpus_contents, delete_corpus):
        with pytest.raises(UsageError) as refused:
            act(database, "news")
        assert refused.value.corpus == "news"


@pytest.mark.slow
def test_the_command_shows_first_and_deletes_with_yes(
    run_cli: Any, database: Database, write_conll: Write, row_counts: Any
) -> None:
    import_news(database, write_conll)
    address = database.engine.url.render_as_string(hide_password=False)
    shown = json.loads(run_cli("--db", address, "corpus", "delete", "news", "--json").stdout)
    assert (shown["rows"]["sentence"], shown["recipes"]) == (16, [])
    assert row_counts(database)["sentence"] == 16
    done = run_cli("--db", address, "corpus", "delete", "news", "--yes")
    assert done.code == 0, done.stderr
    assert row_counts(database)["sentence"] == 0
    assert run_cli("--db", address, "corpus", "delete", "news", "--yes").code == 2
