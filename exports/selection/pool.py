"""The sentences that pass the filters, as columns of numbers, 44 bytes per sentence: what choosing needs."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from xprojdb.config.tables.export import ExportTable
from xprojdb.exports.gold.labels import GoldStep
from xprojdb.exports.rows.arrow_reading import plain_memory
from xprojdb.exports.rows.projected_labels import read_sentences
from xprojdb.exports.rows.sentences import ProjectedSentence
from xprojdb.exports.selection.filters import Filters
from xprojdb.exports.selection.hashing import hash_words
from xprojdb.exports.selection.probability import Calibrations, with_probabilities
from xprojdb.exports.selection.screen import Screened, ScreenedBlock, is_screened, read_screened_blocks, screen
from xprojdb.planning.labellings import Labelling


@dataclass
class Pool:
    """Columns of equal length, one value per sentence.

    :param labelling: index of the labelling.
    :param item: the key of its outcome.
    :param sentence: its key.
    :param split: index into ``splits``.
    :param content: the hash of its words.
    :param splits: their names, as imported.
    :param available: how many sentences there were.
    :param removed: how many each filter removed.
    :param dropped: how many labels were dropped from sentences that passed.
    """

    labelling: array[int] = field(default_factory=lambda: array("i"))
    item: array[int] = field(default_factory=lambda: array("q"))
    sentence: array[int] = field(default_factory=lambda: array("q"))
    split: array[int] = field(default_factory=lambda: array("i"))
    tokens: array[int] = field(default_factory=lambda: array("i"))
    entities: array[int] = field(default_factory=lambda: array("i"))
    content: array[int] = field(default_factory=lambda: array("Q"))
    splits: dict[str, int] = field(default_factory=dict)
    available: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.item)

    def add(self, labelling: int, sentence_: ProjectedSentence) -> None:
        """Append a sentence."""
        self.labelling.append(labelling)
        self.item.append(sentence_.item)
        self.sentence.append(sentence_.sentence_id)
        self.split.append(self.splits.setdefault(sentence_.split, len(self.splits)))
        self.tokens.append(len(sentence_.words))
        self.entities.append(len(sentence_.labels))
        self.content.append(hash_words(sentence_.words))

    def add_block(self, labelling: int, block: ScreenedBlock, screened: Screened) -> None:
        """Append what passes the filters, and count what does not."""
        passes = screened.passes
        self.available += len(passes)
        self.removed.update(screened.removed)
        self.dropped += screened.dropped
        split = block.split_numbers(lambda name: self.splits.setdefault(name, len(self.splits)))
        for column, values in (
            (self.labelling, np.full(len(passes), labelling)),
            (self.item, block.items),
            (self.sentence, block.keys),
            (self.split, split),
            (self.tokens, block.n_words),
            (self.entities, screened.entities),
            (self.content, block.content),
        ):
            column.frombytes(values[passes].astype(column.typecode).tobytes())

    def column(self, name: str) -> NDArray[Any]:
        """A column as 64-bit numbers, or in its own width for hashes."""
        values: array[int] = getattr(self, name)
        return np.frombuffer(values, dtype=values.typecode) if len(values) else np.empty(0, values.typecode)


def read_pool(
    connection: Connection,
    chosen: Sequence[Labelling],
    table: ExportTable,
    preferred: GoldStep | None = None,
    calibrations: Calibrations | None = None,
) -> Pool:
    """Read all sentences of some labellings and keep what passes the filters, in memory that holds no words.

    :param preferred: whose labels stand in place of projected ones, on the sentences that it has.
    """
    pool, filters = Pool(), Filters(table)
    for number, labelling in enumerate(chosen):
        if is_screened(labelling, table):
            with plain_memory():
                for block in read_screened_blocks(connection, labelling, table, preferred):
                    pool.add_block(number, block, screen(block, table))
            continue
        for sentence in read_sentences(connection, labelling, preferred=preferred):
            sentence = with_probabilities(sentence, labelling, calibrations or {})
            pool.available += 1
            filtered, reason = filters.apply(sentence)
            if filtered is None:
                pool.removed[reason] += 1
            else:
                pool.dropped += len(sentence.labels) - len(filtered.labels)
                pool.add(number, filtered)
    return pool
