"""Files of sentence pairs to checked records: TSV with a header line, gzipped or not, and Parquet."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from xprojdb.errors import InputError
from xprojdb.extras import require
from xprojdb.text.normalization import normal_form

LABELS = ("entailment", "neutral", "contradiction")
#: names of the columns in published layouts
_NAMES: Mapping[str, tuple[str, ...]] = {
    "premise": ("premise", "sentence1"),
    "hypothesis": ("hypothesis", "sentence2"),
    "label": ("label", "gold_label"),
    "lang": ("language", "lang"),
    "id": ("pairid", "pair_id", "id", "idx"),
}


class PairRecord(NamedTuple):
    """A pair as read from a file.

    :param lang: None if the file has no column with it.
    :param id: by default the number of the line, from 1.
    """

    premise: tuple[str, ...]
    hypothesis: tuple[str, ...]
    label: str
    lang: str | None
    id: str


class PairFile:
    """A file of pairs.

    :param unlabelled: how many pairs were left out because their annotators did not agree (``-``).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unlabelled = 0

    def __iter__(self) -> Iterator[PairRecord]:
        """The pairs.

        :raises InputError: when the file is missing or damaged, lacks a column, or has an unknown label.
        """
        rows = _parquet(self.path) if self.path.name.endswith(".parquet") else _tsv(self.path)
        columns: dict[str, str] = {}
        for number, row in enumerate(rows, 1):
            columns = columns or self._columns(row)
            fields = {name: row[column] for name, column in columns.items()}
            label = self._label(fields["label"], number)
            if label is None:
                self.unlabelled += 1
                continue
            words = [tuple(normal_form("NFC", str(fields[name])).split()) for name in ("premise", "hypothesis")]
            if not all(words):
                raise self._error(f"line {number + 1} has an empty sentence", number, "empty")
            lang = fields.get("lang")
            yield PairRecord(
                words[0], words[1], label, None if lang is None else str(lang), str(fields.get("id", number))
            )

    def _columns(self, row: Mapping[str, Any]) -> dict[str, str]:
        folded = {str(name).strip().casefold(): str(name) for name in row}
        columns = {field: folded[name] for field, names in _NAMES.items() for name in names[::-1] if name in folded}
        lacking = [name for name in ("premise", "hypothesis", "label") if name not in columns]
        if lacking:
            message = f"{self.path} has no column {' and no column '.join(lacking)}"
            hint = "the first line names the columns: premise, hypothesis, label"
            raise InputError(
                message, hint=hint, file=str(self.path), columns=tuple(map(str, row)), lacking=tuple(lacking)
            )
        return columns

    def _label(self, value: Any, number: int) -> str | None:
        text = str(value).strip().casefold()
        if text in ("-", "-1"):
            return None
        if text in LABELS:
            return text
        if text in ("0", "1", "2"):
            return LABELS[int(text)]
        raise self._error(f"line {number + 1} has the label {value!r}", number, "label")

    def _error(self, message: str, number: int, reason: str) -> InputError:
        hint = "labels are entailment, neutral, contradiction, or 0, 1, 2"
        return InputError(f"{self.path}: {message}", hint=hint, file=str(self.path), line=number + 1, reason=reason)


def _words(value: Any) -> tuple[str, ...]:
    return tuple(normal_form("NFC", str(value)).split())


def _tsv(path: Path) -> Iterator[Mapping[str, Any]]:
    opened = gzip.open if path.name.endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
            for row in reader:
                if None in row or None in row.values():
                    problem = f"{path}: line {reader.line_num} has a different number of columns than the first"
                    hint = "columns are separated by tabs"
                    raise InputError(problem, hint=hint, file=str(path), line=reader.line_num, reason="columns")
                yield row
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        hint = "it should be UTF-8, with tabs between columns"
        raise InputError(f"{path} cannot be read: {error}", hint=hint, file=str(path), reason="unreadable") from error


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    parquet, arrow = require("pyarrow.parquet", "export"), require("pyarrow", "export")
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches():
                rows: Sequence[Mapping[str, Any]] = batch.to_pylist()
                yield from rows
    except (OSError, arrow.ArrowException) as error:
        raise InputError(f"{path} cannot be read: {error}", hint="it should be Parquet", file=str(path)) from error
