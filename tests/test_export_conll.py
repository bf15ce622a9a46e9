import errno
import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.errors import UsageError
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.conll import TaggedSentence, write_conll
from xprojdb.text.spans import Span, spans_from_tags

AMINA = TaggedSentence(["Amina", "Bello", "visited", "Accra", "."], [Span(3, 4, "LOC"), Span(0, 2, "PER")], "ng-1")
PLAIN = (["Nothing", "here"], [])


def read_back(path, separator):
    """Split the file the way a plain reader does."""
    sentences = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        rows = [line.split(separator) for line in block.splitlines() if not line.startswith("# id = ")]
        if rows:
            sentences.append(([row[0] for row in rows], spans_from_tags([row[-1] for row in rows], strict=True)))
    return sentences


def test_two_columns_with_a_tab(tmp_path):
    path = tmp_path / "train.conll"
    written = write_conll(path, [AMINA, PLAIN])
    text = "# id = ng-1\nAmina\tB-PER\nBello\tI-PER\nvisited\tO\nAccra\tB-LOC\n.\tO\n\nNothing\tO\nhere\tO\n\n"
    assert path.read_bytes() == text.encode()
    assert (written.path, written.sentences) == (path, 2)
    assert written.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_four_columns_with_a_space(tmp_path):
    path = tmp_path / "train.txt"
    write_conll(path, [(["Accra", "!"], [Span(0, 1, "LOC")])], separator=" ", columns=4)
    assert path.read_text(encoding="utf-8") == "Accra -X- -X- B-LOC\n! -X- -X- O\n\n"


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=6), max_size=4), st.sampled_from(["\t", " "]))
def test_what_is_written_is_read_back_or_refused(tmp_path_factory, sentences, separator):
    path = tmp_path_factory.mktemp("conll") / "x.conll"
    labelled = [(words, [Span(0, len(words), "ORG")]) for words in sentences]
    try:
        write_conll(path, labelled, separator=separator)
    except ExportError as error:
        assert error.word in sentences[error.sentence - 1]
        assert (
            error.word != error.word.strip()
            or {*separator, *"\n\r\v\f\x1c\x1d\x1e\x85  "} & set(error.word)
            or (separator == " " and len(error.word.split()) != 1)
        )
        assert not path.exists()
    else:
        assert read_back(path, separator) == [(words, tuple(spans)) for words, spans in labelled]


@pytest.mark.parametrize("word", ["", "a\tb", "a\nb", "a\u2028b", "a\x85b", " a", "a\u00a0", "\u3000", "a\ud800"])
def test_a_word_that_breaks_the_file_is_named(tmp_path, word):
    with pytest.raises(ExportError) as caught:
        write_conll(tmp_path / "x.conll", [PLAIN, (["fine", word], [])])
    assert (caught.value.word, caught.value.sentence, caught.value.path) == (word, 2, tmp_path / "x.conll")
    assert caught.value.hint


def test_an_inner_space_is_fine_behind_a_tab_only(tmp_path):
    sentence = (["10\u00a0000", "Hà Nội"], [Span(1, 2, "LOC")])
    write_conll(tmp_path / "x.conll", [sentence])
    assert read_back(tmp_path / "x.conll", "\t") == [(sentence[0], tuple(sentence[1]))]
    with pytest.raises(ExportError) as caught:
        write_conll(tmp_path / "x.conll", [sentence], separator=" ")
    assert caught.value.word == "10\u00a0000"


@pytest.mark.parametrize(
    ("words", "spans"),
    [
        ([], []),
        (["-DOCSTART-", "x"], []),
        (["a", "b"], [Span(0, 2, "PER"), Span(1, 2, "LOC")]),
        (["a", "b"], [Span(1, 3, "PER")]),
        (["a", "b"], [Span(0, 1, "P ER")]),
        (["a", "b"], [Span(0, 1, "")]),
    ],
)
def test_sentences_that_columns_cannot_hold_are_refused(tmp_path, words, spans):
    with pytest.raises(ExportError) as caught:
        write_conll(tmp_path / "x.conll", [TaggedSentence(words, spans, "s7")])
    assert (caught.value.sentence, caught.value.id) == (1, "s7")


def test_an_id_never_spreads_over_lines(tmp_path):
    write_conll(tmp_path / "x.conll", [TaggedSentence(["a"], [], "s\n1")])
    assert (tmp_path / "x.conll").read_text(encoding="utf-8") == "# id = s 1\na\tO\n\n"


@pytest.mark.parametrize("layout", [{"columns": 3}, {"separator": ","}])
def test_other_layouts_are_usage_errors(tmp_path, layout):
    with pytest.raises(UsageError):
        write_conll(tmp_path / "x.conll", [PLAIN], **layout)
    assert not list(tmp_path.iterdir())


def failing_source():
    yield PLAIN
    raise RuntimeError("the database went away")


def test_a_failing_source_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "x.conll"
    before = write_conll(path, [AMINA]).sha256
    with pytest.raises(RuntimeError):
        write_conll(path, failing_source())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "x.conll"
    before = write_conll(path, [AMINA]).sha256

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError) as caught:
        write_conll(path, [PLAIN])
    assert (caught.value.path, caught.value.errno) == (path, errno.ENOSPC)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ExportError) as caught:
        write_conll(tmp_path / "absent" / "x.conll", [PLAIN])
    assert caught.value.errno == errno.ENOENT


def test_an_error_of_the_source_is_not_taken_for_a_write_error(tmp_path):
    def source():
        yield PLAIN
        raise OSError(errno.EIO, "the database is on a broken disk")

    with pytest.raises(OSError, match="broken disk"):
        write_conll(tmp_path / "x.conll", source())
