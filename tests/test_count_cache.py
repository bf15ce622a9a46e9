"""Counts that are kept: used as long as nothing was written, and never after."""

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from projection_sample import english, german, import_sample, plan_of
from sqlalchemy import delete, select

from xprojdb.db import Database, open_database
from xprojdb.db import tables as t
from xprojdb.errors import DatabaseError
from xprojdb.execution.run import run_plan
from xprojdb.execution.status.database import read_status
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.maintenance.corpus_deletion import delete_corpus

Write = Callable[..., Path]


@pytest.fixture
def filled(database: Database, tmp_path: Path, write_conll: Write) -> Database:
    import_sample(database, write_conll, {"en": english(5), "de": german(5)})
    run_plan(database, plan_of(database, tmp_path))
    return database


def _kept(database: Database) -> int:
    with database.read() as connection:
        return len(connection.execute(select(t.count_cache)).all())


def _delete_unseen(database: Database) -> None:
    """As another program would: no count learns of it."""
    with database.write(counted=False) as connection:
        connection.execute(delete(t.outcome))


def test_nothing_is_counted_twice(filled: Database) -> None:
    first = read_status(filled)
    assert _kept(filled) > 0
    _delete_unseen(filled)
    assert read_status(filled) == first


def test_all_is_counted_anew_on_request(filled: Database) -> None:
    first = read_status(filled)
    _delete_unseen(filled)
    anew = read_status(filled, anew=True)
    assert anew != first
    assert read_status(filled) == anew


def test_what_is_written_is_counted(filled: Database, tmp_path: Path, write_conll: Write) -> None:
    def check() -> None:
        assert read_status(filled) == read_status(filled, anew=True)

    seen = [read_status(filled)]
    more = write_conll("more.en.conll", "Ana/B-PER sings")
    import_files(filled, CorpusInfo("more"), [corpus_file(more, "en", form="conll")])
    for change in (
        lambda: import_sample(filled, write_conll, {"en": english(9), "de": german(9)}),
        lambda: run_plan(filled, plan_of(filled, tmp_path)),
        lambda: delete_corpus(filled, "more"),
        lambda: run_plan(filled, plan_of(filled, tmp_path, "[project]\nmin_score = 0.99\n")),
    ):
        change()
        check()
        seen.append(read_status(filled))
    assert all(before != after for before, after in pairwise(seen))


def test_what_wrote_nothing_leaves_them(filled: Database, tmp_path: Path) -> None:
    read_status(filled)
    with filled.read() as connection:
        before = connection.execute(select(t.data_version.c.number)).scalar_one()
    assert run_plan(filled, plan_of(filled, tmp_path)).run_id is None
    with filled.read() as connection:
        assert connection.execute(select(t.data_version.c.number)).scalar_one() == before


def test_what_is_rolled_back_leaves_them(filled: Database) -> None:
    first = read_status(filled)
    with pytest.raises(ZeroDivisionError), filled.write() as connection:
        connection.execute(delete(t.outcome))
        raise ZeroDivisionError
    _delete_unseen(filled)
    assert read_status(filled) == first


def test_a_status_beside_a_writer_waits_for_nothing_and_keeps_nothing(filled: Database) -> None:
    with filled.write() as connection:
        connection.execute(delete(t.label))
        status = read_status(filled)
        with pytest.raises(DatabaseError) as refused, filled.write(wait=False):
            pass
    assert refused.value.fault == "busy"
    assert _kept(filled) == 0
    assert read_status(filled).corpora == status.corpora


def test_a_database_that_cannot_be_written_is_counted_each_time(
    sqlite_template: Path, tmp_path: Path, write_conll: Write, read_only: Callable[[Path], None]
) -> None:
    folder = tmp_path / "frozen"
    folder.mkdir()
    with open_database(shutil.copy(sqlite_template, folder / "a.db")) as database:
        import_sample(database, write_conll, {"en": english(5), "de": german(5)})
    read_only(folder)
    with open_database(folder / "a.db") as database:
        assert read_status(database).corpora[0]["sentences"] == {"en": 5, "de": 5}
        assert _kept(database) == 0
