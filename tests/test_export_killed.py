"""What an export that was killed leaves behind goes with the next one to the same place; a live one is let be."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from children import HANG
from children import start as start_child
from projection_sample import english, german, import_sample, plan_of

from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_as, export_conll
from xprojdb.exports.formats.huggingface import SplitRows, write_dataset
from xprojdb.planning.planner import Plan

#: writes into two files beside their places, says so, waits for a line, and puts them in place
FILES = """
import sys
from pathlib import Path
from xprojdb.exports.atomic import staged
with staged() as files:
    for name in sys.argv[1:]:
        with files.file(Path(name)) as file:
            file.write(b"unfinished")
    print("written", flush=True)
    input()
"""
#: the same with a folder
FOLDER = """
import sys
from xprojdb.exports.formats.huggingface import SplitRows, write_dataset
def batches():
    yield {"id": ["a"], "tokens": [["Ana"]], "ner_tags": [[1]], "lang": ["de"]}
    print("written", flush=True)
    input()
write_dataset(sys.argv[1], [SplitRows("train", batches())], labels=["PER"], recipe_digest="ab", query={})
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(child_env: dict[str, str], tmp_path: Path) -> Start:
    """A child process that has begun to write to some places and waits."""

    def begin(code: str, *places: Path) -> subprocess.Popen[str]:
        arguments = [sys.executable, "-c", code, *map(str, places)]
        child = start_child(arguments, cwd=tmp_path, env=child_env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == "written\n"
        return child

    return begin


def _kill(child: subprocess.Popen[str]) -> None:
    child.kill()
    assert child.wait(HANG) == -signal.SIGKILL
    child.communicate()


def _partials(folder: Path) -> list[Path]:
    return sorted(folder.rglob(".*.partial"))


@pytest.fixture
def done(sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    import_sample(sqlite_database, write_conll, {"en": english(4), "de": german(4)})
    plan = plan_of(sqlite_database, tmp_path)
    run_plan(sqlite_database, plan)
    return plan


@pytest.mark.slow
def test_files_of_a_killed_export_are_removed_and_those_of_a_live_one_stay(
    sqlite_database: Database, done: Plan, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    places = (out / "de.train.conll", out / "es.train.conll")
    _kill(start(FILES, *places))
    living = start(FILES, *places)
    assert len(_partials(out)) == 4
    export_conll(sqlite_database, done, out)
    left = _partials(out)
    assert [path.read_bytes() for path in left] == [b"unfinished"] * 2
    assert all(f"~{living.pid}~" in path.name for path in left)
    living.communicate("go on\n", timeout=HANG)
    assert (living.returncode, _partials(out)) == (0, [])
    assert places[1].read_bytes() == b"unfinished"


@pytest.mark.slow
def test_a_folder_of_a_killed_export_is_removed_and_that_of_a_live_one_stays(tmp_path: Path, start: Start) -> None:
    pytest.importorskip("pyarrow")
    killed, elsewhere, living = (start(FOLDER, tmp_path / name) for name in ("out", "other", "out"))
    _kill(killed)
    _kill(elsewhere)
    assert len(list(tmp_path.glob(".*.partial"))) == 3
    rows = {"id": ["b"], "tokens": [["Ben"]], "ner_tags": [[1]], "lang": ["de"]}
    write_dataset(tmp_path / "out", [SplitRows("train", [rows])], labels=["PER"], recipe_digest="ab", query={})
    left = sorted(path.name.partition("~")[0].rpartition(".")[0] for path in tmp_path.glob(".*.partial"))
    assert left == [".other", ".out"]
    _kill(living)
    write_dataset(tmp_path / "out", [SplitRows("train", [rows])], labels=["PER"], recipe_digest="ab", query={})
    assert not list(tmp_path.glob(".out.*"))


@pytest.mark.slow
def test_folders_of_splits_are_swept_too(sqlite_database: Database, done: Plan, tmp_path: Path, start: Start) -> None:
    pytest.importorskip("spacy")
    folder = tmp_path / "out" / "es.train"
    folder.mkdir(parents=True)
    _kill(start(FILES, folder / "0000.spacy"))
    export_as("spacy", sqlite_database, done, tmp_path / "out")
    assert not _partials(tmp_path / "out")


def test_what_only_looks_like_ours_stays(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    theirs = [".de.train.conll.partial", ".x.0123abcd.partial", ".x.0123abcd~elsewhere~1~1.partial"]
    (tmp_path / "out").mkdir()
    for name in theirs:
        (tmp_path / "out" / name).touch()
    export_conll(sqlite_database, done, tmp_path / "out")
    assert sorted(path.name for path in _partials(tmp_path / "out")) == theirs
