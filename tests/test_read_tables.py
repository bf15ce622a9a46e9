"""Tables: CSV, TSV, XLSX and ODS with a sentence a row."""

import csv
import datetime
import gzip
import io

import pytest

from xprojdb.readers import Notes, ReadError, format_of, read
from xprojdb.text.spans import Span

ROWS = [
    ["id", "English", "Swahili", "note"],
    ["a1", "Mara rests.", "Mara anapumzika.", ""],
    ["a2", 'He said, "no".', "", "ask"],
    ["", "", "", ""],
    ["a3", "Two\nlines", "Mistari miwili", ""],
]


def write_csv(folder, rows, name="t.csv", **options):
    out = io.StringIO()
    csv.writer(out, **options).writerows(rows)
    path = folder / name
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def write_xlsx(folder, rows, name="t.xlsx"):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.create_sheet("more").append(["Only here"])
    book.save(folder / name)
    return folder / name


def write_ods(folder, rows, name="t.ods"):
    opendocument = pytest.importorskip("odf.opendocument")
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    book = opendocument.OpenDocumentSpreadsheet()
    sheet = Table(name="first")
    for row in rows:
        line = TableRow()
        for cell in row:
            result = TableCell(valuetype="string")
            for part in cell.split("\n"):
                result.addElement(P(text=part))
            line.addElement(result)
        sheet.addElement(line)
    book.spreadsheet.addElement(sheet)
    book.save(folder / name)
    return folder / name


def write_tsv(folder, rows):
    return write_csv(folder, rows, "t.tsv", delimiter="\t")


def write_semicolons(folder, rows):
    return write_csv(folder, rows, "t.txt", delimiter=";")


def load(path, lang="en", notes=None, **options):
    return list(read(path, lang, "table", notes, **options))


def fault(path, **options):
    with pytest.raises(ReadError) as caught:
        load(path, **options)
    assert caught.value.file == str(path)
    return caught.value


@pytest.mark.parametrize("write", [write_csv, write_tsv, write_semicolons, write_xlsx, write_ods])
def test_every_kind_has_the_same_sentences(tmp_path, write):
    path = write(tmp_path, ROWS)
    notes = Notes()
    records = load(path, notes=notes)
    assert [(r.external_id, r.text, r.entities) for r in records] == [
        ("a1", "Mara rests.", None),
        ("a2", 'He said, "no".', None),
        ("a3", "Two lines", None),
    ]
    assert {code: (note.count, note.line) for code, note in notes} == {"header": (1, 1), "blank-row": (1, 4)}
    notes = Notes()
    swahili = load(path, "sw", notes, beside=("English",))
    assert [record.external_id for record in swahili] == ["a1", "a3"]
    assert notes.by_code["blank-cell"].count == 1


@pytest.mark.parametrize(("write", "name"), [(write_xlsx, "t.dat"), (write_ods, "t.csv"), (write_xlsx, "t.txt")])
def test_content_says_what_is_a_spreadsheet(tmp_path, write, name):
    path = write(tmp_path, ROWS, name)
    assert format_of(path) == "table"
    assert len(load(path)) == 3


def test_columns_by_number_and_without_a_header(tmp_path):
    path = write_csv(tmp_path, [["x", "Mara rests"], ["y", "Otto waits"]])
    assert [record.text for record in load(path, text=1)] == ["Mara rests", "Otto waits"]
    assert [record.text for record in load(path, text=1, header=True)] == ["Otto waits"]
    assert [record.external_id for record in load(path, text=-1, id=0)] == ["x", "y"]


def test_a_language_in_the_header_is_found_by_any_code(tmp_path):
    path = write_csv(tmp_path, [["eng", "sw"], ["Mara rests", "Mara anapumzika"]])
    assert load(path, "en")[0].text == "Mara rests"
    assert load(path, "swa")[0].text == "Mara anapumzika"


@pytest.mark.parametrize(("options", "reason"), [({}, "columns"), ({"text": "x"}, "columns"), ({"text": 9}, "columns")])
def test_columns_that_are_not_there(tmp_path, options, reason):
    path = write_csv(tmp_path, [["id", "left", "right"], ["1", "Mara", "Otto"]])
    error = fault(path, **options)
    assert error.reason == reason
    assert "left" in error.message


def test_more_cells_than_columns_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,text\n1,Mara rests\n2,Well, no\n", encoding="utf-8")
    assert (fault(path).reason, fault(path).line) == ("columns", 3)


@pytest.mark.parametrize("words", ["Mara rests", "['Mara', 'rests']"])
@pytest.mark.parametrize("tags", ["B-PER O", "['B-PER', 'O']"])
def test_words_and_tags_in_cells(tmp_path, words, tags):
    path = write_csv(tmp_path, [["text", "tags"], [words, tags]])
    (record,) = load(path, tags="tags")
    assert (record.words, record.entities) == (("Mara", "rests"), (Span(0, 1, "PER"),))
    error = fault(path)
    assert (error.reason, error.field, error.line) == ("labels", "tags", 2)


def test_tags_that_do_not_fit(tmp_path):
    path = write_csv(tmp_path, [["text", "tags"], ["Mara rests", "B-PER O"], ["Mara rests", "B-PER"]])
    assert (fault(path, tags="tags").reason, fault(path, tags="tags").line) == ("length", 3)
    path = write_csv(tmp_path, [["text", "tags"], ["Mara", "B-A|B-B"]])
    assert fault(path, tags="tags").reason == "label"


def test_classes_are_no_labels(tmp_path):
    path = write_csv(tmp_path, [["text", "label"], ["Mara rests", "neutral"]])
    assert load(path)[0].entities is None


def test_numbers_and_dates_of_spreadsheets(tmp_path):
    path = write_xlsx(tmp_path, [["id", "text"], [1, "Mara"], [2, 3.0], [3, 2.5], [4, datetime.date(2024, 5, 6)]])
    assert [(record.external_id, record.text) for record in load(path)] == [
        ("1", "Mara"),
        ("2", "3"),
        ("3", "2.5"),
        ("4", "2024-05-06"),
    ]


def test_sheets(tmp_path):
    path = write_xlsx(tmp_path, ROWS)
    assert load(path, sheet="more")[0].text == load(path, sheet=1)[0].text == "Only here"
    assert fault(path, sheet="none").reason == fault(path, sheet=7).reason == "sheet"


def test_open_quotes_of_tab_separated_texts_mean_nothing(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text('text\tid\n"Mara rests\t1\nOtto" waits\t2\n', encoding="utf-8")
    assert [record.text for record in load(path)] == ['"Mara rests', 'Otto" waits']


def test_faults_of_files(tmp_path):
    path = write_csv(tmp_path, ROWS)
    assert len(load(_packed(path))) == 3
    path.write_bytes("text\nMara\nZürich\n".encode("latin-1"))
    error = fault(path)
    assert (error.reason, error.line, error.column) == ("not-utf-8", 3, 2)
    path.write_bytes("text\nMara\n".encode("utf-16"))
    assert fault(path).reason == "binary"
    path.write_bytes(b"PK\x03\x04" + b"x" * 500)
    assert fault(path).reason == "spreadsheet"
    path.write_text('text\n"a"b\n', encoding="utf-8")
    assert (fault(path).reason, fault(path).line) == ("csv", 2)
    path.write_text("", encoding="utf-8")
    assert fault(path).reason == "empty"
    path.write_text("text\n\n", encoding="utf-8")
    assert fault(path).reason == "empty"


def _packed(path):
    packed = path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed
