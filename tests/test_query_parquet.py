"""Parquet answers are written block by block, and have the types that all rows together have."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from xprojdb.api.results.rows import Rows

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


class Block(list):  # type: ignore[type-arg]
    """A list that can be watched."""


def _written(tmp_path: Path, *blocks: list[tuple[Any, ...]]) -> Any:
    path = tmp_path / "rows.parquet"
    names = [f"c{number}" for number in range(len(blocks[0][0]) if blocks and blocks[0] else 1)]
    Rows(names, iter(blocks)).write(path, "parquet")
    return pq.read_table(path)


def test_no_more_than_a_block_is_held(tmp_path: Path) -> None:
    alive: weakref.WeakSet[Block] = weakref.WeakSet()
    most = 0

    def blocks() -> Iterator[Block]:
        nonlocal most
        for first in range(0, 5_000, 100):
            block = Block((number, f"word {number}") for number in range(first, first + 100))
            alive.add(block)
            most = max(most, len(alive))
            yield block
            del block

    Block.__hash__ = object.__hash__  # type: ignore[method-assign, assignment]
    Rows(("key", "word"), blocks()).write(tmp_path / "rows.parquet", "parquet")
    assert most <= 2
    table = pq.read_table(tmp_path / "rows.parquet")
    assert table.column("key").to_pylist() == list(range(5_000))


@pytest.mark.parametrize(
    ("blocks", "kind", "values"),
    [
        ([[(1,)], [(2,)]], "int64", [1, 2]),
        ([[(None,)], [(2,)]], "int64", [None, 2]),
        ([[(1,)], [(2.5,)]], "double", [1.0, 2.5]),
        ([[(1,)], [("a",)]], "string", ["1", "a"]),
        ([[(1,), ("a",)], [(None,)]], "string", ["1", "a", None]),
        ([[(b"\x00",)], [("a",)]], "binary", [b"\x00", b"a"]),
        ([[(None,)], [(None,)]], "null", [None, None]),
        ([[(Decimal("1.5"),)], [(Decimal("123.25"),)]], "decimal128(5, 2)", [Decimal("1.50"), Decimal("123.25")]),
        ([[(10**30,)], [(1,)]], "string", [str(10**30), "1"]),
        ([[(datetime(2026, 1, 1, tzinfo=UTC),)], [(None,)]], "timestamp[us, tz=UTC]", None),
        ([[], [(1,)]], "int64", [1]),
    ],
)
def test_types_of_all_rows_together(
    tmp_path: Path, blocks: list[list[tuple[Any, ...]]], kind: str, values: list[Any] | None
) -> None:
    path = tmp_path / "rows.parquet"
    Rows(("c",), iter(blocks)).write(path, "parquet")
    column = pq.read_table(path).column("c")
    assert str(column.type) == kind
    assert len(column) == sum(map(len, blocks))
    if values is not None:
        assert column.to_pylist() == values


def test_no_rows_are_a_table_without_rows(tmp_path: Path) -> None:
    assert _written(tmp_path).num_rows == 0


def test_an_error_after_the_first_rows_leaves_no_file(tmp_path: Path) -> None:
    def blocks() -> Iterator[list[tuple[int]]]:
        yield [(1,)]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Rows(("c",), blocks()).write(tmp_path / "rows.parquet", "parquet")
    assert not list(tmp_path.iterdir())
