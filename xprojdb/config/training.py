"""A training recipe: a TOML file with the tables ``[train]``, ``[self_train]``, ``[study]`` and ``[baselines]``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError, field_validator, model_validator

from xprojdb.config import toml
from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError, final
from xprojdb.config.fields.types import Some, Text
from xprojdb.config.hints.explain import explained
from xprojdb.config.tables.baselines import BaselinesTable, SelfTrainTable
from xprojdb.config.tables.study import StudyTable
from xprojdb.config.tables.train import TrainTable
from xprojdb.db.runs import RecipeRecord
from xprojdb.digest import digest_of
from xprojdb.text.label_schemes import LabelMapping, label_mapping


class TrainingRecipe(Settings):
    """What to train on what: ``TrainingRecipe(name="afro", corpora=["masakhaner2"], train={"languages": ["yor"]})``.

    Tables are dicts, as in TOML.

    :param name: the name of the model or study.
    :param corpora: the imported corpora to use.
    :param labels: the labels to learn: a list of labels to keep, or a table from label to label that drops all others;
        by default all labels.
    :param train: what to train on, and how.
    :param self_train: train in rounds, with the model as a voter.
    :param study: train and compare many models.
    :param baselines: compare the projection with taggers trained on it, and on gold labels.
    :raises RecipeError: for an unknown key or an invalid value.
    """

    name: Text
    corpora: Some
    labels: tuple[str, ...] | dict[str, str] | None = None
    train: TrainTable = TrainTable()
    self_train: SelfTrainTable | None = None
    study: StudyTable | None = None
    baselines: BaselinesTable | None = None

    def __init__(self, **tables: Any) -> None:
        try:
            super().__init__(**tables)
        except ValidationError as error:
            raise final(explained(error, type(self)), "recipe") from None

    @field_validator("labels")
    @classmethod
    def _some_labels(cls, labels: tuple[str, ...] | dict[str, str] | None) -> object:
        if labels is not None and not labels:
            raise RecipeError("there are no labels to learn", hint='add some: labels = ["PER", "ORG", "LOC"]')
        return labels

    @model_validator(mode="after")
    def _of_projected_labels(self) -> TrainingRecipe:
        for name in ("self_train", "baselines"):
            if getattr(self, name) is not None and (self.train.source == "gold" or self.train.task != "ner"):
                hint = 'say under [train] which recipe has projected them: from = "RECIPE"'
                raise RecipeError("it needs projected labels of entities", hint=hint, key=name, reason="no-projection")
        if self.baselines is not None and self.baselines.test in (*self.train.splits, self.train.dev):
            hint = 'name the splits to train on: splits = ["train"]'
            message = f"the split {self.baselines.test!r} is for measuring, and is trained on"
            raise RecipeError(message, hint=hint, key="splits", reason="test-chosen")
        return self

    @classmethod
    def from_toml(cls, text: str, file: str = "recipe") -> TrainingRecipe:
        """Parse a training recipe from TOML text.

        :param file: the name of the recipe in messages.
        :raises RecipeError: when it is not TOML, or not a valid training recipe.
        """
        tables = toml.loads(text, file)
        try:
            return cls(**tables)
        except RecipeError as error:
            message = error.message.replace("recipe: ", f"{file}: ", 1)
            raise RecipeError(message, hint=error.hint, **{**error.fields, "file": file}) from None

    def to_toml(self) -> str:
        """Convert to TOML text, leaving out keys that were not set."""
        return toml.dumps(_said(self.model_dump(exclude_unset=True, by_alias=True)))

    @property
    def digest(self) -> str:
        """The digest of the recipe, including defaults."""
        return digest_of(self.model_dump(mode="json"))

    @property
    def mapping(self) -> LabelMapping | None:
        """The label mapping; None keeps all labels unchanged."""
        if self.labels is None:
            return None
        table = self.labels if isinstance(self.labels, dict) else {label: label for label in self.labels}
        return label_mapping(table, others="drop")


@dataclass(frozen=True)
class LoadedTraining:
    """A training recipe and the text it was read from."""

    recipe: TrainingRecipe
    text: str

    @classmethod
    def of(cls, recipe: TrainingRecipe | LoadedTraining | str | Path) -> LoadedTraining:
        """Load a recipe built in Python, or a TOML file.

        :raises RecipeError: when it is missing or invalid.
        """
        if isinstance(recipe, LoadedTraining):
            return recipe
        if isinstance(recipe, TrainingRecipe):
            return cls(recipe, recipe.to_toml())
        try:
            text = Path(recipe).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise RecipeError(f"there is no recipe {recipe}", hint="check the path", file=str(recipe)) from error
        except (OSError, UnicodeDecodeError) as error:
            hint = "a recipe must be UTF-8 TOML"
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise RecipeError(f"the recipe {recipe} cannot be read: {reason}", hint=hint) from error
        return cls(TrainingRecipe.from_toml(text, str(recipe)), text)

    @property
    def record(self) -> RecipeRecord:
        """The record that runs store."""
        return RecipeRecord(self.recipe.name, self.recipe.digest, self.text)


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _said(inner) for name, inner in value.items() if inner is not None}
    return value
