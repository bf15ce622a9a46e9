"""The table ``[project]`` of a recipe: how spans are chosen."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, cast

from annotated_types import Ge, Lt
from pydantic import Field, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import Count, Positive, Share, Some, Text

Relation = Literal["<", "<=", "=", ">=", ">"]


class HeuristicTable(Settings):
    """``[project.heuristic]``: the parameters of the heuristic that differ from the preset's.

    See :class:`xprojdb.matching.heuristic.Heuristic` for what each means.

    :param max_ratio: a number, or ``none``.
    :param top_k: a number, or ``all``.
    :param min_ratio_by: per target language, in place of ``min_ratio``.
    :param max_ratio_by: per target language, in place of ``max_ratio``.
    """

    merge_distance: Annotated[int, Ge(0)] | None = None
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
    min_ratio_by: dict[str, Share] = Field(default_factory=dict)
    max_ratio_by: dict[str, Share] = Field(default_factory=dict)

    @field_validator("min_ratio_by", "max_ratio_by")
    @classmethod
    def _known(cls, ratios: dict[str, float]) -> dict[str, float]:
        return {language_code(lang): ratio for lang, ratio in ratios.items()}

    def changes(self, lang: str) -> dict[str, Any]:
        """The parameters that were given, for one target language; null is unbounded."""
        given = self.model_dump(exclude={"min_ratio_by", "max_ratio_by"}, exclude_none=True)
        for name in ("min_ratio", "max_ratio"):
            by_lang: dict[str, float] = getattr(self, f"{name}_by")
            given |= {name: by_lang[lang]} if lang in by_lang else {}
        return {name: None if value in ("none", "all") else value for name, value in given.items()}


#: keys that belong to one method
_OF_METHOD = {
    "match": {"weights", "solver", "min_score", "candidates_per_entity", "time_limit"},
    "heuristic": {"preset", "min_link_score", "heuristic"},
}


class ProjectTable(Settings):
    """``[project]``: how spans are chosen.

    :param weights: of ``match``: ``auto`` (scorers and weights that suit the links and follow what the corpus shows
        without gold labels; the default where no ``[[scorer]]`` is named) or ``scorers`` (those of ``[[scorer]]``).
    :param refit: learn anew from what the corpora hold now: any number that was not used before; what is learned stays
        as it is otherwise, also when sentences are added.
    :param method: ``match`` (among scored candidates), ``heuristic`` (runs of linked words, without any scorer), or
        ``markers`` (EasyProject: entities travel inside the translation, without links; for ``translate-train``).
    :param solver: of ``match``: ``exact`` (the best sum) or ``greedy`` (the best candidate first).
    :param min_score: of ``match``: candidates whose fused score is not above it are never chosen.
    :param candidates_per_entity: of ``match``: how many an entity takes: a relation (<, <=, =, >=, >) and a number.
    :param time_limit: of ``match``: deterministic seconds that CP-SAT may spend on one sentence.
    :param preset: of ``heuristic``: ``default``, or ``reference``, the published rules.
    :param min_link_score: of ``heuristic``: links with a lower score are not used; by default 0.2 for soft links, else
        0.
    :param heuristic: what differs from the preset.
    :param adjective_label: the label of an entity that the target language has as one word in lower case (*Europe* →
        *europäisch*), or ``drop``; empty: its own label.
    :param adjective_from: the labels that this rule is for.
    :param label_consistency: the same words have one label: that of more than this share of what a first pass, without
        it and without corpus memory, labels of them; ``none``: each its own; left out: 0.5 with ``weights = "auto"``,
        else ``none``.
    """

    weights: Literal["auto", "scorers"] = "auto"
    refit: Annotated[int, Ge(0)] = 0
    method: Literal["match", "heuristic", "markers"] = "match"
    solver: Literal["exact", "greedy"] = "exact"
    min_score: Share = 0.4
    candidates_per_entity: Text = "<= 1"
    time_limit: Positive = 10.0
    preset: Literal["default", "reference"] = "default"
    min_link_score: Share | None = None
    heuristic: HeuristicTable = HeuristicTable()
    adjective_label: str = ""
    adjective_from: Some = ("LOC", "ORG")
    label_consistency: Annotated[float, Ge(0.5), Lt(1)] | Literal["none"] | None = None

    @field_validator("candidates_per_entity")
    @classmethod
    def _some(cls, count: str) -> str:
        found = re.fullmatch(r"(<=|>=|<|>|=)\s*(\d{1,6})", count)
        hint = 'give a relation (<, <=, =, >=, >) and a number that let an entity take something, such as "<= 1"'
        if found is None or int(found[2]) < {"<": 2, "<=": 1, "=": 1, ">=": 0, ">": 0}[found[1]]:
            raise RecipeError(f"{count!r} is not allowed", hint=hint)
        return f"{found[1]} {int(found[2])}"

    @model_validator(mode="after")
    def _of_the_method(self) -> ProjectTable:
        for method, keys in _OF_METHOD.items():
            foreign = sorted(keys & self.model_fields_set)
            if foreign and method != self.method:
                raise RecipeError(
                    f"{foreign[0]} is a setting of method {method!r}, the method is {self.method!r}",
                    hint=f'leave it out, or say method = "{method}"',
                )
        if self.method == "markers" and self.adjective_label:
            raise RecipeError("the method 'markers' has no adjective_label", hint="leave it out")
        if self.solver == "greedy" and self.candidates_per_entity[0] in "=>":
            raise RecipeError(
                f"greedy matching cannot promise {self.candidates_per_entity} candidates an entity",
                hint='say solver = "exact", or candidates_per_entity = "<= 1"',
            )
        return self

    @property
    def consistency(self) -> float | None:
        """The share of ``label_consistency``; None where labels need not agree."""
        return None if self.label_consistency == "none" else self.label_consistency

    @property
    def counted(self) -> tuple[Relation, int]:
        """The relation and the number of ``candidates_per_entity``."""
        relation, number = self.candidates_per_entity.split()
        return cast("Relation", relation), int(number)
