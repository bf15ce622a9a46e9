"""The files of a corpus: how they are described for an import, and what the import did with each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from xprojdb import readers
from xprojdb.errors import InputError
from xprojdb.readers import Format, format_of
from xprojdb.readers.gate import check_names
from xprojdb.readers.notes import Note, Notes
from xprojdb.readers.records import Record
from xprojdb.text.languages import language


class ImportRefused(InputError):
    """A file contradicts what is stored, or how it was imported before; nothing of it was stored."""


@dataclass(frozen=True, slots=True)
class CorpusInfo:
    """The properties of a corpus; None leaves what is stored.

    :param scheme: name of its label scheme; other labels are refused.
    :param benchmark: the published benchmark that it is; published scores are looked up by this name.
    """

    name: str
    version: str | None = None
    license: str | None = None
    citation: str | None = None
    url: str | None = None
    scheme: str | None = None
    benchmark: str | None = None


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One file to import.

    :param lang: its language, as the language table spells it.
    :param part: name of the file within corpus and language; files of the same part in several languages are parallel.
    :param split: ``train``, ``validation``, ``test`` or None; a record's own split takes precedence.
    :param read: reads the file: takes the path and returns the records in order.
    :param options: the options used for reading, which are stored with the file.
    :param notes: filled while reading: what was left out or repaired.
    """

    path: Path
    lang: str
    part: str
    split: str | None
    format: str
    read: Callable[[Path], Iterator[Record]]
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes, compare=False)

    def split_of(self, record: Record) -> str | None:
        """The split of one of its sentences."""
        return record.split or self.split

    def id_of(self, record: Record, number: int) -> str:
        """The id of its ``number``-th sentence, counted from 1: its own, or composed of part and number."""
        return record.external_id or f"{self.part}-{number}"


def corpus_file(
    path: Path,
    lang: str,
    *,
    form: Format = "auto",
    split: str | None = None,
    part: str | None = None,
    ids: bool = True,
    **reading: Any,
) -> CorpusFile:
    """Describe a file to import, using what its name reveals.

    :param lang: by any of its codes.
    :param form: the name of a reader, or ``auto``: by the content, or if that is ambiguous, by the suffix.
    :param split: by default according to the name: ``train``, ``dev`` or ``validation``, ``test``.
    :param part: by default the split, or ``all``.
    :param ids: False: ignore the ids of its sentences, so that they are numbered.
    :param reading: options of the reader.
    :raises UsageError: when the language is unknown, the file is a folder of no format, or no export could write
        the split.
    """
    code = language(lang).code
    check_names(split, part=part)
    split = split or split_in_name(path)
    options = {name: value for name, value in sorted(reading.items()) if value is not None}
    chosen = format_of(path) if form == "auto" else form
    notes = Notes()
    read = partial(readers.read, language=code, format=chosen, notes=notes, **options)
    described = CorpusFile(path, code, part or split or "all", split, chosen, read, options, notes)
    return described if ids else without_ids(described)


def without_ids(file: CorpusFile) -> CorpusFile:
    """The same file, read without the ids of its sentences; its stored options say so."""

    def read(path: Path) -> Iterator[Record]:
        return (replace(record, external_id=None) for record in file.read(path))

    return replace(file, read=read, options={**file.options, "ids": False})


def split_in_name(path: Path) -> str | None:
    """The split that a file's name contains as a separate word, or None."""
    words = re.split(r"[^a-z]+", path.name.lower())
    named = {"train": "train", "dev": "validation", "valid": "validation", "validation": "validation", "test": "test"}
    return next((named[word] for word in words if word in named), None)


@dataclass(slots=True)
class FileReport:
    """What an import did with one file.

    :param sentences: how many sentences it has, including those stored earlier.
    :param added: how many are new.
    :param entities: how many gold entities are new.
    :param unchanged: whether the same bytes were imported earlier, so that it was not read again.
    :param notes: what was left out or repaired, by reason code.
    """

    path: str
    lang: str
    part: str
    sentences: int = 0
    added: int = 0
    entities: int = 0
    unchanged: bool = False
    notes: dict[str, Note] = field(default_factory=dict)
