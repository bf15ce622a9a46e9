"""Database methods that train models and compare them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from xprojdb.api.engines import EngineOptions, make_engine
from xprojdb.api.training.pairs import ImportingPairs

if TYPE_CHECKING:
    from xprojdb.api.results.scores.baselines import BaselinesResult
    from xprojdb.api.results.training import StudyReportResult, StudyResult, TrainResult
    from xprojdb.config.training import LoadedTraining, TrainingRecipe
    from xprojdb.execution.progress import Progress, StopRequest


class Training(ImportingPairs):
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
        """Train the model of a recipe, unless exactly this model exists already; with ``[self_train]``, in rounds.

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
        from xprojdb.review.export_references import ReviewReferences
        from xprojdb.study.rounds import train_in_rounds
        from xprojdb.study.train import train_model

        loaded, computing = LoadedTraining.of(recipe), make_engine(**engine)
        if loaded.recipe.self_train is not None:
            rounds = train_in_rounds(
                self.store, loaded, retry_failed=retry_failed, progress=progress, stop=stop, engine=computing,
                references=ReviewReferences(),
            )  # fmt: skip
            return TrainResult(rounds.last, rounds)
        report = train_model(
            self.store, loaded, retry_failed=retry_failed, progress=progress, stop=stop, engine=computing,
            references=ReviewReferences(),
        )  # fmt: skip
        return TrainResult(report)

    def baselines(
        self,
        recipe: TrainingRecipe | LoadedTraining | str | Path,
        *,
        retry_failed: bool = False,
        progress: Progress | None = None,
        stop: StopRequest | None = None,
        **engine: Unpack[EngineOptions],
    ) -> BaselinesResult:
        """Compare a projection with taggers trained on its labels, and on gold labels, on the same gold sentences.

        Trains and runs what is pending; each method is a recipe of its own, named after this one.

        :param recipe: a :class:`xprojdb.TrainingRecipe`, or the path of a TOML file with ``[train] from`` and
            ``[baselines]``.
        :param retry_failed: try again what failed before.
        :param progress: is told how far it is.
        :param stop: ends it after the work at hand when it is set; then nothing is compared.
        :param engine: where models are trained and sentences labelled; by default in this process.
        :raises RecipeError: when the recipe is invalid.
        :raises UsageError: when the projecting recipe has not been run, or fewer than two methods can be compared.
        :raises TrainingError: when a model could not be trained.
        :raises ModelError, MissingExtra: when a model is not available.
        """
        from xprojdb.api.results.scores.baselines import BaselinesResult
        from xprojdb.config.training import LoadedTraining
        from xprojdb.review.export_references import ReviewReferences
        from xprojdb.study.baselines import run_baselines

        report = run_baselines(
            self.store, LoadedTraining.of(recipe), retry_failed=retry_failed, progress=progress, stop=stop,
            engine=make_engine(**engine), references=ReviewReferences(),
        )  # fmt: skip
        return BaselinesResult(report)

    def study(
        self,
        recipe: TrainingRecipe | LoadedTraining | str | Path,
        *,
        retry_failed: bool = False,
        progress: Progress | None = None,
        stop: StopRequest | None = None,
        **engine: Unpack[EngineOptions],
    ) -> StudyResult:
        """Train and measure the models of a study that are pending.

        A second call does nothing; a design that has grown trains what is new, and shares models with other studies.

        :param recipe: a :class:`xprojdb.TrainingRecipe`, or the path of a TOML file with ``[study]``.
        :param retry_failed: try again what failed before.
        :param progress: is told how far it is.
        :param stop: ends it after the models at hand when it is set.
        :param engine: where models are trained; by default in this process.
        :raises RecipeError: when the recipe cannot be followed.
        :raises UsageError: when a target has no gold, languages have different labels, or the test split is trained on.
        :raises ModelError, MissingExtra: when the encoder cannot be had.
        """
        from xprojdb.api.results.training import StudyResult
        from xprojdb.config.training import LoadedTraining
        from xprojdb.review.export_references import ReviewReferences
        from xprojdb.study.run import run_study

        report = run_study(
            self.store, LoadedTraining.of(recipe), retry_failed=retry_failed, progress=progress, stop=stop,
            engine=make_engine(**engine), references=ReviewReferences(),
        )  # fmt: skip
        return StudyResult(report)

    def preview_study(self, recipe: TrainingRecipe | LoadedTraining | str | Path) -> StudyResult:
        """What a study would train now, and about how long that takes on one core; stores nothing in the database.

        :param recipe: as :meth:`study` takes it.
        :raises RecipeError, UsageError, ModelError, MissingExtra: as :meth:`study`.
        """
        from xprojdb.api.results.training import StudyResult
        from xprojdb.config.training import LoadedTraining
        from xprojdb.review.export_references import ReviewReferences
        from xprojdb.study.run import preview_study

        return StudyResult(preview_study(self.store, LoadedTraining.of(recipe), references=ReviewReferences()))

    def study_report(
        self, study: str, folder: str | Path, *, resamples: int = 1000, seed: int = 0
    ) -> StudyReportResult:
        """Write what a study has measured: a page, figures, tables, a paragraph on methods.

        :param study: its name.
        :param folder: where to; an earlier report there is replaced, and nothing else.
        :param resamples: of the bootstrap.
        :param seed: of the bootstrap.
        :raises UsageError: when there is no such study, or nothing of it is measured.
        :raises MissingExtra: without matplotlib or statsmodels, which the extra ``study`` brings.
        :raises ExportError: when a file cannot be written.
        """
        from xprojdb.api.results.training import StudyReportResult
        from xprojdb.study.report.write import write_report

        return StudyReportResult(write_report(self.store, study, folder, resamples=resamples, seed=seed))
