"""Database methods that run recipes and report their progress."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, cast

from xprojdb.api.engines import EngineOptions, make_engine
from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from xprojdb.api.database import Database
    from xprojdb.api.results.labels import Labels
    from xprojdb.api.results.running import DryRunResult
    from xprojdb.api.results.status import FailuresResult, RunningResult, StatusResult
    from xprojdb.config.recipe import LoadedRecipe, Recipe
    from xprojdb.execution.progress import Progress, StopRequest


class Running(Opened):
    """Running recipes, and reporting their progress."""

    def run(
        self,
        recipe: Recipe | LoadedRecipe | str | Path,
        *,
        steps: Sequence[str] = (),
        limit: int | None = None,
        shard: str | None = None,
        max_time: float | None = None,
        retry_failed: bool = False,
        progress: Progress | None = None,
        stop: StopRequest | None = None,
        **engine: Unpack[EngineOptions],
    ) -> Labels:
        """Run the pending steps of a recipe.

        Nothing is done twice: a second run does nothing, a run after an import processes the new sentences, and a
        changed parameter makes new steps from there on. Several runs can share a database.

        :param recipe: a :class:`xprojdb.Recipe`, the path of a TOML file, or the name of a recipe that comes with the
            package.
        :param steps: only these steps: a kind (``align``) or a prefix of a digest.
        :param limit: the maximal number of items per step.
        :param shard: ``3/16``: only the third of sixteen shares of the items. Results for a sentence are in its share,
            in every database; what is learned from a whole corpus is in all shares.
        :param max_time: seconds after which no further batch starts; ``run.report.stopped`` says whether work is left.
        :param retry_failed: retry items that failed before.
        :param progress: receives the progress of the run.
        :param stop: ends the run after the current batches once it is set.
        :param engine: where batches are computed; by default in this process.
        :returns: the labels; their attribute ``run`` has the counts of the run.
        :raises RecipeError: when the recipe is invalid.
        :raises UsageError: when a corpus or step does not exist, or no translation connects the recipe's languages.
        :raises ModelError, MissingExtra: when the model of a step is not available; after everything else was done.
        """
        from xprojdb.api.results.labels import Labels
        from xprojdb.api.results.running import RunResult
        from xprojdb.execution.progress import StopRequest
        from xprojdb.execution.run import chosen_stages, forget_failures, run_plan
        from xprojdb.execution.status.database import keep_counts
        from xprojdb.planning.planner import plan_recipe
        from xprojdb.steps.shard import Shard

        share = None if shard is None else Shard.parse(shard)
        plan = plan_recipe(self.store, self._loaded(recipe))
        chosen_stages(plan, steps)
        computing = make_engine(**engine)
        stop = stop or StopRequest()
        if max_time is not None:
            stop.limit(max_time)
        if retry_failed:
            forget_failures(self.store, plan)
        report = run_plan(
            self.store, plan, progress=progress, stop=stop, engine=computing, only=steps, limit=limit, shard=share
        )
        if report.run_id is not None and not report.stopped:
            keep_counts(self.store)
        return Labels(cast("Database", self), plan, RunResult(report))

    def dry_run(
        self,
        recipe: Recipe | LoadedRecipe | str | Path,
        *,
        steps: Sequence[str] = (),
        limit: int | None = None,
        shard: str | None = None,
    ) -> DryRunResult:
        """Which steps a run of a recipe would do now, on how many items, and why; stores nothing.

        :param recipe, steps, limit, shard: as for :meth:`xprojdb.Database.run`.
        :raises RecipeError: when the recipe is invalid.
        :raises UsageError: when a corpus does not exist, or no translation connects the recipe's languages.
        """
        from xprojdb.api.results.running import DryRunResult
        from xprojdb.execution.dry_run import preview_plan
        from xprojdb.planning.planner import plan_recipe
        from xprojdb.steps.shard import Shard

        share = None if shard is None else Shard.parse(shard)
        plan = plan_recipe(self.store, self._loaded(recipe))
        previews = preview_plan(self.store, plan, only=steps, limit=limit, shard=share)
        return DryRunResult(previews, [error.message for error in plan.missing])

    def _loaded(self, recipe: Recipe | LoadedRecipe | str | Path) -> LoadedRecipe:
        """A recipe with its text; if it needs a plug-in that stored steps used, the error says what to install."""
        from xprojdb.config.errors import RecipeError
        from xprojdb.planning.store import stored_plugin

        try:
            return loaded_recipe(recipe)
        except RecipeError as error:
            name = error.fields.get("name")
            distribution = stored_plugin(self.store, name) if isinstance(name, str) else None
            if distribution is None:
                raise
            hint = f"steps of this database were planned with it: pip install '{distribution}'"
            raise RecipeError(error.message, hint=hint, **{**error.fields, "distribution": distribution}) from error

    def labels(self, recipe: str | None = None) -> Labels:
        """The labels of a recipe that has been run.

        :param recipe: may be omitted if the database has only one.
        :raises UsageError: when there is no such recipe.
        """
        from xprojdb.api.results.labels import Labels
        from xprojdb.planning.store import load_plan

        return Labels(cast("Database", self), load_plan(self.store, recipe))

    def status(self, *, recount: bool = False) -> StatusResult:
        """What is in the database and, for each step of each recipe, what is done, pending and failed, and why.

        :param recount: count all rows again, if other programs have written to the database.
        """
        from xprojdb.api.results.status import StatusResult
        from xprojdb.execution.status.database import read_status

        return StatusResult(read_status(self.store, anew=recount))

    def failures(self, *, traceback: bool = False) -> FailuresResult:
        """The items that failed: which sentences, and why.

        :param traceback: print the tracebacks, too; the rows always have them.
        """
        from xprojdb.api.results.status import FailuresResult
        from xprojdb.execution.status.failures import read_failed

        return FailuresResult(read_failed(self.store), traceback)

    def watch(self, interval: float = 1.0) -> Iterator[RunningResult]:
        """The runs in progress, again and again until they have ended.

        :param interval: seconds between two queries.
        """
        from xprojdb.api.results.status import RunningResult
        from xprojdb.execution.status.watch import read_runs

        seen: set[int] = set()
        while True:
            result = RunningResult(read_runs(self.store, sorted(seen)))
            seen |= {run.id for run in result.report}
            yield result
            if not result.going_on:
                return
            time.sleep(interval)


def loaded_recipe(recipe: Recipe | LoadedRecipe | str | Path) -> LoadedRecipe:
    """A recipe with its text.

    :param recipe: a recipe object, the path of a TOML file, or the name of a recipe that comes with the package.
    :raises RecipeError: when there is no such recipe, or it is invalid.
    """
    from xprojdb.config.builtin_recipes import find_recipe
    from xprojdb.config.recipe import LoadedRecipe, Recipe

    if isinstance(recipe, LoadedRecipe):
        return recipe
    return LoadedRecipe.of(recipe) if isinstance(recipe, Recipe) else find_recipe(str(recipe))
