"""The columns beside words and tags: the text and its entities, where labels come from, and how certain they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xprojdb.config.tables.export import ExportTable
from xprojdb.exports.gold.labels import Exported, GoldStep
from xprojdb.exports.rows.raw_text import entities_of, number, placed
from xprojdb.exports.rows.sentences import ProjectedSentence
from xprojdb.exports.selection.tiers import tier_of
from xprojdb.extras import require
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.steps.spec import StepSpec


def provenance_columns(table: ExportTable, several: bool = False) -> dict[str, Any]:
    """The columns besides words and tags, with their Arrow types; scores and margins have one per entity.

    ``entities`` go by characters of ``text``; each says in ``annotation`` who made it: see
    :data:`xprojdb.exports.rows.annotations.LabelAnnotation`. The column ``annotation`` says of a whole sentence whether
    a program made its labels (``projected``), or whether they are ``gold`` ones that were imported, or ``reviewed``.

    :param several: the labels are the consensus of several sources: the sentences of all of them, and for each entity
        the languages that voted for it.
    """
    arrow = require("pyarrow", "export")
    numbers, texts = arrow.list_(arrow.float64()), arrow.list_(arrow.string())
    entity = [("start", arrow.int32()), ("end", arrow.int32()), ("label", arrow.string()), ("text", arrow.string())]
    entity += [("score", arrow.float64()), ("margin", arrow.float64()), ("annotation", arrow.string())]
    text = {"text": "string", "entities": arrow.list_(arrow.struct(entity))}
    tier = {"tier": "string"} if table.tiers else {}
    if table.provenance == "none":
        return {**text, **({"annotation": "string"} if table.asks_gold else {}), **tier}
    whence = {"sources": texts, "votes": texts} if several else {"source": "string"}
    columns = {
        **text,
        "annotation": "string",
        **whence,
        "scores": numbers,
        "margins": numbers,
        "step": "string",
        **tier,
    }
    if table.provenance == "labels":
        return columns
    return {**columns, "source_langs": texts, "steps": texts, "sentence_id": "int64", "translation_id": "int64"}


def provenance_of(
    table: ExportTable, labelling: Exported, several: bool = False, preferred: GoldStep | None = None
) -> Callable[[ProjectedSentence], Mapping[str, Any]]:
    """What makes the values of :func:`provenance_columns` for the sentences of one labelling.

    :param preferred: whose labels replace projected ones, on the sentences that it covers.
    """
    tier, full = tier_of(table), table.provenance == "full"
    steps = [f"{spec.kind}:{spec.digest}" for spec in chain_of(labelling)]
    digest = labelling.step.spec.digest
    gold = preferred.spec if preferred else labelling.step.spec

    def columns(sentence: ProjectedSentence) -> dict[str, Any]:
        text, starts = placed(sentence.words, sentence.text, sentence.offsets)
        own: dict[str, Any] = {"text": text, "entities": entities_of(sentence, text, starts)}
        own |= {"tier": tier(sentence)} if table.tiers else {}
        if table.provenance != "none" or table.asks_gold:
            own["annotation"] = sentence.annotation
        if table.provenance == "none":
            return own
        labels = sentence.labels
        own |= _whence(sentence, several)
        own |= {
            "scores": [number(label.score) for label in labels],
            "margins": [number(label.margin) for label in labels],
        }
        corrected = preferred is not None and sentence.annotation != "projected"
        own["step"] = gold.digest if corrected else digest
        if full:
            chain = [*steps, f"{gold.kind}:{gold.digest}"] if corrected else steps
            own |= {"source_langs": list(sentence.source_langs), "steps": chain}
            own |= {"sentence_id": sentence.sentence_id, "translation_id": sentence.translation_id or None}
        return own

    return columns


def _whence(sentence: ProjectedSentence, several: bool) -> dict[str, Any]:
    if not several:
        return {"source": sentence.sources[0] if sentence.sources else None}
    langs = "+".join(sentence.source_langs)
    votes = [None if math.isnan(label.score) else "+".join(label.votes) or langs for label in sentence.labels]
    return {"sources": list(sentence.sources), "votes": votes}


def combines(chosen: Sequence[Labelling]) -> bool:
    """Whether any of the labels are a consensus of several sources."""
    return any(isinstance(labelling, Consensus) for labelling in chosen)


def chain_of(labelling: Exported) -> list[StepSpec]:
    """The steps that its sentences and labels went through, from the first to the last."""
    specs: dict[str, StepSpec] = {}

    def visit(spec: StepSpec) -> None:
        for role in sorted(spec.inputs):
            visit(spec.inputs[role])
        specs.setdefault(spec.digest, spec)

    for maker in labelling.makers:
        visit(maker)
    visit(labelling.step.spec)
    return list(specs.values())
