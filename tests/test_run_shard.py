"""``run --shard``: shares of the items that are the same in every database, and together are all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from children import HANG, wait_until
from projection_sample import RESULTS, english, german, import_sample, plan_of, results
from sqlalchemy import select

from xprojdb.db import Database, open_database
from xprojdb.db.heartbeat import clock
from xprojdb.db.tables import alignment, label, lease, sentence, translation
from xprojdb.errors import UsageError
from xprojdb.execution.dry_run import preview_plan
from xprojdb.execution.run import run_plan
from xprojdb.planning.store import bind_plan
from xprojdb.steps.shard import Shard

Write = Callable[..., Path]
COUNT = 40


@pytest.fixture
def sample(database: Database, write_conll: Write) -> Database:
    import_sample(database, write_conll, {"en": english(COUNT), "de": german(COUNT)})
    return database


def _aligned(database: Database) -> set[str]:
    """The ids of the sentences whose translations are aligned."""
    query = (
        select(sentence.c.external_id)
        .join(translation, translation.c.original_id == sentence.c.id)
        .join(alignment, alignment.c.translation_id == translation.c.id)
    )
    with database.read() as connection:
        return set(connection.execute(query).scalars())


def test_shares_are_disjoint_and_together_everything(sample: Database, tmp_path: Path, write_conll: Write) -> None:
    parts = []
    for number in (1, 2, 3):
        before = _aligned(sample)
        report = run_plan(sample, plan_of(sample, tmp_path), shard=Shard(number, 3))
        parts.append(_aligned(sample) - before)
        assert [step.done for step in report.steps] == [len(parts[-1])] * 3
    assert sum(map(len, parts)) == COUNT == len(set().union(*parts))
    assert all(parts)
    assert run_plan(sample, plan_of(sample, tmp_path)).run_id is None
    with open_database(tmp_path / "alone.db", create=True) as alone:
        import_sample(alone, write_conll, {"en": english(COUNT), "de": german(COUNT)})
        run_plan(alone, plan_of(alone, tmp_path))
        assert results(alone) == results(sample)


def test_a_share_is_the_same_in_every_database(sample: Database, tmp_path: Path, write_conll: Write) -> None:
    run_plan(sample, plan_of(sample, tmp_path), shard=Shard(2, 5))
    with open_database(tmp_path / "other.db", create=True) as other:
        # Other keys: something else is imported first.
        import_sample(other, write_conll, {"fr": english(3), "it": german(3)})
        import_sample(other, write_conll, {"en": english(COUNT), "de": german(COUNT)})
        run_plan(other, plan_of(other, tmp_path), shard=Shard(2, 5))
        assert _aligned(other) == _aligned(sample)


def test_a_dry_run_counts_the_share(sample: Database, tmp_path: Path) -> None:
    pending = preview_plan(sample, plan_of(sample, tmp_path), shard=Shard(1, 4))
    done = run_plan(sample, plan_of(sample, tmp_path), shard=Shard(1, 4))
    assert [step.pending for step in pending] == [step.done for step in done.steps]
    with sample.read() as connection:
        assert connection.execute(select(label.c.sentence_id)).first() is not None


ONE_LABEL = "[project]\nlabel_consistency = 0.5\n"
LEARNED = (*RESULTS, "artifact")


def _alone(folder: Path, write_conll: Write) -> dict[str, list[tuple[Any, ...]]]:
    """What one undisturbed run makes of the sample with a recipe that learns."""
    with open_database(folder / "alone.db", create=True) as alone:
        import_sample(alone, write_conll, {"en": english(COUNT), "de": german(COUNT)})
        run_plan(alone, plan_of(alone, folder, ONE_LABEL))
        return results(alone, LEARNED)


def test_what_is_learned_waits_for_all_shares(sample: Database, tmp_path: Path, write_conll: Write) -> None:
    run_plan(sample, plan_of(sample, tmp_path, ONE_LABEL), shard=Shard(1, 2))
    assert results(sample, ["artifact"]) == {"artifact": []}
    run_plan(sample, plan_of(sample, tmp_path, ONE_LABEL), shard=Shard(2, 2))
    run_plan(sample, plan_of(sample, tmp_path, ONE_LABEL))
    assert results(sample, LEARNED) == _alone(tmp_path, write_conll)


def test_what_is_learned_waits_for_what_others_have_in_hand(
    sample: Database, tmp_path: Path, write_conll: Write
) -> None:
    plan = plan_of(sample, tmp_path, ONE_LABEL)
    bind_plan(sample, plan)
    names = ("step_id", "first_item", "last_item", "owner", "expires_at")
    with sample.write() as connection:
        held = (plan.stages[0].step_id, 1, 30, "another-machine:1:1", clock(connection) + HANG)
        connection.execute(lease.insert().values(dict(zip(names, held, strict=True))))

    def free_it() -> None:
        wait_until(lambda: len(results(sample, ["label"])["label"]) > 0)
        with sample.write() as connection:
            connection.execute(lease.update().values(expires_at=clock(connection) - 1))

    other = threading.Thread(target=free_it, daemon=True)
    other.start()
    run_plan(sample, plan)
    other.join()
    assert results(sample, LEARNED) == _alone(tmp_path, write_conll)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "1/3/5", "-1/3", "1/1000000", "١/٢"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Shard.parse(text)
    assert refused.value.shard == text


def test_the_command_has_it(address: str, run_cli: Any) -> None:
    done = run_cli("--db", address, "run", "offline", "--shard", "5/4")
    assert done.code == 2
    assert "5/4" in done.stderr
