"""The table ``[export]`` of a recipe: which sentences and labels go into the data set."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Gt, Le
from pydantic import Field, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Count, Seed, Share, Texts, Weight
from xprojdb.file_names import SPLIT_HINT, is_split

By = Literal["corpus", "lang", "source"]
#: stands for every split
ALL_SPLITS = "all"
#: the tier of sentences labelled by people
REVIEWED = "reviewed"
_THRESHOLDS = ("min_score", "min_margin", "min_probability", "min_votes")


class ExportTable(Settings):
    """``[export]``: the selection of a data set. By default every finished sentence is exported with all its labels.

    Filters on labels check each label of a sentence; sentences without labels pass them.

    :param corpora: only sentences of these corpora; all if empty.
    :param splits: only these imported splits; all if empty.
    :param labels: only these labels, others become O; all if empty.
    :param min_score: the minimum score of a label.
    :param min_margin: the minimum margin of a label over its runner-up.
    :param min_probability: the minimum probability that a label is right, by the last calibration of its language.
    :param min_votes: how many sources must agree on a consensus label.
    :param on_low_score: what to drop when a label misses a threshold: the ``sentence``, or only the ``label``, whose
        words become O, which teaches a model that they are not an entity.
    :param gold_splits: imported splits that hold only gold labels, instead of projected ones; ``all`` for every split.
        The other splits share no sentence with them, not even in translation.
    :param gold: the source of the gold labels: a campaign with frozen reviews, or the start of a step's digest; by
        default the imported labels.
    :param prefer_gold: in all splits, use the gold labels of sentences that have them, instead of projected ones; by
        default if ``gold`` is set without ``gold_splits``.
    :param outcomes: only sentences with one of these outcomes: ``ok`` (labelled) or ``empty``, or ``empty:REASON``.
    :param min_words: the minimum number of words in a sentence.
    :param max_words: the maximum number of words in a sentence.
    :param min_entities: the minimum number of labels in a sentence, after all filters on labels.
    :param decontaminate: test sets, as ``CORPUS``, ``CORPUS:SPLIT`` or a CoNLL file: leave out sentences with the same
        text, or with such a translation.
    :param dedupe: keep only one of several sentences of a language with the same words.
    :param budget: the most to take for each value of ``budget_per``.
    :param budget_unit: what the budget counts.
    :param budget_per: what the budget applies to: each target language, corpus or source language, or everything.
    :param mix: the weight of each corpus, language or source language; others are left out.
    :param mix_by: what the keys of ``mix`` are.
    :param split_ratios: shares of new splits that replace the imported ones.
    :param tiers: the margin (or score, or probability) that sentences of each tier reach, by tier name; stored in a
        column ``tier``.
    :param tier_by: whether tiers go by ``margin``, ``score`` or ``probability``, of a sentence's least certain label.
    :param provenance: extra columns: ``none``; those of ``labels`` (source, scores, margins, step); or ``full``.
    :param seed: the random seed of samples and of the assignment to splits.
    """

    corpora: Texts = ()
    splits: Texts = ()
    labels: Texts = ()
    min_score: Share | None = None
    min_margin: Share | None = None
    min_probability: Annotated[float, Gt(0), Le(1)] | None = None
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
    tier_by: Literal["margin", "score", "probability"] = "margin"
    provenance: Literal["none", "labels", "full"] = "labels"
    seed: Seed = 0

    @model_validator(mode="before")
    @classmethod
    def _preferred(cls, values: Any) -> Any:
        """Naming gold labels without saying where they belong prefers them everywhere."""
        if isinstance(values, dict) and values.get("gold") is not None and not values.get("gold_splits"):
            return {"prefer_gold": True, **values}
        return values

    @field_validator("outcomes")
    @classmethod
    def _finished(cls, outcomes: tuple[str, ...]) -> tuple[str, ...]:
        for name in outcomes:
            if name.partition(":")[0] not in ("ok", "empty"):
                hint = "ok: labelled; empty: without a label; empty:REASON, such as empty:no-entities"
                raise RecipeError(f"sentences with the outcome {name!r} cannot be exported", hint=hint)
        return outcomes

    @field_validator("split_ratios")
    @classmethod
    def _whole(cls, ratios: dict[str, float]) -> dict[str, float]:
        for name in ratios:
            if not is_split(name):
                raise RecipeError(f"{name!r} is not a valid name for a split", hint=SPLIT_HINT)
        if ratios and abs(sum(ratios.values()) - 1) > 1e-9:
            raise RecipeError(f"the ratios add up to {sum(ratios.values()):g}", hint="they must add up to 1")
        return ratios

    @field_validator("tiers")
    @classmethod
    def _reserved(cls, tiers: dict[str, float]) -> dict[str, float]:
        if REVIEWED in tiers:
            hint = "it is the tier of sentences labelled by people: choose another name"
            raise RecipeError(f"no tier can be called {REVIEWED!r}", hint=hint)
        return tiers

    @model_validator(mode="after")
    def _of_use(self) -> ExportTable:
        if self.min_words and self.max_words and self.min_words > self.max_words:
            raise RecipeError("min_words is above max_words", hint="no sentence can satisfy both")
        if self.on_low_score == "label" and all(getattr(self, name) is None for name in _THRESHOLDS):
            hint = "set min_score, min_margin, min_probability or min_votes as well"
            raise RecipeError("on_low_score needs a threshold", hint=hint)
        if self.gold is not None and not (self.gold_splits or self.prefer_gold):
            raise RecipeError("gold is set but not used", hint="leave prefer_gold out, or set gold_splits as well")
        return self

    @property
    def non_defaults(self) -> dict[str, Any]:
        """The keys that differ from the defaults, as JSON values."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def asks_gold(self) -> bool:
        """Whether gold labels replace projected ones for some sentences."""
        return bool(self.gold_splits) or self.prefer_gold

    @property
    def asks_probability(self) -> bool:
        """Whether it matters how probable labels are right."""
        return self.min_probability is not None or (bool(self.tiers) and self.tier_by == "probability")

    @property
    def chooses(self) -> bool:
        """Whether any sentence or label may be left out or change its split."""
        harmless = {"prefer_gold", "gold", "tiers", "tier_by", "provenance", "seed"}
        harmless |= {"budget_unit", "budget_per", "mix_by"}
        return bool(self.non_defaults.keys() - harmless)
