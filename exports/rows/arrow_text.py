"""The words, texts and labels of a block as Arrow arrays, built without a Python object for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from xprojdb.arrays import Longs
from xprojdb.exports.rows.columnar import Block
from xprojdb.exports.rows.stored_words import WordLists, word_lists
from xprojdb.extras import require


@dataclass(frozen=True)
class BlockText:
    """The words of a block as text, W in all.

    :param block: N sentences with L labels.
    """

    block: Block

    @cached_property
    def lists(self) -> WordLists:
        """The words, both plain and escaped for JSON."""
        return word_lists(self.block.words)

    @cached_property
    def offsets(self) -> Longs:
        """(N+1,) index of each sentence's first word among all words."""
        offsets: Longs = self.lists.words.offsets.to_numpy().astype(np.int64)
        return offsets

    @cached_property
    def tags(self) -> Longs:
        """(W,) the number of each word's tag.

        :raises ExportError: see :meth:`Block.tags`.
        """
        return self.block.tags(self.offsets)

    @cached_property
    def lengths(self) -> Longs:
        """(W,) length of each word in code points."""
        compute = require("pyarrow.compute", "export")
        lengths: Longs = compute.utf8_length(self.lists.words.values).to_numpy().astype(np.int64)
        return lengths

    def begins(self, words: Longs, rows: Longs) -> Longs:
        """(L,) the positions of some words in the texts of their sentences, in code points.

        :param words: (L,) among all words.
        :param rows: (L,) their sentences.
        """
        before = np.concatenate([[0], np.cumsum(self.lengths + 1)])
        begins: Longs = before[words] - before[self.offsets[rows]]
        if len(self.raw):
            placed, starts = self._stored_begins()
            stored = np.isin(rows, self.raw)
            place = starts[np.searchsorted(self.raw, rows[stored])]
            begins[stored] = placed[place + words[stored] - self.offsets[rows[stored]]]
        return begins

    @cached_property
    def raw(self) -> Longs:
        """The rows of the sentences that have an original text with the positions of its words."""
        texts, offsets = self.block.texts, self.block.offsets
        if texts is None or offsets is None:
            return np.empty(0, np.int64)
        stored = require("pyarrow.compute", "export").and_(texts.is_valid(), offsets.is_valid())
        return np.flatnonzero(stored.to_numpy(zero_copy_only=False))

    def _raw(self, texts: Any, rows: Longs | None = None) -> list[str]:
        """Some of the texts; None: those of all sentences that have one."""
        places = self.raw if rows is None else rows
        return list(texts.take(require("pyarrow", "export").array(places)).to_pylist()) if len(places) else []

    def _stored_begins(self) -> tuple[Longs, Longs]:
        """The stored positions, and where those of each sentence start that has some."""
        lists = json.loads(f"[{','.join(self._raw(self.block.offsets))}]")
        starts = np.cumsum([0, *map(len, lists)])
        return np.array([place for places in lists for place in places], np.int64), starts

    @cached_property
    def texts(self) -> Any:
        """The text of each sentence."""
        return self._texts(self.lists.words, self._raw(self.block.texts))

    @cached_property
    def texts_in_json(self) -> Any:
        """The same, escaped for JSON."""
        raw = [json.dumps(text, ensure_ascii=False)[1:-1] for text in self._raw(self.block.texts)]
        return self._texts(self.lists.escaped, raw)

    def _texts(self, lists: Any, raw: Sequence[str]) -> Any:
        pa, compute = require("pyarrow", "export"), require("pyarrow.compute", "export")
        joined = compute.binary_join(lists, " ")
        if not raw:
            return joined
        mask = np.zeros(len(self.block), np.bool_)
        mask[self.raw] = True
        return compute.replace_with_mask(joined, pa.array(mask), pa.array(raw, pa.string()))

    @cached_property
    def label_words(self) -> tuple[Longs, Longs]:
        """(L,) the first word of each label, and the one behind its last, among all words."""
        labels = self.block.labels
        begin = self.offsets[labels.row] + labels.start
        return begin, begin + labels.end - labels.start

    @cached_property
    def label_places(self) -> tuple[Longs, Longs]:
        """(L,) where each label begins and ends in the text of its sentence, in code points."""
        begin, end = self.label_words
        rows, last = self.block.labels.row, end - 1
        begins = self.begins(np.concatenate([begin, last]), np.concatenate([rows, rows]))
        return begins[: len(begin)], begins[len(begin) :] + self.lengths[last]

    def label_texts(self, *, in_json: bool = False) -> Any:
        """The text of each label.

        :param in_json: escaped for JSON.
        """
        pa, compute = require("pyarrow", "export"), require("pyarrow.compute", "export")
        begin, end = self.label_words
        length = end - begin
        bounds = np.concatenate([[0], np.cumsum(length)])
        inside = np.repeat(begin - bounds[:-1], length) + np.arange(bounds[-1])
        lists = self.lists.escaped if in_json else self.lists.words
        words = compute.take(lists.values, pa.array(inside))
        joined = compute.binary_join(pa.ListArray.from_arrays(bounds.astype(np.int32), words), " ")
        mask = np.isin(self.block.labels.row, self.raw)
        if not mask.any():
            return joined
        start, stop = (array[mask].tolist() for array in self.label_places)
        texts = self._raw(self.block.texts, self.block.labels.row[mask])
        raw = [text[a:b] for text, a, b in zip(texts, start, stop, strict=True)]
        raw = [json.dumps(array, ensure_ascii=False)[1:-1] for array in raw] if in_json else raw
        return compute.replace_with_mask(joined, pa.array(mask), pa.array(raw, pa.string()))
