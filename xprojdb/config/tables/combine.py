"""The table ``[combine]`` of a recipe: how the labels of several sources are merged into one set."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le
from pydantic import Field, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import Share, Text, Texts, Weight
from xprojdb.config.tables.quality import MinQuality


def _source_name(name: str) -> str:
    """The stored name of a source: ``transfer``, a language, or ``LANG@RECIPE``."""
    lang, at, recipe = name.partition("@")
    return name if name == "transfer" else f"{language_code(lang)}{at}{recipe}"


class CombineTable(Settings):
    """``[combine]``: how the labels of a target language from several sources are merged into one set.

    :param method: ``none`` keeps them apart; ``majority`` and ``weighted`` take the labelled spans on which more than a
        share of the sources, or of their weight, agree; ``joint`` lets the entities of all sources compete for one set
        of spans.
    :param min_support: the share a span must exceed; by default 0.5 of the votes, or 0.3 of the possible support in a
        joint match.
    :param weights: weights of the sources, for ``weighted`` and ``joint``: ``equal``; ``agreement``, by agreement with
        the consensus of equally weighted sources; ``learned``, by truth inference; ``gold``, by the F1 of each source
        on the sentences of ``gold``, which is the default if there is such a set; or a table by language, with 1 for
        others.
    :param gold: a set of labels by people: frozen reviews, or labels from ``import labels``. Each of its sentences is
        combined with weights learned on its other sentences only.
    :param corrections: whether the sentences of ``gold`` take its labels. Without corrections, the set can also measure
        the consensus: ``evaluate --gold NAME``.
    :param min_score: with ``joint``, only scores above it support a span.
    :param power: with ``joint``, scores are raised to this power.
    :param other_label: with ``joint``, the share of its support that an entity gives to its spans under other labels.
    :param first_word: with ``joint``, what a span loses if its first word is a function word, as a share.
    :param last_word: with ``joint``, the same for its last word.
    :param max_frequency: with ``joint``, words that make up more than this share of the corpus are function words.
    :param terms: with ``joint``, the bonus for a span whose words are labelled wherever else they occur; above 0, the
        match runs twice, the second time with the terms of the first.
    :param recipes: other recipes that have been run on this database, whose projections onto the language, by other
        aligners, taggers or methods, become sources called ``LANG@RECIPE``.
    :param transfer: use the target language's own tagger as another source, called ``transfer``.
    :param min_quality: thresholds by score of ``[quality]``; through a translation below them, a source does not vote.
        Its projection stays as it is, unlike with ``min_quality`` in ``[quality]``.
    """

    method: Literal["none", "majority", "weighted", "joint"] = "none"
    min_support: Share | None = None
    weights: Literal["equal", "agreement", "learned", "gold"] | dict[str, Weight] = "agreement"
    gold: Text | None = None
    corrections: bool = True
    min_score: Share = 0.2
    power: Annotated[float, Gt(0), Le(16)] = 2.0
    other_label: Annotated[float, Ge(0), Le(1)] = 0.3
    first_word: Share = 0.0
    last_word: Share = 0.0
    max_frequency: Annotated[float, Gt(0), Le(1)] = 0.02
    terms: Share = 0.0
    recipes: Texts = ()
    transfer: bool = False
    min_quality: MinQuality = Field(default_factory=dict)

    @field_validator("weights")
    @classmethod
    def _source_codes(cls, weights: str | dict[str, float]) -> str | dict[str, float]:
        if isinstance(weights, str):
            return weights
        return {_source_name(name): weight for name, weight in weights.items()}

    @model_validator(mode="after")
    def _of_the_method(self) -> CombineTable:
        of_joint = {"min_score", "power", "other_label", "first_word", "last_word", "max_frequency", "terms"}
        of_joint = of_joint if self.method != "joint" else set()
        foreign = sorted(self.model_fields_set & (of_joint | ({"weights"} if self.method == "majority" else set())))
        if foreign:
            belongs = "weighted or joint" if foreign[0] == "weights" else "joint"
            raise RecipeError(f"the method {self.method!r} has no {foreign[0]}", hint=f"it belongs to {belongs}")
        return self

    @model_validator(mode="after")
    def _with_scores(self) -> CombineTable:
        if self.min_quality and self.method == "none":
            hint = "set min_quality in [quality], or method in [combine]"
            raise RecipeError("the method 'none' combines nothing", hint=hint, key="min_quality")
        return self

    @model_validator(mode="after")
    def _with_gold(self) -> CombineTable:
        if self.gold is not None and self.method == "none":
            hint = 'method = "majority", "weighted" or "joint" combines labels'
            raise RecipeError("the method 'none' has no gold", hint=hint, key="gold")
        if self.gold is None:
            if self.weights == "gold":
                raise RecipeError("weights from gold need a set", hint='name it: gold = "NAME"', key="weights")
            if "corrections" in self.model_fields_set:
                raise RecipeError("corrections come from a set", hint='name it: gold = "NAME"', key="corrections")
        elif self.learn != "gold" and not self.corrections:
            hint = 'set weights = "gold", or corrections = true, or leave gold out'
            raise RecipeError("nothing would be taken from gold", hint=hint, key="gold")
        return self

    @property
    def learn(self) -> str | None:
        """How the weights are learned, or None if they are fixed."""
        if self.method == "majority" or not isinstance(self.weights, str) or self.weights == "equal":
            return None
        return "gold" if self.gold is not None and "weights" not in self.model_fields_set else self.weights
