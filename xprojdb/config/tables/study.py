"""The table ``[study]`` of a training recipe: which models to train, for a comparison."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import MinLen
from pydantic import Field, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import Count, Seed, Some, Text, Texts
from xprojdb.config.tables.train import Arm, Task, Unit

Regime = Literal["fixed", "growing"]
Nearness = Literal["words", "states", "family", "syntax", "geography"]


class StudyTable(Settings):
    """``[study]``: measure how scores change with the number of source languages.

    :param pool: the languages to draw sources from, as any code.
    :param targets: the languages to measure; a target is never among the sources of a model that is measured
        on it.
    :param k: the numbers of sources.
    :param budgets: the amount of data: ``fixed``, for all sources together; ``growing``, for each source.
    :param unit: what budgets count; for sentence pairs, ``sentences`` means pairs.
    :param subsets: ``rotations``: k consecutive languages from each position of an order, wrapping around, so that each
        language occurs equally often at each k; ``ranked``: for each target the k nearest sources; ``diverse``: sources
        far from each other.
    :param near: what makes languages near: ``words`` that they share; the ``states`` of a few of their sentences, which
        need no labels; or, in the database URIEL (Littell et al. 2017), the ``family``, the ``syntax`` or the
        ``geography``.
    :param orders: the number of orders of the pool.
    :param seeds: the number of trainings for each subset.
    :param exclude: the sources to exclude for a target: itself, or its whole ``family`` (see ``families``).
    :param families: the family of each language.
    :param tasks: the tasks, of ``ner`` and ``nli``.
    :param controls: control arms: ``shuffled`` labels; for pairs also ``centre`` and ``hypothesis-only``.
    :param test: the split to measure on.
    :param pair_splits: the splits to learn pairs from, in place of those of ``[train]``.
    :param test_limit: the most sentences or pairs to measure for a language.
    :param seed: the random seed of the orders, the samples and the choice of test sentences.
    """

    pool: Some
    targets: Some
    k: Annotated[tuple[Count, ...], MinLen(1)] = (1, 2, 4, 8)
    budgets: dict[Regime, Count] = Field(default_factory=dict)
    unit: Unit = "sentences"
    subsets: Literal["rotations", "ranked", "diverse"] = "rotations"
    near: Nearness = "words"
    orders: Count = 3
    seeds: Count = 2
    exclude: Literal["target", "family"] = "target"
    families: dict[str, Text] = Field(default_factory=dict)
    tasks: Annotated[tuple[Task, ...], MinLen(1)] = ("ner",)
    controls: tuple[Arm, ...] = ()
    test: Text = "test"
    pair_splits: Texts = ()
    test_limit: Count | None = None
    seed: Seed = 0

    @field_validator("pool", "targets")
    @classmethod
    def _codes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(language_code(code) for code in codes))

    @field_validator("families")
    @classmethod
    def _family_codes(cls, families: dict[str, str]) -> dict[str, str]:
        return {language_code(code): family for code, family in families.items()}

    @field_validator("budgets")
    @classmethod
    def _some_budget(cls, budgets: dict[Any, int]) -> dict[Any, int]:
        if not budgets:
            raise RecipeError(
                "without a budget, more sources are more data: k and the amount of data cannot be told apart",
                hint="set one or both: budgets = { fixed = 800, growing = 200 }",
                reason="confounded",
            )
        return budgets

    @model_validator(mode="after")
    def _can_be_done(self) -> StudyTable:
        if not self.budgets:
            self._some_budget({})
        self._check_families()
        self._check_k()
        if self.near != "words" and self.subsets == "rotations":
            hint = 'set subsets = "ranked" or "diverse", or leave it out'
            raise RecipeError("rotations do not ask which languages are near", hint=hint, key="near")
        if "raw" in self.controls:
            raise RecipeError("raw is the arm that controls are compared with", hint="leave it out", key="controls")
        if "nli" not in self.tasks and set(self.controls) & {"centre", "hypothesis-only"}:
            raise RecipeError(
                "centre and hypothesis-only need sentence pairs", hint='set tasks = ["nli"]', key="controls"
            )
        return self

    def _check_k(self) -> None:
        least, most = min(self.budgets.values()), max(self.k)
        left = len(self.pool) - max(self.excluded(target) for target in self.targets)
        if most > left:
            raise RecipeError(
                f"k = {most} needs {most} sources, but a target has only {left}, since it is never among its own",
                hint=f"use a larger pool, or k up to {left}",
                key="k",
                reason="target-among-sources",
            )
        if "fixed" in self.budgets and self.budgets["fixed"] < most:
            hint = f"use at least {most}"
            raise RecipeError(f"a budget of {least} is too small for {most} sources", hint=hint, key="budgets")

    def _check_families(self) -> None:
        if self.exclude != "family":
            return
        for lang in dict.fromkeys((*self.pool, *self.targets)):
            if lang not in self.families:
                hint = f'families = {{ {lang} = "Bantu", … }}'
                raise RecipeError(f"the family of {lang} is missing", hint=hint, key="families", lang=lang)

    def excluded(self, target: str) -> int:
        """The number of languages in the pool that are excluded for a target."""
        return sum(self.keeps_from(lang, target) for lang in self.pool)

    def keeps_from(self, lang: str, target: str) -> bool:
        """Whether a source is excluded for a target."""
        kin = self.exclude == "family" and self.families.get(lang) == self.families.get(target)
        return lang == target or kin
