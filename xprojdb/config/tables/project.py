"""The table ``[project]`` of a recipe: how spans are chosen."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, cast

from annotated_types import Ge, Le, Lt
from pydantic import Field, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import MOST, Count, Positive, Share, Some, Text

Relation = Literal["<", "<=", "=", ">=", ">"]


class HeuristicTable(Settings):
    """``[project.heuristic]``: parameters of the heuristic that differ from the preset.

    See :class:`xprojdb.matching.heuristic.Heuristic` for their meaning.

    :param max_ratio: a number, or ``none``.
    :param top_k: a number, or ``all``.
    :param min_ratio_by: values of ``min_ratio`` by target language.
    :param max_ratio_by: values of ``max_ratio`` by target language.
    """

    merge_distance: Annotated[int, Ge(0), Le(MOST)] | None = None
    min_ratio: Share | None = None
    strict: bool | None = None
    max_ratio: Share | Literal["none"] | None = None
    top_k: Count | Literal["all"] | None = None
    only_i: bool | None = None
    minmax: bool | None = None
    by_score: bool | None = None
    comp_src: bool | None = None
    comp_tgt: bool | None = None
    restr_tgt: bool | None = None
    comp_ins: bool | None = None
    overwrite: bool | None = None
    word_by_word: bool | None = None
    min_ratio_by: dict[str, Share] = Field(default_factory=dict)
    max_ratio_by: dict[str, Share] = Field(default_factory=dict)

    @field_validator("min_ratio_by", "max_ratio_by")
    @classmethod
    def _language_codes(cls, ratios: dict[str, float]) -> dict[str, float]:
        return {language_code(lang): ratio for lang, ratio in ratios.items()}

    def changes(self, lang: str) -> dict[str, Any]:
        """The parameters that were set, for one target language; None means no limit."""
        changed = self.model_dump(exclude={"min_ratio_by", "max_ratio_by"}, exclude_none=True)
        for name in ("min_ratio", "max_ratio"):
            by_lang: dict[str, float] = getattr(self, f"{name}_by")
            changed |= {name: by_lang[lang]} if lang in by_lang else {}
        return {name: None if value in ("none", "all") else value for name, value in changed.items()}


#: the keys of each method
_OF_METHOD = {
    "match": {"weights", "solver", "min_score", "candidates_per_entity", "time_limit"},
    "heuristic": {"preset", "min_link_score", "heuristic"},
}


class ProjectTable(Settings):
    """``[project]``: how spans are chosen.

    :param weights: with ``match``: ``auto`` (scorers and weights chosen for the links and adapted to the corpus without
        gold labels; the default if there is no ``[[scorer]]``) or ``scorers`` (those of ``[[scorer]]``).
    :param refit: change this number to learn anew from the current sentences; otherwise what was learned stays the same
        when sentences are added.
    :param method: ``match`` (choose among scored candidates), ``heuristic`` (runs of linked words, without scorers), or
        ``markers`` (EasyProject: entities carried through the translation, without links; for ``translate-train``).
    :param solver: with ``match``: ``exact`` (the best sum) or ``greedy`` (the best candidate first).
    :param min_score: with ``match``, only candidates with a higher fused score can be chosen.
    :param candidates_per_entity: with ``match``, how many candidates an entity may take: a relation (<, <=, =, >=, >)
        and a number.
    :param time_limit: with ``match``, deterministic seconds that CP-SAT may spend on one sentence.
    :param preset: with ``heuristic``: ``default``; ``reference`` for the published rules; ``reference-code`` to label
        as the authors' code does, where entities overwrite each other.
    :param min_link_score: with ``heuristic``, links with a lower score are ignored; by default 0.2 for soft links,
        otherwise 0.
    :param heuristic: parameters that differ from the preset.
    :param adjective_label: the label of an entity that became one lower-case word in the target language (*Europe* →
        *europäisch*), or ``drop``; empty to keep its label.
    :param adjective_from: the labels that ``adjective_label`` applies to.
    :param label_consistency: give the same words the same label, if more than this share of their labels in a first
        pass agree; the first pass uses neither this rule nor scorers that learn. ``none``: labels are independent.
        By default 0.5 with ``weights = "auto"``, otherwise ``none``.
    """

    weights: Literal["auto", "scorers"] = "auto"
    refit: Annotated[int, Ge(0)] = 0
    method: Literal["match", "heuristic", "markers"] = "match"
    solver: Literal["exact", "greedy"] = "exact"
    min_score: Share = 0.4
    candidates_per_entity: Text = "<= 1"
    time_limit: Positive = 10.0
    preset: Literal["default", "reference", "reference-code"] = "default"
    min_link_score: Share | None = None
    heuristic: HeuristicTable = HeuristicTable()
    adjective_label: str = ""
    adjective_from: Some = ("LOC", "ORG")
    label_consistency: Annotated[float, Ge(0.5), Lt(1)] | Literal["none"] | None = None

    @field_validator("candidates_per_entity")
    @classmethod
    def _some(cls, count: str) -> str:
        match = re.fullmatch(r"(<=|>=|<|>|=)\s*(\d{1,6})", count)
        hint = 'use a relation (<, <=, =, >=, >) and a number that allow at least one candidate, such as "<= 1"'
        if match is None or int(match[2]) < {"<": 2, "<=": 1, "=": 1, ">=": 0, ">": 0}[match[1]]:
            raise RecipeError(f"{count!r} is not a valid value", hint=hint)
        return f"{match[1]} {int(match[2])}"

    @model_validator(mode="after")
    def _of_the_method(self) -> ProjectTable:
        for method, keys in _OF_METHOD.items():
            foreign = sorted(keys & self.model_fields_set)
            if foreign and method != self.method:
                raise RecipeError(
                    f"{foreign[0]} belongs to the method {method!r}, but the method is {self.method!r}",
                    hint=f'leave it out, or set method = "{method}"',
                )
        if self.method == "markers" and self.adjective_label:
            raise RecipeError("the method 'markers' has no adjective_label", hint="leave it out")
        if self.solver == "greedy" and self.candidates_per_entity[0] in "=>":
            raise RecipeError(
                f"greedy matching cannot guarantee {self.candidates_per_entity} candidates per entity",
                hint='set solver = "exact", or candidates_per_entity = "<= 1"',
            )
        return self

    @property
    def consistency(self) -> float | None:
        """The share of ``label_consistency``; None if labels need not agree."""
        return None if self.label_consistency == "none" else self.label_consistency

    @property
    def counted(self) -> tuple[Relation, int]:
        """The relation and the number of ``candidates_per_entity``."""
        relation, number = self.candidates_per_entity.split()
        return cast("Relation", relation), int(number)
