"""Names out of data never lead out of the folder, and an export touches nothing that no export wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from projection_sample import english, german, import_sample, plan_of
from sqlalchemy import update

from xprojdb.db import Database
from xprojdb.db.tables import export, sentence
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_as, export_conll
from xprojdb.exports.atomic import staged
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.huggingface import SplitRows, write_dataset
from xprojdb.exports.manifest import MANIFEST_NAME, read_manifest
from xprojdb.file_names import file_name, is_inside
from xprojdb.importing.files import corpus_file
from xprojdb.planning.planner import Plan
from xprojdb.readers.json.lines import read_jsonl
from xprojdb.readers.records import ReadError

JSONL = partial(export_as, "jsonl")
SPACY = partial(export_as, "spacy")

HOSTILE = ["x/../../../evil", "..", "a\\..\\b", "/etc/x", "C:x", "nul", "new\nline", "\u202ex", "x" * 5000, " . "]


@pytest.fixture
def done(sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    plan = plan_of(sqlite_database, tmp_path)
    run_plan(sqlite_database, plan)
    return plan


@pytest.mark.parametrize("text", HOSTILE)
def test_a_file_name_is_one_plain_name(tmp_path: Path, text: str) -> None:
    name = file_name("de", text, suffix=".conll")
    assert (tmp_path / name).resolve().parent == tmp_path.resolve()
    assert name.isascii()
    assert len(name) < 200
    (tmp_path / name).write_text("")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_plain_names_stay_as_they_are_and_different_ones_differ() -> None:
    assert file_name("de", "train", suffix=".conll") == "de.train.conll"
    assert len({file_name("de", text) for text in [*HOSTILE, "x" * 5001, "%2E", "."]}) == len(HOSTILE) + 3


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../../x", "a\\..\\x", "", ".", "C:/x", "a//b", "a/./b", "a\0b", "a\ud800"]
)
def test_paths_that_leave_a_folder_are_told_from_those_that_do_not(path: str) -> None:
    assert not is_inside(path)
    assert is_inside("data/train-00000-of-00001.parquet")


@pytest.mark.parametrize("write", [export_conll, JSONL, SPACY])
def test_a_split_of_dots_and_slashes_stays_in_the_folder(
    sqlite_database: Database, done: Plan, tmp_path: Path, write: Callable[..., Any]
) -> None:
    if write is SPACY:
        pytest.importorskip("spacy")
    with sqlite_database.write() as connection:
        connection.execute(update(sentence).values(split="x/../../../evil"))
    before = set(tmp_path.rglob("*"))
    report = write(sqlite_database, done, tmp_path / "a" / "b" / "out")
    assert report.counts
    new = set(tmp_path.rglob("*")) - before
    assert {path for path in new if path.is_file()} == {tmp_path / "a" / "b" / "out" / name for name in report.counts}


@pytest.mark.parametrize("split", ["x/../../../evil", "a b", "all", "ä", "dev-other"])
def test_a_split_that_no_export_could_name_is_refused_at_import(tmp_path: Path, split: str) -> None:
    file = tmp_path / "en.jsonl"
    file.write_text(
        json.dumps({"tokens": ["a"], "split": "train"}) + "\n" + json.dumps({"tokens": ["b"], "split": split})
    )
    with pytest.raises(ReadError) as caught:
        list(read_jsonl(file, "en"))
    assert (caught.value.line, caught.value.reason, caught.value.field) == (2, "split", "split")
    with pytest.raises(UsageError) as refused:
        corpus_file(file, "en", split=split)
    assert refused.value.split == split


@pytest.mark.parametrize("write", [export_conll, JSONL])
def test_a_file_that_no_export_wrote_is_left_alone(
    sqlite_database: Database, done: Plan, tmp_path: Path, write: Callable[..., Any]
) -> None:
    out = tmp_path / "out"
    (name,) = write(sqlite_database, done, out).counts
    written = (out / name).read_bytes()
    write(sqlite_database, done, out)
    for text in (b"my own notes\n", b""):
        (out / name).write_bytes(text)
        with pytest.raises(ExportError) as caught:
            write(sqlite_database, done, out)
        assert caught.value.path == out / name
        assert (out / name).read_bytes() == text
    (out / name).write_bytes(written)
    write(sqlite_database, done, out)


def test_an_export_follows_no_link(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    mine, out = tmp_path / "mine.txt", tmp_path / "out"
    mine.write_text("mine")
    out.mkdir()
    (out / "de.train.conll").symlink_to(mine)
    (out / "de.train.jsonl").symlink_to(tmp_path / "nowhere")
    for write in (export_conll, JSONL):
        with pytest.raises(ExportError):
            write(sqlite_database, done, out)
    assert mine.read_text() == "mine"
    assert (out / "de.train.conll").is_symlink()
    assert not (tmp_path / "nowhere").exists()


def test_files_of_an_export_that_was_never_recorded_may_be_written_again(
    sqlite_database: Database, done: Plan, tmp_path: Path
) -> None:
    export_conll(sqlite_database, done, tmp_path / "out")
    with sqlite_database.write() as connection:
        connection.execute(export.delete())
    export_conll(sqlite_database, done, tmp_path / "out")


def test_two_parts_with_one_name_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExportError), staged() as files:
        for _ in range(2):
            with files.file(tmp_path / "x") as file:
                file.write(b"x")
    assert list(tmp_path.iterdir()) == []


def _data_set(path: Path, word: str = "Ben") -> None:
    pytest.importorskip("pyarrow")
    rows = {"id": ["b"], "tokens": [[word]], "ner_tags": [[1]], "lang": ["de"]}
    write_dataset(path, [SplitRows("train", [rows])], labels=["PER"], recipe_digest="ab", query={})


def test_a_folder_of_the_user_with_a_name_like_ours_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / ".out.previous"
    mine.mkdir()
    (mine / "notes").write_text("mine")
    for _ in range(3):
        _data_set(tmp_path / "out")
    assert (mine / "notes").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {".out.previous", "out"}


def test_a_data_file_that_was_edited_is_not_replaced(tmp_path: Path) -> None:
    _data_set(tmp_path / "out")
    (file,) = (tmp_path / "out").rglob("*.parquet")
    file.write_bytes(b"mine")
    with pytest.raises(ExportError) as caught:
        _data_set(tmp_path / "out", "Eva")
    assert caught.value.path == file
    assert file.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["../mine.txt", "/etc/hostname", "a/../../mine.txt"])
def test_a_manifest_names_only_files_inside(tmp_path: Path, name: str) -> None:
    _data_set(tmp_path / "out")
    path = tmp_path / "out" / MANIFEST_NAME
    values = json.loads(path.read_bytes())
    for change in ("files", "splits"):
        changed = json.loads(json.dumps(values))
        if change == "files":
            changed["files"][name] = "00"
        else:
            changed["configs"]["default"]["train"]["files"] = [name]
        path.write_text(json.dumps(changed))
        with pytest.raises(ExportError):
            read_manifest(tmp_path / "out")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' + "9" * 5000 + "}", "null", '{"format": 1}', "\udcff"])
def test_a_hostile_manifest_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ExportError) as caught:
        read_manifest(tmp_path)
    assert "\n" not in caught.value.message


def test_a_folder_that_is_a_link_is_the_folder_it_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    _data_set(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real" / MANIFEST_NAME).is_file()
