"""The tag steps of a recipe."""

from __future__ import annotations

from xprojdb.config.prefixed import plugin_of
from xprojdb.config.tag import TagTable
from xprojdb.errors import UsageError
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.tag.stage import TagParams
from xprojdb.steps.tag.variant import tagger_spec


def tag_spec(table: TagTable, lang: str, *, keep_scores: bool = False) -> StepSpec | None:
    """The step that tags a language; None where the recipe names no tagger for it.

    :param keep_scores: whether a score needs the probabilities of words.
    :raises ModelError: when the tagger cannot be found, or is none.
    """
    if lang not in table.models:
        return None
    name = table.models[lang]
    return tagger_spec(name, table.config_of(name), lang, keep_scores=keep_scores)


def scoring_spec(spec: StepSpec | None, lang: str, tagger: str, scorer: str) -> StepSpec:
    """The step whose word probabilities a score reads.

    :param spec: the step that tags the language anyhow, if there is one.
    :param tagger: ``hf:MODEL`` in place of that; empty: that one.
    :param scorer: what the scorer is called.
    :raises UsageError: when there is none, or it has no probabilities.
    """
    if tagger:
        spec = tagger_spec(tagger, plugin_of("taggers", tagger, "tagger").Config(), lang, keep_scores=True)
    if spec is None or not TagParams.from_params(spec.params).keep_scores:
        raise UsageError(
            f"the scorer {scorer} needs word probabilities of {lang}, and no tagger gives them",
            hint=f'name one: [tag] models = {{ {lang} = "hf:MODEL" }}, or tagger = "hf:MODEL" in the scorer',
            scorer=scorer,
            lang=lang,
        )
    return spec
