"""Words with control and direction characters, which real texts have: every place that shows them writes these out."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from children import HANG
from conftest import XPROJDB
from projection_sample import import_sample, plan_of

from xprojdb.api.database import Database as Api
from xprojdb.api.database import open as open_api
from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.printable import escaped_lines

CSI, BACKWARDS = "\x9b31m", "\u202e"
EN = (f"Anna{CSI}/B-PER met{BACKWARDS} Lin/B-PER", f"{BACKWARDS}Turin/B-LOC sleeps{CSI}", "=2+3/B-ORG wins")
DE = (f"Anna{CSI} traf{BACKWARDS} Lin", f"{BACKWARDS}Turin schläft{CSI}", "=2+3 gewinnt")


@pytest.fixture
def address(sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> str:
    """A database with labels on such words."""
    import_sample(sqlite_database, write_conll, {"en": EN, "de": DE})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    return str(sqlite_database.engine.url.database)


def _is_shown(text: str) -> None:
    """Nothing that a terminal or a page would obey is in a text, and what it stands for is."""
    assert escaped_lines(text) == text
    assert "Turin" in text or "Anna" in text


COMMANDS = {
    "explain": ["explain", "news/de/all-1"],
    "explain as JSON": ["explain", "news/de/all-2", "--json"],
    "a question": ["ask", "low-margin"],
    "a query": ["query", "SELECT sentence, text, label FROM v_label"],
    "a query as JSON": ["query", "SELECT words FROM sentence", "--format", "json"],
    "JSON lines": ["query", "SELECT text FROM v_label", "--format", "jsonl"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_commands_show_them_written_out(address: str, run_cli: Any, name: str) -> None:
    done = run_cli("--db", address, *COMMANDS[name])
    assert done.code == 0, done.stderr
    _is_shown(done.stdout)


@pytest.mark.slow
def test_data_on_a_terminal_is_written_out_and_exact_elsewhere(address: str, child_env: dict[str, str]) -> None:
    command = [str(XPROJDB), "--db", address, "query", "SELECT text FROM v_label", "--format", "csv"]
    exact = subprocess.run(command, env=child_env, capture_output=True, timeout=HANG, check=True).stdout.decode()
    assert f"Anna{CSI}" in exact
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command, env=child_env, stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # how a terminal without anybody on it ends
        pass
    child.communicate(timeout=HANG)
    os.close(ours)
    _is_shown(shown.decode().replace("\r\n", "\n"))


@pytest.fixture
def api(address: str) -> Any:
    with open_api(address) as opened:
        yield opened


def test_notebooks_show_them_written_out(api: Api) -> None:
    for result in (
        api.explain("news/de/all-1"),
        api.ask("low-margin"),
        api.labels(),
        api.query("SELECT text FROM v_label"),
    ):
        page = result._repr_html_()
        assert escaped_lines(page) == page


def test_pages_show_them_written_out(address: str, run_cli: Any, tmp_path: Path) -> None:
    done = run_cli("--db", address, "browse", "--static", tmp_path / "pages")
    assert done.code == 0, done.stderr
    pages = [*(tmp_path / "pages").rglob("*.html"), *(tmp_path / "pages").rglob("*.svg")]
    texts = [path.read_text(encoding="utf-8") for path in pages]
    assert any("Anna" in text for text in texts)
    for text in texts:
        assert escaped_lines(text) == text


def test_cards_show_them_written_out(address: str, run_cli: Any, tmp_path: Path) -> None:
    done = run_cli("--db", address, "export", "hf", tmp_path / "set")
    assert done.code == 0, done.stderr
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert escaped_lines(card) == card


def test_exports_have_them_as_they_are(address: str, run_cli: Any, tmp_path: Path) -> None:
    done = run_cli("--db", address, "export", "jsonl", tmp_path / "set")
    assert done.code == 0, done.stderr
    lines = [line for path in (tmp_path / "set").rglob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    assert any(f"Anna{CSI}" in json.loads(line)["tokens"] for line in lines)


@pytest.mark.slow
def test_a_question_without_formulas(address: str, run_cli: Any, tmp_path: Path) -> None:
    for options, cell in (([], "=2+3"), (["--escape-formulas"], "'=2+3")):
        done = run_cli("--db", address, "ask", "low-margin", "--format", "csv", "-o", tmp_path / "rows.csv", *options)
        assert done.code == 0, done.stderr
        cells = [entry for line in (tmp_path / "rows.csv").read_text("utf-8").splitlines() for entry in line.split(",")]
        assert cell in cells
        assert ("=2+3" in cells) != bool(options)
    refused = run_cli("--db", address, "ask", "low-margin", "--escape-formulas")
    assert (refused.code, "--format csv" in refused.stderr) == (2, True)
