"""The columns of an exported data set, and the check that a batch of rows matches them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xprojdb.errors import UsageError
from xprojdb.exports.errors import ExportError
from xprojdb.extras import require

if TYPE_CHECKING:
    import pyarrow as pa

_FIXED = ("id", "tokens", "ner_tags", "lang")
_DTYPES = {"halffloat": "float16", "float": "float32", "double": "float64"}


def class_names(labels: Sequence[str]) -> list[str]:
    """The IOB2 tags of some labels; the position of a tag is its number in ``ner_tags``.

    :param labels: in the desired order, without duplicates.
    :returns: ``["O", "B-PER", "I-PER", ...]``.
    """
    return ["O", *(f"{kind}-{label}" for label in labels for kind in "BI")]


@dataclass(frozen=True)
class ExportSchema:
    """The columns of every file of an export.

    :param labels: entity types, in the order that numbers the tags.
    :param arrow: the Arrow schema, with the features that the ``datasets`` library reads from its metadata.
    :param features: those features as JSON values, by column.
    """

    labels: tuple[str, ...]
    arrow: pa.Schema
    features: Mapping[str, Any]

    def table(self, batch: Any, where: str) -> pa.Table:
        """Check a batch and put its columns in order.

        :param batch: a mapping of columns, or an Arrow record batch or table.
        :param where: names the split in error messages.
        :raises ExportError: when columns are missing or unknown, a value has the wrong type, an id, token list, tag
            list or language is missing, a sentence does not have one tag per token, or a tag number has no name.
        """
        names = list(batch.keys()) if isinstance(batch, Mapping) else batch.schema.names
        if sorted(names) != sorted(self.arrow.names):
            raise _wrong_columns(where, names, self.arrow.names)
        columns = [self._column(batch[field.name], field, where) for field in self.arrow]
        if len({len(column) for column in columns}) > 1:
            raise ExportError(f"{where}: the columns of a batch differ in length", hint=_ROWS_HINT, where=where)
        table = require("pyarrow", "export").Table.from_arrays(columns, schema=self.arrow)
        _check_rows(table, 2 * len(self.labels) + 1, where)
        return table

    def _column(self, values: Any, field: pa.Field, where: str) -> Any:
        pa = require("pyarrow", "export")
        try:
            if isinstance(values, (pa.Array, pa.ChunkedArray)):
                return values.cast(field.type)
            return pa.array(values, type=field.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeEncodeError) as error:
            raise ExportError(
                f"{where}: column {field.name} contains a value that is not of type {field.type}: {error}",
                hint=_ROWS_HINT,
                where=where,
                column=field.name,
            ) from error


_ROWS_HINT = (
    "every batch needs the columns " + ", ".join(_FIXED) + " and the declared ones, with one value per sentence"
)


def export_schema(labels: Sequence[str], columns: Mapping[str, Any] | None = None) -> ExportSchema:
    """The schema for given labels and further columns.

    :param labels: entity types, in the order that numbers the tags.
    :param columns: further columns, such as provenance: an Arrow type or its name (``"string"``, ``"int64"``,
        ``"double"``) by column.
    :raises UsageError: when a label is repeated, or a column has a reserved name or a type that ``datasets`` lacks.
    :raises MissingExtra: when pyarrow is not installed.
    """
    pa = require("pyarrow", "export")
    if len(set(labels)) != len(labels):
        raise UsageError(f"a label is repeated in {', '.join(labels)}", hint="name each label once", labels=labels)
    types = {"id": pa.string(), "tokens": pa.list_(pa.string()), "ner_tags": pa.list_(pa.int64()), "lang": pa.string()}
    for name, kind in (columns or {}).items():
        if name in types:
            raise UsageError(f"the column {name} exists already", hint="choose another name", column=name)
        types[name] = pa.type_for_alias(kind) if isinstance(kind, str) else kind
    features = {name: _feature(name, kind) for name, kind in types.items()}
    # "Sequence" and not "List": both old and new releases of the datasets library read it.
    tags = {"names": class_names(labels), "_type": "ClassLabel"}
    features["ner_tags"] = {"feature": tags, "_type": "Sequence"}
    metadata = {"huggingface": json.dumps({"info": {"features": features}}, ensure_ascii=False)}
    return ExportSchema(tuple(labels), pa.schema(list(types.items()), metadata=metadata), features)


def _feature(name: str, kind: pa.DataType) -> Any:
    types = require("pyarrow", "export").types
    if types.is_list(kind) and types.is_struct(kind.value_type):
        # A list of objects; a "Sequence" of a struct would be an object of lists to the datasets library.
        return [{field.name: _feature(f"{name}.{field.name}", field.type) for field in kind.value_type}]
    if types.is_list(kind):
        return {"feature": _feature(name, kind.value_type), "_type": "Sequence"}
    plain = types.is_integer(kind) or types.is_floating(kind) or types.is_string(kind) or types.is_boolean(kind)
    if not plain:
        raise UsageError(
            f"the column {name} cannot be of type {kind}",
            hint="use strings, integers, floats, booleans, or lists of them",
            column=name,
        )
    return {"dtype": _DTYPES.get(str(kind), str(kind)), "_type": "Value"}


def _wrong_columns(where: str, names: Sequence[str], expected: Sequence[str]) -> ExportError:
    missing = [name for name in expected if name not in names]
    unknown = [name for name in names if name not in expected]
    return ExportError(
        f"{where}: columns missing: {', '.join(missing) or 'none'}; not declared: {', '.join(unknown) or 'none'}",
        hint=_ROWS_HINT,
        where=where,
        missing=missing,
        unknown=unknown,
    )


def _check_rows(table: pa.Table, tag_count: int, where: str) -> None:
    compute = require("pyarrow.compute", "export")
    for name in _FIXED:
        if table[name].null_count or (name in ("tokens", "ner_tags") and _values(table[name]).null_count):
            raise ExportError(f"{where}: a value of {name} is missing", hint=_ROWS_HINT, where=where, column=name)
    same = compute.equal(compute.list_value_length(table["tokens"]), compute.list_value_length(table["ner_tags"]))
    odd = compute.index(same, False).as_py()
    if odd >= 0:
        row = table["id"][odd].as_py()
        hint = "compute the tags from spans over the same tokens"
        raise ExportError(f"{where}: sentence {row} does not have one tag per token", hint=hint, where=where, id=row)
    bounds = compute.min_max(_values(table["ner_tags"])).as_py()
    if bounds["min"] is not None and not 0 <= bounds["min"] <= bounds["max"] < tag_count:
        wrong = bounds["min"] if bounds["min"] < 0 else bounds["max"]
        hint = f"tags are numbered from 0 to {tag_count - 1}, in the order of class_names()"
        raise ExportError(f"{where}: there is no tag number {wrong}", hint=hint, where=where, tag=wrong)


def _values(column: pa.ChunkedArray) -> Any:
    return require("pyarrow.compute", "export").list_flatten(column)
