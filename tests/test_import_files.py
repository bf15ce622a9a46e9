import gzip
import json
import unicodedata
from pathlib import Path

import pytest
from sqlalchemy import select

from xprojdb.db import bulk, open_database
from xprojdb.db.tables import corpus, entity, outcome, run, sentence, source_file, translation
from xprojdb.digest import canonical_json
from xprojdb.errors import UsageError
from xprojdb.importing import file_writer, reimport
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files, split_in_name

TWO = ("Ana/B-PER sings in Berlin/B-LOC", "She waits")


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(file_writer, "BLOCK", 3)
    monkeypatch.setattr(reimport, "_BLOCK", 4)


def fetch(database, *columns):
    with database.read() as connection:
        return bulk.fetch(connection, select(*columns).order_by(*columns[:2]))


def sentences(database):
    rows = fetch(database, sentence.c.id, sentence.c.external_id, sentence.c.words)
    return [(key, name, " ".join(json.loads(words))) for key, name, words in rows]


def entities(database):
    columns = entity.c.sentence_id, entity.c.ordinal, entity.c.start_word, entity.c.end_word, entity.c.label
    return fetch(database, *columns)


def outcomes(database):
    return fetch(database, outcome.c.item_id, outcome.c.status)


def make(folder, name, content):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def load(database, *paths, langs=("en", "de", "fr"), name="c", parallel=False, info=None, **options):
    files = [corpus_file(path, lang, **options) for path, lang in zip(paths, langs, strict=False)]
    return import_files(database, info or CorpusInfo(name), files, parallel=parallel)


LABELLED = [(1, 0, 0, 1, "PER"), (1, 1, 3, 4, "LOC")]
JSON = [
    {"tokens": ["Ana", "sings", "in", "Berlin"], "ner_tags": ["B-PER", "O", "O", "B-LOC"]},
    {"tokens": ["She", "waits"], "ner_tags": ["O", "O"]},
]


@pytest.mark.parametrize(
    ("name", "content", "labelled"),
    [
        ("a.conll", "Ana\tB-PER\nsings\tO\nin\tO\nBerlin\tB-LOC\n\nShe\tO\nwaits\tO\n", True),
        ("a.txt", "Ana sings in Berlin\nShe waits\n", False),
        ("a.jsonl", "".join(json.dumps(row) + "\n" for row in JSON), True),
        ("a.jsonl", '{"text": "Ana sings in Berlin"}\n{"text": "She waits"}\n', False),
    ],
)
def test_every_format_through_the_library(database, tmp_path, name, content, labelled):
    report = load(database, make(tmp_path, name, content))
    assert sentences(database) == [(1, "all-1", "Ana sings in Berlin"), (2, "all-2", "She waits")]
    assert entities(database) == (LABELLED if labelled else [])
    assert outcomes(database) == ([(1, "ok"), (2, "empty")] if labelled else [])
    assert (report.files[0].sentences, report.added) == (2, 2)
    assert report.files[0].entities == len(entities(database))


CONLL = "Ana B-PER\nsings O\nin O\nBerlin B-LOC\n\nShe O\nwaits O\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "content", "labelled"),
    [
        (["conll", "FILE"], CONLL, True),
        (["conll", "FILE", "--unlabelled"], CONLL, False),
        (["conll", "FILE", "--column", "1"], CONLL.replace("\n", " x\n").replace("\n x", "\n"), True),
        (["text", "FILE"], "Ana sings in Berlin\nShe waits\n", False),
        (["text", "FILE", "--pretokenized"], "Ana sings in Berlin\nShe waits\n", False),
        (["jsonl", "FILE"], "".join(json.dumps(row) + "\n" for row in JSON), True),
    ],
)
def test_every_format_through_the_command(run_cli, address, tmp_path, arguments, content, labelled):
    path = make(tmp_path, "file", content)
    values = [str(path) if argument == "FILE" else argument for argument in arguments]
    done = run_cli("--db", address, "import", *values, "--lang", "eng", "--corpus", "c", "--json")
    assert (done.code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["files"][0]["added"] == 2
    with open_database(address) as database:
        assert [row[2] for row in sentences(database)] == ["Ana sings in Berlin", "She waits"]
        assert entities(database) == (LABELLED if labelled else [])
        assert fetch(database, sentence.c.lang, sentence.c.id)[0][0] == "en"


def test_the_command_makes_the_database_and_shows_long_names_whole(run_cli, write_conll, tmp_path):
    path = write_conll(f"{'long-' * 20}[bold].conll", *TWO)
    done = run_cli("--db", "new.db", "import", "conll", path, "--lang", "en", "--corpus", "c")
    assert (done.code, done.stderr) == (0, "")
    assert path.name in done.stdout
    assert (tmp_path / "new.db").exists()


def test_texts_are_normalised(database, tmp_path):
    words = ["Ọ̀ṣun", "São", "é"]
    decomposed = [unicodedata.normalize("NFD", word) for word in words]
    load(database, make(tmp_path, "a.txt", " ".join(decomposed) + "\n"))
    (row,) = fetch(database, sentence.c.words, sentence.c.text, sentence.c.n_words)
    composed = [unicodedata.normalize("NFC", word) for word in words]
    assert row == (canonical_json(composed), " ".join(composed), 3)


def test_words_with_every_character_come_back(database, tmp_path):
    words = ['quo"te', "back\\slash", "no\u00a0break", "🙂", "\x9d", "a/b", "<>&", "\\N", "\\t", "'"]
    tokens = json.dumps({"tokens": words}) + "\n"
    load(database, make(tmp_path, "a.jsonl", tokens))
    (row,) = fetch(database, sentence.c.words, sentence.c.id)
    assert json.loads(row[0]) == words
    assert row[0] == canonical_json(words)


@pytest.mark.usefixtures("small_blocks")
def test_blocks_do_not_show(database, write_conll):
    results = []
    path = write_conll("a.conll", *(f"w{i}/B-PER x y/I-LOC" if i % 2 else f"w{i}" for i in range(10)))
    files = [corpus_file(path, "en")]
    import_files(database, CorpusInfo("c"), files, watch=lambda lang, count: results.append((lang, count)))
    assert results == [("en", 3), ("en", 6), ("en", 9), ("en", 10)]
    assert [(key, name) for key, name, _ in sentences(database)] == [(i, f"all-{i}") for i in range(1, 11)]
    assert len(entities(database)) == 10


def test_the_same_file_again_adds_nothing(database, write_conll, row_counts):
    path = write_conll("a.conll", *TWO)
    load(database, path)
    before = row_counts(database)
    report = load(database, path)
    assert (report.added, report.files[0].sentences, report.files[0].unchanged) == (0, 2, True)
    assert row_counts(database) == before


def test_a_known_file_is_not_read_again(database, write_conll, monkeypatch):
    path = write_conll("a.conll", *TWO)
    load(database, path)
    monkeypatch.setattr("xprojdb.readers.read", lambda *_args, **_options: pytest.fail("read"))
    assert load(database, path).added == 0


def test_another_format_of_the_same_bytes_is_read(database, tmp_path):
    path = make(tmp_path, "a.txt", "Ana B-PER\n")
    load(database, path, form="text")
    with pytest.raises(file_writer.ImportRefused) as caught:
        load(database, path, form="conll")
    assert caught.value.what == "words"


def test_equal_sentences_in_other_bytes_add_nothing_and_are_known_from_then_on(database, tmp_path):
    path = make(tmp_path, "a.conll", "Ana\tB-PER\n\nShe\tO\n")
    load(database, path)
    packed = tmp_path / "a.conll.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    first, second = load(database, packed), load(database, packed)
    assert (first.added, first.files[0].unchanged) == (0, False)
    assert (second.added, second.files[0].unchanged) == (0, True)
    assert len(sentences(database)) == 2


@pytest.mark.usefixtures("small_blocks")
def test_a_grown_file_adds_what_is_new(database, write_conll):
    lines = [f"w{i}/B-PER and x" for i in range(14)]
    load(database, write_conll("a.conll", *lines[:9]))
    load(database, write_conll("b.conll", "other"), langs=["de"])
    report = load(database, write_conll("a.conll", *lines))
    assert (report.added, report.files[0].sentences, report.files[0].entities) == (5, 14, 5)
    english = [row for row in sentences(database) if row[2] != "other"]
    assert [name for _, name, _ in english] == [f"all-{i}" for i in range(1, 15)]
    assert [key for key, _, _ in english] == [*range(1, 10), *range(11, 16)]
    assert [row[0] for row in entities(database)] == [key for key, _, _ in english]
    assert fetch(database, source_file.c.lang, source_file.c.sentences) == [("de", 1), ("en", 14)]


def test_parallel_files_grow_with_their_links(database, tmp_path):
    def files(count):
        return [make(tmp_path, f"{lang}.txt", "".join(f"{lang} {i}\n" for i in range(count))) for lang in "abc"]

    assert load(database, *files(2), parallel=True).links == 6
    report = load(database, *files(5), parallel=True)
    assert (report.added, report.links) == (9, 9)
    again = load(database, *files(5), parallel=True)
    assert (again.added, again.links) == (0, 0)
    left, right = sentence.alias(), sentence.alias()
    with database.read() as connection:
        query = (
            select(translation.c.original_lang, translation.c.rendering_lang, left.c.external_id, right.c.external_id)
            .join(left, left.c.id == translation.c.original_id)
            .join(right, right.c.id == translation.c.rendering_id)
        )
        rows = bulk.fetch(connection, query)
    pairs = [("en", "de"), ("en", "fr"), ("de", "fr")]
    assert sorted(rows) == sorted((*pair, f"all-{i}", f"all-{i}") for pair in pairs for i in range(1, 6))


def test_missing_links_are_completed_by_importing_again_as_parallel(database, tmp_path):
    paths = [make(tmp_path, f"{lang}.txt", "one\ntwo\n") for lang in "ab"]
    load(database, *paths)
    assert load(database, *paths, parallel=True).links == 2
    assert load(database, *paths, parallel=True).links == 0


def test_parts_and_languages_and_corpora_are_apart(database, write_conll):
    path = write_conll("a.conll", *TWO)
    for options in ({}, {"part": "other"}, {"langs": ["de"]}, {"name": "d"}):
        assert load(database, path, **options).added == 2
    assert len(sentences(database)) == 8


def test_what_is_told_of_a_corpus_is_kept(database, write_conll, row_counts):
    path = write_conll("a.conll", *TWO)
    load(database, path, info=CorpusInfo("c", license="CC0-1.0", scheme="conll"))
    before = row_counts(database)
    load(database, path, info=CorpusInfo("c", citation="Someone 2020", license="CC-BY-4.0"))
    assert fetch(database, corpus.c.license, corpus.c.citation, corpus.c.scheme) == [
        ("CC-BY-4.0", "Someone 2020", "conll")
    ]
    after = row_counts(database)
    assert after == {**before, "run": before["run"] + 1}
    load(database, path, info=CorpusInfo("c", citation="Someone 2020"))
    assert row_counts(database) == after


def test_the_run_is_recorded(database, write_conll):
    load(database, write_conll("a.conll", *TWO))
    (row,) = fetch(database, run.c.command, run.c.status, run.c.counts, run.c.ended_at)
    assert row[:3] == ("import", "done", '{"links":0,"sentences":2}')
    assert row[3]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.conll", "train"),
        ("en-dev.txt", "validation"),
        ("eng.testa.test.bio", "test"),
        ("valid.jsonl", "validation"),
        ("training.conll", None),
        ("contest.conll", None),
        ("a.conll", None),
    ],
)
def test_splits_in_names(name, split):
    assert split_in_name(Path(name)) == split


def test_splits_and_ids_of_records_come_first(database, tmp_path):
    rows = [{"tokens": ["a"], "id": 7, "split": "dev"}, {"tokens": ["b"], "id": None, "split": None}]
    path = make(tmp_path, "train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    load(database, path)
    columns = sentence.c.id, sentence.c.external_id, sentence.c.split
    assert fetch(database, *columns) == [(1, "7", "dev"), (2, "train-2", "train")]
    assert fetch(database, source_file.c.part, source_file.c.lang) == [("train", "en")]


@pytest.mark.parametrize("langs", [["en", "en"], ["en"]])
def test_parallel_files_need_two_languages(sqlite_database, write_conll, row_counts, langs):
    paths = [write_conll(f"{i}.conll", *TWO) for i, _ in enumerate(langs)]
    before = row_counts(sqlite_database)
    with pytest.raises(UsageError):
        load(sqlite_database, *paths, langs=langs, parallel=True)
    assert row_counts(sqlite_database) == before
