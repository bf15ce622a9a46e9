"""A tagger as recipes and steps see it: its keys, its step and how to load it, in one class.

A plug-in of the group ``xprojdb.taggers`` is a subclass of :class:`TaggerPlugin`; its name is the prefix of its models.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from xprojdb import entry_points
from xprojdb.config.fields.prefixed import plugin_of
from xprojdb.errors import UsageError
from xprojdb.steps.params import plain
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Stage
from xprojdb.steps.tag.stage import Tag, TagParams


@dataclass(frozen=True, kw_only=True)
class TaggerConfig:
    """The keys of ``[tag]`` that belong to a tagger."""


class TaggerPlugin(ABC):
    """A tagger.

    A subclass defines a ``name``, a ``Config`` with its keys, :meth:`revision` and :meth:`load`; everything else has a
    default.
    """

    name: ClassVar[str]
    Config: ClassVar[type[Any]]
    #: whether a model follows the prefix, and its placeholder in help texts
    named: ClassVar[bool] = True
    metavar: ClassVar[str] = "MODEL"
    #: whether it provides word probabilities: the loaded tagger has ``tag_scored``, and the plug-in :meth:`labels`
    has_scores: ClassVar[bool] = False

    @abstractmethod
    def revision(self, model: str) -> str:
        """The exact revision of a model.

        :param model: without the prefix.
        :raises ModelError: when it cannot be found.
        """

    def canonical(self, model: str) -> str:
        """The full name of a model."""
        return model

    def completed(self, config: Any, labels: Sequence[str]) -> Any:  # noqa: ARG002
        """The keys of the table for a tagger that can be told what to find.

        :param labels: the labels that the recipe names; empty if it names none.
        """
        return config

    def labels(self, model: str, config: Any = None) -> tuple[str, ...]:
        """The columns of the word probabilities.

        :param config: the keys of its table, for taggers whose labels depend on them.
        """
        raise NotImplementedError(f"{self.name}: a tagger with has_scores must name the labels of {model}")

    def params(self, config: Any, lang: str) -> dict[str, Any]:
        """The parameters of a step for a language. By default these are all keys of the table."""
        own = {key.name: plain(getattr(config, key.name)) for key in fields(config)}
        return {**TagParams(lang=lang).to_params(), **own}

    @abstractmethod
    def load(self, spec: StepSpec) -> Any:
        """Load the tagger, an :class:`xprojdb.models.taggers.spacy.Tagger`."""

    def inputs(self, model: str) -> Mapping[str, StepSpec]:  # noqa: ARG002
        """The steps that its steps read besides sentences, by role: those of a model that a database has made."""
        return {}

    def keeps_scores(self, config: Any) -> bool:  # noqa: ARG002
        """Whether the table asks for word probabilities."""
        return False


def tagger_spec(
    name: str, config: Any, lang: str, *, keep_scores: bool = False, labels: Sequence[str] = ()
) -> StepSpec:
    """The step of a tagger.

    :param name: the model, with its prefix.
    :param config: the keys of its table.
    :param keep_scores: whether a scorer needs word probabilities, if the tagger has them.
    :param labels: the labels that the recipe names.
    :raises ModelError: when the model cannot be found, or is not a tagger.
    """
    prefix, colon, model = name.partition(":")
    plugin: TaggerPlugin = entry_points.load("taggers", prefix)()
    config = plugin.completed(config, labels)
    params = plugin.params(config, lang)
    if plugin.has_scores and (keep_scores or plugin.keeps_scores(config)):
        params |= {"keep_scores": True, "labels": list(plugin.labels(model, config))}
    if distribution := entry_points.find("taggers", prefix).distribution:
        params["plugin"] = distribution
    called, revision = f"{prefix}{colon}{plugin.canonical(model)}", plugin.revision(model)
    return StepSpec(Tag.kind, Tag.version, params, called, revision, plugin.inputs(model))


def load_tagger(spec: StepSpec) -> Any:
    """Load the tagger of a step.

    :raises PluginError: when it is not installed in the version that the step was planned with.
    """
    prefix, _, model = (spec.model or "").partition(":")
    plugin: TaggerPlugin = entry_points.require("taggers", prefix, spec.params.get("plugin"))()
    return plugin.load(replace(spec, model=model))


def tag_stage(spec: StepSpec) -> Stage | None:
    """The stage of a tag step."""
    return Tag(spec, lambda: load_tagger(spec)) if spec.version == Tag.version else None


def scoring_spec(spec: StepSpec | None, lang: str, tagger: str, scorer: str) -> StepSpec:
    """The step whose word probabilities a scorer reads.

    :param spec: the step that tags the language in any case, if there is one.
    :param tagger: ``hf:MODEL`` to use instead; empty to use ``spec``.
    :param scorer: the name of the scorer.
    :raises UsageError: when there is no tagger, or it has no probabilities.
    """
    if tagger:
        spec = tagger_spec(tagger, plugin_of("taggers", tagger, "tagger").Config(), lang, keep_scores=True)
    if spec is None or not TagParams.from_params(spec.params).keep_scores:
        raise UsageError(
            f"the scorer {scorer} needs word probabilities for {lang}, and no tagger provides them",
            hint=f'add one: [tag] models = {{ {lang} = "hf:MODEL" }}, or tagger = "hf:MODEL" in the scorer',
            scorer=scorer,
            lang=lang,
        )
    return spec
