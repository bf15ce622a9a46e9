"""The table ``[export]`` of a recipe: which sentences become the data set, and which labels of theirs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le
from pydantic import Field, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Count, Share, Texts, Weight
from xprojdb.file_names import SPLIT_HINT, is_split

By = Literal["corpus", "lang", "source"]
#: in place of the names of splits
ALL_SPLITS = "all"
#: the tier of sentences that people labelled
REVIEWED = "reviewed"
_THRESHOLDS = ("min_score", "min_margin", "min_votes")


class ExportTable(Settings):
    """``[export]``: the cut of a data set. Left out, every finished sentence is exported with all its labels.

    Filters on labels look at each label of a sentence; a sentence without labels passes them.

    :param corpora: only sentences of these corpora; empty: all.
    :param splits: only these splits, as imported; empty: all.
    :param labels: only labels of these types, the others become O; empty: all.
    :param min_score: the least score of a label.
    :param min_margin: the least margin of a label over its runner-up.
    :param min_votes: how many sources must agree on a label of a consensus.
    :param on_low_score: what to drop when a label misses one of these: its ``sentence``, or only the ``label``, whose
        words become O, which teaches a model that they are no entity.
    :param gold_splits: splits, as imported, that hold gold labels alone, in place of projected ones; ``all``: every
        split. No sentence of the others is one of theirs, or a translation of one.
    :param gold: whose labels are gold: a campaign, whose reviews were frozen, or the beginning of their step's digest;
        left out, the imported labels.
    :param prefer_gold: in all splits, a sentence with gold labels has these in place of projected ones.
    :param outcomes: only sentences with one of these outcomes: ``ok`` (labelled) or ``empty``, or ``empty:REASON``.
    :param min_words: words of a sentence at least.
    :param max_words: words of a sentence at most.
    :param min_entities: labels of a sentence at least, after all filters on labels.
    :param decontaminate: test sets, ``CORPUS``, ``CORPUS:SPLIT`` or a CoNLL file: no sentence that has a text of
        theirs, or a translation that does.
    :param dedupe: keep one of several sentences of a language with the same words.
    :param budget: how much to take at most, for each value of ``budget_per``.
    :param budget_unit: what the budget counts.
    :param budget_per: what the budget is for: each target language, each corpus, each source language, or all together.
    :param mix: the weight of each corpus, language or source language; those that it does not name are left out.
    :param mix_by: what the keys of ``mix`` are.
    :param split_ratios: the shares of new splits, in place of the imported ones.
    :param tiers: name of each tier and the margin (or score) that its sentences reach; a column ``tier`` holds it.
    :param tier_by: what the tiers are of: a sentence has the ``margin`` or ``score`` of its least certain label.
    :param provenance: further columns: ``none``; of the ``labels`` (source, scores, margins, step); or ``full``.
    :param seed: another seed is another sample and another assignment to splits.
    """

    corpora: Texts = ()
    splits: Texts = ()
    labels: Texts = ()
    min_score: Share | None = None
    min_margin: Share | None = None
    min_votes: Count | None = None
    on_low_score: Literal["sentence", "label"] = "sentence"
    gold_splits: Texts = ()
    gold: str | None = None
    prefer_gold: bool = False
    outcomes: Texts = ()
    min_words: Count | None = None
    max_words: Count | None = None
    min_entities: Count | None = None
    decontaminate: Texts = ()
    dedupe: bool = False
    budget: Count | None = None
    budget_unit: Literal["sentences", "tokens", "entities"] = "sentences"
    budget_per: Literal["lang", "corpus", "source", "all"] = "lang"
    mix: dict[str, Weight] = Field(default_factory=dict)
    mix_by: By = "corpus"
    split_ratios: dict[str, Annotated[float, Gt(0), Le(1)]] = Field(default_factory=dict)
    tiers: dict[str, Share] = Field(default_factory=dict)
    tier_by: Literal["margin", "score"] = "margin"
    provenance: Literal["none", "labels", "full"] = "labels"
    seed: Annotated[int, Ge(0)] = 0

    @field_validator("outcomes")
    @classmethod
    def _finished(cls, outcomes: tuple[str, ...]) -> tuple[str, ...]:
        for name in outcomes:
            if name.partition(":")[0] not in ("ok", "empty"):
                hint = "ok: labelled; empty: without a label; empty:REASON, such as empty:no-entities"
                raise RecipeError(f"no exported sentence has the outcome {name!r}", hint=hint)
        return outcomes

    @field_validator("split_ratios")
    @classmethod
    def _whole(cls, ratios: dict[str, float]) -> dict[str, float]:
        for name in ratios:
            if not is_split(name):
                raise RecipeError(f"{name!r} cannot name a split", hint=SPLIT_HINT)
        if ratios and abs(sum(ratios.values()) - 1) > 1e-9:
            raise RecipeError(f"the ratios add up to {sum(ratios.values()):g}", hint="let them add up to 1")
        return ratios

    @field_validator("tiers")
    @classmethod
    def _reserved(cls, tiers: dict[str, float]) -> dict[str, float]:
        if REVIEWED in tiers:
            hint = "it is the tier of sentences that people labelled: choose another name"
            raise RecipeError(f"no tier can be called {REVIEWED!r}", hint=hint)
        return tiers

    @model_validator(mode="after")
    def _of_use(self) -> ExportTable:
        if self.min_words and self.max_words and self.min_words > self.max_words:
            raise RecipeError("min_words is above max_words", hint="no sentence is that long and that short")
        if self.on_low_score == "label" and all(getattr(self, name) is None for name in _THRESHOLDS):
            hint = "give min_score, min_margin or min_votes, too"
            raise RecipeError("on_low_score says what a threshold does, and there is none", hint=hint)
        if self.gold is not None and not (self.gold_splits or self.prefer_gold):
            hint = "say where gold goes: gold_splits, or prefer_gold"
            raise RecipeError("gold says whose labels are gold, and none are asked for", hint=hint)
        return self

    @property
    def given(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON values."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def asks_gold(self) -> bool:
        """Whether some sentences are to have gold labels."""
        return bool(self.gold_splits) or self.prefer_gold

    @property
    def chooses(self) -> bool:
        """Whether some sentence or label may be left out, or change its split."""
        harmless = {
            "prefer_gold",
            "tiers",
            "tier_by",
            "provenance",
            "seed",
            "budget_unit",
            "budget_per",
            "mix_by",
            "gold",
        }
        return bool(self.given.keys() - harmless)
