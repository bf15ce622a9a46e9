"""Extract the words of many sentences at once from the JSON in which they are stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from xprojdb.extras import require

#: separates the words of a plain text
GAP = '","'
#: what json.dumps writes in its place
_SPACED = '", "'


def flat_words(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """The words of all texts, one after the other, and the number of words in each text."""
    inside = list(map(_inside_of, texts))
    joined = GAP.join(inside)
    if _has_plain_gaps(joined) and "[]" not in texts:
        return joined.split(GAP), [text.count(GAP) + 1 for text in inside]
    lists: list[list[str]] = json.loads(f"[{','.join(texts)}]")
    return list(chain.from_iterable(lists)), list(map(len, lists))


def is_plain(text: str) -> bool:
    """Whether a text is a list that needs no JSON parser: ``["a","b"]``, not empty, without spaces or backslashes.

    Without backslashes, words contain no quotes, so that the first quote ends a word.
    """
    return text != "[]" and _has_plain_gaps(_inside_of(text))


def spaced(text: str) -> str:
    """A text as ``json.dumps`` writes it, with a space after each comma."""
    if not is_plain(text):
        return json.dumps(json.loads(text), ensure_ascii=False)
    return f'["{_inside_of(text).replace(GAP, _SPACED)}"]'


def _inside_of(text: str) -> str:
    """A text without what precedes its first word and follows its last: a word may itself be ``","``."""
    return text[2:-2]


def _has_plain_gaps(inside: str) -> bool:
    return "\\" not in inside and inside.count('"') == 2 * inside.count(GAP)


def word_lists(texts: Sequence[str]) -> Any:
    """The words as an Arrow array of lists, without a Python string for each."""
    pa, compute = require("pyarrow", "export"), require("pyarrow.compute", "export")
    stored = pa.array(texts, pa.string())
    odd = compute.or_(compute.match_substring(stored, "\\"), compute.equal(stored, "[]"))
    words = compute.split_pattern(compute.utf8_slice_codeunits(stored.filter(compute.invert(odd)), 2, -2), GAP)
    letters = words.values.buffers()[2]
    if letters is not None and b'"' in letters.to_pybytes():
        return _parsed(texts)
    if not odd.true_count:
        return words
    both = pa.concat_arrays([words, _parsed(stored.filter(odd).to_pylist())])
    # The position of each text: the plain ones first, then the others.
    there = np.argsort(np.argsort(odd.to_numpy(zero_copy_only=False), kind="stable"), kind="stable")
    return compute.take(both, pa.array(there))


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
