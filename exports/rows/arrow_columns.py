"""Converts a block of sentences to the Arrow columns of a Hugging Face data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xprojdb.config.tables.export import ExportTable
from xprojdb.exports.rows.columnar import Block
from xprojdb.exports.rows.provenance_columns import chain_of
from xprojdb.exports.rows.stored_words import word_lists
from xprojdb.exports.selection.tiers import tiers_of
from xprojdb.extras import require


def converted(blocks: Iterable[Block], table: ExportTable) -> Iterator[dict[str, Any]]:
    """Convert blocks one after the other, each while the next one is being read.

    :raises ExportError: see :func:`arrow_columns`.
    """
    with ThreadPoolExecutor(1) as pool:
        making: Future[dict[str, Any]] | None = None
        for block in blocks:
            before, making = making, pool.submit(arrow_columns, block, table)
            if before is not None:
                yield before.result()
        if making is not None:
            yield making.result()


def arrow_columns(block: Block, table: ExportTable) -> dict[str, Any]:
    """All columns of an export by name, including those of ``provenance_columns``.

    :raises ExportError: when labels of a sentence overlap or leave it; the field ``id`` names it.
    """
    arrow = require("pyarrow", "export")
    words = word_lists(block.words)
    tags = block.tags(words.offsets.to_numpy().astype(np.int64))
    columns = {
        "id": block.ids,
        "tokens": words,
        "ner_tags": arrow.ListArray.from_arrays(words.offsets, tags),
        "lang": arrow.repeat(block.labelling.target, len(block)),
    }
    if table.tiers:
        columns["tier"] = tiers_of(table, block.bounds, block.labels.margin, block.labels.score)
    return columns if table.provenance == "none" else {**columns, **_provenance(block, table)}


def _provenance(block: Block, table: ExportTable) -> dict[str, Any]:
    columns = {
        "source": block.source_ids,
        "scores": _lists(block, block.labels.score),
        "margins": _lists(block, block.labels.margin),
        "step": require("pyarrow", "export").repeat(block.labelling.step.spec.digest, len(block)),
    }
    if table.provenance == "full":
        steps = [f"{spec.kind}:{spec.digest}" for spec in chain_of(block.labelling)]
        columns |= {"source_langs": [[block.labelling.source]] * len(block), "steps": [steps] * len(block)}
        columns |= {"sentence_id": block.keys, "translation_id": block.items}
    return columns


def _lists(block: Block, values: NDArray[np.float64]) -> Any:
    return require("pyarrow", "export").ListArray.from_arrays(block.bounds.astype(np.int32), values)
