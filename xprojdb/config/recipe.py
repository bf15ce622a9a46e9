"""A recipe: one TOML file that says what to project, from where, how."""

from __future__ import annotations

import difflib
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails

from xprojdb.config.align import AlignTable
from xprojdb.config.export import ExportTable
from xprojdb.config.settings import (
    CombineTable,
    HeuristicTable,
    ProjectTable,
    ScoreTable,
    Settings,
    Some,
    TagTable,
    Text,
    Texts,
    TranslateTable,
    language_code,
    refused,
)
from xprojdb.db.runs import RecipeRecord
from xprojdb.digest import digest_of
from xprojdb.errors import UsageError
from xprojdb.text.label_schemes import LabelMapping, label_mapping


class RecipeError(UsageError):
    """A recipe that cannot be followed: fields ``key`` (dotted), ``nearest`` (for an unknown key) and ``file``."""


class Recipe(Settings):
    """What to project, from where, how; see :func:`read_recipe`.

    :param name: what the recipe is called in the database.
    :param corpora: names of imported corpora.
    :param source: languages whose labels are projected, by any code; empty: none, the target languages' own taggers
        label their sentences (model transfer, with ``transfer = true`` in ``[combine]``).
    :param target: languages that receive labels, by any code.
    :param splits: only these splits; empty: all.
    :param labels: which labels are projected: a list to keep, the name of a mapping, or a table from label to label,
        where those that it does not name are dropped.
    :param translate: what translates; left out, the imported translations are used.
    :param tag: the taggers; left out, gold entities are projected.
    :param align: the word aligner.
    :param score: the scorers, whose names differ.
    :param project: the match.
    :param combine: how the labels of several sources become one set.
    :param export: which sentences and labels are exported, unless the export is told otherwise.
    """

    name: Text
    corpora: Some
    source: Texts
    target: Some
    splits: Texts = ()
    labels: tuple[str, ...] | str | dict[str, str] | None = None
    translate: TranslateTable | None = None
    tag: TagTable | None = None
    align: AlignTable = AlignTable()
    # Before the scorers, whose check asks for the method.
    project: ProjectTable = ProjectTable()
    score: Annotated[tuple[ScoreTable, ...], Field(min_length=1, strict=False)] = (ScoreTable(),)
    combine: CombineTable = CombineTable()
    export: ExportTable | None = None

    @field_validator("source", "target")
    @classmethod
    def _known_languages(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(language_code(code) for code in codes))

    @field_validator("labels", mode="before")
    @classmethod
    def _labels(cls, given: object) -> object:
        if isinstance(given, list):
            given = tuple(given)
        try:
            _check_labels(given)
        except UsageError as error:
            raise refused(error.message, error.hint) from error
        return given

    @field_validator("score")
    @classmethod
    def _of_use(cls, tables: tuple[ScoreTable, ...], given: ValidationInfo) -> tuple[ScoreTable, ...]:
        project = given.data.get("project")
        if project is not None and project.method != "match":
            raise refused(
                f"the method {project.method!r} scores no candidates", 'leave out [[score]], or say method = "match"'
            )
        return tables

    @field_validator("score")
    @classmethod
    def _different_names(cls, tables: tuple[ScoreTable, ...]) -> tuple[ScoreTable, ...]:
        (called, times), *_ = Counter(table.called for table in tables).most_common(1)
        if times > 1:
            raise refused(f"{times} scorers are called {called!r}", 'tell them apart: name = "…" in each [[score]]')
        return tables

    @model_validator(mode="after")
    def _translated(self) -> Recipe:
        train = self.translate is not None and self.translate.direction == "translate-train"
        if self.project.method == "markers" and (not train or self.tag is not None):
            raise refused(
                "markers carry gold entities through a translation",
                'say [translate] direction = "translate-train", and leave out [tag]',
                "project.method",
            )
        back = self.translate is not None and self.translate.direction == "round-trip"
        if back and (len(self.source) > 1 or self.tag is None):
            raise refused(
                "a round trip goes through one language, which has a tagger", "name one source, and [tag]", "translate"
            )
        return self

    @model_validator(mode="after")
    def _has_a_source(self) -> Recipe:
        alone = self.combine.transfer and self.combine.method in ("majority", "weighted") and self.translate is None
        if not self.source and not alone:
            raise refused(
                "there is no source language",
                'name one, or for model transfer say [combine] method = "majority", transfer = true',
                "source",
            )
        return self

    @property
    def digest(self) -> str:
        """The digest of everything the recipe says, defaults included."""
        # The digest of a recipe without [export] is older than that table, and stays as it was.
        return digest_of(self.model_dump(mode="json", exclude=None if self.export else {"export"}))

    @property
    def mapping(self) -> LabelMapping | None:
        """What becomes of each label before matching; None keeps all as they are."""
        if self.labels is None:
            return None
        if isinstance(self.labels, str):
            return label_mapping(self.labels)
        if isinstance(self.labels, dict):
            return label_mapping(self.labels, others="drop")
        return label_mapping({label: label for label in self.labels}, others="drop")


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe and the text it was read from."""

    recipe: Recipe
    text: str

    @property
    def record(self) -> RecipeRecord:
        """What runs keep of it."""
        return RecipeRecord(self.recipe.name, self.recipe.digest, self.text)


def read_recipe(path: Path) -> LoadedRecipe:
    """Read and validate a recipe file.

    :raises RecipeError: when it is missing, no TOML, has an unknown key (``nearest`` names the closest known one) or a
        value that is not allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RecipeError(f"there is no recipe {path}", hint="check the path", file=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"the recipe {path} cannot be read: {error}", hint="a recipe is UTF-8 TOML") from error
    return parse_recipe(text, str(path))


def parse_recipe(text: str, file: str = "recipe") -> LoadedRecipe:
    """Validate the text of a recipe; see :func:`read_recipe`.

    :param file: what to call it in messages.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file} is no TOML: {error}", hint="see https://toml.io", file=file) from error
    try:
        return LoadedRecipe(Recipe.model_validate(given), text)
    except ValidationError as error:
        raise _explained(error.errors()[0], file) from error


def export_table(text: str, changes: Mapping[str, Any]) -> ExportTable:
    """The table ``[export]`` of a recipe with some keys replaced.

    :param text: the recipe's.
    :param changes: keys of the table and their values.
    :raises RecipeError: when a value is not allowed; the field ``key`` names it.
    """
    given = parse_recipe(text).recipe.export or ExportTable()
    try:
        return ExportTable.model_validate({**given.model_dump(exclude_unset=True), **changes})
    except ValidationError as error:
        found = error.errors()[0]
        raise _explained({**found, "loc": ("export", *found["loc"])}, "the export") from error


def _check_labels(given: object) -> None:
    if given is None:
        return
    if isinstance(given, str):
        label_mapping(given)
        return
    texts = [*given.keys(), *given.values()] if isinstance(given, dict) else given if isinstance(given, tuple) else ()
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise refused(
            f"{given!r} is not allowed",
            "give a list of labels, the name of a mapping, or a table { GPE = 'LOC' }",
        )


def _explained(found: ErrorDetails, file: str) -> RecipeError:
    place = tuple(part for part in found["loc"] if isinstance(part, str))
    key, nearest = ".".join(place), None
    if found["type"] == "extra_forbidden":
        known = list(_table_at(place[:-1]).model_fields)
        nearest = next(iter(difflib.get_close_matches(place[-1], known, n=1, cutoff=0.4)), None)
        message = f"unknown key {key}"
        hint = f"did you mean {nearest}?" if nearest else f"known keys: {', '.join(known)}"
    elif found["type"] == "refused":
        key = found["ctx"]["key"] or key
        message, hint = f"{key}: {found['ctx']['message']}", found["ctx"]["hint"]
    elif found["type"] == "missing":
        message, hint = f"{key} is missing", "a recipe says at least name, corpora, source and target"
    else:
        message = f"{key} cannot be {found['input']!r}"
        hint = _HINTS.get(found["type"]) or found["msg"].replace("Input should", "it should")
    return RecipeError(f"{file}: {message}", hint=hint, key=key, nearest=nearest, file=file)


_HINTS = {
    "tuple_type": 'it should be a list, such as ["en"]; scorers are tables [[score]]',
    "too_short": "it should have at least one entry",
    "model_type": "it should be a table, such as [align]",
}
_TABLES: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Recipe,
    ("translate",): TranslateTable,
    ("tag",): TagTable,
    ("align",): AlignTable,
    ("align", "voters"): AlignTable,
    ("score",): ScoreTable,
    ("project",): ProjectTable,
    ("combine",): CombineTable,
    ("export",): ExportTable,
    ("project", "heuristic"): HeuristicTable,
}


def _table_at(place: tuple[Any, ...]) -> type[BaseModel]:
    return _TABLES[place]
