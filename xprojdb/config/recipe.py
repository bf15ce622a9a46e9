"""A recipe says what to project, from where and how: a TOML file, or an object built in Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from xprojdb.config import toml
from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError, final, placed
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import Some, Text, Texts
from xprojdb.config.hints.explain import explained
from xprojdb.config.tables.align import AlignerConfig
from xprojdb.config.tables.combine import CombineTable
from xprojdb.config.tables.export import ExportTable
from xprojdb.config.tables.project import ProjectTable
from xprojdb.config.tables.quality import QualityTable
from xprojdb.config.tables.score import LEAST_WEIGHT, ScorerConfig
from xprojdb.config.tables.tag import TagTable
from xprojdb.config.tables.translate import TranslateTable
from xprojdb.config.tables.vote import VoteTable
from xprojdb.db.runs import RecipeRecord
from xprojdb.digest import digest_of
from xprojdb.errors import UsageError
from xprojdb.text.label_schemes import LabelMapping, label_mapping

__all__ = ["LoadedRecipe", "Recipe", "RecipeError", "export_table", "parse_recipe", "read_recipe"]


class Recipe(Settings):
    """What to project, from where and how: ``Recipe(name="news", corpora=["news"], source=["en"], target=["sw"])``.

    Tables are dicts, as in TOML. See :meth:`from_toml` for files.

    :param name: the name of the recipe in the database.
    :param corpora: the imported corpora to use.
    :param source: languages whose labels are projected, as any code; empty for model transfer, where the target
        languages' own taggers label their sentences (with ``transfer = true`` in ``[combine]``).
    :param target: languages that receive labels, as any code.
    :param splits: only use these splits; all if empty.
    :param labels: the labels to project: a list of labels to keep, the name of a mapping, or a table from label to
        label that drops all others.
    :param translate: the translator; without it, the imported translations are used.
    :param tag: the taggers; without them, gold entities are projected.
    :param quality: scores of translations, and the least that a translation must reach.
    :param align: the word aligner.
    :param scorer: the scorers, with distinct names.
    :param project: how spans are chosen.
    :param vote: taggers of the target language that vote on projected labels.
    :param combine: how the labels of several sources are merged.
    :param export: the default selection of sentences and labels for exports.
    :raises RecipeError: for an unknown key or an invalid value.
    """

    name: Text
    corpora: Some
    source: Texts
    target: Some
    splits: Texts = ()
    labels: tuple[str, ...] | str | dict[str, str] | None = None
    translate: TranslateTable | None = None
    tag: TagTable | None = None
    quality: QualityTable | None = None
    align: Annotated[AlignerConfig, Field(default_factory=lambda: AlignerConfig.from_table({}))]
    # Before the scorers, whose check depends on the method.
    project: ProjectTable = ProjectTable()
    scorer: Annotated[
        tuple[ScorerConfig, ...], MinLen(1), Field(default_factory=lambda: (ScorerConfig.from_table({}),))
    ]
    vote: VoteTable | None = None
    combine: CombineTable = CombineTable()
    export: ExportTable | None = None

    def __init__(self, **tables: Any) -> None:
        try:
            super().__init__(**tables)
        except ValidationError as error:
            raise final(explained(error, type(self)), "recipe") from None

    @classmethod
    def from_toml(cls, text: str) -> Recipe:
        """Parse a recipe from TOML text.

        :raises RecipeError: when it is not TOML, or not a valid recipe.
        """
        return parse_recipe(text).recipe

    def to_toml(self) -> str:
        """Convert to TOML text, leaving out keys that were not set."""
        return toml.dumps(self._said())

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values, including defaults."""
        plain = self.model_dump(mode="json", exclude={"align", "scorer"})
        return {**plain, "align": self.align.to_dict(), "scorer": [scorer.to_dict() for scorer in self.scorer]}

    def _said(self) -> dict[str, Any]:
        said = self.model_dump(exclude={"align", "scorer"}, exclude_unset=True)
        if "align" in self.model_fields_set:
            said["align"] = self.align.changes()
        if "scorer" in self.model_fields_set:
            said["scorer"] = tuple(scorer.changes() for scorer in self.scorer)
        return {name: value for name, value in said.items() if value is not None}

    @field_validator("source", "target")
    @classmethod
    def _language_codes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(language_code(code) for code in codes))

    @field_validator("labels", mode="before")
    @classmethod
    def _labels(cls, labels: object) -> object:
        try:
            _check_labels(labels)
        except RecipeError:
            raise
        except UsageError as error:
            raise RecipeError(error.message, hint=error.hint) from error
        return labels

    @field_validator("scorer")
    @classmethod
    def _of_use(cls, tables: tuple[ScorerConfig, ...], info: ValidationInfo) -> tuple[ScorerConfig, ...]:
        project = info.data.get("project")
        if project is not None and project.method != "match":
            raise RecipeError(
                f"the method {project.method!r} does not use scorers",
                hint='leave out [[scorer]], or set method = "match"',
            )
        return tables

    @field_validator("scorer")
    @classmethod
    def _different_names(cls, tables: tuple[ScorerConfig, ...]) -> tuple[ScorerConfig, ...]:
        (stored, times), *_ = Counter(table.stored_name for table in tables).most_common(1)
        if times > 1:
            name = next(table.label for table in tables if table.stored_name == stored)
            raise RecipeError(
                f"{times} scorers are called {name!r}", hint='give them distinct names: name = "…" in each [[scorer]]'
            )
        return tables

    @model_validator(mode="after")
    def _translated(self) -> Recipe:
        train = self.translate is not None and self.translate.direction == "translate-train"
        if self.project.method == "markers" and (not train or self.tag is not None):
            raise RecipeError(
                "markers carry gold entities through a translation",
                hint='set direction = "translate-train" in [translate], and leave out [tag]',
                key="project.method",
            )
        back = self.translate is not None and self.translate.direction == "round-trip"
        marks = back or self.project.method == "markers"
        if self.translate is not None and self.translate.markers != "brackets" and not marks:
            raise RecipeError(
                "no entities are marked in this translation",
                hint='leave out markers, or set method = "markers" in [project]',
                key="translate.markers",
            )
        if back and (len(self.source) > 1 or self.tag is None):
            raise RecipeError(
                "a round trip needs exactly one source language, and a tagger for it",
                hint="set one source and add [tag]",
                key="translate",
            )
        return self

    @model_validator(mode="after")
    def _weighed_once(self) -> Recipe:
        if _is_set(self, "scorer") and self.project.weights == "auto" and _is_set(self.project, "weights"):
            raise RecipeError(
                'weights = "auto" chooses the scorers, but the recipe has [[scorer]] tables',
                hint='leave out [[scorer]], or set weights = "scorers"',
                key="project.weights",
            )
        return self

    @model_validator(mode="after")
    def _keeps_what_counts(self) -> Recipe:
        if all(scorer.keep == "all" for scorer in self.scorer):
            return self
        alone = len(self.scorer) == 1 and self.scorer[0].weight >= LEAST_WEIGHT
        if not alone or self.project.candidates_per_entity not in ("<= 1", "< 2") or self.combine.method == "joint":
            raise RecipeError(
                'keep = "undominated" is only for one scorer, and at most one candidate per entity',
                hint='leave out keep, or the other scorers, candidates_per_entity and method = "joint"',
                key="scorer.keep",
            )
        return self

    @model_validator(mode="after")
    def _has_a_source(self) -> Recipe:
        alone = self.combine.transfer and self.combine.method in ("majority", "weighted") and self.translate is None
        if not self.source and not alone:
            raise RecipeError(
                "there is no source language",
                hint='set source, or for model transfer method = "majority" and transfer = true in [combine]',
                key="source",
            )
        return self

    @property
    def is_automatic(self) -> bool:
        """Whether the recipe leaves scorers and weights to xprojdb."""
        return self.project.method == "match" and self.project.weights == "auto" and not _is_set(self, "scorer")

    @property
    def digest(self) -> str:
        """The digest of the recipe, including defaults."""
        said = self.to_dict()
        for name in ("export", "vote", "quality"):
            if said[name] is None:
                said.pop(name)
        return digest_of(said)

    @property
    def tagger_labels(self) -> tuple[str, ...]:
        """The labels that taggers are to find, before they are mapped; empty if the recipe names none."""
        return tuple(label for label, becomes in self.mapping.table if becomes) if self.mapping else ()

    @property
    def mapping(self) -> LabelMapping | None:
        """The label mapping applied before matching; None keeps all labels unchanged."""
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

    @classmethod
    def of(cls, recipe: Recipe) -> LoadedRecipe:
        """Wrap a recipe built in Python, with the equivalent text."""
        return cls(recipe, recipe.to_toml())

    @property
    def record(self) -> RecipeRecord:
        """The record that runs store."""
        return RecipeRecord(self.recipe.name, self.recipe.digest, self.text)


def read_recipe(path: Path) -> LoadedRecipe:
    """Read and validate a recipe file.

    :raises RecipeError: when it is missing, is not TOML, or has an unknown key (``nearest`` is the closest known key)
        or an invalid value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RecipeError(f"there is no recipe {path}", hint="check the path", file=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise RecipeError(f"the recipe {path} cannot be read: {reason}", hint="a recipe must be UTF-8 TOML") from error
    return parse_recipe(text, str(path))


def parse_recipe(text: str, file: str = "recipe") -> LoadedRecipe:
    """Validate the text of a recipe; see :func:`read_recipe`.

    :param file: the name of the recipe in messages.
    """
    try:
        return LoadedRecipe(Recipe(**toml.loads(text, file)), text)
    except RecipeError as error:
        raise _in_file(error, file) from None
    except ValueError as error:
        hint = "use finite numbers, neither inf nor nan"
        raise RecipeError(f"{file} contains an invalid number: {error}", hint=hint, file=file) from error


def export_table(text: str, changes: Mapping[str, Any]) -> ExportTable:
    """Read the table ``[export]`` of a recipe, with some keys replaced.

    The other tables are ignored: they were planned before, perhaps by another version.

    :param text: the text of the recipe.
    :param changes: keys to replace and their values.
    :raises RecipeError: when a value is invalid; the field ``key`` names it.
    """
    table = toml.loads(text, "recipe").get("export", {})
    try:
        return ExportTable.model_validate({**table, **changes})
    except ValidationError as error:
        raise final(placed(explained(error, ExportTable), ("export",)), "the export") from None


def _in_file(error: RecipeError, file: str) -> RecipeError:
    if error.file != "recipe":
        return error
    message = error.message.replace("recipe: ", f"{file}: ", 1)
    return RecipeError(message, hint=error.hint, **{**error.fields, "file": file})


def _is_set(table: Settings, key: str) -> bool:
    return key in table.model_fields_set


def _check_labels(labels: object) -> None:
    if labels is None:
        return
    if isinstance(labels, str):
        label_mapping(labels)
        return
    texts: tuple[object, ...] = ()
    if isinstance(labels, dict):
        texts = (*labels.keys(), *labels.values())
    elif isinstance(labels, tuple):
        texts = labels
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise RecipeError(
            f"{labels!r} is not a valid value",
            hint="use a list of labels, the name of a mapping, or a table such as { GPE = 'LOC' }",
        )
