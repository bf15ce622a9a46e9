"""Column files as people have them: faults of published corpora and of tools, with the right reading of each."""

import random

import pytest

from xprojdb.readers import ReadError, read_conll
from xprojdb.readers.notes import Notes
from xprojdb.text.spans import Span


@pytest.fixture
def write(tmp_path):
    def _write(content):
        path = tmp_path / "corpus.conll"
        path.write_text(content, encoding="utf-8")
        return path

    return _write


def load(path, **options):
    """Words with the texts of their entities, and what was told: code, count and first line."""
    notes = Notes()
    records = list(read_conll(path, notes=notes, **options))
    shown = [
        (" ".join(r.words), [(" ".join(r.words[s.start : s.end]), s.label) for s in r.entities or ()]) for r in records
    ]
    return shown, {code: (note.count, note.line) for code, note in notes}


def fault(path, **options):
    with pytest.raises(ReadError) as caught:
        list(read_conll(path, **options))
    assert caught.value.file == str(path)
    return caught.value


@pytest.mark.parametrize("wordless", [" O", "\tO", " \tO", "\u00a0\tO", "\u200a\tO"])
@pytest.mark.parametrize("separator", ["\t", " "])
def test_lines_without_a_word_are_left_out_and_told(write, wordless, separator):
    rows = ["uMona B-PER", "kwa O", None, "iGoli B-LOC"]
    text = "".join(f"{wordless if row is None else row.replace(' ', separator)}\n" for row in rows)
    shown, result = load(write(text))
    assert shown == [("uMona kwa iGoli", [("uMona", "PER"), ("iGoli", "LOC")])]
    assert result == {"wordless-line": (1, 3)}


def test_a_label_beside_no_word_is_refused(write):
    error = fault(write("a\tO\n\tB-LOC\n"))
    assert (error.reason, error.line, error.tag) == ("empty-field", 2, "B-LOC")


def test_a_prefix_with_no_word_behind_it(write):
    shown, result = load(write("sw:Mwanza\tB-LOC\nsw:\tO\nsw:ni\tO\n\nsw:Tanga\tB-LOC\n"))
    assert shown == [("Mwanza ni", [("Mwanza", "LOC")]), ("Tanga", [("Tanga", "LOC")])]
    assert result == {"wordless-line": (1, 2)}


GERMEVAL = "#\thttp://example.org/{0}\t[2011-02-0{0}]\t\n1\tDas\tO\tO\n2\tTheater\tB-ORG\tO\n3\tUlm\tI-ORG\tB-LOC\n\n"


def test_comments_behind_a_tab_and_two_columns_of_tags(write):
    path = write(GERMEVAL.format(1) + GERMEVAL.format(2))
    error = fault(path)
    assert (error.reason, error.columns) == ("tag-columns", (2, 3))
    assert "--column 2" in error.hint
    assert load(path, column=2)[0] == [("Das Theater Ulm", [("Theater Ulm", "ORG")])] * 2
    assert load(path, column=3)[0] == [("Das Theater Ulm", [("Ulm", "LOC")])] * 2


def test_a_column_of_chunks_is_no_column_of_entities(write):
    assert load(write("Oslo NNP B-NP B-LOC\nwaits VBZ B-VP O\n"))[0] == [("Oslo waits", [("Oslo", "LOC")])]


def test_tags_that_are_not_the_last_column(write):
    assert load(write("Oslo\tB-LOC\t-\tann\nwaits\tO\t-\tann\n"))[0] == [("Oslo waits", [("Oslo", "LOC")])]


def test_ranges_and_empty_nodes_are_no_words(write):
    text = "# sent_id = s 1\n# text = Voy al Prado\n1\tVoy\tO\t-\n2-3\tal\t_\t_\n2\ta\tO\t-\n3\tel\tO\t-\n"
    text += "3.1\tvisto\t_\t_\n4\tPrado\tB-LOC\t-\n"
    shown, result = load(write(text))
    assert shown == [("Voy a el Prado", [("Prado", "LOC")])]
    assert result == {"multiword-line": (2, 4)}
    assert load(write(text), word_column=1, column=2)[0] == shown


def test_numbers_that_are_words_stay_words(write):
    assert load(write("7\tO\n8\tO\n\n2024\tB-DATE\n"))[0] == [("7 8", []), ("2024", [("2024", "DATE")])]


@pytest.mark.parametrize("tag", ['B-DATE" E_OFF="7', "B-LOC,B-ORG", "B-LOC|B-ORG", "B-A B", "B-LO\u200bC"])
def test_labels_that_no_export_could_write(write, tag):
    error = fault(write(f"seen\tO\n2001\t{tag}\n"))
    assert (error.reason, error.line, error.label) == ("label", 2, tag[2:])


@pytest.mark.parametrize("behind", ["\u00a0", "\u200b", "\ufeff", "\u200e", "\u00a0 "])
def test_invisible_characters_behind_tags(write, behind):
    text = f"Oslo\tB-LOC{behind}\nis\tO{behind}\nBergen\tB-LOC\n"
    assert load(write(text)) == (
        [("Oslo is Bergen", [("Oslo", "LOC"), ("Bergen", "LOC")])],
        {"trimmed-tag": (2, 1)},
    )


def test_byte_order_marks_where_files_were_joined(write):
    shown, _ = load(write("\ufeffOslo\tB-LOC\n\n\ufeffBergen\tB-LOC\n\ufeffis\tO\n\ufeff\nx\tO\n"))
    assert [words for words, _ in shown] == ["Oslo", "Bergen is", "x"]


def test_document_marks_in_any_column(write):
    text = "0\t-DOCSTART-\tO\n\n0\tNATO\tB-ORG\n1\twaits\tO\n"
    assert load(write(text))[0] == [("NATO waits", [("NATO", "ORG")])]
    assert load(write(text), word_column=1)[0] == [("NATO waits", [("NATO", "ORG")])]


HIPE = "TOKEN\tNE-COARSE-LIT\tNE-NESTED\tMISC\n# language = de\nBasel\tB-loc\tO\t_\n.\tO\tO\tEndOfLine\n"


def test_a_first_line_with_names_of_columns(write):
    path = write(HIPE)
    error = fault(path)
    assert (error.reason, error.columns) == ("tag-columns", (1, 2))
    assert "NE-COARSE-LIT" in error.message
    for column in (1, "NE-COARSE-LIT"):
        shown, result = load(path, column=column)
        assert (shown, result) == ([("Basel .", [("Basel", "loc")])], {"header": (1, 1)})
    assert fault(path, column="NE-FINE").reason == "columns"
    assert load(write("Word\tTag\nBasel\tB-LOC\n"), word_column="Word")[0] == [("Basel", [("Basel", "LOC")])]


def test_a_malformed_first_line_is_no_header(write):
    assert (fault(write("Basel\tLOC\nis\tO\n")).reason, fault(write("Basel\tLOC\nis\tO\n")).line) == ("tag", 1)


def test_bmes_and_bmewo(write):
    shown, _ = load(write("东\tB-ORG\n海\tM-ORG\n社\tE-ORG\n在\tO\n沪\tS-LOC\n京\tW-LOC\n"))
    assert shown == [("东 海 社 在 沪 京", [("东 海 社", "ORG"), ("沪", "LOC"), ("京", "LOC")])]


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        ("# id = story 1", "story 1"),
        ("# sent_id = a b c  ", "a b c"),
        ("#\tid='1'-document_id='36:1047'", None),
        ("#\tid = 7\tdomain=x", "7"),
        ("#id=9", "9"),
        ("# id 5f8b\tdomain=en", "5f8b"),
    ],
)
def test_ids_in_comments(write, comment, name):
    (record,) = read_conll(write(f"{comment}\nOslo\tB-LOC\n"))
    assert record.words == ("Oslo",)
    assert record.external_id == (name if name is not None else "'1'-document_id='36:1047'")


def test_lines_that_begin_with_a_tab(write):
    path = write("\tOslo NNP B-LOC\n\tis VBZ O\n\n\tBergen NNP B-LOC\n")
    expected = [("Oslo is", [("Oslo", "LOC")]), ("Bergen", [("Bergen", "LOC")])]
    assert load(path)[0] == expected
    assert load(path, separator=" ")[0] == expected
    assert load(write("\tOslo\tB-LOC\n\tis\tO\n"))[0] == expected[:1]


def test_a_label_with_a_space_between_columns(write):
    text = "-DOCSTART- -X- O\nEva -X- _ B-First Name\nBuri -X- _ I-First Name\nis -X- _ O\n"
    error = fault(write(text))
    assert (error.reason, error.line, error.label) == ("label", 2, "First Name")
    late = fault(write("a -X- _ O\n\n" * 5000 + text))
    assert (late.reason, late.line, late.label) == ("label", 10002, "First Name")


def test_no_blank_lines_are_told_with_the_length(write):
    notes = Notes()
    (record,) = read_conll(write("mot O\n" * 5000), notes=notes)
    assert len(record.words) == 5000
    assert notes.count("long-sentence") == 1
    assert "5000" in notes.by_code["long-sentence"].message


def test_hashes_that_are_words(write):
    assert load(write("#\tO\n#tag\tB-MISC\n\n# 1\tB-MISC\n"))[0][0] == ("# #tag", [("#tag", "MISC")])


def masakhaner(seed, sentences):
    """A file with every fault of the published ones, and its right reading."""
    draw = random.Random(seed)
    text, expected = "", []
    for _ in range(sentences):
        words, entities, wordless = [], [], 0
        for _ in range(draw.randint(1, 12)):
            word = draw.choice(["ile", '""""', "‘yar", "ẹ̀kọ́", "Kampala", "2019", ":", "#", "O"])
            label = draw.choice([None] * 6 + ["LOC", "DATE"])
            if label is None and words and draw.random() < 0.05:
                text += draw.choice([" O\n", " O \n"])
                wordless += 1
                continue
            words.append(word)
            entities += [(len(words) - 1, label)] if label else []
            text += f"{word} {'B-' + label if label else 'O'}\n"
        text += draw.choice(["\n", "\n\n", " \n"])
        expected.append((words, entities, wordless))
    return text, expected


@pytest.mark.parametrize("seed", range(20))
def test_a_synthetic_copy_of_masakhaner(write, seed):
    from unicodedata import normalize

    text, expected = masakhaner(seed, 60)
    notes = Notes()
    records = list(read_conll(write(text), notes=notes))
    assert [list(record.words) for record in records] == [
        [normalize("NFC", w) for w in words] for words, _, _ in expected
    ]
    assert [record.entities for record in records] == [
        tuple(Span(at, at + 1, label) for at, label in entities) for _, entities, _ in expected
    ]
    assert notes.count("wordless-line") == sum(count for _, _, count in expected)
