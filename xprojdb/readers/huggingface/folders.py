"""Data sets of the ``datasets`` library: folders written by ``save_to_disk``, Arrow files and Parquet files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.extras import require
from xprojdb.readers.label_names import label_fault, trim_tag
from xprojdb.readers.notes import Notes
from xprojdb.readers.parallel.plain import plain_record
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.records import ReadError, Record, RecordError, check_text, check_words
from xprojdb.text.languages import UnknownLanguage
from xprojdb.text.languages import language as find_language
from xprojdb.text.spans import Encoding, Span, TagError, is_tag, spans_from_tags

_WORDS = ("tokens", "words")
_TAGS = ("ner_tags", "tags", "labels")
_TEXTS = ("text", "sentence")
_CHUNKS = ("chunk", "pos")
_ROWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HfOptions:
    """Options for data sets.

    :param words_field: the column of the words; by default ``tokens`` or ``words``.
    :param tags_field: the column of the tags; by default ``ner_tags``, ``tags`` or ``labels``.
    :param text_field: the column of untokenized text; by default ``text`` or ``sentence``, or ``translation``.
    :param id_field: the column of the ids; by default ids are not read, since in published data sets they are numbers
        that start over in each file.
    :param label_names: the name of each tag number; by default those stored in the data set.
    :param languages: for a ``translation`` column: rows that are blank in one of them are left out.
    :param encoding: of the tags: see :func:`xprojdb.text.spans.spans_from_tags`.
    :param strict: refuse tag sequences that violate the encoding instead of repairing them.
    """

    words_field: str | None = None
    tags_field: str | None = None
    text_field: str | None = None
    id_field: str | None = None
    label_names: Sequence[str] | None = None
    languages: tuple[str, ...] = ()
    encoding: Encoding = "auto"
    strict: bool = False


def read_hf(
    path: Path, language: str, options: HfOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Stream the rows of a data set; the line of a record is its row number, from 1.

    :param path: the folder of a single data set, an Arrow file, or a Parquet file.
    :param language: of the sentences, by its stored code.
    :raises ReadError: when it cannot be read, a column is missing or has the wrong type, or there is no sentence.
    :raises MissingExtra: when pyarrow is not installed.
    """
    chosen, counted = options or HfOptions(), notes if notes is not None else Notes()
    reader: _Rows | None = None
    row, has_sentence = 0, False
    for file in data_files(path):
        for batch in _batches(file):
            reader = reader or _Rows(path, language, chosen, counted, batch.schema)
            for values in batch.select(reader.columns()).to_pylist():
                row += 1
                record = reader.record(row, values)
                if record is not None:
                    has_sentence = True
                    yield record
    if not has_sentence:
        raise ReadError.at(
            path, "empty", "there is no sentence in this data set", hint="check that it is the right one"
        )


def is_data_set(path: Path) -> bool:
    """Whether a folder was written by ``save_to_disk``."""
    return path.is_dir() and ((path / "state.json").is_file() or (path / "dataset_dict.json").is_file())


def splits_of(path: Path) -> list[str]:
    """The splits of a folder with several; empty for a single data set.

    :raises ReadError: when the folder's list of splits cannot be read.
    """
    listed = path / "dataset_dict.json"
    if not listed.is_file():
        return []
    splits = _json(listed).get("splits")
    if not isinstance(splits, list) or not all(isinstance(name, str) and (path / name).is_dir() for name in splits):
        raise ReadError.at(listed, "hf", "a listed split has no folder", hint="copy the whole folder again")
    return splits


def data_files(path: Path) -> list[Path]:
    """The files of a data set, in order.

    :raises ReadError: when there are none.
    """
    if not path.is_dir():
        return [path]
    if splits := splits_of(path):
        hint = f"name one of its splits: {', '.join(str(path / name) for name in splits[:3])}"
        raise ReadError.at(path, "folder", "this folder contains several splits", hint=hint)
    listed = path / "state.json"
    if not listed.is_file():
        raise ReadError.at(path, "folder", "this folder was not written by save_to_disk", hint="name a file in it")
    files = _json(listed).get("_data_files")
    names = [file.get("filename") for file in files if isinstance(file, dict)] if isinstance(files, list) else []
    inside = [name for name in names if isinstance(name, str) and Path(name).name == name and (path / name).is_file()]
    if not names or len(inside) < len(names):
        raise ReadError.at(listed, "hf", "a listed file is missing", hint="copy the whole folder again")
    return [path / name for name in inside]


def first_id(path: Path) -> str | None:
    """What the column ``id`` has in the first row; None where there is no such text.

    :raises ReadError: when the file cannot be read.
    """
    batch = next(_batches(data_files(path)[0]), None)
    if batch is None or "id" not in batch.schema.names or not len(batch):
        return None
    value = batch.column(batch.schema.names.index("id"))[0].as_py()
    return value if isinstance(value, str) else None


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ReadError.at(path, "json", f"cannot be read: {error}", hint="copy the whole folder again") from error
    if not isinstance(value, dict):
        raise ReadError.at(path, "json", "not an object", line=1, hint="copy the whole folder again")
    return value


def _batches(file: Path) -> Iterator[Any]:
    pa = require("pyarrow", "export")
    try:
        with file.open("rb") as stream:
            magic = stream.read(6)
        if magic[:4] == b"PAR1":
            for batch in require("pyarrow.parquet", "export").ParquetFile(file).iter_batches(batch_size=_ROWS):
                batch.validate(full=True)
                yield batch
            return
        ipc = require("pyarrow.ipc", "export")
        with pa.memory_map(str(file)) as source:
            if magic == b"ARROW1":
                opened = ipc.open_file(source)
                whole = (opened.get_batch(at) for at in range(opened.num_record_batches))
            else:
                whole = iter(ipc.open_stream(source))
            for batch in whole:
                batch.validate(full=True)
                yield from (batch.slice(at, _ROWS) for at in range(0, len(batch), _ROWS))
    except (pa.ArrowException, OSError, ValueError) as error:
        message = f"not a readable data set: {str(error)[:200]}"
        raise ReadError.at(file, "arrow", message, hint="download it again") from error


class _Rows:
    """Converts rows to records."""

    def __init__(self, file: Path, language: str, options: HfOptions, notes: Notes, schema: Any) -> None:
        self.file = file
        self.language = language
        self.options = options
        self.notes = notes
        self.schema = schema
        self.features = _features(schema.metadata)
        self.words = self._find(options.words_field, _WORDS, self._is_list)
        self.tags = self._find(options.tags_field, _TAGS, self._is_list) if self.words else None
        self.text = self._find(options.text_field, _TEXTS, self._is_text)
        self.translation = self._translation() if self.words is None and self.text is None else None
        self.names = options.label_names or self._names(self.tags)
        if self.words is None and self.text is None and self.translation is None:
            hint = "name the column of the words (--words-field) or of the text (--text-field)"
            raise self._error(
                "missing-field", f"there are neither words nor text; the columns are {', '.join(schema.names)}", hint
            )
        self._refuse_labels()

    def columns(self) -> list[str]:
        """The columns that are read."""
        named = (self.words, self.tags, self.text, "translation" if self.translation else None, self.options.id_field)
        return [name for name in dict.fromkeys(named) if name is not None]

    def _find(self, name_: str | None, usual: Sequence[str], fits: Any) -> str | None:
        if name_ is None:
            return next((name for name in usual if name in self.schema.names and fits(name)), None)
        if name_ not in self.schema.names:
            raise self._error(
                "missing-field", f"there is no column {name_!r}; the columns are {', '.join(self.schema.names)}"
            )
        if not fits(name_):
            raise self._error("type", f"the column {name_!r} is of type {self.schema.field(name_).type}")
        return name_

    def _is_list(self, name: str) -> bool:
        types = require("pyarrow", "export").types
        kind = self.schema.field(name).type
        if not (types.is_list(kind) or types.is_large_list(kind)):
            return False
        inner = kind.value_type
        return bool(types.is_string(inner) or types.is_large_string(inner) or types.is_integer(inner))

    def _is_text(self, name: str) -> bool:
        types = require("pyarrow", "export").types
        kind = self.schema.field(name).type
        return bool(types.is_string(kind) or types.is_large_string(kind))

    def _translation(self) -> dict[str, str] | None:
        """The field of each language in a ``translation`` column, which must have all requested languages."""
        types = require("pyarrow", "export").types
        if "translation" not in self.schema.names or not types.is_struct(self.schema.field("translation").type):
            return None
        fields = {_code(field.name): field.name for field in self.schema.field("translation").type}
        codes = dict.fromkeys((self.language, *self.options.languages))
        missing = [code for code in codes if code not in fields]
        if missing:
            names = ", ".join(name for name in fields.values())
            raise self._error(
                "no-language", f"there is no text in {' or '.join(missing)}", f"the languages are {names}"
            )
        return {code: fields[code] for code in codes}

    def _names(self, field: str | None) -> Sequence[str] | None:
        feature = self.features.get(field) if field else None
        inner = feature.get("feature", feature) if isinstance(feature, dict) else feature
        names = inner.get("names") if isinstance(inner, dict) else None
        return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None

    def _refuse_labels(self) -> None:
        """Refuse a column of tags that is not read, since labels would be lost silently."""
        if self.tags is not None:
            return
        for name in self.schema.names:
            names = self._names(name)
            named = bool(names) and all(is_tag(tag) for tag in names or ()) and not name.startswith(_CHUNKS)
            usual = name in (*_TAGS, "ner", "entities", "spans", "ner_tag") and self._is_nested(name)
            if name != self.words and (named or usual):
                hint = f"read it with --tags-field {name}" if self.words else "labels need a column of words"
                message = f"the column {name!r} looks like labels, but is not read"
                raise ReadError.at(self.file, "labels", message, hint=hint, field=name)

    def _is_nested(self, name: str) -> bool:
        return bool(require("pyarrow", "export").types.is_nested(self.schema.field(name).type))

    def record(self, row: int, values: Mapping[str, Any]) -> Record | None:
        """The sentence of a row; None for a blank row."""
        try:
            return self._labelled(row, values) if self.words else self._plain(row, values)
        except RecordError as error:
            raise self._error(error.reason, error.message, line=row) from error
        except TagError as error:
            raise self._error("tag", error.message, error.hint, line=row) from error

    def _labelled(self, row: int, values: Mapping[str, Any]) -> Record | None:
        words = values[self.words or ""]
        if not words:
            self.notes.add("blank-row", "blank rows left out", row)
            return None
        if not all(word is None or isinstance(word, str) for word in words):
            raise self._error("type", f"the column {self.words!r} contains numbers, not words", line=row)
        tags = None if self.tags is None else self._tags(row, values[self.tags] or ())
        if tags is not None and len(tags) != len(words):
            raise self._error("length", f"{len(tags)} tags for {len(words)} words", line=row)
        positions = [at for at, word in enumerate(words) if self._has_word(row, word, tags[at] if tags else "O")]
        checked = check_words([words[at].strip() for at in positions])
        entities = None if tags is None else self._spans(row, [tags[at] for at in positions])
        return Record(checked, entities, external_id=self._id(row, values), line=row)

    def _has_word(self, row: int, word: str | None, tag: str) -> bool:
        if word is not None and word.strip():
            return True
        if tag != "O":
            raise self._error("empty-word", f"the tag {tag!r} has no word", line=row)
        self.notes.add("wordless-line", "lines without a word left out", row)
        return False

    def _tags(self, row: int, tags: Sequence[Any]) -> list[str]:
        names = []
        for tag in tags:
            if isinstance(tag, int):
                if self.names is None or not 0 <= tag < len(self.names):
                    hint = "name the tags in the order of their numbers with --label-names O,B-PER,…"
                    raise self._error("label-names", f"the tag {tag} is a number without a name", hint, line=row)
                names.append(self.names[tag])
            else:
                names.append("O" if tag is None else trim_tag(tag))
        return names

    def _spans(self, row: int, tags: Sequence[str]) -> tuple[Span, ...]:
        spans = spans_from_tags(tags, self.options.encoding, self.options.strict)
        for span in spans:
            if fault := label_fault(span.label):
                raise self._error("label", f"the label {span.label!r} {fault}", "labels are single words", line=row)
        return spans

    def _plain(self, row: int, values: Mapping[str, Any]) -> Record | None:
        if self.translation is not None:
            texts = values["translation"] or {}
            cells = {code: texts.get(name) or "" for code, name in self.translation.items()}
        else:
            cells = {self.language: values[self.text or ""] or ""}
        if not all(cell.strip() for cell in cells.values()):
            self.notes.add("blank-cell", "rows with a blank cell left out", row)
            return None
        return plain_record(cells[self.language], self.language, self._id(row, values), None, row)

    def _id(self, row: int, values: Mapping[str, Any]) -> str | None:
        value = None if self.options.id_field is None else values[self.options.id_field]
        if value is None:
            return None
        if not isinstance(value, str | int):
            raise self._error("type", f"the column {self.options.id_field!r} does not contain ids", line=row)
        return check_text(str(value)) or None

    def _error(self, reason: str, message: str, hint: str | None = None, line: int | None = None) -> ReadError:
        return ReadError.at(self.file, reason, message, line=line, hint=hint)


def _features(metadata: Mapping[bytes, bytes] | None) -> Mapping[str, Any]:
    """What the ``datasets`` library stored in the schema."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return features if isinstance(features, dict) else {}


def _code(name: str) -> str:
    try:
        return find_language(name).code
    except UnknownLanguage:
        return name


def _sniff(head: Head) -> bool:
    return is_data_set(head.path) or head.data.startswith((b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"))


READER = Reader(
    name="hf",
    title="a data set of the datasets library: a folder of save_to_disk, Arrow or Parquet",
    command="import hf",
    options=HfOptions,
    sniff=_sniff,
    stream=read_hf,
    suffixes=(".arrow",),
    rank=10,
)
