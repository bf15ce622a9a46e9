"""What a user gets wrong: one message with the place and the next step, an exit code, nothing stored, no traceback."""

import re
import sqlite3

import pytest

from xprojdb.db import open_database
from xprojdb.db.tables import LASTING

GOOD = "Ana\tB-PER\nsings\tO\n"
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def stored(tmp_path, run_cli):
    """A database with one corpus in it."""
    (tmp_path / "good.conll").write_text(GOOD)
    done = run_cli("--db", "x.db", "import", "conll", "good.conll", "--lang", "en", "--corpus", "old")
    assert done.code == 0
    return tmp_path / "x.db"


@pytest.fixture
def fails(run_cli, stored, row_counts):
    """Run a command that must fail; returns its message and its hint."""

    def attempt(*arguments, code=1, db=stored):
        before = contents(row_counts)
        done = run_cli("--db", db, *arguments)
        assert (done.code, done.stdout) == (code, "")
        lines = done.stderr.splitlines()
        assert lines == [ANSI.sub("", line) for line in lines]
        assert not any("Traceback" in line for line in lines)
        assert [line.startswith("Error: ") for line in lines] == [True] + [False] * (len(lines) - 1)
        assert len(lines) == 2, lines
        assert lines[1].startswith("  → ")
        assert contents(row_counts) == before
        return lines[0].removeprefix("Error: "), lines[1].removeprefix("  → ")

    def contents(row_counts):
        with open_database(stored) as database:
            return row_counts(database)

    return attempt


def conll(name, *more):
    return ("import", "conll", name, "--lang", "en", "--corpus", "c", *more)


def test_a_missing_file(fails):
    message, _ = fails(*conll("none.conll"))
    assert "none.conll" in message


def test_a_folder(fails, tmp_path):
    (tmp_path / "folder").mkdir()
    assert "folder" in fails(*conll("folder"))[0]


def test_a_pipe(fails):
    assert "/dev/null" in fails(*conll("/dev/null"))[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"\x7fELF\x02\x01\x01\x00\x00", "bad.conll:1"),
        (b"Ana\tO\n\nsings\tO\n\x00\x01\tO\n", "bad.conll:4"),
        ("Ana\tO\nMünchen\tB-LOC\n".encode("latin-1"), "bad.conll:2:2"),
        (b"Ana\tO\n\nBerlin\tB-LOC\nsings\n", "bad.conll:4:6"),
        (b"", "bad.conll"),
    ],
)
def test_files_that_cannot_be_read(fails, tmp_path, content, place):
    (tmp_path / "bad.conll").write_bytes(content)
    message, _ = fails(*conll("bad.conll"))
    assert message.startswith(f"{place}: ")


@pytest.mark.slow
def test_an_inside_tag_after_outside_with_strict(fails, run_cli, tmp_path):
    (tmp_path / "bad.conll").write_text("Ana\tB-PER\nin\tO\nBerlin\tI-LOC\n")
    message, _ = fails(*conll("bad.conll", "--strict", "--encoding", "iob2"))
    assert message.startswith("bad.conll:3: ")
    assert run_cli("--db", "y.db", *conll("bad.conll")).code == 0


def test_a_parallel_file_one_line_short(fails, tmp_path):
    (tmp_path / "en.txt").write_text("one\ntwo\nthree\n")
    (tmp_path / "de.txt").write_text("eins\nzwei\n")
    message, _ = fails("import", "parallel", "en=en.txt", "de=de.txt", "--corpus", "c")
    assert re.search(r"de\.txt has 2 sentences, en\.txt has 3", message)


def test_an_unknown_language(fails):
    message, hint = fails("import", "conll", "good.conll", "--lang", "grman", "--corpus", "c", code=2)
    assert "grman" in message
    assert "German" in hint


def test_a_file_that_changed(fails, tmp_path):
    (tmp_path / "good.conll").write_text(GOOD.replace("sings", "sang"))
    message, _ = fails("import", "conll", "good.conll", "--lang", "en", "--corpus", "old")
    assert "good.conll, line 1" in message


def test_a_label_outside_the_scheme(fails, tmp_path):
    (tmp_path / "bad.conll").write_text("Ana\tB-PER\non\tO\nMonday\tB-DATE\n")
    message, hint = fails(*conll("bad.conll", "--scheme", "conll"))
    assert "bad.conll, line 3" in message
    assert "'DATE'" in message
    assert "--scheme" in hint


def test_a_scheme_that_is_not(fails):
    assert "colours" in fails(*conll("good.conll", "--scheme", "colours"), code=2)[0]


@pytest.mark.slow
def test_a_recipe_with_a_misspelt_key(fails, tmp_path):
    (tmp_path / "r.toml").write_text('name = "r"\ncorpora = ["old"]\nsource = ["en"]\ntarget = ["de"]\nlables = "x"\n')
    message, hint = fails("run", "r.toml", code=2)
    assert "r.toml" in message
    assert "lables" in message
    assert "labels" in hint


@pytest.mark.slow
def test_no_recipe(fails):
    assert "none.toml" in fails("run", "none.toml", code=2)[0]


def test_a_database_that_is_not_there(fails, tmp_path):
    message, hint = fails("join", "old", "--langs", "en,de", db=tmp_path / "none.db")
    assert str(tmp_path / "none.db") in message
    assert "db upgrade" in hint


def test_a_folder_that_is_not_there(fails, tmp_path):
    assert str(tmp_path / "none") in fails(*conll("good.conll"), db=tmp_path / "none" / "x.db")[0]


@pytest.mark.slow
def test_a_database_of_another_program(fails, tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE moz_places (id INTEGER)")
    connection.close()
    before = path.read_bytes()
    assert "moz_places" in fails(*conll("good.conll"), db=path)[0]
    fails("db", "upgrade", db=path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database(fails, tmp_path):
    path = tmp_path / "good.conll"
    path.write_text(GOOD * 100)
    assert str(path) in fails(*conll("good.conll"), db=path)[0]


@pytest.mark.slow
def test_a_read_only_database(run_cli, tmp_path, read_only):
    folder = tmp_path / "archive"
    folder.mkdir()
    (tmp_path / "good.conll").write_text(GOOD)
    assert run_cli("--db", folder / "x.db", *conll("good.conll")).code == 0
    read_only(folder)
    done = run_cli("--db", folder / "x.db", *conll("good.conll", "--part", "again"))
    assert (done.code, done.stdout, "Traceback" in done.stderr) == (1, "", False)
    assert "read-only" in done.stderr
    assert run_cli("--db", folder / "x.db", "db", "check").code == 0


def test_no_database_url(fails):
    assert "mysql" in fails(*conll("good.conll"), db="mysql://host/x", code=2)[0]


@pytest.mark.slow
def test_a_password_is_never_shown(fails):
    url = "postgresql://someone:secret@127.0.0.1:1/x"
    assert "secret" not in " ".join(fails("db", "current", db=url))
    assert "secret" not in " ".join(fails(*conll("good.conll"), db=url))


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("imprt",),
        ("import", "conll", "good.conll", "--corpus", "c"),
        ("import", "conll", "good.conll", "--lang", "en", "--corpus", "c", "--encoding", "utf8"),
        ("import", "parallel", "en=good.conll", "--corpus", "c"),
        ("import", "parallel", "good.conll", "good.conll", "--corpus", "c"),
    ],
)
def test_usage(run_cli, stored, arguments):
    done = run_cli("--db", stored, *arguments)
    assert (done.code, done.stdout) == (2, "")
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback_too(run_cli, stored):
    done = run_cli("--debug", "--db", stored, *conll("none.conll"))
    assert done.code == 1
    assert "Traceback" in done.stderr
    assert "Error: " in done.stderr


def test_debug_is_no_option_when_it_is_a_value(run_cli, stored):
    done = run_cli(
        "--db", stored, "import", "conll", "none.conll", "--lang", "en", "--corpus", "c", "--part", "--debug"
    )
    assert "Traceback" not in done.stderr


def test_every_table_is_counted(row_counts, sqlite_database):
    assert row_counts(sqlite_database).keys() == {table.name for table in LASTING}


def test_a_misspelled_command_names_the_nearest_one(run_cli):
    done = run_cli("imprt")
    assert done.code == 2
    assert "there is no command 'imprt'; did you mean 'import'?" in done.stderr
    assert "did you mean" not in run_cli("zzzzz").stderr


def test_a_misspelled_question_names_the_nearest_one(fails):
    assert fails("ask", "low-margn", code=2)[1] == "did you mean low-margin?"


def test_a_recipe_that_is_no_file_names_those_of_the_package(fails, tmp_path):
    message, hint = fails("run", "offline", code=2)
    assert message == "there is no recipe offline"
    assert "offline-parallel" in hint
    assert "offline" not in fails("run", "offline.toml", code=2)[1]
    assert "Errno" not in fails("run", tmp_path, code=2)[0]


def test_a_misspelled_key_is_told_before_the_one_it_stands_for(fails, tmp_path):
    (tmp_path / "r.toml").write_text('name = "r"\ncorpora = ["old"]\nsorce = ["en"]\ntarget = ["sw"]\n')
    message, hint = fails("run", "r.toml", code=2)
    assert (message, hint) == ("r.toml: unknown key sorce", "did you mean source?")
