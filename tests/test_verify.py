"""``xprojdb verify`` finds each kind of damage, and a repair and a run give back the undisturbed tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from damaged import COMBINE, build, by_name, conll_file, hurting, import_news, made
from several_sample import run_combined
from sqlalchemy import text

from xprojdb.db import Database, open_database
from xprojdb.maintenance.vacuum import vacuum
from xprojdb.maintenance.verify import verify

pytestmark = pytest.mark.slow

Write = Callable[..., Path]
Undisturbed = tuple[Database, dict[str, Any], Callable[[], None]]


@pytest.fixture
def whole(database: Database, write_conll: Write, tmp_path: Path) -> Undisturbed:
    """A database in which nothing is wrong, what runs have made, and a way to import and run again."""
    build(database, write_conll, tmp_path)
    return database, made(database), partial(_again, database, write_conll, tmp_path)


def _again(database: Database, write_conll: Write, folder: Path) -> None:
    import_news(database, write_conll)
    run_combined(database, folder, COMBINE)


@pytest.fixture(scope="module")
def built(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with everything in it, and beside it what it was made from."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copyfile(sqlite_template, folder / "built.db")
    with open_database(folder / "built.db") as database:
        build(database, partial(conll_file, folder), folder)
        assert verify(database).damage == 0
        vacuum(database)
    return folder / "built.db"


@pytest.fixture
def whole_file(built: Path, tmp_path: Path) -> Iterator[Undisturbed]:
    """A copy of it: the damages are many, the ways to mend them are few, so that most are tried on SQLite alone."""
    shutil.copyfile(built, tmp_path / "copy.db")
    with open_database(tmp_path / "copy.db") as database:
        yield database, made(database), partial(_again, database, partial(conll_file, built.parent), built.parent)


def _found(database: Database) -> dict[str, int]:
    return {check.name: check.count for check in verify(database).checks if check.count}


def _hurt(database: Database, *statements: str) -> None:
    with hurting(database) as connection:
        for statement in statements:
            # Otherwise the test would hurt nothing and prove nothing.
            assert connection.execute(text(statement)).rowcount != 0, statement


#: what is done, and the check that finds it
DAMAGE = [
    ("DELETE FROM label WHERE translation_id = {link} AND sentence_id = {de1}", "outcomes without rows"),
    ("DELETE FROM label WHERE ordinal = 0 AND translation_id <> 0 AND sentence_id = {de1}", "gaps"),
    ("DELETE FROM label WHERE translation_id = 0 AND sentence_id = {de1}", "votes of nothing"),
    ("DELETE FROM alignment WHERE translation_id = {link}", "outcomes without rows"),
    ("DELETE FROM candidate WHERE translation_id = {link}", "outcomes without rows"),
    ("DELETE FROM artifact", "outcomes without rows"),
    ("DELETE FROM vote WHERE sentence_id = {de1}", "votes of nothing"),
    ("DELETE FROM outcome WHERE step_id = (SELECT min(step_id) FROM alignment)", "rows without an outcome"),
    ("DELETE FROM outcome WHERE step_id = (SELECT max(step_id) FROM label)", "rows without an outcome"),
    ("UPDATE outcome SET status = 'empty' WHERE step_id = (SELECT min(step_id) FROM label)",
     "rows despite the outcome"),
    ("UPDATE outcome SET status = 'oj' WHERE step_id = (SELECT min(step_id) FROM label)", "rows despite the outcome"),
    ("UPDATE label SET end_word = 90 WHERE ordinal = 0 AND sentence_id = {de1}", "spans out of range"),
    ("UPDATE label SET start_word = -1 WHERE ordinal = 0 AND sentence_id = {de1}", "spans out of range"),
    ("UPDATE label SET end_word = start_word WHERE ordinal = 0 AND sentence_id = {de1}", "spans out of range"),
    ("UPDATE vote SET end_word = 90 WHERE ordinal = 0 AND sentence_id = {de1}", "spans out of range"),
    ("UPDATE candidate SET end_word = 90 WHERE translation_id = {link} AND end_word = 4", "spans out of range"),
    ("UPDATE label SET end_word = end_word + 1, start_word = 0 WHERE ordinal = 1 AND sentence_id = {de1}", "overlaps"),
    ("UPDATE alignment SET links = '0-0:0.5 0-77:0.5' WHERE translation_id = {link}", "links out of range"),
    ("UPDATE alignment SET links = 'nonsense' WHERE translation_id = {link}", "links out of range"),
    ("UPDATE label SET entity_ordinal = 8 WHERE ordinal = 0 AND sentence_id = {de1} AND translation_id <> 0",
     "labels of no entity"),
    ("UPDATE candidate SET entity_ordinal = 8 WHERE translation_id = {link} AND entity_ordinal = 1",
     "labels of no entity"),
    ("UPDATE vote SET voter_step_id = 777 WHERE sentence_id = {de1}", "votes of nothing"),
    ("UPDATE vote SET translation_id = 777 WHERE sentence_id = {de1}", "votes of nothing"),
    ("UPDATE alignment SET translation_id = 777 WHERE translation_id = {link}", "dangling keys"),
    ("UPDATE label SET sentence_id = 777 WHERE sentence_id = {de1}", "dangling keys"),
    ("UPDATE label SET translation_id = 777 WHERE translation_id = {link}", "dangling keys"),
    ("UPDATE candidate SET step_id = 777", "dangling keys"),
    ("UPDATE outcome SET item_id = 777 WHERE item_id = {link} AND step_id = (SELECT min(step_id) FROM alignment)",
     "dangling keys"),
    ("UPDATE artifact SET content = '{{\"weights\": {{}}}}'", "artifact digests"),
    ("UPDATE artifact SET digest = 'x'", "artifact digests"),
    ("UPDATE step SET params = '{{}}' WHERE id = (SELECT min(step_id) FROM label)", "step digests"),
    ("UPDATE step SET digest = 'x' WHERE id = (SELECT min(step_id) FROM candidate)", "step digests"),
    ("UPDATE step SET model = 'another' WHERE id = (SELECT min(step_id) FROM alignment)", "step digests"),
    ("UPDATE step SET params = '{{\"a\": 1}}' WHERE kind = 'import'", "step digests"),
    ("UPDATE step_input SET role = 'x' WHERE step_id = (SELECT max(step_id) FROM label) AND role = 'en:original'",
     "step digests"),
    ("DELETE FROM step WHERE id = (SELECT min(step_id) FROM candidate)", "dangling keys"),
    ("UPDATE recipe SET plan = 'nonsense'", "plans of recipes"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "name"), DAMAGE)
def test_what_a_run_made_is_made_again(whole_file: Undisturbed, statement: str, name: str) -> None:
    database, undisturbed, again = whole_file
    _hurt(database, statement.format(**_places(database)))
    assert name in _found(database)
    assert verify(database, repair=True).left == []
    again()
    assert made(database) == undisturbed


def _places(database: Database) -> dict[str, int]:
    """The first German sentence, and its translation from English."""
    sentence = "SELECT id FROM sentence WHERE lang = 'de' AND external_id = 'first-1'"
    link = "SELECT translation.id FROM translation JOIN sentence ON sentence.id = original_id"
    chosen = " WHERE original_lang = 'en' AND rendering_lang = 'de' AND external_id = 'first-1'"
    with database.read() as connection:
        ones = [connection.execute(text(query)).scalar_one() for query in (sentence, link + chosen)]
    return dict(zip(("de1", "link"), ones, strict=True))


IMPORTED = [
    ("DELETE FROM sentence WHERE id = {de1}", "dangling keys"),
    ("UPDATE source_file SET sentences = 9 WHERE lang = 'de'", "sentences of a file"),
    ("UPDATE sentence SET words = '[\"one\"]' WHERE id = {de1}", "words of a sentence"),
    ("UPDATE sentence SET words = 'nonsense' WHERE id = {de1}", "words of a sentence"),
    ("UPDATE sentence SET words = '[7]', n_words = 1 WHERE id = {de1}", "words of a sentence"),
    ("UPDATE sentence SET n_words = 1 WHERE id = {de1}", "words of a sentence"),
    ("UPDATE entity SET end_word = 90 WHERE sentence_id = {de1} AND ordinal = 0", "spans out of range"),
    ("UPDATE entity SET start_word = 0, end_word = 4 WHERE sentence_id = {de1} AND ordinal = 1", "overlaps"),
    ("DELETE FROM entity WHERE sentence_id = {de1}", "outcomes without rows"),
    ("DELETE FROM entity WHERE sentence_id = {de1} AND ordinal = 0", "gaps"),
    ("DELETE FROM translation WHERE id = {link}", "dangling keys"),
    ("DELETE FROM source_file WHERE lang = 'de'", "dangling keys"),
    ("UPDATE corpus SET id = 99", "dangling keys"),
]


@pytest.mark.parametrize(("statement", "name"), IMPORTED)
def test_what_was_imported_is_imported_again(whole_file: Undisturbed, statement: str, name: str) -> None:
    database, _, again = whole_file
    undisturbed = by_name(database)
    _hurt(database, statement.format(**_places(database)))
    assert name in _found(database)
    assert verify(database, repair=True).left == []
    again()
    assert by_name(database) == undisturbed


def test_a_lost_run_is_recorded_as_unknown(whole: Undisturbed) -> None:
    database, undisturbed, again = whole
    _hurt(database, "DELETE FROM run WHERE command = 'run'")
    assert _found(database) == {"lost runs": 1}
    assert verify(database, repair=True).left == []
    assert made(database) == undisturbed
    again()
    assert made(database) == undisturbed


AT_ONCE = [
    "UPDATE step SET params = '{}' WHERE id = (SELECT max(step_id) FROM label)",
    "UPDATE artifact SET digest = 'x'",
    "DELETE FROM outcome WHERE item_id = 2",
    "DELETE FROM candidate WHERE translation_id = 1",
    "UPDATE alignment SET translation_id = 777 WHERE translation_id = 7",
    "UPDATE alignment SET links = '0-77:0.5' WHERE translation_id = 4",
    "UPDATE label SET start_word = 0, end_word = 90 WHERE translation_id = 13",
    "UPDATE recipe SET plan = 'nonsense'",
    "DELETE FROM run WHERE command = 'run'",
]


def test_all_at_once(whole: Undisturbed) -> None:
    database, _, again = whole
    undisturbed = by_name(database)
    _hurt(database, *AT_ONCE)
    assert len(_found(database)) >= 8
    assert verify(database, repair=True).left == []
    again()
    assert by_name(database) == undisturbed


def test_an_imported_file_is_dropped_whole(whole: Undisturbed) -> None:
    database, _, again = whole
    undisturbed = by_name(database)
    _hurt(
        database,
        "UPDATE entity SET end_word = 90 WHERE sentence_id = 5 AND ordinal = 0",
        "DELETE FROM sentence WHERE id = 1",
    )
    repaired = verify(database, repair=True)
    assert repaired.left == []
    assert sorted(name for name in repaired.taken if name.startswith("import of")) == [
        "import of news.de.conll (news, de, part first)",
        "import of news.en.conll (news, en, part first)",
    ]
    again()
    assert by_name(database) == undisturbed


def test_a_look_changes_nothing(whole: Undisturbed, row_counts: Any) -> None:
    database, _, _ = whole
    _hurt(database, "DELETE FROM outcome")
    before = row_counts(database)
    assert verify(database).damage > 0
    assert row_counts(database) == before


def test_all_of_many_findings_are_mended(whole: Undisturbed, monkeypatch: pytest.MonkeyPatch) -> None:
    database, undisturbed, again = whole
    monkeypatch.setattr("xprojdb.maintenance.verify.BLOCK", 2)
    _hurt(database, "UPDATE label SET end_word = 90", "UPDATE alignment SET links = ''", "DELETE FROM candidate")
    assert verify(database, repair=True).left == []
    again()
    assert made(database) == undisturbed


def test_the_command_tells_and_mends(run_cli: Any, whole: Undisturbed) -> None:
    database, _, _ = whole
    address = database.engine.url.render_as_string(hide_password=False)
    assert run_cli("--db", address, "verify").code == 0
    _hurt(database, "DELETE FROM alignment")
    message = run_cli("--db", address, "verify", "--json")
    assert message.code == 1
    result = {load["name"]: load["found"] for load in json.loads(message.stdout)["checks"] if load["found"]}
    assert set(result) == {"outcomes without rows"}
    assert run_cli("--db", address, "verify").code == 1
    assert run_cli("--db", address, "verify", "--repair").code == 0
    assert run_cli("--db", address, "verify").code == 0
