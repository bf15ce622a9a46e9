import gzip
import pickle
import random
import tracemalloc

import pytest

from xprojdb.readers import ReadError, Record, read_conll
from xprojdb.readers.columns import conll
from xprojdb.readers.notes import Notes
from xprojdb.text.spans import Span, spans_from_tags, tags_from_spans

TWO = "Ana\tB-PER\nlives\tO\n.\tO\n\nBerlin\tB-LOC\n"
RECORDS = [
    Record(("Ana", "lives", "."), (Span(0, 1, "PER"),), line=1),
    Record(("Berlin",), (Span(0, 1, "LOC"),), line=5),
]


@pytest.fixture
def write(tmp_path):
    def _write(content, name="corpus.conll"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


def fault(path, **options):
    with pytest.raises(ReadError) as caught:
        list(read_conll(path, **options))
    assert caught.value.file == str(path)
    return caught.value


def as_tuples(records):
    return [(record.words, record.entities) for record in records]


@pytest.mark.parametrize(
    "content",
    [
        TWO,
        TWO.rstrip("\n"),
        TWO + "\n\n\n",
        TWO.replace("\n", "\r\n"),
        TWO.rstrip("\n").replace("\n", "\r\n") + "\r",
        "\ufeff" + TWO,
        TWO.replace("\t", " "),
        TWO.replace("\t", "  \t"),
        TWO.replace("\n", " \n"),
        TWO.replace("\n", "\t\n"),
        TWO.replace("\t", " NN NP "),
        TWO.replace("\t", "\tNN\tNP\t"),
    ],
)
def test_layouts_of_the_same_sentences(write, content):
    assert list(read_conll(write(content))) == RECORDS


def test_gzip(write):
    assert list(read_conll(write(gzip.compress(TWO.encode()), "corpus.conll.gz"))) == RECORDS


def test_lines_are_counted_over_blank_lines_and_document_marks(write):
    content = "\n\n-DOCSTART- -X- O\n\na x O\nb x O\n-DOCSTART- -X- O\nc x O\n\n\n \n\nd x O\n"
    records = list(read_conll(write(content)))
    assert [(record.words, record.line) for record in records] == [(("a", "b"), 5), (("c",), 8), (("d",), 13)]


def test_comments_and_ids(write):
    content = "# id = s1\n# a remark\n# O\nx O\n\n# id s2\tdomain=news\ny O\n\nz O\n# B-MISC\n"
    records = list(read_conll(write(content)))
    assert [(record.words, record.external_id) for record in records] == [
        (("#", "x"), "s1"),
        (("y",), "s2"),
        (("z", "#"), None),
    ]
    assert records[0].line == 3


def test_an_id_does_not_reach_over_a_blank_line(write):
    content = "a O\n\n# id = x\n\nb O\n\n# id = y\nc O\n\nd O\n\n"
    assert [record.external_id for record in read_conll(write(content))] == [None, None, "y", None]


def test_the_word_number_sign_in_tabs(write):
    (record,) = read_conll(write("#\tO\n# 1\tB-MISC\n"))
    assert record.words == ("#", "# 1")


def test_wikiann_prefixes(write):
    content = "en:New\tB-LOC\nen:York\tI-LOC\nen::\tO\n\nen:en:x\tO\n"
    path = write(content)
    assert [record.words for record in read_conll(path)] == [("New", "York", ":"), ("en:x",)]
    assert next(iter(read_conll(path, strip_language_prefix=False))).words[0] == "en:New"


def test_times_and_ratios_are_no_prefixes(write):
    (record,) = read_conll(write("de:Tor\tO\n3:2\tO\n"))
    assert record.words == ("de:Tor", "3:2")


def test_a_prefix_that_stops(write):
    content = "en:a\tO\n\n" * 60 + "b\tO\n"
    assert (fault(write(content)).reason, fault(write(content)).line) == ("language-prefix", 121)
    assert fault(write("a\tO\n"), strip_language_prefix=True).reason == "language-prefix"


def test_columns_by_number_and_separator(write):
    path = write("1|New York|B-LOC|x\n2|is|O|x\n")
    (record,) = read_conll(path, word_column=1, column=2, separator="|")
    assert (record.words, record.entities) == (("New York", "is"), (Span(0, 1, "LOC"),))


def test_unlabelled(write):
    (first, second) = read_conll(write("a\nb\n\nc\n"), labelled=False)
    assert (first.words, first.entities, second.words) == (("a", "b"), None, ("c",))


def test_words_are_nfc(write):
    (record,) = read_conll(write("e\u0301\u0323\tO\n"))
    assert record.words == ("\u1eb9\u0301",)


def test_white_space_and_controls_of_unicode_stay_inside_words_and_not_around_them(write):
    content = "a\u00a0b\tO\n\u3000\tO\nc\u009d\u0085\u2028\tO\n"
    notes = Notes()
    (record,) = read_conll(write(content), notes=notes)
    assert record.words == ("a\u00a0b", "c\u009d")
    assert {code: (note.count, note.line) for code, note in notes} == {"trimmed-word": (1, 3), "wordless-line": (1, 2)}


def test_broken_tags_are_repaired_or_refused(write):
    path = write("a O\nb I-PER\n\nc B-LOC\nd I-PER\n")
    assert [record.entities for record in read_conll(path)] == [
        (Span(1, 2, "PER"),),
        (Span(0, 1, "LOC"), Span(1, 2, "PER")),
    ]
    error = fault(path, strict=True)
    assert (error.reason, error.line, error.tag, error.tag_reason) == ("tag", 2, "I-PER", "inside-after-outside")


def test_the_line_of_a_tag_after_comments(write):
    error = fault(write("x O\n\n# id = 1\na O\n# note that\nb NNP\n"))
    assert (error.reason, error.line, error.tag) == ("tag", 6, "NNP")


@pytest.mark.parametrize(
    ("content", "reason", "line", "column"),
    [
        ("", "empty", None, None),
        ("\n \n\n", "empty", None, None),
        ("-DOCSTART- O\n\n", "empty", None, None),
        ("a O\nb\n", "columns", 2, 2),
        ("a O\n\nb O\nc X O\n", "columns", 4, 6),
        ("a\tO\nb\tx\tO\nc\n\n", "columns", 2, 6),
        ("word\n", "columns", 1, 5),
        ("a O\n\n O\n", "blank", 3, None),
        ("a\tO\n\n\tO\n", "blank", 3, None),
        ("a\tx\tO\nb\t\tO\n \tx\tB-LOC\n", "empty-field", 3, 1),
        ("a\tO\n\n\u00a0\tO\n\u2003\tO\n", "blank", 3, None),
        ("a\tO\nb\x07c\tO\n", "control-character", 2, 2),
        ("a\tO\n\nb\x7f\tO\n", "control-character", 3, 2),
        ("a\tO\nb\0\tO\n", "binary", 2, None),
        ("a\rb\tO\n", "control-character", 1, 2),
    ],
)
def test_faults(write, content, reason, line, column):
    error = fault(write(content))
    assert (error.reason, error.line, error.column) == (reason, line, column)


def test_latin1_names_the_place_and_the_byte(write):
    error = fault(write("é\tO\n\nb\tO\n".encode() + "día\tO\n".encode("latin-1")))
    assert (error.reason, error.line, error.column, error.byte) == ("not-utf-8", 4, 2, 0xED)
    assert "iconv" in error.hint


def test_utf16_is_binary(write):
    assert fault(write(TWO.encode("utf-16"))).reason == "binary"


def test_missing_folder_and_damaged(tmp_path, write):
    assert fault(tmp_path / "none.conll").reason == "missing"
    assert fault(tmp_path).reason == "folder"
    packed = gzip.compress(random.Random(0).randbytes(5000))
    assert fault(write(packed[:2000], "cut.gz")).reason == "gzip"


def test_a_column_that_is_not_there(write):
    path = write(TWO)
    assert fault(path, column=5).reason == "columns"
    assert fault(path, word_column=-3).reason == "columns"


def test_errors_survive_the_way_between_processes(tmp_path):
    error = pickle.loads(pickle.dumps(fault(tmp_path)))
    assert (type(error), error.reason) == (ReadError, "folder")


def naive(path):
    """Line by line, as one would write it first."""
    sentences, rows = [], []
    for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
        if line.strip():
            rows.append(line.split())
        elif rows:
            words, tags = zip(*[(row[0], row[-1]) for row in rows], strict=True)
            sentences.append((words, spans_from_tags(tags)))
            rows = []
    return sentences


def made_up(draw, width):
    words = [draw.choice(["a", "bé", "šč", "O", "#", "B-PER", "漢", "-"]) for _ in range(draw.randint(1, 9))]
    start = draw.randrange(len(words))
    tags = tags_from_spans(len(words), [Span(start, draw.randint(start + 1, len(words)), "LOC")])
    middle = ["x"] * (width - 2)
    return [[word, *middle, tag] for word, tag in zip(words, tags, strict=True)]


@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize("separator", ["\t", " "])
def test_random_files_read_as_by_the_naive_reader(write, width, separator):
    draw = random.Random(width)
    text = ""
    for _ in range(400):
        for row in made_up(draw, width):
            mess = draw.choice(["", "", "", "", " "])
            text += separator.join(row) + mess + "\n"
        text += draw.choice(["\n", "\n", "\n\n", " \n"])
    path = write(text)
    assert as_tuples(read_conll(path)) == naive(path)


def test_a_shifted_column_is_never_taken_for_a_regular_sentence(write):
    draw = random.Random(5)
    for _ in range(300):
        rows = [row for _ in range(2) for row in made_up(draw, 2)]
        short = draw.randrange(len(rows))
        rows[short], rows[short - 1] = rows[short][:1], [*rows[short - 1], "O"]
        text = "w\tO\n\n" + "".join("\t".join(row) + "\n" for row in rows) + "\n"
        assert fault(write(text)).reason == "columns"


def test_sentences_across_the_pieces_that_are_read(write):
    sentences = ["".join(f"wörd{i}_{j}\tO\n" for j in range(i % 50 + 1)) for i in range(6000)]
    path = write("\n".join(sentences).replace("\n", "\r\n"))
    assert path.stat().st_size > 2_000_000
    count, line = 0, 1
    for i, record in enumerate(read_conll(path)):
        assert record.words == tuple(f"wörd{i}_{j}" for j in range(i % 50 + 1)) and record.line == line
        line += len(record.words) + 1
        count += 1
    assert count == 6000


@pytest.mark.slow
@pytest.mark.parametrize("blank", ["\n", " \t\n"])
def test_memory_does_not_grow_with_the_file(write, blank):
    sentence = "".join(f"word{j}\tO\n" for j in range(20)) + blank
    path = write(sentence * 100_000)
    tracemalloc.start()
    try:
        for count, _ in enumerate(read_conll(path)):
            if count > 20_000:
                break
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size
    finally:
        tracemalloc.stop()


def test_a_file_without_blank_lines_is_not_read_whole(write):
    error = fault(write("word\tO\n" * 3_000_000))
    assert error.reason == "no-boundary"


_LINES = (
    "# id = s1",
    "# sent_id\tx 2",
    "#id=7",
    "# text",
    "#",
    "# O",
    "# a b O",
    "#1 O",
    "# id = x B-PER",
    "1-2 # O",
    "",
    "Ana B-PER",
    "Ana\tB-PER",
    "1 Ana x B-PER",
    "-DOCSTART- O",
    " Ana O",
)


@pytest.mark.parametrize("separator", [" ", "\t"])
def test_comments_above_a_sentence_do_not_change_how_it_is_read(write, monkeypatch, separator):
    draw = random.Random(separator)
    for _ in range(300):
        few = draw.sample(_LINES, 4)
        rows = [f"Mara{separator}O", f"rests{separator}B-LOC", "", *draw.choices([*few, f"a{separator}O", ""], k=12)]
        path = write("\n".join(rows))
        result = _read(path)
        with monkeypatch.context() as patch:
            patch.setattr(conll._Sentences, "_regular", lambda *_: None)
            assert _read(path) == result, rows


def _read(path):
    notes = Notes()
    try:
        return list(read_conll(path, notes=notes)), dict(notes)
    except ReadError as error:
        return error.message, error.fields
