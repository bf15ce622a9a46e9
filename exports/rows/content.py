"""The sentences of one part of an export, in blocks of columns where possible, otherwise one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from xprojdb.config.tables.export import ExportTable
from xprojdb.exports.gold.labels import Exported, GoldLabels
from xprojdb.exports.rows.arrow_reading import plain_memory
from xprojdb.exports.rows.columnar import Block, read_blocks
from xprojdb.exports.rows.provenance_columns import provenance_of
from xprojdb.exports.rows.sentences import ExportRow, ProjectedSentence
from xprojdb.exports.selection.parts import Part, Selection
from xprojdb.file_names import file_name


@dataclass(frozen=True)
class Content:
    """The content to write for one part; it is read once.

    :param table: decides on the columns besides words and tags.
    :param columnar: whether it can be read in blocks.
    :param provenance: whether anything is written beside words and tags.
    """

    connection: Connection
    selection: Selection
    part: Part
    table: ExportTable
    columnar: bool
    provenance: bool = True

    def file_name(self, suffix: str = "") -> str:
        """``LANG.SPLIT`` and the suffix, as a safe file name."""
        return file_name(self.part.target, self.part.split, suffix=suffix)

    def rows(self) -> Iterator[ExportRow]:
        """All sentences, one by one."""
        several, target, preferred = self.selection.several, self.part.target, self.selection.preferred
        provenance = {
            labelling_.step.spec.digest: provenance_of(self.table, labelling_, several, preferred)
            for labelling_, _ in self.part.takes
        }
        for labelling, sentence in self.sentences():
            spans = [label.span for label in sentence.labels]
            columns = provenance[labelling.step.spec.digest](sentence) if self.provenance else {}
            yield ExportRow(sentence.name, sentence.words, spans, target, columns)

    def sentences(self) -> Iterator[tuple[Exported, ProjectedSentence]]:
        """All sentences with their labels, each with what labelled it."""
        return self.selection.sentences(self.connection, self.part)

    def blocks(self) -> Iterator[Block]:
        """All sentences in blocks, of what is columnar."""
        names, preferred = self.selection.labels, self.selection.preferred
        for labelling, items in self.part.takes:
            split = self.part.split if items is None else None
            sources = self.table.provenance != "none" and not isinstance(labelling, GoldLabels)
            asked = {"sources": sources, "scores": self.provenance, "texts": self.provenance}
            with plain_memory():
                yield from read_blocks(self.connection, labelling, names, split, items, preferred=preferred, **asked)

    def lines(
        self,
        of_block: Callable[[Block], Iterator[tuple[int, memoryview]] | None],
        of_row: Callable[[int, ExportRow], bytes],
    ) -> Iterator[tuple[int, bytes | memoryview]]:
        """All sentences as lines of text, each piece with its number of sentences.

        :param of_block: formats a block, in pieces with their numbers of sentences; None: the block has peculiarities
            and must be written sentence by sentence.
        :param of_row: formats a sentence, given its number in the file, from 1.
        """
        number = 0
        for block in self.blocks() if self.columnar else (None,):
            pieces = None if block is None else of_block(block)
            if block is not None and pieces is not None:
                number += len(block)
                yield from pieces
                continue
            for row in (self if block is None else self._only(block)).rows():
                number += 1
                yield 1, of_row(number, row)

    def _only(self, block: Block) -> Content:
        return replace(self, part=replace(self.part, takes=[(block.labelling, block.items)]))
