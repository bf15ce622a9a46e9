"""Format a block of sentences as the lines of a text file, all at once.

Anything unusual returns None: words that a format cannot represent, sentences without words, overlapping labels. The
functions that write single sentences then take over and decide what to refuse, with which message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from json.encoder import encode_basestring
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Longs
from xprojdb.config.tables.export import ExportTable
from xprojdb.exports.errors import ExportError
from xprojdb.exports.gold.labels import GoldLabels, GoldStep
from xprojdb.exports.rows.annotations import ANNOTATIONS
from xprojdb.exports.rows.arrow_columns import told_steps
from xprojdb.exports.rows.arrow_text import BlockText
from xprojdb.exports.rows.columnar import Block
from xprojdb.exports.rows.provenance_columns import chain_of
from xprojdb.exports.rows.schema import class_names
from xprojdb.exports.selection.tiers import tiers_of
from xprojdb.extras import require

_ESCAPED = r'["\\\x00-\x1f]'
_SPACE, _QUOTE, _BACKSLASH = b' "\\'
#: sentences whose lines are put together at a time: what they need fits in the cache, and is needed again at once
_TOGETHER = 2_000

#: pieces of a text file, each with its number of sentences
Pieces = Iterator[tuple[int, memoryview]]


def conll_block(block: Block, columns: Literal[2, 4] = 2, with_ids: bool = False) -> Pieces | None:
    """The lines that :func:`xprojdb.exports.formats.conll.write_conll` writes for these sentences, with tabs."""
    text = _readable(block)
    names = class_names(block.names)
    if text is None or any(map(_has_space, names)):
        return None
    gap = "\t" if columns == 2 else "\t-X-\t-X-\t"
    ends = [f"{gap}{name}\n" for name in names]
    tails = _taken([*ends, *(f"{end}\n" for end in ends)], _with_last(text, len(ends)))
    parts = [text.lists.words.values, tails]
    if with_ids:
        heads = [f"# id = {' '.join(sentence_id.split())}\n" for sentence_id in block.ids.to_pylist()]
        first = np.zeros(len(text.tags), np.int64)
        first[text.offsets[:-1]] = np.arange(1, len(heads) + 1)
        parts.insert(0, _taken(["", *heads], first))
    return iter([(len(block), _encoded(parts))])


def jsonl_block(block: Block, table: ExportTable, preferred: GoldStep | None = None) -> Pieces | None:
    """The lines that :func:`xprojdb.exports.formats.json_lines.write_jsonl` writes for these sentences.

    :param preferred: whose labels replace projected ones, on the sentences that it covers.
    """
    if np.isinf(block.labels.score).any() or np.isinf(block.labels.margin).any():
        return None
    text = _checked(block)
    if text is None:
        return None
    compute = require("pyarrow.compute", "export")
    tags = _lists(text.offsets, _taken([_json(name) for name in class_names(block.names)], text.tags))
    numbers = [_reprs(sentence_tags) for sentence_tags in (block.labels.score, block.labels.margin)]
    columns: dict[str, Sequence[Any]] = {
        "id": ['"', _escaped(block.ids), '"'],
        "tokens": ['["', compute.binary_join(text.lists.escaped, '", "'), '"]'],
        "ner_tags": ["[", compute.binary_join(tags, ", "), "]"],
        "lang": [_json(block.labelling.target)],
        "text": ['"', text.texts_in_json, '"'],
        "entities": ["[", _joined(block, _entities(text, numbers)), "]"],
        **_further(block, table, numbers, preferred),
    }
    parts: list[Any] = []
    for place, (name, values) in enumerate(columns.items()):
        parts += [f"{', ' if place else '{'}{_json(name)}: ", *values]
    return _pieces(len(block), [*parts, "}\n"])


def _pieces(count: int, parts: Sequence[Any]) -> Pieces:
    """The lines of so many sentences, put together a few at a time."""
    for first in range(0, count, _TOGETHER):
        some = [part if isinstance(part, str) else part.slice(first, _TOGETHER) for part in parts]
        yield min(_TOGETHER, count - first), _encoded(some)


def _entities(text: BlockText, numbers: Sequence[Any]) -> Any:
    """The objects of all labels."""
    pa = require("pyarrow", "export")
    labels = text.block.labels
    start, end = (pa.array(places).cast(pa.string()) for places in text.label_places)
    names = _taken([f', "label": {_json(name)}, "text": "' for name in text.block.names], labels.number)
    parts = ['{"start": ', start, ', "end": ', end, names, text.label_texts(in_json=True), '", "score": ', numbers[0]]
    ends = _taken([f', "annotation": {_json(name)}}}' for name in ANNOTATIONS], labels.annotation)
    return _concatenated([*parts, ', "margin": ', numbers[1], ends])


def _further(
    block: Block, table: ExportTable, numbers: Sequence[Any], preferred: GoldStep | None
) -> dict[str, Sequence[Any]]:
    """The columns of :func:`xprojdb.exports.rows.provenance_columns.provenance_of`, in its order."""
    labels, columns = block.labels, dict[str, Sequence[Any]]()
    if table.tiers:
        columns["tier"] = [_all_json(tiers_of(table, block.bounds, labels.margin, labels.score, block.annotations))]
    if table.provenance != "none" or table.asks_gold:
        columns["annotation"] = [_all_json(block.annotations)]
    if table.provenance != "none":
        own = isinstance(block.labelling, GoldLabels)
        columns["source"] = ["null"] if own else ['"', _escaped(block.source_ids), '"']
        columns["scores"] = ["[", _joined(block, numbers[0]), "]"]
        columns["margins"] = ["[", _joined(block, numbers[1]), "]"]
        columns["step"] = [_told(block, [block.labelling.step.spec.digest], preferred, whole=False)]
    if table.provenance == "full":
        steps = [f"{spec.kind}:{spec.digest}" for spec in chain_of(block.labelling)]
        columns["source_langs"] = ["[]" if own else _json([block.labelling.source])]
        columns["steps"] = [_told(block, steps, preferred, whole=True)]
        columns["sentence_id"] = [_integers(block.keys)]
        columns["translation_id"] = ["null" if own else _integers(block.items)]
    return columns


def _told(block: Block, steps: Sequence[str], preferred: GoldStep | None, *, whole: bool) -> Any:
    if preferred is None:
        return _json(list(steps) if whole else steps[-1])
    return _all_json(told_steps(block, steps, preferred, whole=whole))


def _escaped(texts: Any) -> Any:
    """Texts as JSON has them between quotes."""
    compute = require("pyarrow.compute", "export")
    letters = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    if not np.any((letters < _SPACE) | (letters == _QUOTE) | (letters == _BACKSLASH)):
        return texts
    special = compute.match_substring_regex(texts, _ESCAPED)
    quoted = [encode_basestring(text)[1:-1] for text in texts.filter(special).to_pylist()]
    return compute.replace_with_mask(texts, special, require("pyarrow", "export").array(quoted, "string"))


def _readable(block: Block) -> BlockText | None:
    """The text of a block whose words every reader accepts: not empty, no white space, no document marker."""
    text = _checked(block)
    if text is None or not text.lengths.all():
        return None
    letters = text.lists.words.values.buffers()[2].to_pybytes().decode()
    return None if _has_space(letters) or "-DOCSTART-" in letters else text


def _has_space(text: str) -> bool:
    """Whether a text that is not empty contains what str.split treats as white space."""
    return text.split(maxsplit=1) != [text]


def _checked(block: Block) -> BlockText | None:
    """The text of a block; None where labels overlap or leave their sentence, or a sentence has no words."""
    text = BlockText(block)
    try:
        if np.any(np.diff(text.offsets) == 0):
            return None
        _ = text.tags
    except (ExportError, UnicodeEncodeError, require("pyarrow", "export").ArrowInvalid):
        return None
    return text


def _with_last(text: BlockText, names: int) -> Longs:
    """The tags of all words; those of a sentence's last word are increased by the number of names."""
    tags = text.tags.copy()
    tags[text.offsets[1:] - 1] += names
    return tags


def _joined(block: Block, labels: Any) -> Any:
    """The values of each label, by sentence, separated by commas."""
    return require("pyarrow.compute", "export").binary_join(_lists(block.bounds, labels), ", ")


def _lists(bounds: Longs, values: Any) -> Any:
    return require("pyarrow", "export").ListArray.from_arrays(bounds.astype(np.int32), values)


def _taken(names: Sequence[str], places: Longs) -> Any:
    pa = require("pyarrow", "export")
    return pa.array(names, pa.string()).take(pa.array(places))


def _reprs(values: NDArray[np.float64]) -> Any:
    """Scores or margins as JSON; null for a label without one."""
    pa, compute = require("pyarrow", "export"), require("pyarrow.compute", "export")
    texts = pa.array(values).cast(pa.string())
    # Arrow writes the same digits as Python, but whole, small and large numbers in another form.
    alike = (np.abs(values) >= 1e-4) & (np.abs(values) < 1e15) & (values != np.floor(values))
    others = ["null" if np.isnan(value) else repr(value) for value in values[~alike].tolist()]
    return compute.replace_with_mask(texts, pa.array(~alike), pa.array(others, pa.string())) if others else texts


def _integers(values: Longs) -> Any:
    pa = require("pyarrow", "export")
    return pa.array(values).cast(pa.string())


def _all_json(values: Sequence[Any]) -> Any:
    """Values of which there are few different ones, as JSON."""
    texts = {value: _json(value) for value in set(values)}
    if len(texts) == 1:
        return next(iter(texts.values()))
    return require("pyarrow", "export").array([texts[value] for value in values], "string")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _concatenated(parts: Sequence[Any]) -> Any:
    """Join arrays of texts, and the texts between them, value by value."""
    merged: list[Any] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return require("pyarrow.compute", "export").binary_join_element_wise(*merged, "")


def _encoded(parts: Sequence[Any]) -> memoryview:
    """The same, one after the other, encoded."""
    _, _, data = _concatenated(parts).buffers()
    return memoryview(data if data is not None else b"")
