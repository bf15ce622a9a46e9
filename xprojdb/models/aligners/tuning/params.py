"""How an encoder is tuned: the keys of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from xprojdb.config.fields.types import Count, Positive, Seed
from xprojdb.models.aligners.encoder_params import AlignerParams

Objective = Literal["so", "co", "psi"]


@dataclass(frozen=True, kw_only=True)
class TuningParams:
    """How an encoder is tuned.

    :param epochs: passes over the sentences.
    :param objectives: ``so``, ``co`` and ``psi``; see :mod:`xprojdb.models.aligners.tuning`.
    :param trained_layers: how many layers are trained, the last ones below the one whose vectors are compared.
    :param rank: the rank of the adapters.
    :param rate: the learning rate at the beginning; it falls to 0.
    :param batch: translations in a step.
    :param seed: the random seed.
    """

    epochs: Count = 2
    objectives: tuple[Objective, ...] = ("so",)
    trained_layers: Annotated[int, Ge(1), Le(1000)] = 4
    rank: Count = 8
    rate: Positive = 5e-4
    batch: Count = 16
    seed: Seed = 0


def trained_layers(compared: AlignerParams, params: TuningParams) -> range:
    """The layers that are trained: the last ones below the vectors that are compared."""
    return range(max(compared.layer - params.trained_layers, 0), compared.layer)
