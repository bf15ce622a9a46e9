"""Pages as files."""

import re
from pathlib import Path

import pytest
from browse_sample import HOSTILE, combined_sample, scripts_sample

from xprojdb.browse.escaping import visible
from xprojdb.browse.files import write_files
from xprojdb.browse.links import file_name
from xprojdb.errors import UsageError


@pytest.fixture
def folder(sqlite_database, write_conll, tmp_path):
    combined_sample(sqlite_database, write_conll, tmp_path)
    return write_files(sqlite_database, tmp_path / "out", limit=10).folder


def test_every_link_leads_to_a_file_that_is_there(folder):
    count = 0
    for page in folder.rglob("*.html"):
        for address in re.findall(r'(?:href|src|action)="([^"#]*)', page.read_text(encoding="utf-8")):
            assert not address.startswith(("/", "http"))
            assert (page.parent / address).resolve().is_relative_to(folder.resolve())
            assert (page.parent / address).exists(), (page, address)
            count += 1
    assert count > 50


def test_what_only_a_server_can_do_is_left_out(folder):
    text = "".join(page.read_text(encoding="utf-8") for page in folder.rglob("*.html"))
    assert "<form" not in text
    assert "--db" not in text
    assert not (folder / "assets" / "review.js").exists()


def test_a_second_page(sqlite_database, write_conll, tmp_path, monkeypatch):
    monkeypatch.setattr("xprojdb.browse.files.PAGE", 4)
    combined_sample(sqlite_database, write_conll, tmp_path)
    done = write_files(sqlite_database, tmp_path / "out", lang="de")
    assert done.sentences == 6
    assert 'href="index-1.html"' in (done.folder / "index.html").read_text(encoding="utf-8")
    last = (done.folder / "index-1.html").read_text(encoding="utf-8")
    assert "next page" not in last
    assert 'href="index.html"' in last


def test_beside_a_card(sqlite_database, write_conll, tmp_path):
    combined_sample(sqlite_database, write_conll, tmp_path)
    with pytest.raises(UsageError):
        write_files(sqlite_database, tmp_path, card=True)
    (tmp_path / "README.md").write_text("# a data set\n", encoding="utf-8")
    assert write_files(sqlite_database, tmp_path, card=True).folder == tmp_path / "browse"


def test_hostile_words_are_text_in_files(sqlite_database, tmp_path):
    scripts_sample(sqlite_database, tmp_path)
    done = write_files(sqlite_database, tmp_path / "out", recipe="into-de", corpus="de")
    page = (done.folder / "sentences" / "de_de_part-3.html").read_text(encoding="utf-8")
    assert "alert(1)</script>" not in page
    assert visible(HOSTILE[2]) in page


def test_a_recipe_is_named_where_there_are_several(sqlite_database, tmp_path):
    scripts_sample(sqlite_database, tmp_path)
    with pytest.raises(UsageError):
        write_files(sqlite_database, tmp_path / "out")
    with pytest.raises(UsageError):
        write_files(sqlite_database, tmp_path / "out", recipe="into-de", corpus="none")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "CON", "x" * 300, "ش/ش/1", "a b?c#d", ".hidden", ""])
def test_names_of_files(name):
    result = file_name(name)
    assert Path(result).name == result
    assert re.fullmatch(r"[A-Za-z0-9_.-]{3,90}\.html", result)
    assert not result.startswith(".")


def test_names_that_differ_are_files_that_differ():
    names = ("c/de/1/2", "c/de/1_2", "c_de/1/2", "c/de/a", "c/de/A", "c/de/A ", "c/de/ä")
    assert len({file_name(name).casefold() for name in names}) == len(names)
