import gzip

import pytest

from xprojdb.readers import ReadError, read_text
from xprojdb.text.languages import UnknownLanguage


@pytest.fixture
def write(tmp_path):
    def _write(content):
        path = tmp_path / "text.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def test_sentences_with_offsets(write):
    records = list(read_text(write("\ufeffAna's plan.\r\n  e\u0301l,\tsí \n"), "en"))
    assert [record.text for record in records] == ["Ana's plan.", "él, sí"]
    assert records[0].words == ("Ana", "'s", "plan", ".")
    assert [record.line for record in records] == [1, 2]
    for record in records:
        assert record.entities is None
        texts = [record.text[at : at + len(word)] for at, word in zip(record.offsets, record.words, strict=True)]
        assert texts == list(record.words)


def test_pretokenized_keeps_words(write):
    (record,) = read_text(write("Ana's  plan .\n"), "eng_Latn", pretokenized=True)
    assert (record.words, record.text, record.offsets) == (("Ana's", "plan", "."), None, None)


def test_the_language_decides_the_units(write):
    (record,) = read_text(write("北京 ABC\n"), "zh")
    assert record.words == ("北", "京", "ABC")


def test_gzip(write):
    assert [record.words for record in read_text(write(gzip.compress(b"a\nb")), "en")] == [("a",), ("b",)]


@pytest.mark.parametrize("blank", ["", "  \t", "\u200b", "\u00a0"])
def test_a_blank_line_is_an_error_or_skipped(write, blank):
    path = write(f"a\n{blank}\nb\n")
    with pytest.raises(ReadError) as caught:
        list(read_text(path, "en"))
    assert (caught.value.reason, caught.value.line) == ("blank", 2)
    assert [(r.words, r.line) for r in read_text(path, "en", blank="skip")] == [(("a",), 1), (("b",), 3)]


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        ("", "empty", None),
        ("a\nb\0\n", "binary", 2),
        (b"a\n\xe9\n", "not-utf-8", 2),
        ("a\x1b[0m\n", "control-character", 1),
    ],
)
def test_faults(write, content, reason, line):
    with pytest.raises(ReadError) as caught:
        list(read_text(write(content), "en"))
    assert (caught.value.reason, caught.value.line) == (reason, line)


def test_only_skipped_lines_are_an_empty_file(write):
    with pytest.raises(ReadError) as caught:
        list(read_text(write("\n\n"), "en", blank="skip"))
    assert caught.value.reason == "empty"


def test_unknown_language(write):
    with pytest.raises(UnknownLanguage):
        list(read_text(write("a\n"), "xx"))


def test_only_newlines_end_lines(write):
    (record,) = read_text(write("a\u2028b\u0085c\u009d\n"), "en")
    assert [word for word in record.words if word.isalpha()] == ["a", "b", "c"]
