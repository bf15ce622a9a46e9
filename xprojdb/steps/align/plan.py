"""The align steps of a recipe, with what each of them has to learn or to read first."""

from __future__ import annotations

from dataclasses import replace

from xprojdb.config.tables.align import AlignerConfig
from xprojdb.steps.align.variant import aligner, aligner_of, planned
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext
from xprojdb.text.segmentation import segmenter_revision

#: soft links have any probability above 0.01; those below this are noise to a method without scores
MIN_SOFT_LINK = 0.2


def align_spec(config: AlignerConfig) -> StepSpec:
    """The step that aligns, for any languages; see :func:`for_languages`.

    :raises ModelError: when its model cannot be found.
    :raises MissingExtra: when its package is not installed.
    """
    return planned(config)


def min_link_score(config: AlignerConfig) -> float:
    """The score that a link must exceed to count where links count alike: soft ones are kept however weak."""
    return MIN_SOFT_LINK if aligner(config.variant).keeps_weak_links(config) else 0.0


def for_languages(spec: StepSpec, pair: Bitext) -> StepSpec:
    """The aligner for a pair of languages: with their words, and with what is learned of them first, if it needs that.

    :raises MissingExtra: when a language needs a segmenter that is not installed.
    """
    plugin = aligner_of(spec)
    return plugin.for_languages(_of_words(spec, pair) if plugin.of_words else spec, pair)


def _of_words(spec: StepSpec, pair: Bitext) -> StepSpec:
    """With a segmenter for each side whose units are smaller than words; other languages leave no trace in the step."""
    params = {name: value for name, value in spec.params.items() if name != "segment"}
    if spec.params.get("segment", True):
        sides = {"original": pair.original_lang, "rendering": pair.rendering_lang}
        found = {side: {"lang": lang, "by": segmenter_revision(lang)} for side, lang in sides.items()}
        segmented = {side: segmenter for side, segmenter in found.items() if segmenter["by"] is not None}
        params |= {"segment": segmented} if segmented else {}
    return replace(spec, params=params)
