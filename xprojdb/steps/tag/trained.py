"""The tagger ``trained:NAME``: a model trained in this database, or ``trained:A+B``, the mean of several."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar

from xprojdb.errors import ModelError
from xprojdb.steps.params import StepParams
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.tag.variant import TaggerConfig, TaggerPlugin
from xprojdb.steps.train.params import TrainParams
from xprojdb.steps.train.tagger import MODEL
from xprojdb.training.decoding import iob2_tags

#: finds a train step by name; set while a recipe is planned for a database
_FIND: ContextVar[Callable[[str], StepSpec] | None] = ContextVar("trained_models", default=None)
#: between the names of models whose probabilities are averaged
SEVERAL = "+"
#: the digest prefixes that can be used as names
_DIGEST = re.compile(r"[0-9a-f]{8,64}")


@contextmanager
def trained_models(find: Callable[[str], StepSpec]) -> Iterator[None]:
    """Set how ``trained:NAME`` is looked up inside the block.

    :param find: returns the train step for a name, or raises :class:`ModelError`.
    """
    token = _FIND.set(find)
    try:
        yield
    finally:
        _FIND.reset(token)


def is_digest(name: str) -> bool:
    """Whether a name has the form of a digest prefix."""
    return _DIGEST.fullmatch(name) is not None


def trained_steps(model: str) -> list[StepSpec]:
    """The train steps of a model, or of several joined by ``+``, each once, in the order of their digests.

    :param model: their names, or prefixes of their digests.
    :raises ModelError: when there is no such model, or no database in which to look for it.
    """
    find = _FIND.get()
    if find is None:
        raise ModelError("a trained model needs its database", hint="plan the recipe on that database", model=model)
    specs = {spec.digest: spec for spec in map(find, model.split(SEVERAL))}
    return [specs[digest] for digest in sorted(specs)]


@dataclass(frozen=True, kw_only=True)
class TrainedConfig(TaggerConfig):
    """``[tag]`` with ``trained:``.

    :param keep_probabilities: store word probabilities even if no scorer needs them.
    """

    keep_probabilities: bool = False


class Trained(TaggerPlugin):
    """The plug-in ``trained``."""

    name: ClassVar[str] = "trained"
    Config = TrainedConfig
    metavar = "NAME"
    has_scores = True

    def revision(self, model: str) -> str:
        return SEVERAL.join(spec.digest for spec in trained_steps(model))

    def canonical(self, model: str) -> str:
        # The steps rather than the names, which may refer to other models tomorrow.
        return SEVERAL.join(spec.digest[:12] for spec in trained_steps(model))

    def labels(self, model: str, config: TrainedConfig | None = None) -> tuple[str, ...]:  # noqa: ARG002
        classes = [TrainParams.from_params(spec.params).classes for spec in trained_steps(model)]
        if len(set(classes)) > 1:
            result = "; ".join(", ".join(own) for own in dict.fromkeys(classes))
            hint = "train them with the same labels"
            raise ModelError(
                f"the models {model} have different labels: {result}", hint=hint, model=model, reason="labels"
            )
        return iob2_tags(classes[0])

    def inputs(self, model: str) -> Mapping[str, StepSpec]:
        self.labels(model)
        first, *others = trained_steps(model)
        return {MODEL: first, **{f"{MODEL}:{place}": spec for place, spec in enumerate(others, start=2)}}

    def params(self, config: TrainedConfig, lang: str) -> dict[str, Any]:  # noqa: ARG002
        return TrainedParams(lang=lang).to_params()

    def keeps_scores(self, config: TrainedConfig) -> bool:
        return config.keep_probabilities

    def load(self, spec: StepSpec) -> Any:
        raise ModelError(
            "a trained model can only be loaded from its database", hint="use it in a recipe", model=spec.model
        )


@dataclass(frozen=True, kw_only=True)
class TrainedParams(StepParams):
    """Parameters of a ``trained`` tag step."""

    kind: ClassVar[str] = "tag"
    lang: str
