import gzip

import pytest

from xprojdb.errors import InputError, UsageError
from xprojdb.readers import read
from xprojdb.text.languages import UnknownLanguage

CONTENT = {"conll": "Ana\tB-PER\n", "text": "Ana\n", "jsonl": '{"tokens": ["Ana"]}\n'}


COLUMN_FILES = [f"x{suffix}" for suffix in (".conll", ".conll02", ".conll03", ".bio", ".iob", ".iob2", ".tsv", ".BIO")]


@pytest.mark.parametrize(
    ("name", "format"), [*((name, "conll") for name in COLUMN_FILES), ("x.txt", "text"), ("x.jsonl", "jsonl")]
)
def test_the_suffix_says_the_format(tmp_path, name, format):
    plain, packed = tmp_path / name, tmp_path / f"{name}.gz"
    plain.write_text(CONTENT[format], encoding="utf-8")
    packed.write_bytes(gzip.compress(CONTENT[format].encode()))
    for path in (plain, packed):
        (record,) = read(path, "en")
        assert record.words == ("Ana",)
        assert (record.entities is not None) == (format == "conll")


def test_options_reach_the_reader(tmp_path):
    path = tmp_path / "x.data"
    path.write_text("Ana's plan\n", encoding="utf-8")
    assert next(read(path, "en", format="text", pretokenized=True)).words == ("Ana's", "plan")


def test_refusals_come_before_reading(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        read("none.data", "en")
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "en.conll").write_text("Ana B-PER\n")
    with pytest.raises(UsageError, match="news is a folder") as caught:
        read(tmp_path / "news", "en")
    assert str(caught.value.hint).endswith("news/en.conll")
    with pytest.raises(UsageError) as caught:
        read("none.txt", "en", strict=True)
    assert (caught.value.option, caught.value.format) == ("strict", "text")
    with pytest.raises(UnknownLanguage):
        read("none.conll", "klingon language")
