"""The database at a glance: what is done, pending, waiting and failed."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

from gold_sample import SENTENCES, import_gold, named_plan, run_named
from projection_sample import english, german, import_sample, plan_of
from rich.console import Console
from sqlalchemy import insert, select, update

from xprojdb.api.results.status import StatusResult
from xprojdb.db import Database
from xprojdb.db.tables import failure, outcome, recipe, run, step
from xprojdb.execution.run import run_plan
from xprojdb.execution.status.database import RUNS_SHOWN, DatabaseStatus, StepStatus, read_status
from xprojdb.planning.store import bind_plan

Write = Callable[..., Path]


def _steps(found: DatabaseStatus, name: str = "sample") -> dict[str, StepStatus]:
    return {step.title.split()[0].rstrip(","): step for step in found.recipes[name]}


def test_an_empty_database_has_nothing(database: Database) -> None:
    status = read_status(database)
    assert (status.corpora, status.links, status.recipes, status.runs, status.failures) == ([], [], {}, [], [])
    assert status.url == database.url


def test_corpora_and_translations_are_counted(database: Database, write_conll: Write) -> None:
    import_gold(database, write_conll, SENTENCES)
    status = read_status(database)
    assert status.corpora == [{"name": "news", "license": None, "sentences": {"en": 4, "de": 4, "es": 4}}]
    by_name = {(link["original"], link["rendering"], link["kind"]): link["translations"] for link in status.links}
    assert by_name == {("en", "de", "human"): 4, ("en", "es", "human"): 4, ("de", "es", "human"): 4}
    assert [entry["command"] for entry in status.runs] == ["import"]


def test_a_planned_recipe_is_pending_and_waiting(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": english(6), "de": german(6)})
    bind_plan(database, plan_of(database, tmp_path))
    steps = _steps(read_status(database))
    assert {name: (step.pending, step.waiting, step.outcomes) for name, step in steps.items()} == {
        "align": (6, 0, {}),
        "score": (0, 6, {}),
        "project": (0, 6, {}),
    }


def test_what_failed_is_told_and_holds_up_what_follows(database: Database, write_conll: Write, tmp_path: Path) -> None:
    lines = english(6)
    lines[1] = "poison in Turin/B-LOC"
    import_sample(database, write_conll, {"en": lines, "de": german(6)})
    report = run_plan(database, plan_of(database, tmp_path))
    status = read_status(database)
    steps = _steps(status)
    assert steps["align"].outcomes == {"ok": 5, "failed": 1}
    assert steps["align"].reasons == {"RuntimeError": 1}
    assert (steps["score"].pending, steps["score"].waiting) == (0, 1)
    assert steps["score"].outcomes == {"ok": 4, "empty": 1}
    assert steps["project"].reasons == {"no-entities": 1}
    (failed,) = status.failures
    assert (failed["message"], failed["run_id"]) == ("cannot bear poison", report.run_id)
    assert status.runs[0]["counts"] == {"done": 16, "failed": 1}
    assert status.runs[0]["recipe_name"] == "sample"


def test_a_recipe_of_another_version_is_named_and_holds_up_no_other(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(6), "de": german(6)})
    run_plan(database, plan_of(database, tmp_path))
    with database.write() as connection:
        connection.execute(update(step).where(step.c.kind == "project").values(version=99, digest="f" * 64))
        connection.execute(update(recipe).values(name="older"))
    report = run_plan(database, plan_of(database, tmp_path))
    status = read_status(database)
    assert (status.outdated, list(status.recipes)) == (["older"], ["sample"])
    assert (report.failed, _steps(status)["project"].pending) == (0, 0)
    shown = Console(width=100, record=True, file=StringIO())
    shown.print(StatusResult(status))
    assert "run it again to plan it anew" in shown.export_text()


def test_other_recipes_do_not_count_as_waiting(database: Database, write_conll: Write, tmp_path: Path) -> None:
    """A step that two recipes share has met more items than one of them covers."""
    import_gold(database, write_conll, SENTENCES)
    run_named(database, tmp_path, "large", top='source = ["en"]\ntarget = ["de", "es"]\n')
    late = {lang: ["Mira/B-PER sang"] for lang in SENTENCES}
    import_gold(database, write_conll, late, split="late")
    bind_plan(database, named_plan(database, tmp_path, "small"))
    steps = _steps(read_status(database), "small")
    assert steps["align"].outcomes == {"ok": 8}
    assert {name: (step.pending, step.waiting) for name, step in steps.items()} == {
        "align": (1, 0),
        "score": (0, 1),
        "project": (0, 1),
    }


def test_only_the_latest_failure_of_an_item_is_told(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": ["poison in Turin/B-LOC", *english(4)], "de": german(5)})
    report = run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    with sqlite_database.write() as connection:
        old = connection.execute(select(failure)).mappings().one()
        again = {**old, "run_id": report.run_id + 1, "message": "still cannot"}
        connection.execute(insert(failure).values(**again))
        failed = outcome.c.status == "failed"
        connection.execute(update(outcome).where(failed).values(run_id=again["run_id"]))
    assert [entry["message"] for entry in read_status(sqlite_database).failures] == ["still cannot"]
    with sqlite_database.write() as connection:
        connection.execute(update(outcome).where(failed).values(status="ok"))
    assert read_status(sqlite_database).failures == []


def test_the_latest_runs_come_first(sqlite_database: Database) -> None:
    columns = {"command": "import", "versions": "{}", "host": "here", "started_at": "now", "status": "running"}
    with sqlite_database.write() as connection:
        connection.execute(insert(run), [columns] * (RUNS_SHOWN + 2))
    runs = read_status(sqlite_database).runs
    assert [entry["id"] for entry in runs] == list(range(RUNS_SHOWN + 2, 2, -1))
    assert runs[0]["counts"] == {}


def test_reading_it_writes_nothing(
    database: Database, write_conll: Write, tmp_path: Path, row_counts: Callable[[Database], object]
) -> None:
    import_gold(database, write_conll, SENTENCES)
    run_named(database, tmp_path, "sample")
    before = row_counts(database)
    read_status(database)
    assert row_counts(database) == before


def test_many_pairs_of_languages_are_only_counted() -> None:
    pairs = [{"original": "en", "rendering": f"l{n}", "kind": "human", "translations": 5} for n in range(13)]
    status = DatabaseStatus("here", [], pairs, {}, [], [], [])
    shown = _printed(status)
    assert "translations: 13 pairs of languages, 5 each" in shown
    pairs[0]["translations"] = 2_000
    assert "13 pairs of languages, 5 to 2,000 each" in _printed(status)
    del pairs[0]
    assert "translations: en–l1 5, en–l2 5" in _printed(status)


def _printed(status: DatabaseStatus) -> str:
    console = Console(file=StringIO(), width=200, record=True)
    console.print(StatusResult(status))
    return console.export_text()


def test_steps_that_do_the_same_are_told_apart_by_their_languages(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_gold(database, write_conll, SENTENCES)
    top = 'source = ["en"]\ntarget = ["de", "es"]\n'
    run_plan(database, plan_of(database, tmp_path, '[project]\nweights = "auto"\n', top))
    titles = [step.title for step in read_status(database).recipes["sample"]]
    assert len(set(titles)) == len(titles)
    scored = sorted(title.rpartition(", ")[2] for title in titles if title.startswith("score aligned"))
    assert scored == ["en–de", "en–es"]
    (aligned,) = (title for title in titles if title.startswith("align"))
    assert "–" not in aligned
