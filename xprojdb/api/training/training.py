"""Database methods that train models and compare them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from xprojdb.api.engines import EngineOptions, make_engine
from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from xprojdb.api.results.training import TrainResult
    from xprojdb.config.training import LoadedTraining, TrainingRecipe
    from xprojdb.execution.progress import Progress, StopRequest


class Training(Opened):
    """Training models, and comparing them."""

    def train(
        self,
        recipe: TrainingRecipe | LoadedTraining | str | Path,
        *,
        retry_failed: bool = False,
        progress: Progress | None = None,
        stop: StopRequest | None = None,
        **engine: Unpack[EngineOptions],
    ) -> TrainResult:
        """Train the model of a recipe, unless exactly this model exists already.

        The model can then be used as a tagger: ``[tag] models = { sw = "trained:NAME" }``.

        :param recipe: a :class:`xprojdb.TrainingRecipe`, or the path of a TOML file with ``[train]``.
        :param retry_failed: retry what failed before.
        :param progress: receives the progress.
        :param stop: stops the training once it is set.
        :param engine: where to compute; by default in this process.
        :raises RecipeError: when the recipe is invalid.
        :raises UsageError: when there is nothing to learn from, or languages have different labels.
        :raises ModelError, MissingExtra: when the encoder is not available.
        """
        from xprojdb.api.results.training import TrainResult
        from xprojdb.config.training import LoadedTraining
        from xprojdb.study.train import train_model

        report = train_model(
            self.store, LoadedTraining.of(recipe), retry_failed=retry_failed, progress=progress, stop=stop,
            engine=make_engine(**engine),
        )  # fmt: skip
        return TrainResult(report)
