"""Extract the words of many sentences at once from the JSON in which they are stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from xprojdb.extras import require

#: separates the words of a plain text
GAP = '","'
#: between the last word of a text and the first of the next
_JOINT = b'"]["'
#: what stands for a joint and for a gap, since no text that is stored has it
_END, _MARK = b"\x1e", b"\x1f"
#: a text whose words cannot be told by their gaps, or that escapes more than quotes
_ODD = r'\\[^"]|\\","|", "|"\]\["|^\[\]$'


def is_plain(text: str) -> bool:
    """Whether a text is a list that needs no JSON parser: ``["a","b"]``, not empty, without spaces or backslashes.

    Without backslashes, words contain no quotes, so that the first quote ends a word.
    """
    return text != "[]" and _has_plain_gaps(_inside_of(text))


def _inside_of(text: str) -> str:
    """A text without what precedes its first word and follows its last: a word may itself be ``","``."""
    return text[2:-2]


def _has_plain_gaps(inside: str) -> bool:
    return "\\" not in inside and inside.count('"') == 2 * inside.count(GAP)


class WordLists(NamedTuple):
    """Words as Arrow arrays of lists, whose offsets and values begin at 0.

    :param words: as they are.
    :param escaped: as JSON has them between quotes; the same array where no word needs it.
    """

    words: Any
    escaped: Any


def word_lists(texts: Sequence[str]) -> WordLists:
    """The words of texts, made without a Python string for each."""
    pa, compute = require("pyarrow", "export"), require("pyarrow.compute", "export")
    stored = pa.array(texts, pa.string())
    data = b"".join(text.encode() for text in texts)
    if not _may_be_odd(data, len(texts)):
        return _split(data)
    odd = compute.match_substring_regex(stored, _ODD)
    plain = stored.filter(compute.invert(odd))
    rest = b"".join(text.encode() for text in plain.to_pylist())
    if len(plain) and rest.count(_JOINT) != len(plain) - 1:
        plain, odd = plain.slice(0, 0), compute.is_valid(stored)
    words_of_plain = _split(rest) if len(plain) else _reparsed([])
    parsed = _reparsed(stored.filter(odd).to_pylist())
    # Where each text has come to stand: the plain ones first, then the others.
    there = pa.array(np.argsort(np.argsort(odd.to_numpy(zero_copy_only=False), kind="stable"), kind="stable"))
    return WordLists(*(_taken(pa.concat_arrays(both), there) for both in zip(words_of_plain, parsed, strict=True)))


def _may_be_odd(data: bytes, count: int) -> bool:
    """Whether some text may be one of :data:`_ODD`, or end where another could seem to."""
    escapes = data.count(b"\\")
    if escapes and (escapes != data.count(b'\\"') or b'\\","' in data):
        return True
    return data.count(_JOINT) != count - 1 or b"[]" in data or b'", "' in data


def _split(data: bytes) -> WordLists:
    """The words of plain texts, which are given one after the other."""
    pa = require("pyarrow", "export")
    marked = data[2:-2].replace(_JOINT, _END).replace(GAP.encode(), _MARK)
    letters = np.frombuffer(marked, np.uint8)
    gaps = np.flatnonzero((letters == _MARK[0]) | (letters == _END[0]))
    starts = np.concatenate([[0], gaps - np.arange(len(gaps)), [len(marked) - len(gaps)]])
    last = np.flatnonzero(letters[gaps] == _END[0])
    offsets = pa.array(np.concatenate([[0], last + 1, [len(gaps) + 1]]).astype(np.int32))
    escaped = marked.translate(None, _MARK + _END)
    lists = pa.ListArray.from_arrays(offsets, _strings(starts, escaped))
    removed = np.flatnonzero(np.frombuffer(escaped, np.uint8) == ord("\\"))
    if not len(removed):
        return WordLists(lists, lists)
    starts -= np.searchsorted(removed, starts)
    return WordLists(pa.ListArray.from_arrays(offsets, _strings(starts, escaped.replace(b"\\", b""))), lists)


def _strings(starts: Any, data: bytes) -> Any:
    """An Arrow array of the pieces of some UTF-8."""
    pa = require("pyarrow", "export")
    return pa.StringArray.from_buffers(len(starts) - 1, pa.py_buffer(starts.astype(np.int32)), pa.py_buffer(data))


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
