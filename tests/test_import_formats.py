"""The import commands and what people have: the right sentences, or a refusal that says what to do."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import span_formats
from span_formats import Sample
from sqlalchemy import select

from xprojdb.cli.main import main
from xprojdb.db import bulk, open_database
from xprojdb.db.tables import entity, sentence
from xprojdb.errors import UsageError, XprojdbError
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.readers.gate import LONGEST_ID

SAMPLES = [Sample(["Mara", "rests", "in", "Oslo"], [(0, 1, "PER"), (3, 4, "LOC")]), Sample(["Nobody", "waits"])]


class Result(NamedTuple):
    output: str


@pytest.fixture
def xprojdb(tmp_path, monkeypatch, capsys):
    """Run the command on a database of its own; returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["xprojdb", "--db", "x.db", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        output = "".join(capsys.readouterr())
        assert ended.value.code == code, output
        return Result(output)

    return run


def put(name, content):
    Path(name).write_text(content, encoding="utf-8")
    return name


def stored(folder):
    with open_database(str(folder / "x.db")).read() as connection:
        words = bulk.fetch(connection, select(sentence.c.lang, sentence.c.words).order_by(sentence.c.id))
        labels = bulk.fetch(connection, select(entity.c.label).order_by(entity.c.sentence_id, entity.c.ordinal))
    return [(lang, json.loads(text)) for lang, text in words], [label for (label,) in labels]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.jsonl", span_formats.doccano),
        ("a.json", span_formats.doccano_entities),
        ("a.txt", span_formats.prodigy),
        ("export.json", span_formats.label_studio),
        ("doc.tsv", span_formats.webanno),
        ("x.conllu", span_formats.conllu),
    ],
)
def test_spans_of_every_tool(xprojdb, tmp_path, name, write):
    result = xprojdb("import", "spans", put(name, write(SAMPLES)), "--lang", "en", "--corpus", "c", "--json")
    (file,) = json.loads(result.output)["files"]
    assert (file["sentences"], file["entities"]) == (2, 2)
    assert stored(tmp_path) == ([("en", sample.words) for sample in SAMPLES], ["PER", "LOC"])


def test_a_folder_of_brat(xprojdb, tmp_path):
    for name in ("b", "a"):
        text, rows = span_formats.brat(SAMPLES)
        put(f"{name}.txt", text)
        put(f"{name}.ann", rows)
    xprojdb("import", "spans", ".", "--lang", "en", "--corpus", "c")
    words, labels = stored(tmp_path)
    assert (len(words), Counter(labels)) == (4, {"PER": 2, "LOC": 2})
    again = xprojdb("import", "spans", "a.txt", "--lang", "en", "--corpus", "c", "--part", "a")
    assert "nothing new" in again.output
    put("a.txt", "Otto rests in Oslo\nNobody waits\n")
    xprojdb("import", "spans", "a.txt", "--lang", "en", "--corpus", "c", "--part", "a", code=1)


def test_what_was_mended_is_told(xprojdb):
    put("a.jsonl", json.dumps({"text": "Mara rests", "label": [[0, 3, "PER"]]}) + "\n")
    result = xprojdb("import", "spans", "a.jsonl", "--lang", "en", "--corpus", "c", code=1)
    assert "a.jsonl:1:" in result.output and "--snap" in result.output
    result = xprojdb("import", "spans", "a.jsonl", "--lang", "en", "--corpus", "c", "--snap")
    assert "a.jsonl: spans that cut a word, grown to whole words: 1, the first at line 1" in result.output
    put("b.conll", "Mara\tB-PER\n\tO\n")
    result = xprojdb("import", "conll", "b.conll", "--lang", "en", "--corpus", "d", "--json")
    (file,) = json.loads(result.output)["files"]
    assert file["notes"] == {"wordless-line": {"message": "lines without a word left out", "count": 1, "line": 2}}


TABLE = "id,English,Swahili\n1,Mara rests.,Mara anapumzika.\n2,Blank,\n3,Yes.,Ndiyo.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("table", "t.csv", "--text", "en=English", "--text", "sw=2"),
        ("parallel", "t.csv", "--langs", "en,sw"),
    ],
)
def test_a_table_of_two_languages(xprojdb, tmp_path, arguments):
    put("t.csv", TABLE)
    result = xprojdb("import", *arguments, "--corpus", "c")
    assert "2 new links" in result.output
    assert result.output.count("rows with a blank cell left out: 1, the first at line 3") == 1
    assert [lang for lang, _ in stored(tmp_path)[0]] == ["en", "en", "sw", "sw"]


def test_a_table_of_one_language(xprojdb, tmp_path):
    put("t.csv", TABLE)
    xprojdb("import", "table", "t.csv", "--lang", "sw", "--corpus", "c")
    assert stored(tmp_path)[0][1] == ("sw", ["Ndiyo", "."])
    assert "use --lang" in xprojdb("import", "table", "t.csv", "--corpus", "d", code=2).output


def test_a_translation_memory(xprojdb, tmp_path):
    unit = '<tu><tuv xml:lang="en-GB"><seg>Yes.</seg></tuv><tuv xml:lang="de"><seg>Ja.</seg></tuv></tu>'
    put("m.tmx", f"<tmx><body>{unit}{unit}</body></tmx>")
    assert "2 new links" in xprojdb("import", "parallel", "m.tmx", "--langs", "en,de", "--corpus", "c").output
    assert stored(tmp_path)[0] == [("en", ["Yes", "."])] * 2 + [("de", ["Ja", "."])] * 2


def test_pairs_of_moses(xprojdb):
    put("news.en", "Yes.\nMara rests.\n")
    put("news.de", "Ja.\nMara ruht.\n")
    result = xprojdb("import", "parallel", "en=news.en", "de=news.de", "--corpus", "c")
    assert "2 new links" in result.output
    put("news.de", "Ja.\n\n")
    assert "news.de:2" in xprojdb("import", "parallel", "en=news.en", "de=news.de", "--corpus", "d", code=1).output


def test_a_json_array(xprojdb, tmp_path):
    put("a.json", json.dumps([{"tokens": ["Mara", "rests"], "ner_tags": ["B-PER", "O"]}] * 2, indent=2))
    xprojdb("import", "jsonl", "a.json", "--lang", "en", "--corpus", "c")
    assert stored(tmp_path) == ([("en", ["Mara", "rests"])] * 2, ["PER", "PER"])


def test_a_folder_of_a_data_set(xprojdb):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict({"tokens": [["Mara", "rests"]], "ner_tags": [["B-PER", "O"]]})
    datasets.DatasetDict({"train": data, "test": data}).save_to_disk("d")
    result = xprojdb("import", "hf", "d", "--lang", "en", "--corpus", "c", "--json")
    assert [(file["part"], file["entities"]) for file in json.loads(result.output)["files"]] == [
        ("train", 1),
        ("test", 1),
    ]
    assert "nothing new" in xprojdb("import", "hf", "d", "--lang", "en", "--corpus", "c").output


WRONG = [
    ("m.tmx", "<tmx><body/></tmx>", "import parallel"),
    ("m.xlf", "<xliff version='1.2'/>", "import parallel"),
    ("t.csv", "a\n", "import table"),
    ("notes.txt", "a\tb\nc\td\ne\tf\n", "import table"),
    ("a.json", '{"tokens": ["a"]}', "import jsonl"),
    ("a.txt", '[\n{"text": "a", "label": [[0, 1, "X"]]}]', "import spans"),
    ("a.txt", "Mara B-PER\nrests O\n\nYes O\n", "import conll"),
    ("t.xlsx", "PK\x03\x04", "import table"),
    ("a.txt", "#FORMAT=WebAnno TSV 3.3\n", "import spans"),
]


@pytest.mark.parametrize(("name", "content", "command"), WRONG)
def test_text_that_is_none_names_the_right_command(xprojdb, name, content, command):
    put(name, content)
    result = xprojdb("import", "text", name, "--lang", "en", "--corpus", "c", code=2)
    assert f"use xprojdb {command}, or --plain" in result.output
    if name != "t.xlsx" and "\n\n" not in content:
        xprojdb("import", "text", name, "--lang", "en", "--corpus", "c", "--plain")


@pytest.mark.parametrize("command", ["conll", "jsonl", "table"])
def test_other_commands_name_the_right_one_too(xprojdb, command):
    put("m.dat", "<tmx><body/></tmx>")
    output = xprojdb("import", command, "m.dat", "--lang", "en", "--corpus", "c", code=2).output
    assert "use xprojdb import parallel" in output


def test_a_field_that_looks_like_labels(xprojdb):
    put("a.jsonl", '{"tokens": ["Mara"], "ner": ["B-PER"]}\n')
    output = xprojdb("import", "jsonl", "a.jsonl", "--lang", "en", "--corpus", "c", code=1).output
    assert "'ner'" in output and "--tags-field ner" in output
    xprojdb("import", "jsonl", "a.jsonl", "--lang", "en", "--corpus", "c", "--tags-field", "ner")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"tokens": ["a"], "id": "é" * (LONGEST_ID // 2 + 1)}, "long-id"),
        ({"tokens": ["a"], "split": "x/../evil"}, "split"),
        ({"tokens": ["a", "\u00a0"]}, "white-space"),
        ({"tokens": ["a", "b\u2028c"]}, "white-space"),
        ({"tokens": ["-DOCSTART-", "a"]}, "word"),
        ({"tokens": ["a"], "ner_tags": ["B-First Name"]}, "label"),
        ({"tokens": ["a"], "ner_tags": ["B-\ud800"]}, "label"),
        ({"tokens": ["a"], "ner_tags": ["B-A\u202e"]}, "label"),
    ],
)
def test_what_no_export_could_write_is_refused_on_both_databases(database, tmp_path, row_counts, data, reason):
    path = tmp_path / "a.jsonl"
    tagged = {"ner_tags": ["O"]} if "ner_tags" in data else {}
    rows = [{"id": None, "split": None, "tokens": ["first"], **tagged}, {"id": None, "split": None, **data}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    before = row_counts(database)
    with pytest.raises(XprojdbError) as caught:
        import_files(database, CorpusInfo("c"), [corpus_file(path, "en")])
    assert (caught.value.reason, caught.value.line, caught.value.file) == (reason, 2, str(path))
    assert row_counts(database) == before


def test_the_longest_id_can_be_stored_on_both_databases(database, tmp_path):
    import random

    draw = random.Random(0)
    name = "".join(chr(draw.randrange(0x4E00, 0x9FFF)) for _ in range(LONGEST_ID // 3))
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"tokens": ["a"], "id": name}) + "\n", encoding="utf-8")
    assert import_files(database, CorpusInfo("c"), [corpus_file(path, "en")]).added == 1


def test_names_that_no_export_could_write(tmp_path):
    with pytest.raises(UsageError) as caught:
        corpus_file(tmp_path / "a.txt", "en", split="dev-2024")
    assert caught.value.split == "dev-2024"
    with pytest.raises(UsageError) as caught:
        corpus_file(tmp_path / "a.txt", "en", part="x" * 500)
    assert caught.value.size == 500
