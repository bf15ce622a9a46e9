"""The change log of two exports says what is not what it was, whatever their format."""

import json

import pytest
from test_errata import RECIPE, SWAHILI, rows

import xprojdb as xp
from xprojdb.errors import InputError


@pytest.fixture
def db(sqlite_database, tmp_path):
    from test_errata import ENGLISH, TAGS

    db = xp.Database(sqlite_database)
    (tmp_path / "en.jsonl").write_text(rows(ENGLISH, TAGS))
    (tmp_path / "sw.jsonl").write_text(rows(SWAHILI))
    db.import_parallel("news", en=tmp_path / "en.jsonl", sw=tmp_path / "sw.jsonl")
    return db


@pytest.mark.parametrize(("form", "options"), [("hf", {}), ("jsonl", {}), ("conll", {"ids": True})])
def test_what_changed_between_two_exports(db, tmp_path, form, options):
    db.run(xp.Recipe(**RECIPE)).export(tmp_path / "one", format=form, **options)
    corrected = {"s1": SWAHILI["s1"], "s2": "Otieno alimwona Mary .", "s4": "Amina ni mbali ."}
    (tmp_path / "sw.jsonl").write_text(rows(corrected))
    db.replace("news", tmp_path / "sw.jsonl", lang="sw")
    from test_errata import ENGLISH, TAGS

    tags = {**TAGS, "s1": "B-ORG O O O O"}
    (tmp_path / "en.jsonl").write_text(rows({**ENGLISH, "s4": "Amina is far ."}, {**tags, "s4": "B-PER O O O"}))
    db.replace("news", tmp_path / "en.jsonl", lang="en")
    db.run(xp.Recipe(**RECIPE)).export(tmp_path / "two", format=form, **options)
    change = xp.changelog(tmp_path / "one", tmp_path / "two")
    (part,) = change.report.parts
    assert (part.before, part.after, part.added, part.removed) == (3, 3, 1, 1)
    assert (part.reworded, part.relabelled, part.labels) == (1, 1, {"removed": 1, "renamed": 1})
    assert change.report.labels_added == (["ORG"] if form != "hf" else change.report.labels_added)
    assert "sw train: 3 sentences, 1 added, 1 removed, 1 reworded, 1 relabelled" in change.to_markdown()
    assert json.loads(json.dumps(change.to_json()))["examples"]["removed"] == ["news/sw/s3"]
    same = xp.changelog(tmp_path / "two", tmp_path / "two")
    assert same.to_markdown() == "- nothing changed\n"


def test_what_is_no_export_is_refused(db, tmp_path, run_cli):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        xp.changelog(tmp_path / "empty", tmp_path / "empty")
    assert caught.value.folder == str(tmp_path / "empty")
    db.run(xp.Recipe(**RECIPE)).export(tmp_path / "plain", format="conll")
    with pytest.raises(InputError) as caught:
        xp.changelog(tmp_path / "plain", tmp_path / "plain")
    assert caught.value.line == 1
    done = run_cli("changelog", tmp_path / "nowhere", tmp_path / "empty")
    assert (done.code, done.stdout) == (1, "")


def test_a_tag_that_the_manifest_does_not_name_is_told(db, tmp_path):
    db.run(xp.Recipe(**RECIPE)).export(tmp_path / "one", format="hf")
    path = tmp_path / "one" / "xprojdb-export.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "labels": []}))
    with pytest.raises(InputError, match="a tag that the manifest does not name"):
        xp.changelog(tmp_path / "one", tmp_path / "one")
