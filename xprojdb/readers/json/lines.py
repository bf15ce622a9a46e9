"""JSON lines: one object per sentence, as Hugging Face data sets and annotation tools write them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.file_names import SPLIT_HINT, is_split
from xprojdb.printable import one_line
from xprojdb.readers.json.label_fields import refuse_labels
from xprojdb.readers.json.objects import read_objects
from xprojdb.readers.label_names import label_fault
from xprojdb.readers.reader import Reader, as_keywords
from xprojdb.readers.records import ReadError, Record, RecordError, check_text, check_words, locate_words
from xprojdb.text.languages import language as find_language
from xprojdb.text.spans import Encoding, Span, TagError, spans_from_tags
from xprojdb.text.words import split_words

_WORDS = ("tokens", "words")
_TAGS = ("ner_tags", "tags", "labels")
_TEXT = ("text", "sentence")
_ID = ("id",)
_SPLIT = ("split",)
#: how many objects are checked for other fields with labels
_CHECKED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonlOptions:
    """The options of :func:`read_jsonl`."""

    words_field: str | None = None
    tags_field: str | None = None
    text_field: str | None = None
    id_field: str | None = None
    split_field: str | None = None
    label_names: Sequence[str] | None = None
    encoding: Encoding = "auto"
    strict: bool = False


def read_jsonl(
    path: str | os.PathLike[str],
    language: str,
    *,
    words_field: str | None = None,
    tags_field: str | None = None,
    text_field: str | None = None,
    id_field: str | None = None,
    split_field: str | None = None,
    label_names: Sequence[str] | None = None,
    encoding: Encoding = "auto",
    strict: bool = False,
) -> Iterator[Record]:
    """Stream the sentences of a JSON lines file, or of one JSON array of objects, plain or gzip.

    A field that is not named is looked up in the first object: words as ``tokens`` or ``words``, tags as ``ner_tags``,
    ``tags`` or ``labels``, text as ``text`` or ``sentence``, and ``id`` and ``split``. Without words, the text is
    split. If no tags are read, a field that looks like labels is an error. Blank lines are skipped.

    :param language: of the sentences, by any of its codes; it determines how text is split into words.
    :param label_names: the name of each tag number.
    :param encoding: of the tags: see :func:`xprojdb.text.spans.spans_from_tags`.
    :param strict: refuse tag sequences that violate the encoding instead of repairing them.
    :returns: the records in file order.
    :raises ReadError: when the file cannot be read or an object is malformed; ``field`` names the place in it.
    :raises UnknownLanguage: when the language is not in the table.
    """
    file = Path(path)
    code = find_language(language).code
    fields: _Fields | None = None
    named = (words_field, tags_field, text_field, id_field, split_field)
    for count, (number, data) in enumerate(read_objects(file, normalize=True)):
        item = _Item(file, number, data)
        fields = fields or _find_fields(item, named)
        if fields.tags is None and count < _CHECKED:
            refuse_labels(file, number, data, (fields.words, fields.text, fields.id, fields.split))
        yield _record(item, fields, code, _Tagging(label_names, encoding, strict))
    if fields is None:
        raise ReadError.at(file, "empty", "there is no sentence in this file", hint="check that it is the right file")


@dataclass(frozen=True, slots=True)
class _Fields:
    words: str | None
    tags: str | None
    text: str | None
    id: str | None
    split: str | None


@dataclass(frozen=True, slots=True)
class _Tagging:
    label_names: Sequence[str] | None
    encoding: Encoding
    strict: bool


@dataclass(frozen=True, slots=True)
class _Item:
    file: Path
    line: int
    data: Mapping[str, Any]

    def error(self, reason: str, field: str, message: str, hint: str | None = None) -> ReadError:
        message = f"field {field!r}: {message}"
        return ReadError.at(self.file, reason, message, line=self.line, hint=hint, field=field)

    def get(self, field: str) -> Any:
        if field not in self.data:
            raise self.error(
                "missing-field", field, f"missing; the fields are {', '.join(map(repr, self.data)) or 'none'}"
            )
        return self.data[field]

    def string(self, field: str) -> str:
        value = self.get(field)
        if not isinstance(value, str):
            raise self.error("type", field, f"a string is needed, and it is {_shown(value)}")
        return value

    def sequence(self, field: str, kinds: set[type], what: str) -> list[Any]:
        value = self.get(field)
        # Booleans are integers to isinstance.
        if not isinstance(value, list) or not kinds.issuperset(map(type, value)):
            raise self.error("type", field, f"a list of {what} is needed, and it is {_shown(value)}")
        return value


def _shown(value: Any) -> str:
    return one_line(json.dumps(value), 40)


def _find_fields(item: _Item, named: tuple[str | None, ...]) -> _Fields:
    fields_found = [
        name or next((field for field in usual if field in item.data), None)
        for name, usual in zip(named, (_WORDS, _TAGS, _TEXT, _ID, _SPLIT), strict=True)
    ]
    fields = _Fields(*fields_found)
    if fields.words is None and fields.text is None:
        message = f"there are neither words nor text; the fields are {', '.join(map(repr, item.data)) or 'none'}"
        hint = "name the field of the words with --words-field, or of the text with --text-field"
        raise item.error("missing-field", "tokens", message, hint)
    if fields.words is None and fields.tags is not None and named[1] is None:
        return _Fields(None, None, *fields_found[2:])
    return fields


def _record(item: _Item, fields: _Fields, code: str, tagging: _Tagging) -> Record:
    text = _plain(item, fields.text, item.string(fields.text)) if fields.text else None
    if fields.words is not None:
        words = _checked(item, fields.words, item.sequence(fields.words, {str}, "strings"))
        offsets = locate_words(words, text) if text is not None else None
    else:
        split = split_words(text or "", code)
        words = _checked(item, fields.text or "", [word.word for word in split])
        offsets = tuple(word.start for word in split)
    return Record(
        words=words,
        entities=_entities(item, fields.tags, len(words), tagging) if fields.tags else None,
        text=text,
        offsets=offsets,
        external_id=_name(item, fields.id),
        split=_split(item, fields.split),
        line=item.line,
    )


def _checked(item: _Item, field: str, words: Sequence[str]) -> tuple[str, ...]:
    try:
        return check_words(words)
    except RecordError as error:
        raise item.error(error.reason, field, error.message) from error


def _plain(item: _Item, field: str, text: str) -> str:
    try:
        return check_text(text)
    except RecordError as error:
        raise item.error(error.reason, field, error.message) from error


def _name(item: _Item, field: str | None) -> str | None:
    """An id or a split: a string, or an integer, which becomes a string; null counts as missing."""
    value = None if field is None else item.get(field)
    if value is None or field is None:
        return None
    if isinstance(value, str):
        return _plain(item, field, value) or None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**100:
        return str(value)
    raise item.error("type", field, f"a string or an integer is needed, and it is {_shown(value)}")


def _split(item: _Item, field: str | None) -> str | None:
    split = _name(item, field)
    if split is not None and field is not None and not is_split(split):
        raise item.error("split", field, f"{split[:40]!r} cannot name a split", SPLIT_HINT)
    return split


def _entities(item: _Item, field: str, n_words: int, tagging: _Tagging) -> tuple[Span, ...]:
    tags = _tag_names(item, field, item.sequence(field, {str, int}, "tags"), tagging.label_names)
    if len(tags) != n_words:
        raise item.error("length", field, f"{len(tags)} tags for {n_words} words")
    try:
        spans = spans_from_tags(tags, tagging.encoding, tagging.strict)
    except TagError as error:
        raise item.error("tag", field, error.message, error.hint) from error
    for span in spans:
        if (fault := label_fault(span.label)) is not None:
            raise item.error("label", field, f"the label {one_line(span.label, 60)!r} {fault}")
    return spans


def _tag_names(item: _Item, field: str, tags: Sequence[str | int], names: Sequence[str] | None) -> list[str]:
    return [tag if isinstance(tag, str) else _tag_name(item, field, tag, names) for tag in tags]


def _tag_name(item: _Item, field: str, tag: int, names: Sequence[str] | None) -> str:
    if names is None:
        hint = "name the tags in the order of their numbers with --label-names O,B-PER,…"
        raise item.error("label-names", field, f"the tag {tag} is a number without a name", hint)
    if not 0 <= tag < len(names):
        raise item.error("label-names", field, f"the tag {tag} is not one of the {len(names)} names")
    return names[tag]


READER = Reader(
    name="jsonl",
    title="JSON lines, or a JSON array, of words and tags or of text",
    command="import jsonl",
    options=JsonlOptions,
    sniff=lambda head: head.object is not None,
    stream=lambda path, language, options, _: read_jsonl(path, language, **as_keywords(options)),
    suffixes=(".jsonl", ".json", ".ndjson"),
    rank=60,
)
