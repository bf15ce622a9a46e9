"""What a command is told to write to is never destroyed, and every terminal can read what it prints."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import XPROJDB
from projection_sample import english, german, import_sample, plan_of
from rich.console import Console

from xprojdb.api.results.display.rendering import table
from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_conll, export_dataset
from xprojdb.exports.errors import ExportError
from xprojdb.exports.outputs import output_file
from xprojdb.planning.planner import Plan

ASKED = ("query", "SELECT 1 AS one", "--format", "csv")
CSV = "one\n1\n"


@pytest.fixture
def done(sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": [f"中文 {line}" for line in german(6)]})
    plan = plan_of(sqlite_database, tmp_path)
    run_plan(sqlite_database, plan)
    return plan


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        device.write_bytes(b"")
    except OSError as error:
        pytest.skip(f"devices cannot be made here: {error}")
    with output_file(device) as file:
        file.write(b"gone")
    assert stat.S_ISCHR(device.stat().st_mode)
    assert list(tmp_path.iterdir()) == [device]


def test_a_fifo_is_written_to(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    with output_file(fifo) as file:
        file.write(b"all of it")
    reader.join(60)
    assert read == [b"all of it"]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_the_mode_of_a_file_is_kept(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"old")
    secret.chmod(0o600)
    with output_file(secret) as file:
        assert file.sha256
        file.write(b"new")
    assert (secret.read_bytes(), stat.S_IMODE(secret.stat().st_mode)) == (b"new", 0o600)


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    with output_file(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("place", ["", "missing/file"])
def test_a_folder_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(ExportError) as caught, output_file(tmp_path / place):
        pass
    assert caught.value.path == tmp_path / place
    assert list(tmp_path.iterdir()) == []


def test_exports_keep_the_modes_of_what_they_replace(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    for _ in range(2):
        export_conll(sqlite_database, done, tmp_path / "conll")
        export_dataset(sqlite_database, done, tmp_path / "hf")
        files = [path for folder in ("conll", "hf") for path in (tmp_path / folder).rglob("*") if path.is_file()]
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (*files, tmp_path / "hf")}
        for path in files:
            path.chmod(0o600)
        (tmp_path / "hf").chmod(0o700)
    assert len(files) == 4
    assert modes == {0o600, 0o700}


def test_standard_output_can_be_named(sqlite_database: Database, tmp_path: Path, child_env: dict[str, str]) -> None:
    command = [str(XPROJDB), "--db", sqlite_database.url, *ASKED, "-o", "/dev/stdout"]
    piped = subprocess.run(command, env=child_env, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, CSV, "")
    with (tmp_path / "log").open("w+") as log:
        log.write("before\n")
        log.flush()
        subprocess.run(command, env=child_env, stdout=log, timeout=60, check=True)
    assert (tmp_path / "log").read_text() == f"before\n{CSV}"


def test_a_reader_that_has_enough_is_no_error(sqlite_database: Database, child_env: dict[str, str]) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i FROM n"
    command = [str(XPROJDB), "--db", sqlite_database.url, "query", many, "--format", "csv", "-o", "/dev/stdout"]
    child = subprocess.Popen(command, env=child_env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(60) == 1


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_locale_without_unicode_gives_readable_output(
    sqlite_database: Database, done: Plan, child_env: dict[str, str], encoding: str
) -> None:
    def asked(*arguments: str) -> str:
        command = [str(XPROJDB), "--db", sqlite_database.url, *arguments]
        env = {**child_env, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
        ended = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
        assert b"Traceback" not in ended.stderr
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.decode(encoding)

    assert done.projections
    words = "SELECT words FROM sentence WHERE lang = 'de' ORDER BY id LIMIT 1"
    assert "\\u4e2d\\u6587" in asked("explain", "news/de/all-1")
    assert json.loads(asked("query", words, "--json"))[0]["words"].startswith('["中文"')
    ((_, line),) = [tuple(row[0] for row in csv.reader(io.StringIO(asked("query", words, "--format", "csv"))))]
    assert line.startswith('["\\u4e2d\\u6587"')
    assert asked("status")
    assert "->" in asked("query", "SELECT '→ –' AS a")
    dashes = asked("query", "SELECT '–' AS a", "--format", "csv")
    assert dashes == ("a\n–\n" if encoding == "cp1252" else "a\n\\u2013\n")


@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_a_narrow_table_keeps_its_first_columns_and_every_number(width: int) -> None:
    numbers = [f"number{place}>" for place in range(9)]
    shown = table("labels", "label", *numbers)
    for lang in ("de", "sw"):
        shown.add_row(f"en → {lang}", "all", *(f"{100 + place}.0" for place in range(9)))
    out = Console(width=width, file=io.StringIO(), highlight=False)
    out.print(shown)
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if line.startswith("en → de")]
    assert [figure for line in rows for figure in line.split()[4:]] == [f"{100 + place}.0" for place in range(9)]
    assert all(line.split()[3] == "all" for line in rows)


def test_long_texts_are_folded_beside_numbers() -> None:
    shown = table("name", "text", "score>")
    shown.add_row("a", "word " * 40, "0.5")
    out = Console(width=40, file=io.StringIO(), highlight=False)
    out.print(shown)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert text.count("word") == 40
    assert "0.5" in text
    assert max(map(len, text.splitlines())) <= 40


@pytest.mark.slow
@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("name", ["evaluate", "status"])
def test_commands_on_a_narrow_terminal(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path, child_env: Any, width: int, name: str
) -> None:
    from xprojdb.importing.files import CorpusInfo, corpus_file, import_files

    gold = [line.replace("Anna Berg", "Anna/B-PER Berg/I-PER").replace("Turin", "Turin/B-LOC") for line in german(6)]
    files = [(write_conll("gold.en.conll", *english(6)), "en"), (write_conll("gold.de.conll", *gold), "de")]
    described = [corpus_file(path, lang, form="conll") for path, lang in files]
    import_files(sqlite_database, CorpusInfo("news"), described, parallel=True)
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    shown = _on_terminal([str(XPROJDB), "--db", sqlite_database.url, name], {**child_env, "COLUMNS": str(width)})
    if name != "status":
        assert "100.0" in shown
        assert "en → de" in shown or "sample" in shown


def _on_terminal(command: list[str], env: dict[str, str]) -> str:
    """What a command prints on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env={**env, "TERM": "dumb"}, stdout=theirs, stderr=subprocess.PIPE) as child:
        os.close(theirs)
        parts = []
        # Linux ends a terminal's output with an error.
        try:
            while part := os.read(ours, 1 << 16):
                parts.append(part)
        except OSError:
            os.close(ours)
        assert child.stderr is not None
        assert child.stderr.read() == b""
        assert child.wait(60) == 0
    return b"".join(parts).decode()
