"""The files of a corpus: what is told about them before an import, and what an import did with each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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
    """A file contradicts what is stored or what it was imported with; nothing of it was stored."""


@dataclass(frozen=True, slots=True)
class CorpusInfo:
    """What is known of a corpus as a whole; None leaves what is stored.

    :param scheme: the name of its label scheme; labels outside it are refused.
    :param benchmark: the published benchmark that it is, by whose name published scores are found.
    """

    name: str
    version: str | None = None
    licence: str | None = None
    citation: str | None = None
    url: str | None = None
    scheme: str | None = None
    benchmark: str | None = None


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One file to import.

    :param lang: its language, as the language table spells it.
    :param part: names the file within corpus and language; files of one part in several languages are parallel.
    :param split: ``train``, ``validation``, ``test`` or None; a record's own split comes first.
    :param read: opens it: called with the path, returns its records in order.
    :param options: what the reading depended on, kept beside the file's name.
    :param notes: filled by the reading: what was left out or mended.
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
        """The id of its ``number``-th sentence, counted from 1: its own, or made of part and number."""
        return record.external_id or f"{self.part}-{number}"


def corpus_file(
    path: Path,
    lang: str,
    *,
    form: Format = "auto",
    split: str | None = None,
    part: str | None = None,
    **reading: Any,
) -> CorpusFile:
    """Describe a file to import, with what can be told from its name.

    :param lang: by any code of the language table.
    :param form: the name of a reader, or ``auto``: by the content, and where that is not plain, by the suffix.
    :param split: by default what the name says: ``train``, ``dev`` or ``validation``, ``test``.
    :param part: by default the split, or ``all``.
    :param reading: options of the format's reader.
    :raises UsageError: when the language is unknown, the suffix says no format, or no export could write the split.
    """
    code = language(lang).code
    check_names(split, part=part)
    split = split or split_in_name(path)
    options = {name: value for name, value in sorted(reading.items()) if value is not None}
    chosen = format_of(path) if form == "auto" else form
    notes = Notes()
    read = partial(readers.read, language=code, format=chosen, notes=notes, **options)
    return CorpusFile(path, code, part or split or "all", split, chosen, read, options, notes)


def split_in_name(path: Path) -> str | None:
    """The split that a file's name mentions as a word of its own, or None."""
    words = re.split(r"[^a-z]+", path.name.lower())
    named = {"train": "train", "dev": "validation", "valid": "validation", "validation": "validation", "test": "test"}
    return next((named[word] for word in words if word in named), None)


@dataclass(slots=True)
class FileReport:
    """What an import did with one file.

    :param sentences: how many it has, with those stored earlier.
    :param added: how many are new.
    :param entities: how many gold entities are new.
    :param unchanged: it was imported earlier and has the same bytes; it was not read again.
    :param notes: what was left out or mended, by the code of the reason.
    """

    path: str
    lang: str
    part: str
    sentences: int = 0
    added: int = 0
    entities: int = 0
    unchanged: bool = False
    notes: dict[str, Note] = field(default_factory=dict)
