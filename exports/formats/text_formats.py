"""The formats that write files for each language and split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from xprojdb.exports.atomic import Opener, make_folder
from xprojdb.exports.formats.conll import ConllLayout, TaggedSentence, WrittenFile, write_lines
from xprojdb.exports.formats.json_lines import json_line
from xprojdb.exports.formats.spacy_docbin import write_docbins
from xprojdb.exports.rows.content import Content
from xprojdb.exports.rows.sentences import ExportRow
from xprojdb.exports.rows.text_blocks import conll_block, jsonl_block


class TextFormat(Protocol):
    """An export format.

    :param name: what the format is called in the record of an export.
    :param provenance: whether it has columns for provenance.
    """

    name: ClassVar[str]
    provenance: ClassVar[bool]

    @property
    def options(self) -> Mapping[str, Any]:
        """The options it was given, for the record."""
        ...

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one part into an existing folder."""
        ...


@dataclass(frozen=True)
class Conll:
    """``LANG.SPLIT.conll``: IOB2 tags in the last column.

    :param columns: 2, or CoNLL-2003's 4.
    :param with_ids: write a comment line ``# id = …`` before each sentence.
    """

    name: ClassVar[str] = "conll"
    provenance: ClassVar[bool] = False
    columns: Literal[2, 4] = 2
    with_ids: bool = False

    @property
    def options(self) -> Mapping[str, Any]:
        """Both."""
        return asdict(self)

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one file."""
        path = folder / content.file_name(".conll")
        layout = ConllLayout.of(path, "\t", self.columns)

        def line(number: int, row: ExportRow) -> bytes:
            return layout.lines(number, TaggedSentence(row.words, row.spans, row.id if self.with_ids else None))

        block = partial(conll_block, columns=self.columns, with_ids=self.with_ids)
        yield write_lines(path, content.lines(block, line), opener=opener)


@dataclass(frozen=True)
class JsonLines:
    """``LANG.SPLIT.jsonl``: one object per sentence."""

    name: ClassVar[str] = "jsonl"
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one file."""
        path = folder / content.file_name(".jsonl")
        lines = content.lines(
            partial(jsonl_block, table=content.table, preferred=content.selection.preferred),
            lambda _, row: json_line(path, row),
        )
        yield write_lines(path, lines, opener=opener)


@dataclass(frozen=True)
class DocBins:
    """``LANG.SPLIT``: a folder of spaCy ``DocBin`` files."""

    name: ClassVar[str] = "spacy"
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one folder."""
        own = folder / content.file_name()
        make_folder(own, links=False)
        yield from write_docbins(own, content.rows(), content.part.target, opener=opener)
