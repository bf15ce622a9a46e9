"""Extract the words of many sentences at once from the JSON in which they are stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from xprojdb.arrays import Flags, Longs
from xprojdb.extras import require

#: separates the words of a plain text
GAP = '","'
_QUOTE, _COMMA, _BACKSLASH = b'",\\'


class WordLists(NamedTuple):
    """Words as Arrow arrays of lists, whose offsets and values begin at 0.

    :param words: as they are.
    :param escaped: as JSON has them between quotes; the same array where no word needs it.
    """

    words: Any
    escaped: Any


def word_lists(stored: Any) -> WordLists:
    """The words of texts, made without a Python string for each.

    :param stored: Arrow array of JSON lists.
    """
    pa, compute = require("pyarrow", "export"), require("pyarrow.compute", "export")
    pieces = compute.split_pattern(_unframed(stored), GAP)
    plain = _are_plain(stored, np.diff(pieces.offsets.to_numpy()))
    if plain.all():
        return _unescaped(pieces)
    parsed = _reparsed(stored.filter(pa.array(~plain)).to_pylist())
    # Where each text has come to stand: the plain ones first, then the others.
    there = pa.array(np.argsort(np.argsort(~plain, kind="stable"), kind="stable"))
    both = zip(_unescaped(pieces.filter(pa.array(plain))), parsed, strict=True)
    return WordLists(*(_taken(pa.concat_arrays(two), there) for two in both))


def _unframed(stored: Any) -> Any:
    """Texts without their first and last two bytes, which are ``["`` and ``"]`` where they are plain."""
    pa, compute = require("pyarrow", "export"), require("pyarrow.compute", "export")
    return compute.binary_slice(stored.view(pa.binary()), 2, -2).view(pa.string())


def is_canonical(text: bytes) -> bool:
    """Whether this is how the words of a list are stored: no space between them, and nothing escaped but quotes.

    False for some texts that are, if spaces or other escapes are part of a word.
    """
    spaced = b" " in text or b"\t" in text or b"\n" in text or b"\r" in text
    return not spaced and (b"\\" not in text or text.count(b"\\") == text.count(b'\\"'))


def _are_plain(stored: Any, pieces: Longs) -> Flags:
    """(N,) which texts are lists that need no JSON parser: ``["a","b"]``, not empty, with no escapes but of quotes.

    Such quotes are inside words; the others are around them. If all of these are at the gaps that were found and at
    the two ends of the list, each gap is one, and there are no others. There are never fewer.

    :param stored: Arrow array of texts.
    :param pieces: (N,) the number of pieces between the gaps of each text, found from left to right.
    """
    compute = require("pyarrow.compute", "export")
    _, bounds, letters = stored.buffers()
    offsets, data = np.frombuffer(bounds, np.int32), np.frombuffer(letters or b"", np.uint8)
    framed = compute.and_(compute.starts_with(stored, '["'), compute.ends_with(stored, '"]'))
    plain: Flags = framed.to_numpy(zero_copy_only=False) & (np.diff(offsets) > 3)
    slashes = np.flatnonzero(data == _BACKSLASH)
    # A text ends with a quotation mark and a bracket, so what is read beyond the last one cannot be what is looked for.
    after = data[np.minimum(slashes[:, None] + np.arange(1, 4), len(data) - 1)]
    odd = (after[:, 0] != _QUOTE) | ((after[:, 1] == _COMMA) & (after[:, 2] == _QUOTE))
    plain[np.searchsorted(offsets, slashes[odd], side="right") - 1] = False
    if plain.all() and np.count_nonzero(data == _QUOTE) - len(slashes) == 2 * pieces.sum():
        return plain
    quotes = np.flatnonzero(data == _QUOTE)
    around = np.diff(np.searchsorted(quotes, offsets) - np.searchsorted(slashes, offsets))
    matching: Flags = plain & (around == 2 * pieces)
    return matching


def _unescaped(lists: Any) -> WordLists:
    """The words of plain texts, given as JSON has them."""
    pa = require("pyarrow", "export")
    escapes = np.count_nonzero(np.frombuffer(lists.values.buffers()[2] or b"", np.uint8) == _BACKSLASH)
    if not escapes:
        return WordLists(lists, lists)
    words = pa.StringArray.from_buffers(len(lists.values), *_without_escapes(lists.values))
    return WordLists(pa.ListArray.from_arrays(lists.offsets, words), lists)


def _without_escapes(words: Any) -> tuple[Any, Any]:
    """The buffers of an array of words, offsets and bytes, without backslashes."""
    pa = require("pyarrow", "export")
    _, bounds, data = words.buffers()
    offsets, letters = np.frombuffer(bounds, np.int32), np.frombuffer(data, np.uint8)
    behind = np.searchsorted(offsets, np.flatnonzero(letters == _BACKSLASH), side="right")
    removed = np.cumsum(np.bincount(behind, minlength=len(offsets))).astype(np.int32)
    return pa.py_buffer(offsets - removed), pa.py_buffer(data.to_pybytes().replace(b"\\", b""))


def _taken(lists: Any, places: Any) -> Any:
    taken = require("pyarrow.compute", "export").take(lists, places)
    return taken.combine_chunks() if hasattr(taken, "chunks") else taken


def _reparsed(texts: Sequence[str]) -> WordLists:
    """The words of texts that need a parser."""
    pa = require("pyarrow", "export")
    if not texts:
        empty = pa.array([], pa.list_(pa.string()))
        return WordLists(empty, empty)
    parsed = _parsed(texts)
    quoted = [json.dumps(word, ensure_ascii=False)[1:-1] for word in parsed.values.to_pylist()]
    return WordLists(parsed, pa.ListArray.from_arrays(parsed.offsets, pa.array(quoted, pa.string())))


def _parsed(texts: Sequence[str]) -> Any:
    pa, reader = require("pyarrow", "export"), require("pyarrow.json", "export")
    text = ('{"w":' + '}\n{"w":'.join(texts) + "}").encode()
    schema = pa.schema([("w", pa.list_(pa.string()))])
    parsed = reader.read_json(
        pa.BufferReader(text),
        read_options=reader.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=reader.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    )
    lists = parsed["w"].combine_chunks()
    return lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
