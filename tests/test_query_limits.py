"""``xprojdb query``: values of every type in every form, and what ends a query."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import XPROJDB
from pydantic import ValidationError

from xprojdb.cli.main import group
from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.provenance.query import ask

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT count(*) FROM generate_series(1, 1000000000000) AS n",
}
VALUES = {
    "sqlite": [
        ("x'6162ff'", "\\x6162ff"),
        ("1e999", "inf"),
        ("9223372036854775807", 9223372036854775807),
        ("'=1'", "=1"),
    ],
    "postgresql": [
        ("1.50::numeric", 1.5),
        ("12345678901234567890::numeric", 12345678901234567890),
        ("'NaN'::numeric", "nan"),
        ("TIMESTAMP '2026-01-02 03:04:05'", "2026-01-02T03:04:05"),
        ("DATE '2026-01-02'", "2026-01-02"),
        ("INTERVAL '1 day 2 hours'", "1 day, 2:00:00"),
        ("'\\x6162ff'::bytea", "\\x6162ff"),
        ("'infinity'::float8", "inf"),
        ("ARRAY[1, 2]", [1, 2]),
        ("'{\"a\": [1, null]}'::jsonb", {"a": [1, None]}),
        ("'00000000-0000-0000-0000-000000000001'::uuid", "00000000-0000-0000-0000-000000000001"),
        ("true", True),
        ("int4range(1, 3)", "[1, 3)"),
    ],
}


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "table", "parquet"])
def test_every_type_of_value_in_every_form(
    run_cli: Any, database: Database, address: str, tmp_path: Path, form: str
) -> None:
    values = VALUES[database.engine.dialect.name]
    sql = "SELECT " + ", ".join(f"{text} AS c{place}" for place, (text, _) in enumerate(values))
    out = tmp_path / "out"
    ended = run_cli("--db", address, "query", sql, "--format", form, "-o", out)
    assert (ended.code, ended.stderr) == (0, "")
    expected = [value for _, value in values]
    if form in ("json", "jsonl"):
        read = json.loads(out.read_text())
        assert list((read[0] if form == "json" else read).values()) == expected
    elif form == "csv":
        assert next(csv.reader(io.StringIO(out.read_text().partition("\n")[2]))) == [str(value) for value in expected]
    elif form == "parquet":
        assert pytest.importorskip("pyarrow.parquet").read_table(out).num_columns == len(values)
    else:
        assert "c0" in out.read_text()


def test_a_column_of_several_types_is_text_in_parquet(run_cli: Any, sqlite_database: Database, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    sql = "SELECT 1 AS a UNION ALL SELECT 'x' UNION ALL SELECT x'00' UNION ALL SELECT NULL"
    assert run_cli("--db", sqlite_database.url, "query", sql, "--format", "parquet", "-o", tmp_path / "x").code == 0
    read = parquet.read_table(tmp_path / "x")["a"].to_pylist()
    assert sorted(read, key=str) == sorted(["1", "x", "\\x00", None], key=str)


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_two_columns_of_one_name_are_no_object(run_cli: Any, address: str, form: str) -> None:
    ended = run_cli("--db", address, "query", "SELECT 1 AS a, 2 AS a", "--format", form)
    assert (ended.code, ended.stdout) == (2, "")
    assert run_cli("--db", address, "query", "SELECT 1 AS a, 2 AS a", "--format", "csv").stdout == "a,a\n1,2\n"


def test_an_error_after_the_first_row_is_one_line(
    run_cli: Any, database: Database, address: str, tmp_path: Path
) -> None:
    sql = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9000) "
        "SELECT abs(CASE i WHEN 8000 THEN -9223372036854775807 - 1 ELSE i END) AS x FROM n",
        "postgresql": "SELECT 1 / (8000 - n) AS x FROM generate_series(1, 9000) AS n",
    }[database.engine.dialect.name]
    for where in ((), ("-o", str(tmp_path / "x.csv"))):
        ended = run_cli("--db", address, "query", sql, "--format", "csv", *where)
        assert ended.code == 2
        assert "Traceback" not in ended.stderr
    assert not (tmp_path / "x.csv").exists()


def test_a_query_that_takes_too_long_is_stopped(database: Database) -> None:
    with pytest.raises(UsageError) as caught, ask(database, ENDLESS[database.engine.dialect.name], 0.2) as answer:
        list(answer.blocks)
    assert caught.value.timeout == 0.2
    with ask(database, "SELECT 1 AS a", 60) as answer:
        assert list(answer.blocks) == [[(1,)]]


def test_a_query_whose_every_row_comes_at_once_is_stopped_too(database: Database) -> None:
    """Of a result that is fetched in parts, no part takes long."""
    sql = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        "postgresql": "SELECT generate_series(1, 100000000000)",
    }
    with pytest.raises(UsageError) as caught, ask(database, sql[database.engine.dialect.name], 0.3) as answer:
        for _ in answer.blocks:
            pass
    assert caught.value.timeout == 0.3


def test_ctrl_c_stops_a_query(database: Database, address: str, child_env: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    # Whether it is under way is told by the trace of its import of the last module that it needs.
    command = [str(XPROJDB), "--db", address, "query", ENDLESS[database.engine.dialect.name]]
    env = {**child_env, "PYTHONPROFILEIMPORTTIME": "1"}
    with log.open("w") as stderr, subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=stderr) as child:
        while "xprojdb.db.limits" not in log.read_text():
            assert child.poll() is None
        try:
            child.wait(1.5)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    "sql", ["EXPLAIN SELECT * FROM label", "VALUES (1), (2)", "WITH a AS (SELECT 1) SELECT * FROM a;"]
)
def test_what_reads_is_allowed(database: Database, sql: str) -> None:
    with ask(database, sql) as answer:
        assert [row for block in answer.blocks for row in block]


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH 'other.db' AS other",
        "ATTACH 'file:other.db?mode=rwc' AS other",
        "VACUUM INTO 'other.db'",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "COPY (SELECT 1) TO 'other.db'",
        "/* /* nested */ */ COPY (SELECT 1) TO '{folder}/other'",
        "-- ends with a carriage return\rCOPY (SELECT 1) TO PROGRAM 'touch {folder}/other'",
        "DO $$ BEGIN COPY (SELECT 1) TO '{folder}/other'; END $$",
        "SELECT lo_export(1, '{folder}/other')",
        "SELECT pg_read_file('/etc/hostname')",
        "SELECT pg_reload_conf()",
        "EXPLAIN SELECT E'\\''; COMMIT; DELETE FROM corpus; --'",
        "SELECT E'\\''; COMMIT; DELETE FROM corpus; --'",
        "SELECT length(zeroblob(200000000))",
        "SELECT 1; DELETE FROM corpus",
        "SELECT 1; COMMIT; INSERT INTO corpus (name) VALUES ('x')",
        "SELECT '\0'",
        "SELECT '\ud800'",
        "SELECT ';' ; SELECT 2",
    ],
)
def test_nothing_is_made_or_changed(
    database: Database, row_counts: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sql: str
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.chmod(0o777)
    sql = sql.replace("{folder}", str(folder))
    before = row_counts(database)
    with pytest.raises(UsageError) as caught, ask(database, sql) as answer:
        list(answer.blocks)
    assert caught.value.sql == sql
    assert list(folder.iterdir()) == []
    assert row_counts(database) == before


def test_semicolons_in_texts_and_comments_are_no_ends(database: Database) -> None:
    with ask(database, "SELECT ';a' AS \"b;\" -- c; d\n /* e; */ ;") as answer:
        assert list(answer.blocks) == [[(";a",)]]
    with ask(database, "SELECT name FROM corpus") as answer:
        assert list(answer.blocks) == []


def test_formulas_are_escaped_when_asked(run_cli: Any, address: str) -> None:
    sql = "SELECT '=1+1' AS a, '@x' AS b, -1 AS c, 'x' AS d"
    ended = run_cli("--db", address, "query", sql, "--format", "csv", "--escape-formulas")
    assert ended.stdout == "a,b,c,d\n'=1+1,'@x,-1,x\n"
    assert run_cli("--db", address, "query", sql, "--escape-formulas").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "--resamples", "1" + "0" * 23),
        ("study", "report", "s", "folder", "--resamples", "0"),
        ("study", "report", "s", "folder", "--resamples", "1" + "0" * 23),
        ("compare", "--resamples", "1" + "0" * 23),
        ("tune", "--folds", "1" + "0" * 20),
        ("ask", "weakest", "--limit", "1" + "0" * 20),
        ("diff", "a", "b", "--limit", "1" + "0" * 20),
        ("query", "SELECT 1", "--timeout", "1e300"),
        ("query", "SELECT 1", "--timeout", "nan"),
        ("run", "x.toml", "--limit", "1" + "0" * 30),
        ("run", "x.toml", "--workers", "1" + "0" * 30),
        ("run", "x.toml", "--batch-timeout", "nan"),
    ],
)
def test_absurd_values_are_refused_at_once(run_cli: Any, sqlite_database: Database, arguments: tuple[str, ...]) -> None:
    ended = run_cli("--db", sqlite_database.url, *arguments)
    assert ended.code == 2, ended.stderr
    option = next(text for text in arguments if text.startswith("--"))
    assert f"Invalid value for '{option}'" in ended.stderr


def numeric_options(command: click.Command) -> Iterator[click.Option]:
    """The options of a command and of all below it that take a number."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from numeric_options(command.get_command(context, name))
        return
    kinds = (click.types.IntParamType, click.types.FloatParamType)
    yield from (
        option for option in command.params if isinstance(option, click.Option) and isinstance(option.type, kinds)
    )


def test_every_number_has_bounds() -> None:
    """Of the command line, or of the table of a recipe that the option overrides."""
    options = list(numeric_options(group))
    assert len(options) > 100
    unbounded = set()
    for option in options:
        if getattr(option.type, "min", None) is None or getattr(option.type, "max", None) is None:
            unbounded.add(option.name)
            continue
        for value in ("1" + "0" * 23, "-1", "nan", "inf"):
            with pytest.raises(click.BadParameter):
                option.type.convert(value, option, None)
    assert unbounded <= set(ExportTable.model_fields)
    for name in unbounded:
        for value in (10**23, float("nan"), float("inf")):
            with pytest.raises(ValidationError):
                ExportTable.model_validate({name: value})
