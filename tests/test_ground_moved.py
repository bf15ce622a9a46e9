"""What a run finds gone when it writes: it drops the batch and says so; no key is ever given a second time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from damaged import COMBINE, build
from projection_sample import Diagonal, english, german, import_sample, plan_of
from several_sample import run_combined
from sqlalchemy import delete, func, insert, select

from xprojdb.db import Database, schema
from xprojdb.db.heartbeat import clock, this_process
from xprojdb.db.live import end_live_runs, live_runs
from xprojdb.db.runs import begin_run
from xprojdb.db.tables import (
    alignment,
    candidate,
    corpus,
    evaluation,
    export,
    label,
    lease,
    outcome,
    recipe,
    run,
    sentence,
    step,
    translation,
)
from xprojdb.errors import DatabaseError, GroundMoved, RunsAlive
from xprojdb.evaluation import evaluate
from xprojdb.execution.run import run_plan
from xprojdb.exports import api
from xprojdb.importing.files import corpus_file
from xprojdb.maintenance.corpus_deletion import delete_corpus
from xprojdb.maintenance.errata.replacement import replace_file
from xprojdb.maintenance.garbage_collection import drop_steps, free_garbage
from xprojdb.maintenance.removal import remove_sentences
from xprojdb.maintenance.step_rows import stored_steps
from xprojdb.maintenance.verify import verify
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.planning.store import bind_plan
from xprojdb.steps.align.stage import Align

Write = Callable[..., Path]
STRICT = "[project]\nmin_score = 0.5"
_LONG_AGO = "2020-01-01T00:00:00+00:00"
#: of no step and no translation, for a repair to take away
_LABEL = {
    "step_id": 9, "sentence_id": 1, "translation_id": 1, "ordinal": 0, "start_word": 0, "end_word": 1, "label": "PER",
    "score": 1.0, "margin": 1.0,
}  # fmt: skip


class Meanwhile(Diagonal):
    """Something happens while its second batch is computed."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self.happens = happens

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        links = super().align(pairs)
        if len(self.seen) == 2:
            self.happens()
        return links


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Align, "block", 4)


def _count(database: Database, *tables: Any) -> int:
    with database.read() as connection:
        return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def _delete_sentences(database: Database) -> None:
    """As a deletion does that has begun before the run took anything."""
    with database.write() as connection:
        keys = list(connection.execute(select(sentence.c.id)).scalars())
        remove_sentences(connection, stored_steps(connection), keys)


def test_a_batch_on_deleted_translations_is_dropped_and_the_next_corpus_gets_other_keys(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(20), "de": german(20)})
    plan = plan_of(database, tmp_path, aligner=Meanwhile(lambda: _delete_sentences(database)))
    with pytest.raises(GroundMoved) as moved:
        run_plan(database, plan)
    assert (moved.value.items, moved.value.gone) == (4, 4)
    assert moved.value.step == plan.stages[0].step_id
    assert _count(database, candidate) == 0
    with database.read() as connection:
        left = select(func.count()).select_from(outcome).where(outcome.c.step_id != 1)
        assert connection.execute(left).scalar_one() == 0
        ended = connection.execute(select(run.c.status).where(run.c.id == moved.value.run)).scalar_one()
    assert ended == "failed"
    delete_corpus(database, "news")
    assert verify(database).damage == 0
    import_sample(database, write_conll, {"en": english(20), "de": german(20)})
    with database.read() as connection:
        firsts = [connection.execute(select(func.min(table.c.id))).scalar_one() for table in (sentence, translation)]
        assert [*firsts, connection.execute(select(corpus.c.id)).scalar_one()] == [41, 21, 2]
    assert run_plan(database, plan_of(database, tmp_path)).done == 60
    assert verify(database).damage == 0


def test_a_batch_of_a_freed_step_is_dropped_and_another_step_gets_another_key(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(20), "de": german(20)})
    freed: list[int] = []

    def free() -> None:
        freed.extend(stage.step_id for stage in plan.stages)
        with database.write() as connection:
            connection.execute(delete(recipe))
        drop_steps(database, freed)
        bind_plan(database, plan_of(database, tmp_path, STRICT, align="layer = 3"))

    plan = plan_of(database, tmp_path, aligner=Meanwhile(free))
    with pytest.raises(GroundMoved) as moved:
        run_plan(database, plan)
    assert moved.value.step == freed[0]
    with database.read() as connection:
        assert connection.execute(select(func.min(step.c.id)).where(step.c.id > 1)).scalar_one() > max(freed)
        assert connection.execute(select(func.count()).where(outcome.c.step_id != 1)).scalar_one() == 0
    strict = plan_of(database, tmp_path, STRICT, align="layer = 3")
    assert run_plan(database, strict).done == 60
    assert verify(database).damage == 0


def test_a_run_whose_claim_another_has_taken_over_leaves_it_the_items(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(20), "de": german(20)})

    def take_over() -> None:
        with database.write() as connection:
            connection.execute(delete(lease).where(lease.c.first_item == 5))

    plan = plan_of(database, tmp_path, aligner=(aligner := Meanwhile(take_over)))
    report = run_plan(database, plan)
    assert [step.done for step in report.steps] == [20] * 3
    assert sum(aligner.seen) == 24
    assert verify(database).damage == 0


def test_a_run_that_another_command_has_ended_writes_nothing_more(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(20), "de": german(20)})
    ended: list[Any] = []
    plan = plan_of(database, tmp_path, aligner=Meanwhile(lambda: ended.extend(end_live_runs(database.engine))))
    with pytest.raises(GroundMoved) as moved:
        run_plan(database, plan)
    assert [entry.key for entry in ended] == [moved.value.run]
    with database.read() as connection:
        assert connection.execute(select(func.count()).where(outcome.c.step_id == plan.stages[0].step_id)).scalar() == 4
        assert connection.execute(select(run.c.status).where(run.c.id == moved.value.run)).scalar() == "stopped"
        assert not live_runs(connection)
    assert run_plan(database, plan_of(database, tmp_path)).done == 56


def test_what_is_deleted_elsewhere_does_not_disturb_a_run(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    for name in ("other", "news"):
        import_sample(database, write_conll, {"en": english(8), "de": german(8)}, name)

    def delete_other() -> None:
        with database.write() as connection:
            key = select(corpus.c.id).where(corpus.c.name == "other").scalar_subquery()
            keys = connection.execute(select(sentence.c.id).where(sentence.c.corpus_id == key)).scalars()
            remove_sentences(connection, stored_steps(connection), list(keys))

    plan = plan_of(database, tmp_path, aligner=Meanwhile(delete_other))
    assert run_plan(database, plan).done == 24


def test_a_plan_for_a_corpus_that_is_gone_is_not_stored(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": english(8), "de": german(8)})
    plan = plan_of(database, tmp_path)
    delete_corpus(database, "news")
    with pytest.raises(GroundMoved) as moved:
        run_plan(database, plan)
    assert moved.value.corpus == "1"
    assert _count(database, recipe, run) == 1


def test_scores_and_exports_of_what_is_gone_are_not_recorded(
    database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = build(database, write_conll, tmp_path)
    measure, write = evaluate._scores, api._report

    def measured(*given: Any) -> Any:
        result = measure(*given)
        if _count(database, corpus):
            delete_corpus(database, "news")
        return result

    def written(*given: Any) -> Any:
        free_garbage(database, without=["sample"])
        return write(*given)

    monkeypatch.setattr(api, "_report", written)
    with pytest.raises(GroundMoved) as moved:
        api.export_conll(database, plan, tmp_path / "out")
    assert moved.value.step in {stage.spec.digest for stage in plan.stages}
    assert list((tmp_path / "out").iterdir())
    plan = run_combined(database, tmp_path, COMBINE)
    monkeypatch.setattr(evaluate, "_scores", measured)
    with pytest.raises(GroundMoved) as moved:
        evaluate.evaluate_projections(database, plan.labellings)
    assert moved.value.corpus
    assert _count(database, evaluation, export) == 0


@pytest.mark.parametrize("revision", ["0007", "base"])
def test_nothing_is_written_to_another_schema(
    database: Database, write_conll: Write, tmp_path: Path, revision: str
) -> None:
    import_sample(database, write_conll, {"en": english(8), "de": german(8)})
    plan = plan_of(database, tmp_path)
    schema.downgrade(database.engine, revision)
    with pytest.raises(DatabaseError) as refused:
        bind_plan(database, plan)
    assert refused.value.current == (None if revision == "base" else revision)
    with pytest.raises(DatabaseError) as refused:
        import_sample(database, write_conll, {"en": ["a"], "de": ["b"]})
    assert refused.value.current == (None if revision == "base" else revision)


COMMANDS = [
    ("gc", "--yes"),
    ("corpus", "delete", "news", "--yes"),
    ("verify", "--repair"),
    ("db", "downgrade", "0007", "--yes"),
    ("db", "vacuum"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_would_change_the_ground_of_a_run_is_refused_or_ends_it(
    database: Database, write_conll: Write, run_cli: Any, row_counts: Any, command: tuple[str, ...]
) -> None:
    import_sample(database, write_conll, {"en": english(2), "de": german(2)})
    address = database.engine.url.render_as_string(hide_password=False)
    host, pid, _ = this_process().rsplit(":", 2)
    with database.write() as connection:
        connection.execute(insert(label).values(_LABEL))
        alive = begin_run(connection, "run")
        for process in (None, f"{host}:{pid}:1", "elsewhere:1:1"):
            other = begin_run(connection, "run")
            connection.execute(run.update().where(run.c.id == other).values(process=process, heartbeat_at=_LONG_AGO))
    before = row_counts(database)
    refused = run_cli("--db", address, *command)
    assert refused.code == 1
    assert f"run {alive} (process {pid}" in refused.stderr
    assert refused.stderr.count("process") == 1
    assert "--end-runs" in refused.stderr
    assert row_counts(database) == before
    done = run_cli("--db", address, *command, "--end-runs")
    assert done.code == 0, done.stderr
    assert f"ended: run {alive}" in done.stderr


def test_live_runs_elsewhere_are_known_by_their_signs_of_life(database: Database) -> None:
    with database.write() as connection:
        key = begin_run(connection, "run")
        connection.execute(run.update().values(process="elsewhere:1:1"))
        values = {"step_id": 1, "first_item": 1, "last_item": 2, "expires_at": clock(connection) + 60}
        connection.execute(insert(lease).values(owner="third:2:2", **values))
        assert [(entry.key, entry.process) for entry in live_runs(connection)] == [
            (key, "elsewhere:1:1"),
            (None, "third:2:2"),
        ]
    with pytest.raises(RunsAlive) as refused:
        free_garbage(database)
    assert len(refused.value.runs) == 2


def test_a_run_that_was_suspended_elsewhere_stores_nothing_from_words_that_were_replaced_meanwhile(
    database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("xprojdb.execution.leases", "xprojdb.db.runs"):
        monkeypatch.setattr(f"{module}.this_process", lambda: "elsewhere:1:1")
    import_sample(database, write_conll, {"en": english(20), "de": german(20)})
    corrected = write_conll("corrected.conll", *(f"{line} heute" for line in german(20)))

    def replaced() -> None:
        with database.write() as connection:
            connection.execute(lease.update().values(expires_at=0))
            connection.execute(run.update().where(run.c.status == "running").values(heartbeat_at=_LONG_AGO))
        replace_file(database, "news", corpus_file(corrected, "de", form="conll", labelled=False))

    plan = plan_of(database, tmp_path, aligner=Meanwhile(replaced))
    with pytest.raises(GroundMoved, match="another command ended run"):
        run_plan(database, plan)
    run_plan(database, plan_of(database, tmp_path, aligner=Diagonal()))
    with database.read() as connection:
        links = connection.execute(select(alignment.c.links)).scalars().all()
        words = connection.execute(select(sentence.c.n_words).where(sentence.c.lang == "de")).scalars().all()
    assert sorted(link.count("-") for link in links) == sorted(count - 1 for count in words)
    assert verify(database).damage == 0
