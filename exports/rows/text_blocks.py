"""Format a block of sentences as the lines of a text file, all at once.

Anything unusual returns None: words that a format cannot represent, sentences without words, overlapping labels. The
writers of single sentences then take over; they know what to refuse and what to say about it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from json.encoder import encode_basestring
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xprojdb.config.tables.export import ExportTable
from xprojdb.exports.errors import ExportError
from xprojdb.exports.rows.columnar import Block
from xprojdb.exports.rows.provenance_columns import chain_of
from xprojdb.exports.rows.schema import class_names
from xprojdb.exports.rows.stored_words import flat_words, spaced
from xprojdb.exports.selection.tiers import tiers_of

Longs = NDArray[np.int64]


def conll_block(block: Block, columns: Literal[2, 4] = 2, with_ids: bool = False) -> bytes | None:
    """The lines that :func:`xprojdb.exports.formats.conll.write_conll` writes for these sentences, with tabs."""
    words, offsets = _words(block.words)
    names = class_names(block.names)
    if not (_readable(words) and _readable(names)):
        return None
    gap = "\t" if columns == 2 else "\t-X-\t-X-\t"
    tails = _tagged(block, offsets, [f"{gap}{name}\n" for name in names], [f"{gap}{name}\n\n" for name in names])
    if tails is None:
        return None
    if with_ids:
        for first, sentence_id in zip(offsets[:-1].tolist(), block.ids, strict=True):
            words[first] = f"# id = {' '.join(sentence_id.split())}\n{words[first]}"
    return _encoded(chain.from_iterable(zip(words, tails, strict=True)))


def jsonl_block(block: Block, table: ExportTable) -> bytes | None:
    """The lines that :func:`xprojdb.exports.formats.json_lines.write_jsonl` writes for these sentences."""
    if not (np.isfinite(block.labels.score).all() and np.isfinite(block.labels.margin).all()):
        return None
    words, offsets = _words(block.words)
    names = [_json(name) for name in class_names(block.names)]
    tags = _tagged(block, offsets, [f"{name}, " for name in names], [f"{name}\n" for name in names])
    if tags is None:
        return None
    columns = {
        "id": map(encode_basestring, block.ids),
        "tokens": map(spaced, block.words),
        "ner_tags": [f"[{sentence_tags}]" for sentence_tags in "".join(tags).split("\n")[:-1]],
        "entities": _listed(block, _entities(block, words, offsets)),
        "lang": [_json(block.labelling.target)] * len(block),
        **_further(block, table),
    }
    line = "{" + ", ".join(f"{_json(name)}: %s" for name in columns) + "}\n"
    return _encoded(line % row for row in zip(*columns.values(), strict=True))


def _entities(block: Block, words: Sequence[str], offsets: Longs) -> list[str]:
    labels = block.labels
    begin = offsets[labels.row] + labels.start
    end = begin + labels.end - labels.start
    names = [f'"label": {_json(name)}, "text": ' for name in block.names]
    columns = (labels.start, labels.end, labels.number, begin, end)
    return [
        f'{{"start": {first}, "end": {last}, {names[number]}{encode_basestring(" ".join(words[place:stop]))}}}'
        for first, last, number, place, stop in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _further(block: Block, table: ExportTable) -> dict[str, Sequence[str]]:
    """The columns of :func:`xprojdb.exports.rows.provenance_columns.provenance_of`, in the same order."""
    labels, count = block.labels, len(block)
    columns: dict[str, Sequence[str]] = {}
    if table.tiers:
        columns["tier"] = [_json(tier) for tier in tiers_of(table, block.bounds, labels.margin, labels.score)]
    if table.provenance != "none":
        columns["source"] = [encode_basestring(name) for name in block.source_ids]
        columns["scores"] = _listed(block, list(map(repr, labels.score.tolist())))
        columns["margins"] = _listed(block, list(map(repr, labels.margin.tolist())))
        columns["step"] = [_json(block.labelling.step.spec.digest)] * count
    if table.provenance == "full":
        steps = [f"{spec.kind}:{spec.digest}" for spec in chain_of(block.labelling)]
        columns |= {"source_langs": [_json([block.labelling.source])] * count, "steps": [_json(steps)] * count}
        columns |= {
            "sentence_id": list(map(str, block.keys.tolist())),
            "translation_id": list(map(str, block.items.tolist())),
        }
    return columns


def _listed(block: Block, labels: Sequence[str]) -> list[str]:
    """The labels of each sentence as a JSON list."""
    bounds = block.bounds.tolist()
    return [f"[{', '.join(labels[first:last])}]" for first, last in pairwise(bounds)]


def _tagged(block: Block, offsets: Longs, names: Sequence[str], last: Sequence[str]) -> list[str] | None:
    """A text for the tag of each word.

    :param names: the text for each tag.
    :param last: the text for each tag of a sentence's last word.
    :returns: None if labels overlap or leave their sentence, or a sentence has no words.
    """
    if np.any(np.diff(offsets) == 0):
        return None
    try:
        tags = block.tags(offsets)
    except ExportError:
        return None
    tags[offsets[1:] - 1] += len(names)
    texts: list[str] = np.array([*names, *last], dtype=object)[tags].tolist()
    return texts


def _words(texts: Sequence[str]) -> tuple[list[str], Longs]:
    """The words of all texts, and (N+1,) where those of each start."""
    words, counts = flat_words(texts)
    return words, np.concatenate([[0], np.cumsum(np.array(counts, np.int64))])


def _readable(words: Sequence[str]) -> bool:
    """Whether any reader takes each of these for one word: not empty, no white space, no document marker."""
    text = "\n".join(words)
    return text.split() == words and "-DOCSTART-" not in text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _encoded(texts: Iterable[str]) -> bytes | None:
    try:
        return "".join(texts).encode()
    except UnicodeEncodeError:
        return None
