import pytest

from xprojdb.errors import InputError
from xprojdb.evaluation.published import load_published, select

HEADER = "dataset,lang,method,aligner,f1,precision,recall\n"


@pytest.fixture
def scores(tmp_path):
    (tmp_path / "b2021.csv").write_text("dataset,lang,method,f1\nnews,sw,transfer,50.5\n", encoding="utf-8")
    (tmp_path / "a2020.csv").write_text(
        HEADER + "news,sw,exact,awesome,71.25,80,64\nnews,yo,heuristic,,40,,\nnews,sw,exact,simalign,71.25,70,73\n",
        encoding="utf-8",
    )
    return load_published(tmp_path)


def test_a_folder_is_read_in_the_order_of_file_names(scores):
    assert [(score.source, score.lang, score.f1) for score in scores] == [
        ("a2020", "sw", 0.7125),
        ("a2020", "yo", 0.40),
        ("a2020", "sw", 0.7125),
        ("b2021", "sw", 0.505),
    ]


def test_empty_cells_are_absent_and_further_columns_are_settings(scores):
    assert (scores[0].precision, scores[0].recall, scores[0].settings) == (0.8, 0.64, {"aligner": "awesome"})
    assert (scores[1].precision, scores[1].recall, scores[1].settings) == (None, None, {})


def test_select_by_field_and_setting(scores):
    assert select(scores, lang="sw", aligner="simalign") == [scores[2]]
    assert select(scores, source="b2021") == [scores[3]]
    assert select(scores, lang="zu") == []


def test_one_file_with_a_byte_order_mark(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text("dataset,lang,method,f1\nnews,sw,transfer,50.5\n", encoding="utf-8-sig")
    assert load_published(file)[0].dataset == "news"


@pytest.mark.parametrize("cell", ["", "n/a", "101", "-1", "nan", "inf"])
def test_a_score_that_is_no_percentage_names_its_line(tmp_path, cell):
    file = tmp_path / "c.csv"
    file.write_text(HEADER + f"news,sw,exact,awesome,50,,\nnews,sw,exact,awesome,{cell},,\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_published(file)
    assert (caught.value.file, caught.value.line, caught.value.column) == (file, 3, "f1")


@pytest.mark.parametrize("line", ["news,sw,exact", "news,sw,exact,awesome,50,50,50,50"])
def test_a_line_of_another_length_is_refused(tmp_path, line):
    file = tmp_path / "c.csv"
    file.write_text(HEADER + line + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_published(file)
    assert caught.value.line == 2


def test_missing_columns_and_files_are_refused(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text("dataset,lang\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_published(file)
    assert caught.value.columns == ["method", "f1"]
    with pytest.raises(InputError):
        load_published(tmp_path / "absent.csv")
