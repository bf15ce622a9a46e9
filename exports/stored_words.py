"""The words of many sentences at once, out of the JSON that they are stored as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xprojdb.extras import require

#: between the words of a plain text, inside it
GAP = '","'


def are_plain(texts: Sequence[str]) -> bool:
    """Whether all texts are lists that need no JSON parser: ``["a","b"]``.

    They have no spaces between words and no backslash, and none is empty. Inside a word there is no quote then, so
    that the first quote ends it.
    """
    return _plain(_inside(texts), texts)


def flat_words(texts: Sequence[str]) -> list[str] | None:
    """The words of texts, one after the other.

    :returns: None when they are not all plain.
    """
    inside = _inside(texts)
    return inside.split(GAP) if _plain(inside, texts) else None


def inside_of(text: str) -> str:
    """A plain text without what is before its first word and behind its last: elsewhere ``","`` may be a word."""
    return text[2:-2]


def _inside(texts: Sequence[str]) -> str:
    return GAP.join(map(inside_of, texts))


def _plain(inside: str, texts: Sequence[str]) -> bool:
    return inside.count('"') == 2 * inside.count(GAP) and "\\" not in inside and "[]" not in texts


def word_lists(texts: Sequence[str]) -> Any:
    """The words as an Arrow array of lists, made without a Python string for each."""
    pa, compute = require("pyarrow", "export"), require("pyarrow.compute", "export")
    words = compute.split_pattern(compute.utf8_slice_codeunits(pa.array(texts, pa.string()), 2, -2), GAP)
    data = words.values.buffers()[2]
    letters = b"" if data is None else data.to_pybytes()
    plain = b'"' not in letters and b"\\" not in letters and "[]" not in texts
    return words if plain else _parsed(texts)


def _parsed(texts: Sequence[str]) -> Any:
    pa, reader = require("pyarrow", "export"), require("pyarrow.json", "export")
    text = ('{"w":' + '}\n{"w":'.join(texts) + "}").encode()
    schema = pa.schema([("w", pa.list_(pa.string()))])
    parsed = reader.read_json(
        pa.BufferReader(text),
        read_options=reader.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=reader.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    )
    return parsed["w"].combine_chunks()
