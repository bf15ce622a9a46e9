"""The labelled side of a translation and the label mapping: parameters of many kinds of steps."""

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
    """Parameters of every step that reads the entities of translations.

    :param labelled: the side of a translation that labels come from, which is the source.
    :param labels: the label mapping as JSON; None if labels stay as they are.
    """

    kind: ClassVar[str] = "labelling"
    labelled: Side
    labels: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class MappingParams(StepParams):
    """The label mapping of any step that has one."""

    kind: ClassVar[str] = "labelling"
    labels: Mapping[str, Any] | None = left_out(None)


def mapping_of(spec: StepSpec) -> LabelMapping | None:
    """Read the label mapping from the parameters of a step."""
    labels = MappingParams.from_params(spec.params).labels
    if labels is None:
        return None
    return LabelMapping(labels["name"], labels["version"], tuple(sorted(labels["table"].items())), labels["others"])
