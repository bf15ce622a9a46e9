import gzip
import json

import pytest

from xprojdb.readers import ReadError, read_jsonl
from xprojdb.text.spans import Span

NAMES = ["O", "B-PER", "I-PER"]


@pytest.fixture
def write(tmp_path):
    def _write(*items):
        path = tmp_path / "corpus.jsonl"
        path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in items), encoding="utf-8")
        return path

    return _write


def fault(path, language="en", **options):
    with pytest.raises(ReadError) as caught:
        list(read_jsonl(path, language, **options))
    return caught.value


def test_a_hugging_face_layout(write):
    item = {"id": 7, "tokens": ["Ana", "e\u0301"], "ner_tags": [1, 2], "split": "train"}
    (record,) = read_jsonl(write(item, "", "  "), "en", label_names=NAMES)
    assert (record.words, record.entities) == (("Ana", "é"), (Span(0, 2, "PER"),))
    assert (record.external_id, record.split, record.line, record.text) == ("7", "train", 1, None)


def test_named_fields(write):
    item = {"w": ["a"], "t": ["B-LOC"], "key": "k", "part": "dev", "tokens": 1}
    options = {"words_field": "w", "tags_field": "t", "id_field": "key", "split_field": "part"}
    (record,) = read_jsonl(write(item), "en", **options)
    assert (record.words, record.entities) == (("a",), (Span(0, 1, "LOC"),))
    assert (record.external_id, record.split) == ("k", "dev")


def test_text_alone_is_split(write):
    (record,) = read_jsonl(write({"sentence": " Hi,\nAna. ", "labels": "positive"}), "en")
    assert (record.text, record.words, record.offsets) == ("Hi, Ana.", ("Hi", ",", "Ana", "."), (0, 2, 4, 7))
    assert record.entities is None


def test_words_are_located_in_the_text(write):
    items = ({"words": ["Hi", ",", "Ana"], "text": "Hi, Ana"}, {"words": ["Hi", "Ana"], "text": "Hi, Ana"})
    located, lost = read_jsonl(write(*items), "en")
    assert located.offsets == (0, 2, 4)
    assert (lost.offsets, lost.text) == (None, "Hi, Ana")


def test_gzip(tmp_path):
    path = tmp_path / "corpus.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"tokens": ["a"]}\n'))
    assert [record.words for record in read_jsonl(path, "en")] == [("a",)]


@pytest.mark.parametrize(
    ("item", "reason", "field"),
    [
        ({"tokens": ["a"], "tags": [1]}, "label-names", "tags"),
        ({"tokens": ["a"], "tags": ["O", "O"]}, "length", "tags"),
        ({"tokens": ["a"], "tags": ["NN"]}, "tag", "tags"),
        ({"tokens": ["a"], "tags": "O"}, "type", "tags"),
        ({"tokens": ["a"], "tags": [True]}, "type", "tags"),
        ({"tokens": [1]}, "type", "tokens"),
        ({"tokens": []}, "blank", "tokens"),
        ({"tokens": ["\u00a0", " "]}, "blank", "tokens"),
        ({"tokens": ["a", ""]}, "empty-word", "tokens"),
        ({"tokens": ["a\tb"]}, "control-character", "tokens"),
        ({"tokens": ["\ud800"]}, "control-character", "tokens"),
        ({"text": "a\0b"}, "control-character", "text"),
        ({"text": "  "}, "blank", "text"),
        ({"text": None}, "type", "text"),
        ({"tokens": ["a"], "id": [1]}, "type", "id"),
        ({"body": "a"}, "missing-field", "tokens"),
    ],
)
def test_faults_name_line_and_field(write, item, reason, field):
    error = fault(write("", item))
    assert (error.reason, error.line, error.field) == (reason, 2, field)


def test_a_field_missing_further_down(write):
    error = fault(write({"tokens": ["a"], "tags": ["O"]}, {"tokens": ["a"]}))
    assert (error.reason, error.line, error.field) == ("missing-field", 2, "tags")


def test_a_number_beyond_the_names(write):
    assert fault(write({"tokens": ["a"], "tags": [3]}), label_names=NAMES).reason == "label-names"
    assert fault(write({"tokens": ["a"], "tags": [-1]}), label_names=NAMES).reason == "label-names"


@pytest.mark.parametrize(("line", "column"), [('{"tokens": [}', 13), ('["a"]', 1), ("tokens", 1)])
def test_what_is_no_json_object(write, line, column):
    error = fault(write({"tokens": ["a"]}, line))
    assert (error.reason, error.line, error.column) == ("json", 2, column)


def test_strict_tags(write):
    path = write({"tokens": ["a", "b"], "tags": ["O", "I-PER"]})
    (record,) = read_jsonl(path, "en")
    assert record.entities == (Span(1, 2, "PER"),)
    assert fault(path, strict=True).reason == "tag"


def test_empty(write):
    assert fault(write("")).reason == "empty"
