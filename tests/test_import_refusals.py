"""A file that is refused leaves every table as it was."""

import json

import pytest

from xprojdb.errors import InputError, UsageError
from xprojdb.importing import file_writer, reimport
from xprojdb.importing.files import CorpusInfo, ImportRefused, corpus_file, import_files
from xprojdb.importing.reimport import FileChanged
from xprojdb.readers import ReadError
from xprojdb.text.languages import UnknownLanguage

FIVE = ("Ana/B-PER sings", "in Berlin/B-LOC", "She waits", "It/B-ORG is", "no more")


@pytest.fixture
def refused(database, row_counts):
    """Import and expect a refusal that stores nothing; returns the error."""

    def attempt(error, *files, info=None, parallel=False):
        before = row_counts(database)
        with pytest.raises(error) as caught:
            import_files(database, info or CorpusInfo("c"), files, parallel=parallel)
        assert row_counts(database) == before
        return caught.value

    return attempt


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(file_writer, "BLOCK", 2)
    monkeypatch.setattr(reimport, "_BLOCK", 2)


def load(database, *files, **options):
    return import_files(database, CorpusInfo("c", **options), files)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("at", "line", "what", "before", "after"),
    [
        (0, "Eva/B-PER sings", "words", "Ana sings", "Eva sings"),
        (2, "She waits here", "words", "She waits", "She waits here"),
        (3, "It/B-LOC is", "labels", "ORG 0-1", "LOC 0-1"),
        (3, "It/B-ORG is/I-ORG", "labels", "ORG 0-1", "ORG 0-2"),
        (3, "It is", "labels", "ORG 0-1", "no entities"),
        (4, "no/B-PER more", "labels", "no entities", "PER 0-1"),
    ],
)
def test_a_changed_sentence(database, refused, write_conll, at, line, what, before, after):
    load(database, corpus_file(write_conll("a.conll", *FIVE), "en"))
    changed = [*FIVE[:at], line, *FIVE[at + 1 :], "and/B-LOC one more"]
    error = refused(FileChanged, corpus_file(write_conll("a.conll", *changed), "en"))
    assert (error.what, error.stored, error.found, error.sentence) == (what, before, after, at + 1)
    assert error.line == 3 * at + 1
    assert error.file.endswith("a.conll")


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_shorter_file(database, refused, write_conll, length):
    load(database, corpus_file(write_conll("a.conll", *FIVE), "en"))
    error = refused(FileChanged, corpus_file(write_conll("a.conll", *FIVE[:length]), "en"))
    assert (error.what, error.sentences, error.stored) == ("length", length, 5)


def test_labels_that_were_none_before(database, refused, write_conll):
    path = write_conll("a.conll", *FIVE)
    load(database, corpus_file(path, "en", labelled=False))
    assert refused(FileChanged, corpus_file(path, "en")).stored == "no labels"


@pytest.mark.parametrize(
    ("change", "what"),
    [({"id": "y"}, "id"), ({"id": None}, "id"), ({"split": "test"}, "split"), ({"text": "a  b"}, "text")],
)
def test_a_changed_field(database, refused, tmp_path, change, what):
    path = tmp_path / "a.jsonl"
    row = {"tokens": ["a", "b"], "id": "x", "split": "train", "text": "a b"}
    path.write_text(json.dumps(row) + "\n")
    load(database, corpus_file(path, "en"))
    path.write_text(json.dumps(row | change) + "\n")
    assert refused(FileChanged, corpus_file(path, "en")).what == what


def test_another_split_for_the_same_part(database, refused, write_conll):
    path = write_conll("a.conll", *FIVE)
    load(database, corpus_file(path, "en", part="p", split="train"))
    error = refused(FileChanged, corpus_file(path, "en", part="p", split="test"))
    assert (error.what, error.stored, error.found) == ("split", "train", "test")


@pytest.mark.usefixtures("small_blocks")
def test_a_label_outside_the_scheme(refused, write_conll):
    path = write_conll("a.conll", *FIVE, "a Tuesday/B-DATE")
    error = refused(ImportRefused, corpus_file(path, "en"), info=CorpusInfo("c", scheme="conll"))
    assert (error.label, error.line) == ("DATE", 17)


def test_the_scheme_of_the_corpus_holds_for_later_files(database, refused, write_conll):
    load(database, corpus_file(write_conll("a.conll", *FIVE), "en"), scheme="conll")
    path = write_conll("b.conll", "a Tuesday/B-DATE")
    assert refused(ImportRefused, corpus_file(path, "de")).label == "DATE"
    error = refused(UsageError, corpus_file(path, "de"), info=CorpusInfo("c", scheme="masakhaner"))
    assert error.scheme == "conll"


def test_a_scheme_that_is_not(refused, write_conll):
    refused(UsageError, corpus_file(write_conll("a.conll", *FIVE), "en"), info=CorpusInfo("c", scheme="colours"))


@pytest.mark.parametrize("short", [0, 1])
def test_a_parallel_file_one_line_short(refused, tmp_path, short):
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for number, path in enumerate(paths):
        path.write_text("one\ntwo\nthree\n" if number != short else "one\ntwo\n")
    files = [corpus_file(path, lang) for path, lang in zip(paths, ("en", "de"), strict=True)]
    error = refused(ImportRefused, *files, parallel=True)
    assert (error.file, error.sentences, error.expected) == (str(paths[short]), 2, 3)


def test_parallel_files_with_other_ids(refused, tmp_path):
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path, last in zip(paths, ("y", "z"), strict=True):
        path.write_text("".join(json.dumps({"id": key, "tokens": ["w"]}) + "\n" for key in ("x", last)))
    files = [corpus_file(path, lang) for path, lang in zip(paths, ("en", "de"), strict=True)]
    error = refused(ImportRefused, *files, parallel=True)
    assert (error.external_id, error.file) == ("y", str(paths[1]))


def test_parallel_files_of_other_parts(refused, tmp_path):
    paths = [tmp_path / "train.txt", tmp_path / "b.txt"]
    for path in paths:
        path.write_text("one\ntwo\n")
    files = [corpus_file(path, lang) for path, lang in zip(paths, ("en", "de"), strict=True)]
    assert refused(ImportRefused, *files, parallel=True).external_id == "train-1"


@pytest.mark.usefixtures("small_blocks")
def test_ids_twice_in_a_file(refused, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"id": key, "tokens": ["w"]}) + "\n" for key in "abcdb"))
    error = refused(ImportRefused, corpus_file(path, "en"))
    assert (error.external_id, error.line) == ("b", 5)


def test_ids_of_another_file(database, refused, tmp_path):
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text('{"id": "x", "tokens": ["w"]}\n')
    load(database, corpus_file(tmp_path / "a.jsonl", "en", part="a"))
    error = refused(ImportRefused, corpus_file(tmp_path / "b.jsonl", "en", part="b"))
    assert (error.external_id, error.line) == ("x", 1)
    load(database, corpus_file(tmp_path / "b.jsonl", "de", part="b"))


@pytest.mark.usefixtures("small_blocks")
def test_a_fault_in_the_second_file_refuses_the_first(refused, write_conll, tmp_path):
    broken = tmp_path / "b.conll"
    broken.write_text("one\tO\n" * 3 + "\nalone\n")
    good = corpus_file(write_conll("a.conll", *FIVE), "en")
    error = refused(ReadError, good, corpus_file(broken, "de"))
    assert (error.file, error.line, error.reason) == (str(broken), 5, "columns")


@pytest.mark.parametrize("name", ["none.conll", "folder.conll"])
def test_no_file(refused, tmp_path, name):
    (tmp_path / "folder.conll").mkdir()
    assert refused(InputError, corpus_file(tmp_path / name, "en")).file == str(tmp_path / name)


def test_an_unknown_language(tmp_path):
    with pytest.raises(UnknownLanguage) as caught:
        corpus_file(tmp_path / "a.conll", "grman")
    assert "de" in caught.value.nearest
