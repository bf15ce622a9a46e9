"""Texts that can no longer be read; they are found as bytes, since every other check would fail on them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, Text, select
from sqlalchemy.exc import IntegrityError

from xprojdb.db import Database
from xprojdb.db.tables import metadata, sentence
from xprojdb.maintenance.checks.check import Finding, drop_files_of, drop_items
from xprojdb.maintenance.removal import remove_sentences
from xprojdb.maintenance.step_rows import stored_steps
from xprojdb.steps.spec import GOLD

#: columns whose texts are JSON, and those of them that no other check reads
_JSON = {
    ("sentence", "words"),
    ("sentence", "offsets"),
    ("step", "params"),
    ("recipe", "plan"),
    ("artifact", "content"),
    ("export", "checksums"),
}
_ALONE = {("export", "checksums")}
#: how JSON writes half of a character
_HALF = b"\\ud"
_ROWS = 5_000


class DamagedText(NamedTuple):
    """A text with bytes that are not UTF-8, or that should be JSON and is not, or holds halves of characters.

    :param key: the primary key of its row, with texts as bytes.
    :param data: its bytes.
    """

    table: Table
    key: tuple[Any, ...]
    column: str
    data: bytes

    @property
    def description(self) -> str:
        names = [column.name for column in self.table.primary_key]
        shown = ", ".join(f"{name} {_plain(value)}" for name, value in zip(names, self.key, strict=True))
        begin = max(0, self._fault - 20)
        return f"{self.table.name} {shown}: {self.column} has {ascii(self.data[begin : begin + 40])[1:]} in it"

    @property
    def _fault(self) -> int:
        try:
            self.data.decode()
        except UnicodeDecodeError as error:
            return error.start
        return max(0, self.data.lower().find(_HALF))


def _plain(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def damaged_texts(connection: Connection, *, shapes: bool = False) -> Iterator[DamagedText]:
    """Every text that cannot be read, in constant memory.

    :param shapes: also texts that should be JSON and are not, which other checks find and repair.
    """
    for table in metadata.sorted_tables:
        texts = [column.name for column in table.columns if isinstance(column.type, Text)]
        if texts:
            yield from _of_table(connection, table, texts, shapes)


def _of_table(connection: Connection, table: Table, texts: Sequence[str], shapes: bool) -> Iterator[DamagedText]:
    keys = [column.name for column in table.primary_key]
    query = f"SELECT {', '.join(_bytes(connection, table, name) for name in (*keys, *texts))} FROM {table.name}"
    rows = connection.exec_driver_sql(query)
    while block := rows.fetchmany(_ROWS):
        for row in block:
            for name, data in zip(texts, row[len(keys) :], strict=True):
                if data is not None and _is_damaged(bytes(data), (table.name, name), shapes):
                    yield DamagedText(table, tuple(row[: len(keys)]), name, bytes(data))


def _is_damaged(data: bytes, column: tuple[str, str], shapes: bool) -> bool:
    must_be_json = column in _ALONE or (shapes and column in _JSON)
    return not _readable(data, must_be_json) or (column in _JSON and _has_halves(data))


def _bytes(connection: Connection, table: Table, name: str) -> str:
    if not isinstance(table.c[name].type, Text):
        return name
    return f"convert_to({name}, 'UTF8')" if connection.dialect.name == "postgresql" else f"CAST({name} AS BLOB)"


def _readable(data: bytes, is_json: bool) -> bool:
    try:
        text = data.decode()
        if is_json:
            json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _has_halves(data: bytes) -> bool:
    """Whether a JSON text holds half of a character, which cannot be written anywhere."""
    try:
        if _HALF in data.lower():
            json.dumps(json.loads(data), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def mend_texts(database: Database) -> Counter[str]:
    """Make every text readable; drop what was made from items with a damaged one, and imported files with one.

    Bytes that are not UTF-8, and halves of characters, become U+FFFD; checksums of an export that are no JSON are
    forgotten. Texts that belong to neither an item nor a sentence keep that, and are
    reported.
    """
    with database.read() as connection:
        damaged = list(damaged_texts(connection))
    with database.write() as connection:
        for text in damaged:
            _make_readable(connection, text)
    return _drop(database, damaged)


def _make_readable(connection: Connection, damaged: DamagedText) -> None:
    text = _mended(damaged)
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    where = " AND ".join(
        f"{_bytes(connection, damaged.table, column.name)} = {mark}" for column in damaged.table.primary_key
    )
    statement = f"UPDATE {damaged.table.name} SET {damaged.column} = {mark} WHERE {where}"
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement, (text, *damaged.key))
    except IntegrityError:
        # An unknown kind or status: the row is meaningless, and other checks find what depends on it.
        connection.exec_driver_sql(f"DELETE FROM {damaged.table.name} WHERE {where}", damaged.key)


def _mended(damaged: DamagedText) -> str:
    text = damaged.data.decode(errors="replace")
    if _has_halves(damaged.data):
        whole = json.dumps(json.loads(text), ensure_ascii=False)
        return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "{}" if (damaged.table.name, damaged.column) in _ALONE and not _readable(text.encode(), True) else text


def _drop(database: Database, damaged: Sequence[DamagedText]) -> Counter[str]:
    taken: Counter[str] = Counter()
    sentences, items = set[int](), list[Finding]()
    with database.read() as connection:
        kinds = {text.id: text for text in stored_steps(connection)}
    for text in damaged:
        key = dict(zip((column.name for column in text.table.primary_key), text.key, strict=True))
        step = kinds.get(key.get("step_id", 0))
        item = None if step is None else key.get("item_id", key.get(f"{step.items}_id"))
        if text.table is sentence:
            sentences.add(key["id"])
        elif step is not None and item is not None and step.kind == GOLD.kind:
            sentences.add(item)
        elif step is not None and item is not None:
            items.append(Finding(text.description, step.id, item))
        else:
            taken[f"bytes of {text.table.name}.{text.column} (now U+FFFD)"] += 1
    if items:
        taken += drop_items(database, items)
    return taken + _drop_sentences(database, sentences)


def _drop_sentences(database: Database, keys: set[int]) -> Counter[str]:
    taken = drop_files_of(database, keys) if keys else Counter[str]()
    with database.write() as connection:
        left = [key for key in connection.execute(select(sentence.c.id)).scalars() if key in keys] if keys else []
        if left:
            taken += remove_sentences(connection, stored_steps(connection), left)
    return taken
