"""The parameters of steps that translate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from xprojdb.steps.params import StepParams, left_out

if TYPE_CHECKING:
    from xprojdb.config.tables.translate import MarkerKind


@dataclass(frozen=True, kw_only=True)
class TranslateParams(StepParams):
    """Parameters that every translating step has.

    :param source, target: the languages.
    :param options: all options of the translator.
    :param keep_truncated: whether translations that were cut at the model's limits are kept.
    """

    kind: ClassVar[str] = "translate"
    source: str
    target: str
    options: Mapping[str, Any]
    keep_truncated: bool = left_out(False)


@dataclass(frozen=True, kw_only=True)
class CarryParams(TranslateParams):
    """Parameters of a step that carries entities along.

    :param min_similarity: how similar a bracketed phrase must be to the translation of its entity.
    :param labels: the label mapping as JSON; None if labels stay as they are.
    :param markers: what surrounds an entity: ``brackets``, or ``xml`` tags, which say whose they are.
    """

    kind: ClassVar[str] = "carry"
    min_similarity: float
    labels: Mapping[str, Any] | None
    markers: MarkerKind = left_out("brackets")
