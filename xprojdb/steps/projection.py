"""What a plan gives to whom: the labels of one language from another."""

from __future__ import annotations

from typing import NamedTuple

from xprojdb.steps.project import Project
from xprojdb.steps.stage import Pair, Side


class Projection(NamedTuple):
    """The labels that a plan gives one language from another.

    :param step: the project step.
    :param pair: the translations they come through.
    :param labelled: the side of these that the labels come from.
    """

    step: Project
    pair: Pair
    labelled: Side

    @property
    def source(self) -> str:
        """The language the labels come from."""
        return self.pair.original_lang if self.labelled == "original" else self.pair.rendering_lang

    @property
    def target(self) -> str:
        """The language that receives them."""
        return self.pair.rendering_lang if self.labelled == "original" else self.pair.original_lang
