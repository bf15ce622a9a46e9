"""An import that ends in the middle, however it ends, leaves the old state."""

import signal
import subprocess
import sys

import pytest
from children import HANG, start

from xprojdb.db import open_database, schema
from xprojdb.errors import DatabaseError
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files

#: imports a file in small blocks, tells each block, and waits in the third for whatever comes
CHILD = """
import sys
from pathlib import Path
from xprojdb.cli.main import main
from xprojdb.importing import file_writer

file_writer.BLOCK = 1000
store = file_writer.FileWriter.store

def slow_store(writer, file):
    def watch(lang, count):
        print(count, flush=True)
        if count >= 3000:
            sys.stdin.read()
    writer.watch = watch
    return store(writer, file)

file_writer.FileWriter.store = slow_store
sys.argv[1:] = ["--db", sys.argv[1], "import", "conll", sys.argv[2], "--lang", "en", "--corpus", "c"]
main()
"""


@pytest.fixture
def big(write_conll):
    return write_conll("big.conll", *(f"Ana{i}/B-PER sings in Berlin{i}/B-LOC" for i in range(5000)))


def load(database, path, **options):
    return import_files(database, CorpusInfo("c"), [corpus_file(path, "en", **options)])


def is_sound(database):
    """SQLite's own check; PostgreSQL has none that reads all."""
    with database.read() as connection:
        return database.engine.dialect.name != "sqlite" or (
            connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_ended_in_mid_import(address, write_conll, big, row_counts, child_env, tmp_path, number):
    with open_database(address) as database:
        load(database, write_conll("small.conll", "Ana/B-PER sings"), part="small")
        before = row_counts(database)
    command = [sys.executable, "-c", CHILD, address, str(big)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    child = start(command, env=child_env, cwd=tmp_path, **pipes)
    assert [child.stdout.readline() for _ in range(3)] == ["1000\n", "2000\n", "3000\n"]
    child.send_signal(number)
    assert child.wait(HANG) == {signal.SIGINT: 130}.get(number, -number)
    errors = child.stderr.read()
    assert "Traceback" not in errors
    with open_database(address) as database:
        assert row_counts(database) == before
        assert is_sound(database)
        assert load(database, big).added == 5000


def test_a_full_disk_in_mid_import(sqlite_database, write_conll, big, row_counts):
    load(sqlite_database, write_conll("small.conll", "Ana/B-PER sings"), part="small")
    before = row_counts(sqlite_database)
    with sqlite_database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 60}")
    with pytest.raises(DatabaseError) as caught:
        load(sqlite_database, big)
    assert caught.value.fault == "full"
    assert row_counts(sqlite_database) == before
    assert is_sound(sqlite_database)
    with sqlite_database.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert load(sqlite_database, big).added == 5000


@pytest.mark.slow
@pytest.mark.parametrize("kibibytes", [600, 900])
def test_a_disk_that_is_really_full(run_cli, small_disk, big, row_counts, kibibytes):
    disk = small_disk(kibibytes)
    at = ("--db", disk / "x.db")
    assert run_cli(*at, "db", "upgrade").code == 0
    done = run_cli(*at, "import", "conll", big, "--lang", "en", "--corpus", "c")
    assert (done.code, done.stdout, "Traceback" in done.stderr) == (1, "", False)
    assert "disk" in done.stderr
    with open_database(disk / "x.db") as database:
        assert set(row_counts(database).values()) == {0}
        assert is_sound(database)
        schema.check(database.engine)


def test_a_disk_without_room_for_the_tables(run_cli, small_disk, big):
    disk = small_disk(40)
    done = run_cli("--db", disk / "x.db", "import", "conll", big, "--lang", "en", "--corpus", "c")
    assert (done.code, done.stdout, "Traceback" in done.stderr) == (1, "", False)
    assert "disk" in done.stderr
