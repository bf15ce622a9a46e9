"""The tables ``[[scorer]]`` of a recipe: scorers with their candidates, weights and own keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import MinLen

from xprojdb.config.canonical import stored_scorer_name
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import Count, Share, Texts, Weight
from xprojdb.config.variants import VariantConfig
from xprojdb.entry_points import Group

Candidates = Literal["aligned", "similar", "ngram", "tagged", "scored", "proposed"]
#: words that no n-gram may contain
NGRAM_STOPS = ("!", "?")
#: the least weight with which candidates that are left out by ``keep`` cannot make a difference
LEAST_WEIGHT = 2.0**-9


@dataclass(frozen=True, kw_only=True)
class ScorerConfig(VariantConfig):
    """``[[scorer]]``: the scorer named by ``type``, its candidates, and its weight in the sum.

    :param name: the name of the scorer; by default its type and candidates.
    :param weight: the weight of this score in the sum, above 0 and up to 1000.
    :param candidates: ``ngram``: every span of up to ``max_length`` words; ``aligned``: spans that start and end at a
        word linked to the entity; ``similar``: spans whose letters resemble the entity's; ``tagged``: spans found by
        the target language's tagger; ``scored``: candidates stored by another scorer; or a list of several. Scorers
        that find spans by themselves have ``proposed``.
    :param scorers: with ``scored``, the names of those other scorers, which must come earlier; by default the first.
    :param max_length: the most words a candidate may have.
    :param max_length_by: values of ``max_length`` by target language.
    :param stop_words: words that no candidate may contain; the default, ``!`` and ``?``, is for ``ngram`` alone.
    :param subspans: with ``tagged``, include every span inside a tagged span.
    :param min_score: only candidates with a higher score are stored.
    :param keep: ``undominated``: store only candidates on which labels, scores and margins can depend if there is no
        other scorer and an entity gets at most one candidate; ``all``: store all.
    """

    group: ClassVar[Group] = "scorers"
    key: ClassVar[str] = "type"
    default: ClassVar[str | None] = "link_mass"
    #: whether the scorer finds its candidates by itself
    proposes: ClassVar[bool] = False

    name: str = ""
    weight: Weight = 1.0
    candidates: Candidates | Annotated[tuple[Candidates, ...], MinLen(1)] = "aligned"
    scorers: Texts = ()
    max_length: Count = 45
    max_length_by: dict[str, Count] = field(default_factory=dict)
    stop_words: Texts = NGRAM_STOPS
    subspans: bool = False
    min_score: Share = 0.0
    keep: Literal["all", "undominated"] = "all"

    def __post_init__(self) -> None:
        by_lang = {language_code(lang): words for lang, words in self.max_length_by.items()}
        object.__setattr__(self, "max_length_by", by_lang)
        if ("proposed" in self.sets) != self.proposes or (self.proposes and len(self.sets) > 1):
            taken = 'use candidates = "scored" with the scorer that has them'
            hint = "leave out candidates" if self.proposes else taken
            message = f"the scorer {self.variant!r} {'has its own candidates' if self.proposes else 'proposes nothing'}"
            raise RecipeError(message, hint=hint, key="candidates")

    @property
    def stops_all(self) -> bool:
        """Whether its stop words are for every kind of candidates."""
        return self.sets != ("ngram",) and self.stop_words not in ((), NGRAM_STOPS)

    @property
    def label(self) -> str:
        """The name, or by default the type and candidates."""
        return self.name or f"{self.variant}:{'+'.join(self.sets)}"

    @property
    def stored_name(self) -> str:
        """Its name in stored steps; see :mod:`xprojdb.config.canonical`."""
        return stored_scorer_name(self.label)

    @property
    def sets(self) -> tuple[str, ...]:
        """The sets of candidates."""
        return (self.candidates,) if isinstance(self.candidates, str) else self.candidates
