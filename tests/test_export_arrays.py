"""Columns that the database joins are what reading row by row gives, whatever is in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import corpus, sentence
from xprojdb.exports.rows.arrow_reading import Columns, plain_memory, read_arrays, split
from xprojdb.steps.inputs import read_columns

pa = pytest.importorskip("pyarrow")

QUERY = select(sentence.c.id, sentence.c.n_words, sentence.c.words, sentence.c.text).order_by(sentence.c.id.desc())


def fill(connection: Connection, texts: list[str | None]) -> None:
    connection.execute(insert(corpus).values(id=1, name="c"))
    values = [
        {"id": 1 + n, "corpus_id": 1, "lang": "en", "n_words": 7 * n, "words": f"é{text}", "text": text}
        for n, text in enumerate(texts)
    ]
    if values:
        connection.execute(insert(sentence), values)


def as_lists(columns: Columns) -> list[list[object]]:
    return [*(column.tolist() for column in columns.whole), *(column.to_pylist() for column in columns.texts)]


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["", ""], ["a", "日本", ""], [None, None], ["a", None], ["a\x1eb", "c"], ["\x1e"], ["a\nb", "'\"\\"]],
)
def test_columns_are_those_of_the_rows(database: Database, texts: list[str | None]) -> None:
    with database.write() as connection:
        fill(connection, texts)
    with database.read() as connection:
        columns = read_arrays(connection, QUERY, 2)
        assert as_lists(columns) == read_columns(connection, QUERY, 4)
        assert all(column.dtype == np.int64 for column in columns.whole)
        assert all(column.type == pa.string() for column in columns.texts)


def test_a_separator_does_not_make_up_for_a_missing_text(database: Database) -> None:
    query = QUERY.with_only_columns(sentence.c.id, sentence.c.text)
    with database.write() as connection:
        fill(connection, ["a\x1eb", None])
    with database.read() as connection:
        assert as_lists(read_arrays(connection, query, 1)) == [[2, 1], [None, "a\x1eb"]]


def test_sqlite_joins_what_can_be_told_apart(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        fill(connection, ["a", "b"])
    with sqlite_database.read() as connection:
        assert bulk.joined(connection, QUERY) == (2, [b"2\x1e1", b"7\x1e0", "éb\x1eéa".encode(), b"b\x1ea"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("xprojdb.exports.rows.arrow_reading.read_columns", lambda *_: pytest.fail("row by row"))
            assert len(read_arrays(connection, QUERY, 2)) == 2


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x1e"), max_size=5), min_size=1, max_size=6))
def test_joined_texts_are_split(texts: list[str]) -> None:
    assert split(bulk.SEPARATOR.join(texts).encode()).to_pylist() == texts


def test_what_is_not_utf8_is_refused() -> None:
    with pytest.raises(pa.ArrowInvalid):
        split(b"a\x1e\xff")


def test_arrow_has_its_own_memory_again_afterwards() -> None:
    before = pa.default_memory_pool().backend_name
    with plain_memory():
        assert pa.default_memory_pool().backend_name == "system"
    assert pa.default_memory_pool().backend_name == before
