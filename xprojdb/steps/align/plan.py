"""The align steps of a recipe, with what each of them has to learn or to read first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from xprojdb.config.align import AlignTable
from xprojdb.models.aligners.eflomal import EflomalParams, eflomal_version
from xprojdb.models.aligners.encoder import CENTRE_LANGUAGE, AlignerParams
from xprojdb.models.aligners.equal_words import EqualWordsParams
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.align.imported import imported_spec
from xprojdb.steps.align.stage import Align
from xprojdb.steps.align.vote import VoteLinks
from xprojdb.steps.fit.link_counts import LinkCounts
from xprojdb.steps.fit.mean_vectors import MeanVectors
from xprojdb.steps.project.heuristic import MIN_SOFT_LINK
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext
from xprojdb.text.segmentation import segmenter_revision


def align_spec(table: AlignTable) -> StepSpec:
    """The step that aligns, for any languages; see :func:`for_languages`.

    :raises ModelError: when its model cannot be found.
    :raises MissingExtra: when its package is not installed.
    """
    spec = _SPECS[table.aligner](table)
    return spec if table.segment else replace(spec, params={**spec.params, "segment": False})


def least_link(table: AlignTable) -> float:
    """The score that a link must exceed to count where links count alike: soft ones are kept however weak."""
    if table.aligner == "vote":
        return 0.0
    return MIN_SOFT_LINK if table.is_soft else 0.0


def for_languages(align: StepSpec, pair: Bitext) -> StepSpec:
    """The aligner for a pair of languages: with their words, and with what is learned of them first, if it needs that.

    :raises MissingExtra: when a language needs a segmenter that is not installed.
    """
    if align.params.get("aligner") == "vote":
        return replace(align, inputs={role: for_languages(voter, pair) for role, voter in align.inputs.items()})
    align = _of_words(align, pair)
    if align.params.get("aligner") == "eflomal":
        return _trained(align, pair)
    if align.params.get("aligner") == "transalign":
        langs = {"original": pair.original_lang, "rendering": pair.rendering_lang}
        return replace(align, params={**align.params, **langs})
    if align.params.get("transform") == CENTRE_LANGUAGE:
        return _centred(align, pair)
    return align


def _of_words(align: StepSpec, pair: Bitext) -> StepSpec:
    """With a segmenter for each side whose units are smaller than words; other languages leave no trace in the step."""
    params = {name: value for name, value in align.params.items() if name != "segment"}
    if align.params.get("segment", True) and params.get("aligner") != "imported":
        sides = {"original": pair.original_lang, "rendering": pair.rendering_lang}
        found = {side: {"lang": lang, "by": segmenter_revision(lang)} for side, lang in sides.items()}
        segmented = {side: told for side, told in found.items() if told["by"] is not None}
        params |= {"segment": segmented} if segmented else {}
    return replace(align, params=params)


def _trained(align: StepSpec, pair: Bitext) -> StepSpec:
    own = {name: align.params[name] for name in ("iterations", "segment") if name in align.params}
    training = {"lang": pair.original_lang, "rendering_lang": pair.rendering_lang, **own}
    counts = StepSpec(LinkCounts.kind, LinkCounts.version, training, align.model, align.revision)
    kept = {name: value for name, value in align.params.items() if name != "iterations"}
    return replace(align, params=kept, inputs={"counts": counts})


def _centred(align: StepSpec, pair: Bitext) -> StepSpec:
    compared = {name: align.params[name] for name in ("layer", "pooling")}
    segmented = align.params.get("segment", {})
    means = {}
    for side, lang in (("original", pair.original_lang), ("rendering", pair.rendering_lang)):
        # The sentences of a mean are told as those of the left side.
        own = {"segment": {"original": segmented[side]}} if side in segmented else {}
        params = {"lang": lang, **compared, **own}
        means[f"{side}_mean"] = StepSpec(MeanVectors.kind, MeanVectors.version, params, align.model, align.revision)
    return replace(align, inputs=means)


def _encoder(table: AlignTable) -> StepSpec:
    found = resolve(table.model, table.revision)
    names = ("method", "layer", "pooling", "threshold", "temperature", "transform")
    params = AlignerParams(**table.model_dump(include=set(names)))
    return StepSpec(Align.kind, Align.version, params.to_json(), canonical_id(table.model), found.revision)


def _transalign(table: AlignTable) -> StepSpec:
    found = resolve(table.model, table.revision)
    names = {"method", "pooling", "threshold", "temperature", "transform"}
    layer = table.layer if "layer" in table.model_fields_set else None
    params = {"aligner": "transalign", "layer": layer, **table.model_dump(include=names)}
    return StepSpec(Align.kind, Align.version, params, canonical_id(table.model), found.revision)


def _eflomal(table: AlignTable) -> StepSpec:
    params = EflomalParams(table.rule or "soft", table.threshold).to_json()
    told = {"aligner": "eflomal", **params, "iterations": table.iterations}
    return StepSpec(Align.kind, Align.version, told, "eflomal", eflomal_version())


def _exact(table: AlignTable) -> StepSpec:
    params = EqualWordsParams(table.words, table.repeats).to_json()
    return StepSpec(Align.kind, Align.version, {"aligner": "exact", **params})


def _imported(table: AlignTable) -> StepSpec:
    return imported_spec(table.name)


def _vote(table: AlignTable) -> StepSpec:
    rule = table.rule or "votes"
    params: dict[str, Any] = {"aligner": "vote", "rule": rule, "floors": [least_link(voter) for voter in table.voters]}
    if rule == "votes":
        params["votes"] = table.votes
    # Two digits, so that the order of the roles is that of the voters.
    voters = {f"voter:{number:02}": align_spec(voter) for number, voter in enumerate(table.voters, 1)}
    return StepSpec(VoteLinks.kind, VoteLinks.version, params, inputs=voters)


_SPECS: Mapping[str, Callable[[AlignTable], StepSpec]] = {
    "encoder": _encoder,
    "transalign": _transalign,
    "eflomal": _eflomal,
    "exact": _exact,
    "imported": _imported,
    "vote": _vote,
}
