"""The tables ``[[scorer]]`` of a recipe: scorers, their candidates and their weights, each with its own keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import MinLen

from xprojdb.config.canonical import stored_scorer_name
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import Count, Share, Texts, Weight
from xprojdb.config.variants import VariantConfig
from xprojdb.entry_points import Group

Candidates = Literal["aligned", "similar", "ngram", "tagged", "scored"]


@dataclass(frozen=True, kw_only=True)
class ScorerConfig(VariantConfig):
    """``[[scorer]]``: the scorer that ``type`` names, its candidates, and its weight in the sum.

    :param name: what the scorer is called among others; by default its type and candidates.
    :param weight: of this score in the sum of all, above 0 and up to 1000.
    :param candidates: ``ngram``: every span of up to ``max_length`` words; ``aligned``: those that begin and end on a
        word linked to the entity; ``similar``: those whose letters are like the entity's; ``tagged``: those that the
        target language's tagger found; ``scored``: those that another scorer has stored; or a list of several.
    :param scorers: for ``scored``: the names of those other scorers, which come earlier; by default the first.
    :param max_length: words a candidate may have at most.
    :param max_length_by: per target language, in place of ``max_length``.
    :param stop_words: words that no ``ngram`` candidate may have.
    :param subspans: for ``tagged``: every span inside one that was found, as well.
    :param min_score: candidates whose score is not above it are not stored.
    """

    group: ClassVar[Group] = "scorers"
    key: ClassVar[str] = "type"
    default: ClassVar[str | None] = "link_mass"

    name: str = ""
    weight: Weight = 1.0
    candidates: Candidates | Annotated[tuple[Candidates, ...], MinLen(1)] = "aligned"
    scorers: Texts = ()
    max_length: Count = 45
    max_length_by: dict[str, Count] = field(default_factory=dict)
    stop_words: Texts = ("!", "?")
    subspans: bool = False
    min_score: Share = 0.0

    def __post_init__(self) -> None:
        known = {language_code(lang): words for lang, words in self.max_length_by.items()}
        object.__setattr__(self, "max_length_by", known)

    @property
    def label(self) -> str:
        """The name, or type and candidates when none is given."""
        return self.name or f"{self.variant}:{'+'.join(self.sets)}"

    @property
    def stored_name(self) -> str:
        """What stored steps call it: see :mod:`xprojdb.config.canonical`."""
        return stored_scorer_name(self.label)

    @property
    def sets(self) -> tuple[str, ...]:
        """Where the candidates come from."""
        return (self.candidates,) if isinstance(self.candidates, str) else self.candidates
