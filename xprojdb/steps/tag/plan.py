"""The tag steps of a recipe."""

from __future__ import annotations

from typing import Any

from xprojdb.config.settings import TagTable
from xprojdb.errors import UsageError
from xprojdb.models.store import canonical_id, resolve
from xprojdb.models.taggers.spacy import TaggerParams, spacy_revision
from xprojdb.models.taggers.token_classifier import Aggregation, ClassifierParams, classifier_labels
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.tag.stage import Tag


def tag_spec(table: TagTable, lang: str, *, keep_scores: bool = False) -> StepSpec | None:
    """The step that tags a language; None where the recipe names no tagger for it.

    :param keep_scores: whether a score needs the probabilities of words.
    :raises ModelError: when the tagger cannot be found, or is none.
    """
    if lang not in table.models:
        return None
    name = table.models[lang]
    if name.startswith("hf:"):
        return classifier_spec(name, lang, keep_scores or table.keep_scores, table.subwords)
    params = {"lang": lang, **TaggerParams(trim=table.trim).to_json()}
    return StepSpec("tag", Tag.version, params, name, spacy_revision(name.removeprefix("spacy:")))


def classifier_spec(name: str, lang: str, keep_scores: bool, subwords: Aggregation = "first") -> StepSpec:
    """The step of a Hugging Face token classifier.

    :param name: ``hf:MODEL``.
    :raises ModelError: when the model cannot be found, or is no token classifier.
    """
    model = name.removeprefix("hf:")
    found = resolve(model)
    labels = classifier_labels(found, model)
    params: dict[str, Any] = {"lang": lang, **ClassifierParams(subwords).to_json()}
    if keep_scores:
        params |= {"keep_scores": True, "labels": list(labels)}
    return StepSpec("tag", Tag.version, params, f"hf:{canonical_id(model)}", found.revision)


def scoring_spec(spec: StepSpec | None, lang: str, tagger: str, scorer: str) -> StepSpec:
    """The step whose word probabilities a score reads.

    :param spec: the step that tags the language anyhow, if there is one.
    :param tagger: ``hf:MODEL`` in place of that; empty: that one.
    :param scorer: what the scorer is called.
    :raises UsageError: when there is none, or it has no probabilities.
    """
    if tagger:
        return classifier_spec(tagger, lang, keep_scores=True)
    if spec is None or not spec.params.get("keep_scores"):
        raise UsageError(
            f"the scorer {scorer} needs word probabilities of {lang}, and no tagger gives them",
            hint=f'name one: [tag] models = {{ {lang} = "hf:MODEL" }}, or tagger = "hf:MODEL" in the scorer',
            scorer=scorer,
            lang=lang,
        )
    return spec
