"""The align steps of a recipe, with the steps each of them depends on."""

from __future__ import annotations

from dataclasses import replace

from xprojdb.config.tables.align import AlignerConfig
from xprojdb.steps.align.variant import aligner, aligner_of, planned
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext
from xprojdb.text.segmentation import segmenter_revision

#: soft links go down to a probability of 0.01; below this value they are noise to a method that ignores scores
MIN_SOFT_LINK = 0.2


def align_spec(config: AlignerConfig) -> StepSpec:
    """The align step before it is bound to languages; see :func:`for_languages`.

    :raises ModelError: when its model cannot be found.
    :raises MissingExtra: when its package is not installed.
    """
    return planned(config)


def min_link_score(config: AlignerConfig) -> float:
    """The score a link must exceed for methods that treat all links alike; aligners with soft links keep weak ones."""
    return MIN_SOFT_LINK if aligner(config.variant).keeps_weak_links(config) else 0.0


def for_languages(spec: StepSpec, pair: Bitext) -> StepSpec:
    """Bind an align step to two languages: their segmenters, and the steps that learn from them if it needs any.

    :raises MissingExtra: when a language needs a segmenter that is not installed.
    """
    plugin = aligner_of(spec)
    return plugin.for_languages(_of_words(spec, pair) if plugin.of_words else spec, pair)


def _of_words(spec: StepSpec, pair: Bitext) -> StepSpec:
    """Add a segmenter for each side that is written without spaces; other languages leave the step unchanged."""
    params = {name: value for name, value in spec.params.items() if name != "segment"}
    if spec.params.get("segment", True):
        sides = {"original": pair.original_lang, "rendering": pair.rendering_lang}
        segmenters = {side: {"lang": lang, "by": segmenter_revision(lang)} for side, lang in sides.items()}
        segmented = {side: segmenter for side, segmenter in segmenters.items() if segmenter["by"] is not None}
        params |= {"segment": segmented} if segmented else {}
    return replace(spec, params=params)
