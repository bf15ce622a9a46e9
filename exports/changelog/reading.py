"""Read the sentences of an exported folder in any format, by configuration and split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from xprojdb import readers
from xprojdb.errors import InputError
from xprojdb.exports.manifest import MANIFEST_NAME, Manifest, read_manifest
from xprojdb.exports.rows.schema import class_names
from xprojdb.extras import require
from xprojdb.printable import one_line
from xprojdb.text.spans import Span, spans_from_tags

_SUFFIXES = {".conll": "conll", ".jsonl": "jsonl"}
Part = tuple[str, str]


class Row(NamedTuple):
    """A sentence.

    :param words: hash of its words, valid within this process.
    """

    words: int
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class ExportedFolder:
    """An exported data set.

    :param manifest: that of a Hugging Face data set; None for other formats.
    :param labels: the label types of the data set, or those found in its sentences.
    """

    folder: Path
    manifest: Manifest | None
    parts: dict[Part, dict[str, Row]] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


def read_export(folder: Path) -> ExportedFolder:
    """Read an exported folder: a Hugging Face data set, or files ``LANG.SPLIT.conll`` or ``.jsonl`` with ids.

    :raises InputError: if the folder holds none of these, or a sentence has no id.
    :raises ExportError: if its manifest cannot be read.
    """
    manifest = read_manifest(folder) if (folder / MANIFEST_NAME).is_file() else None
    parts: dict[Part, dict[str, Row]] = {}
    for part, rows in _parquet(folder, manifest) if manifest is not None else _files(folder):
        sentences = parts.setdefault(part, {})
        sentences.update(rows)
    if not parts:
        hint = "give a folder written by 'xprojdb export': hf, conll --ids or jsonl"
        raise InputError(f"{folder} is not an exported data set", hint=hint, folder=str(folder))
    labels = {span.label for rows in parts.values() for row in rows.values() for span in row.spans}
    return ExportedFolder(folder, manifest, parts, manifest.labels if manifest else tuple(sorted(labels)))


def _parquet(folder: Path, manifest: Manifest) -> Iterator[tuple[Part, Iterator[tuple[str, Row]]]]:
    names = class_names(manifest.labels)
    for config, splits in manifest.configs.items():
        if config != "all":
            for split, summary in splits.items():
                for file in summary.files:
                    # A data set of one language may have a configuration without a name.
                    lang = _lang(folder / file) if config == "default" else config
                    yield (lang, split), _parquet_rows(folder / file, names)


def _lang(path: Path) -> str:
    pa = require("pyarrow", "export")
    try:
        table = require("pyarrow.parquet", "export").ParquetFile(path)
        return str(next(table.iter_batches(1, columns=["lang"])).column("lang")[0].as_py())
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _parquet_rows(path: Path, names: list[str]) -> Iterator[tuple[str, Row]]:
    for name, words, tags in _stored_rows(path):
        if tags and not 0 <= min(tags) <= max(tags) < len(names):
            raise _unreadable(path, ValueError(f"{name} has a tag that the manifest does not name"))
        yield name, Row(hash(tuple(words)), tuple(spans_from_tags([names[tag] for tag in tags])))


def _stored_rows(path: Path) -> Iterator[tuple[str, list[str], list[int]]]:
    pa = require("pyarrow", "export")
    try:
        file = require("pyarrow.parquet", "export").ParquetFile(path)
        for batch in file.iter_batches(columns=["id", "tokens", "ner_tags"]):
            batch.validate(full=True)
            yield from zip(*(batch.column(name).to_pylist() for name in ("id", "tokens", "ner_tags")), strict=True)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    message = f"{path} cannot be read: {one_line(str(error), 200)}"
    return InputError(message, hint="export or download it again", file=str(path))


def _files(folder: Path) -> Iterator[tuple[Part, Iterator[tuple[str, Row]]]]:
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}", hint="check the path", folder=str(folder))
    for path in sorted(folder.iterdir()):
        lang, _, split = path.stem.partition(".")
        if path.suffix in _SUFFIXES and split:
            yield (lang, split), _text_rows(path, lang, _SUFFIXES[path.suffix])


def _text_rows(path: Path, lang: str, form: str) -> Iterator[tuple[str, Row]]:
    for record in readers.read(path, lang, form):
        if record.external_id is None:
            hint = "export again with --ids: sentences are compared by their ids"
            raise InputError(f"{path}:{record.line}: a sentence has no id", hint=hint, file=str(path), line=record.line)
        yield record.external_id, Row(hash(record.words), record.entities or ())
