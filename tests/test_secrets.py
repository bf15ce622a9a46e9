"""Passwords of databases are in no message, no traceback and no row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projection_sample import Diagonal, english, german, import_sample, plan_of
from sqlalchemy import make_url, select

from xprojdb.db import Database
from xprojdb.db.opening import open_database, parse_address
from xprojdb.db.tables import failure
from xprojdb.errors import DatabaseError, UsageError, XprojdbError
from xprojdb.execution.run import run_plan
from xprojdb.masking import masked

PASSWORD = "hush-Me1"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://user:{PASSWORD}@127.0.0.1:1/x",
        f"postgresql://user:{PASSWORD}@127.0.0.1:port/x",
        f"postgresql://user:a@{PASSWORD}@127.0.0.1:1/x",
        f"postgresql://user:a/{PASSWORD}@127.0.0.1:1/x",
        f"postgresql://user@127.0.0.1:1/x?password={PASSWORD}",
        f"postgresql://user@127.0.0.1:1/x?sslpassword={PASSWORD}&sslmode=bogus",
        f"postgresql://user:x@127.0.0.1:1/x?{PASSWORD}=1&password={PASSWORD}",
        f"postgresql://user@127.0.0.1:1/x?options=-c%20app.password%3D{PASSWORD}",
        f"postgresql://user@127.0.0.1:1/x?scram_client_key={PASSWORD}",
        f"postgresql://user@127.0.0.1:1/x?oauth_client_secret={PASSWORD}",
        f"postgresql://user@127.0.0.1:1/x?password={PASSWORD}&password={PASSWORD}",
        f"postgresql://user:{PASSWORD}@127.0.0.1:1/x?connect_timeout=soon",
        f"mysql://user:{PASSWORD}@127.0.0.1/x",
        f"nonsense://user:{PASSWORD}@[127.0.0.1/x",
        f"postgres:://user:{PASSWORD}@h/x",
    ],
)
def test_no_error_of_an_address_has_its_password(run_cli: Any, address: str) -> None:
    pytest.importorskip("psycopg")
    status, copy = ("--db", address, "status"), ("db", "copy", "a.db", address)
    for arguments in (status, copy, ("--debug", *status)):
        ended = run_cli(*arguments)
        assert ended.code in (1, 2)
        assert PASSWORD not in ended.stdout + ended.stderr
        assert arguments[0] == "--debug" or "Traceback" not in ended.stderr
    with pytest.raises(XprojdbError) as caught:
        open_database(address)
    assert PASSWORD not in f"{caught.value.message}{caught.value.hint}{caught.value.fields}"


def test_a_password_with_an_at_sign_is_told_how_to_be_written() -> None:
    with pytest.raises(UsageError) as caught:
        parse_address("postgresql://user:a@b@host/x")
    assert "%40" in str(caught.value.hint)


@pytest.mark.parametrize("address", [f"host=h dbname=d password={PASSWORD}", f"password = '{PASSWORD} x'"])
def test_an_address_of_keywords_becomes_no_file(run_cli: Callable[..., Any], address: str, tmp_path: Path) -> None:
    with open_database(tmp_path / "a.db", create=True):
        pass
    for arguments in (("--db", address, "db", "upgrade"), ("db", "copy", "a.db", address)):
        ended = run_cli(*arguments)
        assert ended.code == 2
        assert "postgresql://USER@HOST/NAME" in ended.stderr
        assert PASSWORD not in ended.stdout + ended.stderr
    assert not [path.name for path in tmp_path.iterdir() if "=" in path.name]


def test_what_a_server_repeats_is_masked(postgres_server: Any) -> None:
    address = postgres_server.set(password=PASSWORD, database=f"no_{PASSWORD}").render_as_string(hide_password=False)
    with pytest.raises(DatabaseError) as caught:
        open_database(address)
    assert PASSWORD not in f"{caught.value.message}{caught.value.hint}{caught.value.fields}"


def test_the_address_that_is_shown_has_no_secret_in_its_query(postgres_server: Any) -> None:
    url = make_url(postgres_server).update_query_dict({"sslpassword": PASSWORD})
    address = url.render_as_string(hide_password=False)
    with pytest.raises(DatabaseError) as caught:
        open_database(address)
    assert PASSWORD not in caught.value.message
    assert PASSWORD not in json.dumps(caught.value.fields)


class Telling(Diagonal):
    """Fails with an address in its message, and with what no database takes."""

    def align(self, _pairs: Any) -> Any:
        raise RuntimeError(f"cannot reach postgresql://user:{PASSWORD}@host/x \0 \ud800")


def test_a_failure_is_kept_without_secrets_and_in_plain_characters(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(1), "de": german(1)})
    run_plan(database, plan_of(database, tmp_path, aligner=Telling()))
    with database.read() as connection:
        (row,) = connection.execute(select(failure.c.message, failure.c.traceback))
    assert PASSWORD not in str(row)
    assert row.message == "cannot reach postgresql://user:***@host/x \\x00 \\ud800"


def test_short_passwords_do_not_mask_other_words() -> None:
    parse_address("postgresql://user:abc@host/x")
    assert masked("abc in postgresql://user:abc@host/x?password=abc&x=1") == (
        "abc in postgresql://user:***@host/x?password=***&x=1"
    )


def test_the_traceback_of_a_bug_has_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from xprojdb.cli import main

    def fails(*_: Any, **__: Any) -> None:
        raise ValueError(f"cannot parse postgresql://user:{PASSWORD}@host/x \x1b[31m")

    monkeypatch.setattr(main.group, "main", fails)
    with pytest.raises(SystemExit) as caught:
        main.main()
    told = capsys.readouterr().err
    assert caught.value.code == 1
    assert "Traceback" in told
    assert "ValueError: cannot parse postgresql://user:***@host/x \\x1b[31m" in told
