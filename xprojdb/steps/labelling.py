"""Which side of a translation labels come from, and what becomes of each label: parameters of many kinds of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from xprojdb.steps.params import StepParams, left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Side
from xprojdb.text.label_schemes import LabelMapping


@dataclass(frozen=True, kw_only=True)
class LabellingParams(StepParams):
    """The parameters of every step that reads entities of translations.

    :param labelled: the side of a translation that labels come from: the source.
    :param labels: what becomes of each label, as JSON; None: all stay as they are.
    """

    kind: ClassVar[str] = "labelling"
    labelled: Side
    labels: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class MappingParams(StepParams):
    """Of any step: what becomes of each label, where the step has a say in it."""

    kind: ClassVar[str] = "labelling"
    labels: Mapping[str, Any] | None = left_out(None)


def mapping_of(spec: StepSpec) -> LabelMapping | None:
    """The label mapping among a step's parameters."""
    labels = MappingParams.from_params(spec.params).labels
    if labels is None:
        return None
    return LabelMapping(labels["name"], labels["version"], tuple(sorted(labels["table"].items())), labels["others"])
