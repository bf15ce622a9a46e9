"""The parameters of the steps that translate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from xprojdb.steps.params import StepParams, left_out


@dataclass(frozen=True, kw_only=True)
class TranslateParams(StepParams):
    """What every step that translates has.

    :param source, target: the languages.
    :param options: of the translator, all of them.
    :param keep_truncated: whether translations count that were cut at the limits of the model.
    """

    kind: ClassVar[str] = "translate"
    source: str
    target: str
    options: Mapping[str, Any]
    keep_truncated: bool = left_out(False)


@dataclass(frozen=True, kw_only=True)
class CarryParams(TranslateParams):
    """What a step has that carries entities along.

    :param min_similarity: how like its own translation what is in brackets must be.
    :param labels: what becomes of each label, as JSON; None: all stay as they are.
    """

    kind: ClassVar[str] = "carry"
    min_similarity: float
    labels: Mapping[str, Any] | None
