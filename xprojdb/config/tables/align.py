"""The table ``[align]`` of a recipe: a word aligner, each with its own keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xprojdb.config.variants import VariantConfig
from xprojdb.entry_points import Group


@dataclass(frozen=True, kw_only=True)
class AlignerConfig(VariantConfig):
    """``[align]``: the word aligner that ``aligner`` names, and its keys."""

    group: ClassVar[Group] = "aligners"
    key: ClassVar[str] = "aligner"
    default: ClassVar[str | None] = "encoder"


@dataclass(frozen=True, kw_only=True)
class WordsConfig(AlignerConfig):
    """What aligners share that align words, of whatever units the sentences consist.

    :param segment: Chinese, Japanese and Thai characters are put together to words, words are aligned, and what links
        a word links all its characters.
    """

    segment: bool = True
