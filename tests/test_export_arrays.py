"""Columns that the database joins are what reading row by row gives, whatever is in them."""

from __future__ import annotations

import math
import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import corpus, label, sentence
from xprojdb.exports.rows.arrow_reading import (
    Columns,
    plain_memory,
    read_arrays,
    read_numbers,
    split,
    split_numbers,
)
from xprojdb.exports.rows.walking import among, around
from xprojdb.steps import inputs
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


@pytest.mark.parametrize("texts", [[], ["a"], ["b", "a", "日本"], ["a\x1eb", "c"], [None, "a"]])
def test_columns_in_any_order_belong_together(database: Database, texts: list[str | None]) -> None:
    query = QUERY.order_by(None)
    with database.write() as connection:
        fill(connection, texts)
    with database.read() as connection:
        columns = as_lists(read_arrays(connection, query, 2, ordered=False))
        assert sorted(zip(*columns, strict=True)) == sorted(zip(*read_columns(connection, query, 4), strict=True))


#: numbers around the bounds between which a multiple is exact, and others that have fewer bits below the point
EDGES = [0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, 5e-324, -5e-324, 2.0**-62, 2.0**-63, 1e-300, 1e300, math.inf, -math.inf, 7.0]
EDGES += [math.nextafter(x, to) for x in (2.0**-10, 1.0, 1.5, 2.0, -1.5, -2.0) for to in (-9.0, 9.0, x)]


def add_labels(connection: Connection, scores: list[float], margins: list[float]) -> None:
    names = ("step_id", "sentence_id", "translation_id", "ordinal", "start_word", "end_word")
    pairs = enumerate(zip(scores, margins, strict=True))
    rows = [(1, 5 + n // 3, 7, n, n, n + 1, "PER", *pair) for n, pair in pairs]
    bulk.insert(connection, label, (*names, "label", "score", "margin"), rows)


def doubles(draw: random.Random, count: int) -> list[float]:
    """Some below 1, and some of any size."""
    bits = struct.unpack(f"<{count}d", draw.randbytes(8 * count))
    return [value if draw.random() < 0.3 and not math.isnan(value) else draw.random() for value in bits]


NUMBERS = select(label).where(label.c.step_id == 1).order_by(label.c.ordinal.desc())


def as_bits(columns: object) -> list[list[int]]:
    return np.asarray(columns, np.float64).view(np.int64).tolist()


@pytest.mark.parametrize("seed", range(4))
def test_numbers_are_those_of_the_rows_to_the_last_bit(database: Database, seed: int) -> None:
    draw = random.Random(seed)
    scores = [*EDGES, *doubles(draw, 300)] if seed else [0.5, 0.75, 1 / 3]
    with database.write() as connection:
        add_labels(connection, scores, draw.sample(scores, len(scores)))
    fractions = (label.c.score, label.c.margin)
    with database.read() as connection:
        (ordinal, end), numbers = read_numbers(connection, NUMBERS, (label.c.ordinal, label.c.end_word), fractions)
        rows = inputs.read_numbers(connection, NUMBERS.with_only_columns(*fractions), 2)
    assert ordinal.tolist() == list(reversed(range(len(scores))))
    assert end.tolist() == [1 + place for place in ordinal.tolist()]
    assert as_bits(numbers) == as_bits(rows)


def test_sqlite_reads_few_numbers_one_by_one(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    one_by_one = []

    def counted(connection: Connection, query: object, width: int) -> object:
        one_by_one.append(rows := read_rows(connection, query, width))
        return rows

    read_rows = inputs.read_numbers
    monkeypatch.setattr(inputs, "read_numbers", counted)
    with sqlite_database.write() as connection:
        add_labels(connection, [0.25, 0.5, 0.0, 1.0], [0.3, 0.0, 0.7, 1e-9])
    with sqlite_database.read() as connection:
        _, (score, margin) = read_numbers(connection, NUMBERS, (label.c.ordinal,), (label.c.score, label.c.margin))
    assert (score.tolist(), margin.tolist()) == ([1.0, 0.0, 0.5, 0.25], [1e-9, 0.7, 0.0, 0.3])
    assert [rows.shape for rows in one_by_one] == [(2, 3)]


def test_a_step_without_labels_has_no_numbers(database: Database) -> None:
    with database.read() as connection:
        (ordinal,), (score,) = read_numbers(connection, NUMBERS, (label.c.ordinal,), (label.c.score,))
    assert (ordinal.tolist(), score.tolist()) == ([], [])


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_joined_numbers_are_split(numbers: list[int]) -> None:
    assert split_numbers(bulk.SEPARATOR.join(map(str, numbers)).encode()).tolist() == numbers


@pytest.mark.parametrize("text", [b"1.5", b"2\x1e1.1", b"a", b"1\x1ea", b"1\x1e\x1e2", b"1\x1e"])
def test_what_is_no_whole_number_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        split_numbers(text)


@pytest.mark.parametrize("gap", [1, 2, 3, 9, 1_000])
def test_rows_are_found_by_their_keys(database: Database, gap: int) -> None:
    with database.write() as connection:
        fill(connection, ["a"] * 60)
    for seed in range(5):
        draw = random.Random(seed)
        keys = np.array(draw.sample(range(1, 61), max(1, 60 // gap)), np.int64)
        first, last = int(keys.min()), int(keys.max())
        query = select(sentence.c.id)
        with database.read() as connection:
            found = bulk.fetch(connection, query.where(among(connection, sentence.c.id, keys)))
            more = bulk.fetch(connection, query.where(around(connection, sentence.c.id, keys)))
        assert sorted(key for (key,) in found) == sorted(keys.tolist())
        assert set(found) <= set(more) <= {(key,) for key in range(first, last + 1)}
