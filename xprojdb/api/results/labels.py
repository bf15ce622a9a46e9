"""The labels that a recipe projected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType

from xprojdb.api.results.base import Result, Row
from xprojdb.api.results.display.rendering import table
from xprojdb.api.results.rows import Rows

if TYPE_CHECKING:
    import pyarrow

    from xprojdb.api.database import Database
    from xprojdb.api.results.explanation import ExplanationResult
    from xprojdb.api.results.exporting import ExportResult, PushResult
    from xprojdb.api.results.running import RunResult
    from xprojdb.api.results.scores.evaluation import EvaluationResult
    from xprojdb.planning.plan import Plan


class Labels(Result):
    """The labels of a recipe in its target languages, one per row; if it combines sources, their consensus.

    They are read from the database when they are used.

    :param database: where the labels are stored.
    :param plan: the plan of the recipe.
    :param run: the run that has just brought them up to date, if any.
    """

    def __init__(self, database: Database, plan: Plan, run: RunResult | None = None) -> None:
        self._database, self._plan, self.run = database, plan, run

    @property
    def recipe(self) -> str:
        """The name of the recipe."""
        return self._plan.recipe.name

    def rows(self) -> Rows:
        """The labels as streamed rows; words are counted from 0, and ``end_word`` is one past the last."""
        from xprojdb.provenance.labels import read_labels

        return Rows.of(read_labels(self._database.store, self._plan))

    def counts(self) -> Rows:
        """How many labels of each type each language has, on how many sentences, and their mean score."""
        from xprojdb.provenance.labels import count_labels

        return Rows.of(count_labels(self._database.store, self._plan))

    def to_dict(self) -> list[Row]:
        """A row for each label."""
        return self.rows().to_dict()

    def to_arrow(self) -> pyarrow.Table:
        """The labels as an Arrow table."""
        return self.rows().to_arrow()

    def evaluate(self, *, resamples: int = 1000, seed: int = 0, gold: str | None = None) -> EvaluationResult:
        """Score them against gold; see :meth:`xprojdb.Database.evaluate`."""
        return self._database.evaluate(self.recipe, resamples=resamples, seed=seed, gold=gold)

    def explain(self, sentence: str) -> ExplanationResult:
        """Explain one sentence, or one label; see :meth:`xprojdb.Database.explain`."""
        return self._database.explain(sentence, self.recipe)

    def export(
        self,
        folder: str | Path,
        format: str = "hf",
        *,
        source: str | None = None,
        langs: Sequence[str] = (),
        **options: Any,
    ) -> ExportResult:
        """Export them as a data set; see :meth:`xprojdb.Database.export`."""
        return self._database.export(folder, format, recipe=self.recipe, source=source, langs=langs, **options)

    def push(self, repo: str, *, source: str | None = None, langs: Sequence[str] = (), **options: Any) -> PushResult:
        """Publish them on the Hugging Face Hub; see :meth:`xprojdb.Database.push`."""
        return self._database.push(repo, recipe=self.recipe, source=source, langs=langs, **options)

    def __rich__(self) -> RenderableType:
        shown = table("language", "label", "labels>", "sentences>", "mean score>")
        for lang, label, labels, sentences, score in self.counts():
            shown.add_row(lang, label, f"{labels:,}", f"{sentences:,}", f"{score:.3f}")
        return Group(*([self.run] if self.run else []), shown)

    def __repr__(self) -> str:
        return f"<Labels of {self.recipe} in {self._database.url}>"
