"""Text of others is text: refused at import where no file could hold it, and shown without being obeyed."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xprojdb.api.results.display.rendering import PlainConsole, table
from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.exports.card.markdown import fenced, inline
from xprojdb.exports.card.text import read_card
from xprojdb.exports.errors import ExportError
from xprojdb.importing.files import CorpusInfo, ImportRefused, corpus_file, import_files
from xprojdb.printable import escaped, escaped_json
from xprojdb.readers.huggingface.parquet import read_parquet
from xprojdb.readers.json.lines import read_jsonl
from xprojdb.readers.records import ReadError

RED, BACKWARDS = "\x9b31m", "\u202e"


def jsonl(tmp_path: Path, *items: Any) -> Path:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return path


@pytest.mark.parametrize("label", ["P ER", "PER\u00a0", f"PER{BACKWARDS}", f"PER{RED}", "x" * 1001])
def test_labels_in_json_lines_are_checked_as_in_conll(tmp_path: Path, label: str) -> None:
    path = jsonl(tmp_path, {"tokens": ["a"], "ner_tags": ["O"]}, {"tokens": ["a"], "ner_tags": [f"B-{label}"]})
    with pytest.raises(ReadError) as caught:
        list(read_jsonl(path, "en"))
    assert (caught.value.line, caught.value.reason) == (2, "label")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("name", [f"a{BACKWARDS}", f"a{RED}"])
def test_ids_that_are_not_shown_everywhere_are_refused(
    database: Database, row_counts: Any, tmp_path: Path, name: str
) -> None:
    path = jsonl(tmp_path, {"tokens": ["a"], "id": "1"}, {"tokens": ["a"], "id": name})
    before = row_counts(database)
    with pytest.raises(ImportRefused) as caught:
        import_files(database, CorpusInfo("news"), [corpus_file(path, "en")])
    assert (caught.value.line, caught.value.kind) == (2, "id")
    assert caught.value.message.isprintable()
    assert row_counts(database) == before


@pytest.mark.parametrize("key", ["name", "license", "url", "version"])
def test_names_of_a_corpus_are_refused_too(sqlite_database: Database, tmp_path: Path, key: str) -> None:
    info = CorpusInfo(**{"name": "news", key: f"a{BACKWARDS}"})
    with pytest.raises(UsageError):
        import_files(sqlite_database, info, [corpus_file(jsonl(tmp_path, {"tokens": ["a"]}), "en")])


@pytest.mark.parametrize(
    "line", ["[" * 100_000, '{"tokens": ["a"], "id": ' + "9" * 4301 + "}", '{"tokens": [1]}', '{"tokens": "a"}']
)
def test_hostile_json_is_one_line_with_its_place(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"tokens": ["a"], "id": "1"}\n' + line)
    with pytest.raises(ReadError) as caught:
        list(read_jsonl(path, "en"))
    assert caught.value.line == 2
    assert caught.value.message.isprintable()


def test_parquet_of_other_libraries(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    words = pa.array([["Ana", "goes"]], pa.large_list(pa.large_string()))
    tags = pa.array([["B-PER", "O"]], pa.large_list(pa.large_string()))
    pq.write_table(pa.table({"tokens": words, "ner_tags": tags}), tmp_path / "large.parquet")
    (record,) = read_parquet(tmp_path / "large.parquet")
    assert (record.words, record.entities) == (("Ana", "goes"), ((0, 1, "PER"),))
    for name, columns in {
        "doubled": [("tokens", words), ("tokens", words), ("ner_tags", tags)],
        "numbers": [("tokens", pa.array([[1, 2]])), ("ner_tags", tags)],
    }.items():
        pq.write_table(
            pa.Table.from_arrays([entry for _, entry in columns], [entry for entry, _ in columns]), tmp_path / name
        )
        with pytest.raises(ReadError) as caught:
            list(read_parquet(tmp_path / name))
        assert caught.value.field == "tokens"


def test_a_terminal_obeys_no_foreign_text() -> None:
    out = PlainConsole(file=io.StringIO(), force_terminal=True, width=200, markup=False)
    shown = table("a")
    shown.add_row(f"[red]{RED}{BACKWARDS}\x1b]0;x\x07[/nothing]")
    out.print(shown)
    out.print(f"{RED}[/x]", style="bold")
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.file.getvalue())  # type: ignore[attr-defined]
    assert escaped(text.replace("\n", "")) == text.replace("\n", "")
    assert "[red]" in text
    assert "[/nothing]" in text
    assert "\\u202e" in text


def test_json_shows_the_same_values_in_plain_characters() -> None:
    value = {"a": f"{RED}{BACKWARDS}\u2028\x7fé中"}
    text = escaped_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert text.isprintable()
    assert "é中" in text


def test_markdown_has_no_tag_picture_or_direction() -> None:
    text = inline(f"<script>x</script> <!-- a ![x](http://h/x.png) &#x202e; {BACKWARDS}")
    assert not re.search(r"<|!\[|&#|\u202e", text)
    assert BACKWARDS not in fenced(f"a\n{BACKWARDS}")


@pytest.mark.parametrize("front", ["- a\n", "", "license: [{}]\n"])
def test_odd_cards_are_read(tmp_path: Path, front: str) -> None:
    (tmp_path / "README.md").write_text(f"---\n{front}---\n{RED}")
    assert read_card(tmp_path).body == RED


@pytest.mark.parametrize(
    "front", ['pretty_name: "\n', 'pretty_name: "\\x"\n', "license:\n- [\n", "a: &a [*a\n", f"{RED}:\n"]
)
def test_hostile_cards_are_refused_in_a_line(tmp_path: Path, front: str) -> None:
    (tmp_path / "README.md").write_text(f"---\n{front}---\n")
    with pytest.raises(ExportError, match="is not YAML") as refused:
        read_card(tmp_path)
    assert "\n" not in str(refused.value)


def test_an_argument_that_is_no_utf_8_is_one_line(run_cli: Callable[..., Any], sqlite_database: Database) -> None:
    ended = run_cli("--db", sqlite_database.url, "explain", "a\udcff")
    assert ended.code == 2
    assert "Traceback" not in ended.stderr
    assert "argument 4" in ended.stderr
