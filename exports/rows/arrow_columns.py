"""Converts a block of sentences to the Arrow columns of a Hugging Face data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xprojdb.config.tables.export import ExportTable
from xprojdb.exports.gold.labels import GoldLabels, GoldStep
from xprojdb.exports.rows.annotations import ANNOTATIONS
from xprojdb.exports.rows.arrow_text import BlockText
from xprojdb.exports.rows.columnar import Block
from xprojdb.exports.rows.provenance_columns import chain_of
from xprojdb.exports.selection.tiers import tiers_of
from xprojdb.extras import require


def converted(
    blocks: Iterable[Block], table: ExportTable, preferred: GoldStep | None = None
) -> Iterator[dict[str, Any]]:
    """The columns of blocks, one after the other; each is made while the next block is read.

    :param preferred: whose labels stand in place of projected ones, on the sentences that it has.
    :raises ExportError: see :func:`arrow_columns`.
    """
    with ThreadPoolExecutor(1) as pool:
        making: Future[dict[str, Any]] | None = None
        for block in blocks:
            before, making = making, pool.submit(arrow_columns, block, table, preferred)
            if before is not None:
                yield before.result()
        if making is not None:
            yield making.result()


def arrow_columns(block: Block, table: ExportTable, preferred: GoldStep | None = None) -> dict[str, Any]:
    """All columns of an export, by name: those of ``provenance_columns`` among them.

    :param preferred: whose labels stand in place of projected ones, on the sentences that it has.
    :raises ExportError: when labels of a sentence overlap or leave it; the field ``id`` names it.
    """
    arrow = require("pyarrow", "export")
    text = BlockText(block)
    tags = text.tags
    columns = {
        "id": block.ids,
        "tokens": text.lists.words,
        "ner_tags": arrow.ListArray.from_arrays(text.lists.words.offsets, tags),
        "lang": arrow.repeat(block.labelling.target, len(block)),
        "text": text.texts,
        "entities": _entities(text),
    }
    if table.provenance != "none" or table.asks_gold:
        columns["annotation"] = _repeated(block.annotations)
    if table.tiers:
        columns["tier"] = tiers_of(table, block.bounds, block.labels.margin, block.labels.score, block.annotations)
    return columns if table.provenance == "none" else {**columns, **_provenance(block, table, preferred)}


def _entities(text: BlockText) -> Any:
    arrow, labels = require("pyarrow", "export"), text.block.labels
    start, end = text.label_places
    types = arrow.array(list(text.block.names), arrow.string()).take(arrow.array(labels.number))
    values = [arrow.array(start.astype(np.int32)), arrow.array(end.astype(np.int32)), types, text.label_texts()]
    annotations = arrow.array(ANNOTATIONS, arrow.string()).take(arrow.array(labels.annotation))
    values += [_numbers(labels.score), _numbers(labels.margin), annotations]
    names = ["start", "end", "label", "text", "score", "margin", "annotation"]
    entities = arrow.StructArray.from_arrays(values, names)
    return arrow.ListArray.from_arrays(text.block.bounds.astype(np.int32), entities)


def _provenance(block: Block, table: ExportTable, preferred: GoldStep | None) -> dict[str, Any]:
    null = require("pyarrow", "export").nulls(len(block))
    own = isinstance(block.labelling, GoldLabels)
    columns: dict[str, Any] = {
        "source": null if block.sources is None else block.source_ids,
        "scores": _lists(block, block.labels.score),
        "margins": _lists(block, block.labels.margin),
        "step": told_steps(block, [block.labelling.step.spec.digest], preferred, whole=False),
    }
    if table.provenance == "full":
        steps = [f"{spec.kind}:{spec.digest}" for spec in chain_of(block.labelling)]
        langs = [] if own else [block.labelling.source]
        columns |= {"source_langs": [langs] * len(block), "steps": told_steps(block, steps, preferred, whole=True)}
        columns |= {"sentence_id": block.keys, "translation_id": null if own else block.items}
    return columns


def told_steps(block: Block, steps: Sequence[str], preferred: GoldStep | None, *, whole: bool) -> Any:
    """The steps of each sentence, or the last one.

    :param steps: of those that were not corrected.
    :param whole: a tuple for each sentence.
    """
    if preferred is None:
        return [tuple(steps)] * len(block) if whole else require("pyarrow", "export").repeat(steps[-1], len(block))
    gold = preferred.spec
    corrected = (*steps, f"{gold.kind}:{gold.digest}") if whole else gold.digest
    own: Any = tuple(steps) if whole else steps[-1]
    return [own if annotation == "projected" else corrected for annotation in block.annotations]


def _repeated(values: Sequence[str]) -> Any:
    """Texts of which there are few different ones."""
    arrow, names = require("pyarrow", "export"), sorted(set(values))
    return arrow.repeat(names[0], len(values)) if len(names) == 1 else list(values)


def _lists(block: Block, values: NDArray[np.float64]) -> Any:
    return require("pyarrow", "export").ListArray.from_arrays(block.bounds.astype(np.int32), _numbers(values))


def _numbers(values: NDArray[np.float64]) -> Any:
    """Scores or margins; what people said has none."""
    return require("pyarrow", "export").array(values, from_pandas=True)
