"""Database methods that measure labels against gold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from xprojdb.api.results.scores.comparison import ComparisonResult, MissedEntitiesResult
    from xprojdb.api.results.scores.evaluation import EvaluationResult
    from xprojdb.api.results.scores.tuning import TuningResult
    from xprojdb.matching.solvers.solve import Solver


class Measuring(Opened):
    """Measuring labels against gold."""

    def evaluate(
        self, recipe: str | None = None, *, resamples: int = 1000, seed: int = 0, gold: str | None = None
    ) -> EvaluationResult:
        """Score the labels that a recipe projected against the imported gold labels of the same sentences.

        Entity precision, recall and F1 (equal to seqeval's), each F1 with a 95 % bootstrap interval over sentences. A
        recipe that combines several sources is scored for each of them and for all together. The scores are stored in
        the table "evaluation". For a benchmark, published scores are shown as well.

        :param recipe: may be omitted if the database has only one.
        :param resamples: bootstrap resamples of the sentences.
        :param seed: random seed of the bootstrap.
        :param gold: a campaign, whose frozen reviews are used as gold, or a prefix of their step's digest; by default
            the imported labels.
        :raises UsageError: when there is no such recipe or campaign, the reviews are not a fair sample, or no projected
            sentence has gold labels.
        """
        from xprojdb.api.results.scores.evaluation import EvaluationResult
        from xprojdb.evaluation.evaluate import evaluate_projections
        from xprojdb.evaluation.published_comparison import evaluated_benchmarks
        from xprojdb.planning.store import load_plan

        plan = load_plan(self.store, recipe)
        step = self._gold_step(gold)
        scores = evaluate_projections(self.store, plan.labellings, resamples=resamples, seed=seed, gold_step=step)
        published = evaluated_benchmarks(self.store, scores)
        by_score = [evaluated_benchmarks(self.store, [score]) for score in scores] if published else None
        return EvaluationResult(scores, published, by_score)

    def _gold_step(self, name: str | None) -> int | None:
        """The step with the frozen reviews of a campaign; None: the imported labels are gold."""
        from xprojdb.review.figures import fair_gold

        return None if name is None else fair_gold(self.store, name)

    def compare(
        self,
        *recipes: str,
        best: bool = False,
        labels: Sequence[str] = (),
        resamples: int = 1000,
        seed: int = 0,
        published: str | Path | None = None,
        dataset: str | None = None,
        gold: str | None = None,
    ) -> ComparisonResult:
        """Compare recipes with each other on the gold sentences that all of them have finished.

        :param recipes: their names, by default all; ``RECIPE:SOURCE`` selects one of several sources.
        :param best: compute differences from the best recipe, not from the first one.
        :param labels: count only these labels; empty: all.
        :param resamples: bootstrap resamples of the sentences.
        :param seed: random seed of the bootstrap.
        :param published: a CSV file of published scores, or a folder of them; by default those that come with xprojdb.
        :param dataset: data set of the published scores; by default that of the corpus.
        :param gold: as for :meth:`evaluate`.
        :raises UsageError: when there are not two recipes to compare, or no sentence that all of them have finished.
        """
        from xprojdb.api.results.scores.comparison import ComparisonResult
        from xprojdb.evaluation.compare import compare_recipes
        from xprojdb.evaluation.published import load_benchmark_scores, load_published
        from xprojdb.evaluation.published_comparison import compared_benchmarks, published_comparisons

        scores = load_published(published) if published else load_benchmark_scores()
        report = compare_recipes(
            self.store,
            recipes,
            best=best,
            labels=labels,
            resamples=resamples,
            seed=seed,
            gold_step=self._gold_step(gold),
        )
        if published is None and dataset is None:
            return ComparisonResult(report, compared_benchmarks(self.store, report))
        return ComparisonResult(report, published_comparisons(report, scores, dataset))

    def missed(self, found_by: str, missed_by: str, *, labels: Sequence[str] = ()) -> MissedEntitiesResult:
        """The gold entities that one recipe found and another missed.

        :param found_by: a recipe, optionally with ``:SOURCE``.
        :param missed_by: the other one.
        :param labels: only entities with these labels; empty: all.
        :raises UsageError: when there is no such recipe, or it stands for several methods.
        """
        from xprojdb.api.results.scores.comparison import MissedEntitiesResult
        from xprojdb.evaluation.missed_entities import read_missed

        return MissedEntitiesResult(read_missed(self.store, found_by, missed_by, labels=labels), found_by, missed_by)

    def missed_sql(self, found_by: str, missed_by: str, *, labels: Sequence[str] = ()) -> str:
        """The SQL behind :meth:`missed`, to be edited and passed to :meth:`xprojdb.Database.query`.

        :param found_by, missed_by, labels: as for :meth:`missed`.
        :raises UsageError: as for :meth:`missed`.
        """
        from xprojdb.evaluation.missed_entities import missed_sql

        return missed_sql(self.store, found_by, missed_by, labels=labels)

    def tune(
        self,
        recipe: str | None = None,
        *,
        weights: Mapping[str, Sequence[float]] | None = None,
        powers: Mapping[str, Sequence[float]] | None = None,
        thresholds: Sequence[float] = (),
        solvers: Sequence[Solver] = (),
        folds: int = 0,
        seed: int = 0,
        top: int = 10,
        keep: str | None = None,
        gold: str | None = None,
    ) -> TuningResult:
        """Try many settings of a recipe on its stored scores, and compare them with gold.

        Everything else is as in the recipe. No model runs, and nothing is stored without ``keep``.

        :param recipe: the name of a recipe that has been run, or its TOML file.
        :param weights: values by scorer.
        :param powers: by scorer, the exponents to apply to its stored scores.
        :param thresholds: thresholds of the weighted sum.
        :param solvers: some of ``exact`` and ``greedy``.
        :param folds: choose settings on all folds but one, and report on that one; 0: do not.
        :param seed: random seed of the folds.
        :param top: how many of the best settings to show.
        :param keep: store the best settings as a recipe of this name, and run it.
        :param gold: as for :meth:`evaluate`.
        :raises UsageError: when the recipe has no scorers, a scorer is unknown, or there is no gold.
        """
        from xprojdb.api.results.scores.tuning import TuningResult
        from xprojdb.evaluation.tune import grid_recipe
        from xprojdb.evaluation.tuned_recipe import kept_plan
        from xprojdb.execution.run import run_plan
        from xprojdb.planning.store import load_plan

        plan = load_plan(self.store, None if recipe is None else _recipe_name(recipe))
        report = grid_recipe(
            self.store, plan, weights=weights, thresholds=thresholds, powers=powers, solvers=solvers, folds=folds,
            seed=seed, gold_step=self._gold_step(gold),
        )  # fmt: skip
        if keep is not None:
            run_plan(self.store, kept_plan(plan, report.points[0].point, keep), command="tune")
        return TuningResult(report, top, keep)


def _recipe_name(recipe: str) -> str:
    from xprojdb.config.recipe import read_recipe

    path = Path(recipe)
    return read_recipe(path).recipe.name if path.suffix == ".toml" or path.is_file() else recipe
