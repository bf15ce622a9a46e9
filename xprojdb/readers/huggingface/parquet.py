"""Parquet as written by the ``datasets`` library: words and tags in list columns, tag names in the schema."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xprojdb.extras import require
from xprojdb.printable import one_line
from xprojdb.readers.reader import Reader, as_keywords
from xprojdb.readers.records import ReadError, Record, RecordError, check_words
from xprojdb.text.spans import Encoding, Span, TagError, spans_from_tags

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetOptions:
    """The options of :func:`read_parquet`."""

    words_field: str = "tokens"
    tags_field: str = "ner_tags"
    label_names: Sequence[str] | None = None
    encoding: Encoding = "auto"
    strict: bool = False


def read_parquet(
    path: str | os.PathLike[str],
    *,
    words_field: str = "tokens",
    tags_field: str = "ner_tags",
    label_names: Sequence[str] | None = None,
    encoding: Encoding = "auto",
    strict: bool = False,
) -> Iterator[Record]:
    """Stream the sentences of a Parquet file, in constant memory.

    Rows without words are skipped, like blank lines in a column file. The line of a record is its row number, from 1.
    Ids are not read, since in published data sets they are numbers that start over in each file.

    :param words_field: the column of the words: lists of strings.
    :param tags_field: the column of the tags: lists of strings, or of numbers that have names.
    :param label_names: the name of each tag number; by default those in the schema of the file.
    :param encoding: of the tags: see :func:`xprojdb.text.spans.spans_from_tags`.
    :param strict: refuse tag sequences that violate the encoding instead of repairing them.
    :returns: the records in file order.
    :raises ReadError: when the file cannot be read, a column is missing or has the wrong type, or there is no sentence.
    :raises MissingExtra: when pyarrow is not installed.
    """
    file = Path(path)
    source = _open(file)
    _check_columns(file, source.schema_arrow, words_field, tags_field)
    names = label_names or _names_in(source.schema_arrow.metadata, tags_field)
    sentences = 0
    for row, (words, tags) in enumerate(_rows(file, source, words_field, tags_field), 1):
        if words:
            sentences += 1
            yield _record(file, row, words, _named(file, row, tags or (), names), encoding, strict)
    if not sentences:
        raise ReadError.at(file, "empty", "there is no sentence in this file", hint="check that it is the right file")


def _open(file: Path) -> Any:
    pa = require("pyarrow", "export")
    try:
        return require("pyarrow.parquet", "export").ParquetFile(file)
    except pa.ArrowException as error:
        raise ReadError.at(
            file, "parquet", f"not a Parquet file: {one_line(str(error), 200)}", hint="download it again"
        ) from error
    except OSError as error:
        raise ReadError.at(file, "io", f"cannot be read: {error.strerror or error}") from error


def _check_columns(file: Path, schema: pa.Schema, *names: str) -> None:
    types = require("pyarrow", "export").types
    for name in names:
        if schema.names.count(name) > 1:
            hint = "name each column once"
            raise ReadError.at(file, "doubled-field", f"two columns are called {name!r}", field=name, hint=hint)
        if name not in schema.names:
            message = f"there is no column {name!r}; the columns are {', '.join(schema.names)}"
            raise ReadError.at(file, "missing-field", message, field=name)
        kind = schema.field(name).type
        listed = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
        texts = listed and (types.is_string(kind.value_type) or types.is_large_string(kind.value_type))
        if not texts and not (listed and name != names[0] and types.is_integer(kind.value_type)):
            raise ReadError.at(file, "type", f"the column {name!r} is of type {kind}, not a list", field=name)


def _rows(file: Path, source: Any, words: str, tags: str) -> Iterator[tuple[list[Any] | None, list[Any] | None]]:
    pa = require("pyarrow", "export")
    try:
        for batch in source.iter_batches(batch_size=_ROWS, columns=[words, tags]):
            yield from zip(batch[words].to_pylist(), batch[tags].to_pylist(), strict=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ReadError.at(
            file, "parquet", f"damaged: {one_line(str(error), 200)}", hint="download it again"
        ) from error


def _names_in(metadata: Mapping[bytes, bytes] | None, field: str) -> Sequence[str] | None:
    """The names of the tag numbers, if the ``datasets`` library stored them in the schema."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        names = features[field]["feature"]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _named(file: Path, row: int, tags: Sequence[Any], names: Sequence[str] | None) -> list[str]:
    tag_names = []
    for tag in tags:
        if isinstance(tag, int):
            if names is None or not 0 <= tag < len(names):
                message = f"the tag {tag} is a number without a name"
                hint = "name the tags in the order of their numbers with --label-names O,B-PER,…"
                raise ReadError.at(file, "label-names", message, line=row, hint=hint)
            tag_names.append(names[tag])
        else:
            tag_names.append("O" if tag is None else tag)
    return tag_names


def _record(
    file: Path, row: int, words: Sequence[Any], tags: Sequence[str], encoding: Encoding, strict: bool
) -> Record:
    if len(words) != len(tags):
        raise ReadError.at(file, "length", f"{len(tags)} tags for {len(words)} words", line=row)
    try:
        checked = check_words(["" if word is None else word for word in words])
        entities: tuple[Span, ...] = spans_from_tags(tags, encoding, strict)
    except RecordError as error:
        raise ReadError.at(file, error.reason, error.message, line=row) from error
    except TagError as error:
        raise ReadError.at(file, "tag", error.message, line=row, hint=error.hint) from error
    return Record(checked, entities, line=row)


READER = Reader(
    name="parquet",
    title="one Parquet file of a published benchmark",
    command="import benchmark",
    options=ParquetOptions,
    # Parquet files that users name are read as data sets, which also have columns of other types.
    sniff=lambda _: False,
    stream=lambda path, _, options, __: read_parquet(path, **as_keywords(options)),
    suffixes=(".parquet",),
    rank=110,
)
