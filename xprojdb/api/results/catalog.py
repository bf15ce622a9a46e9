"""What comes with the package or is on this machine: recipes, models, questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from xprojdb.config.builtin_recipes import BuiltinRecipe
    from xprojdb.models.store import InstalledModel
    from xprojdb.provenance.questions_sql import Question


class RecipesResult(ReportResult):
    """The recipes that come with the package, one per row."""

    report: list[BuiltinRecipe]

    def to_dict(self) -> list[Row]:
        """A row for each recipe: its name, and what it does and needs."""
        return [{"name": recipe.name, "about": recipe.about} for recipe in self.report]

    def to_json(self) -> Any:
        """What ``xprojdb recipes list --json`` prints."""
        return self.to_dict()

    def __rich__(self) -> RenderableType:
        shown = table("recipe", "what it does")
        for recipe in self.report:
            shown.add_row(recipe.name, recipe.about)
        return shown


class ModelsResult(ReportResult):
    """The models on this machine, one per row.

    :param available: the models that can be installed.
    """

    report: list[InstalledModel]

    def __init__(self, report: list[InstalledModel], available: Sequence[str]) -> None:
        super().__init__(report)
        self.available = list(available)

    def to_dict(self) -> list[Row]:
        """A row for each model: where it is, and its size in bytes."""
        return [
            {"model": model.model_id, "revision": model.revision, "bytes": model.size, "path": str(model.path)}
            for model in self.report
        ]

    def to_json(self) -> Any:
        """What ``xprojdb models list --json`` prints."""
        return {"installed": self.to_dict(), "available": self.available}

    def __rich__(self) -> RenderableType:
        shown = table("model", "revision", "size>", "folder")
        for model in self.report:
            shown.add_row(model.model_id, model.revision[:19], f"{model.size / 2**20:.0f} MiB", str(model.path))
        missing = sorted(set(self.available) - {model.model_id for model in self.report})
        more = [Text(f"can be installed: {', '.join(missing)}")] if missing else []
        return Group(shown if self.report else Text("no models are installed"), *more)


class QuestionsResult(ReportResult):
    """The built-in questions, one per row."""

    report: dict[str, Question]

    def to_dict(self) -> list[Row]:
        """A row for each question: its name and description."""
        return [{"question": name, "about": question.about} for name, question in self.report.items()]

    def to_json(self) -> Any:
        """The rows."""
        return self.to_dict()

    def __rich__(self) -> RenderableType:
        shown = table("question", "what it shows")
        for name, question in self.report.items():
            shown.add_row(name, question.about)
        return shown
