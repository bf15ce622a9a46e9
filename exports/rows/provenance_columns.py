"""The columns besides words and tags: where the labels of a sentence come from, and how certain they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xprojdb.config.tables.export import ExportTable
from xprojdb.exports.rows.sentences import ProjectedSentence
from xprojdb.exports.selection.tiers import tier_of
from xprojdb.extras import require
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.steps.spec import StepSpec


def provenance_columns(table: ExportTable, several: bool = False) -> dict[str, Any]:
    """The columns besides words and tags, with their Arrow types; scores and margins have one per entity.

    :param several: whether the labels are a consensus of several sources; then there are the source sentences of all of
        them, and for each entity the languages that voted for it.
    """
    arrow = require("pyarrow", "export")
    numbers, texts = arrow.list_(arrow.float64()), arrow.list_(arrow.string())
    tier = {"tier": "string"} if table.tiers else {}
    if table.provenance == "none":
        return tier
    whence = {"sources": texts, "votes": texts} if several else {"source": "string"}
    columns = {**whence, "scores": numbers, "margins": numbers, "step": "string", **tier}
    if table.provenance == "labels":
        return columns
    return {**columns, "source_langs": texts, "steps": texts, "sentence_id": "int64", "translation_id": "int64"}


def provenance_of(
    table: ExportTable, labelling: Labelling, several: bool = False
) -> Callable[[ProjectedSentence], Mapping[str, Any]]:
    """A function that returns the values of :func:`provenance_columns` for the sentences of one labelling."""
    tier, full = tier_of(table), table.provenance == "full"
    steps = [f"{spec.kind}:{spec.digest}" for spec in chain_of(labelling)]
    digest = labelling.step.spec.digest

    def columns(sentence: ProjectedSentence) -> dict[str, Any]:
        own: dict[str, Any] = {"tier": tier(sentence.labels)} if table.tiers else {}
        if table.provenance == "none":
            return own
        labels = sentence.labels
        own |= _whence(sentence, several)
        own |= {
            "scores": [label.score for label in labels],
            "margins": [label.margin for label in labels],
            "step": digest,
        }
        if full:
            own |= {"source_langs": list(sentence.source_langs), "steps": steps}
            own |= {"sentence_id": sentence.sentence_id, "translation_id": sentence.translation_id or None}
        return own

    return columns


def _whence(sentence: ProjectedSentence, several: bool) -> dict[str, Any]:
    if not several:
        return {"source": sentence.sources[0]}
    votes = ["+".join(label.votes or sentence.source_langs) for label in sentence.labels]
    return {"sources": list(sentence.sources), "votes": votes}


def combines(chosen: Sequence[Labelling]) -> bool:
    """Whether any of the labels are a consensus of several sources."""
    return any(isinstance(labelling, Consensus) for labelling in chosen)


def chain_of(labelling: Labelling) -> list[StepSpec]:
    """The steps that the sentences and labels went through, from first to last."""
    specs: dict[str, StepSpec] = {}

    def visit(spec: StepSpec) -> None:
        for role in sorted(spec.inputs):
            visit(spec.inputs[role])
        specs.setdefault(spec.digest, spec)

    for maker in labelling.makers:
        visit(maker)
    visit(labelling.step.spec)
    return list(specs.values())
