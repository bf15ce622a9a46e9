"""The tagger ``trained:NAME``: a model trained in this database."""

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
        return self._step(model).digest

    def canonical(self, model: str) -> str:
        # The step rather than the name, which may refer to another model tomorrow.
        return self._step(model).digest[:12]

    def labels(self, model: str, config: TrainedConfig) -> tuple[str, ...]:  # noqa: ARG002
        return iob2_tags(TrainParams.from_params(self._step(model).params).classes)

    def inputs(self, model: str) -> Mapping[str, StepSpec]:
        return {MODEL: self._step(model)}

    def params(self, config: TrainedConfig, lang: str) -> dict[str, Any]:  # noqa: ARG002
        return TrainedParams(lang=lang).to_params()

    def keeps_scores(self, config: TrainedConfig) -> bool:
        return config.keep_probabilities

    def load(self, spec: StepSpec) -> Any:
        raise ModelError(
            "a trained model can only be loaded from its database", hint="use it in a recipe", model=spec.model
        )

    @staticmethod
    def _step(model: str) -> StepSpec:
        find = _FIND.get()
        if find is None:
            raise ModelError("a trained model needs its database", hint="plan the recipe on that database", model=model)
        return find(model)


@dataclass(frozen=True, kw_only=True)
class TrainedParams(StepParams):
    """Parameters of a ``trained`` tag step."""

    kind: ClassVar[str] = "tag"
    lang: str
