"""The table ``[align]`` of a recipe: the word aligner, with its own keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xprojdb.config.variants import VariantConfig
from xprojdb.entry_points import Group


@dataclass(frozen=True, kw_only=True)
class AlignerConfig(VariantConfig):
    """``[align]``: the word aligner named by ``aligner``, and its keys."""

    group: ClassVar[Group] = "aligners"
    key: ClassVar[str] = "aligner"
    default: ClassVar[str | None] = "encoder"


@dataclass(frozen=True, kw_only=True)
class WordsConfig(AlignerConfig):
    """Keys of aligners that align words, whatever units the sentences consist of.

    :param segment: group Chinese, Japanese and Thai characters into words and align those; a link of a word then counts
        for all its characters.
    """

    segment: bool = True
