"""The tables ``[self_train]`` and ``[baselines]`` of a training recipe: training in rounds, and methods to compare."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from annotated_types import Gt, Le, MinLen
from pydantic import Field, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.prefixed import PrefixedName
from xprojdb.config.fields.types import Count, Share, Text, Texts, Weight

Baseline = Literal[
    "projection", "translate-test", "translate-train", "self-training", "transfer", "mean", "votes", "supervised"
]  # fmt: skip


class SelfTrainTable(Settings):
    """``[self_train]``: label again with the trained model as a further voter, train on that, and so on.

    :param rounds: the most rounds after the first training.
    :param agreement: stop when the labels of a round agree with those of the round before by this F1.
    :param vote: the weight of the model's vote; each source language has 1.
    :param min_support: the share of the weights that a labelled span must exceed. By default one voter is enough, and
        where spans overlap, the source language is right.
    """

    rounds: Count = 3
    agreement: Annotated[float, Gt(0), Le(1)] = 0.99
    vote: Weight = 0.9
    min_support: Share = 0.2


class BaselinesTable(Settings):
    """``[baselines]``: the methods to compare on the gold labels of a split.

    ``projection``: the labels of the recipe that ``[train] from`` names. ``translate-test``: what the same recipe makes
    of machine translations of the targets into its sources. ``translate-train``: a tagger trained on the projection.
    ``self-training``: the same in rounds, as in ``[self_train]``. ``transfer``: a tagger trained on the gold labels of
    other languages. ``mean``: the mean of the probabilities of ``translate-train`` and ``transfer``. ``votes``: the
    projection, and what only that mean finds. ``supervised``: a tagger trained on gold labels of the language itself.

    :param methods: which of them; those that need gold training labels are left out where there are none, and
        ``translate-test`` without a translator.
    :param translator: what translates the targets for ``translate-test``, as in ``[translate] model``.
    :param targets: the languages to compare them on, as any code; by default those of the recipe.
    :param pool: the languages whose gold labels ``transfer`` learns from, without the one it is measured on; by default
        all that have some in ``splits``.
    :param test: the split to measure on.
    :param others: further rows: recipes that have been run on the same sentences, by the name to show.
    :param dataset: the data set of published scores; by default that of the corpora.
    """

    methods: Annotated[tuple[Baseline, ...], MinLen(2)] = get_args(Baseline)
    targets: Texts = ()
    pool: Texts = ()
    test: Text = "test"
    translator: PrefixedName | None = None
    others: dict[Text, Text] = Field(default_factory=dict)
    dataset: Text | None = None

    @model_validator(mode="after")
    def _other_names(self) -> BaselinesTable:
        own = set(get_args(Baseline)) - ({"translate-test"} if self.translator is None else set())
        taken = sorted(set(self.others) & own)
        if taken:
            raise RecipeError(f"{taken[0]} is a method of the table itself", hint="give it another name", key="others")
        return self

    @field_validator("targets", "pool")
    @classmethod
    def _codes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(language_code(code) for code in codes))
