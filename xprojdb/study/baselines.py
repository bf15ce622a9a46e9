"""Ready baselines: a projection against taggers trained on it, and on gold labels, on the same sentences.

Each method is a recipe of its own, run and stored like any other, and they are compared as ``xprojdb compare`` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from xprojdb.config.tables.baselines import Baseline, BaselinesTable, SelfTrainTable
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.evaluation.compare import Comparison, compare_recipes
from xprojdb.evaluation.published import load_benchmark_scores
from xprojdb.evaluation.published_comparison import PublishedComparison, compared_benchmarks, published_comparisons
from xprojdb.execution.engines.local import Engine
from xprojdb.execution.progress import Progress, StopRequest
from xprojdb.exports.selection.references import References
from xprojdb.planning.store import load_plan
from xprojdb.study.chain import Chain, Stopped, Tables, stored_tables, tagged_alone, tagged_beside, translated
from xprojdb.study.languages import languages_with_labels
from xprojdb.study.rounds import Rounds, self_train
from xprojdb.study.samples import Sampler
from xprojdb.study.train import TrainReport

#: keys of ``[train]`` that only projected labels have
_OF_PROJECTED: dict[str, Any] = {
    "min_score": None, "min_margin": None, "min_votes": None, "decontaminate": (), "weight": "none",
    "soft": False,
    "on_low_score": "sentence", "smoothing": 0.0, "truncation": 0.0,
}  # fmt: skip


@dataclass
class BaselinesReport:
    """Methods on the same gold sentences.

    :param recipes: the recipe behind each method; the first is what the others are compared with.
    :param comparison: None if it was stopped before its end.
    :param published: scores of the same languages in publications.
    :param models: the reports of the trainings, by name.
    :param rounds: the self-training of each language.
    :param left_out: why a method is not there, by its name.
    """

    name: str
    recipes: dict[str, str]
    comparison: Comparison | None = None
    published: list[PublishedComparison] = field(default_factory=list)
    models: dict[str, TrainReport] = field(default_factory=dict)
    rounds: dict[str, Rounds] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def run_baselines(
    database: Database,
    loaded: LoadedTraining,
    *,
    retry_failed: bool = False,
    progress: Progress | None = None,
    stop: StopRequest | None = None,
    engine: Engine | None = None,
    references: References | None = None,
) -> BaselinesReport:
    """Train and run what is pending of the methods of a recipe, and compare them.

    :raises UsageError: when the recipe has no ``[baselines]``, its projection or a recipe among ``others`` does not
        exist, or fewer than two methods can be had.
    :raises TrainingError: when a model could not be trained.
    """
    recipe, table = loaded.recipe, loaded.recipe.baselines
    if table is None:
        hint = "add a table [baselines] that names the methods to compare"
        raise UsageError(f"the recipe {recipe.name} has no baselines", hint=hint, reason="no-baselines")
    chain = Chain(database, progress, stop, engine, retry_failed, references)
    methods = _Methods(chain, recipe, table)
    try:
        methods.run()
    except Stopped:
        return methods.report
    report = methods.report
    names = list(report.recipes.values())
    report.comparison = compare_recipes(database, names)
    report.published = _published(database, report.comparison, table.dataset)
    return report


class _Methods:
    def __init__(self, chain: Chain, recipe: TrainingRecipe, table: BaselinesTable) -> None:
        self.chain, self.recipe, self.table = chain, recipe, table
        self.base = stored_tables(chain.database, recipe.train.source)
        self.targets = table.targets or tuple(
            sorted({labelling.target for labelling in load_plan(chain.database, recipe.train.source).labellings})
        )
        self.gold = self._gold()
        self.report = BaselinesReport(recipe.name, {}, models=chain.trained)

    def run(self) -> None:
        for name in self.table.others.values():
            load_plan(self.chain.database, name)
        wanted = {method: self._lacks(method) for method in self.table.methods}
        self.report.left_out = {method: lacks for method, lacks in wanted.items() if lacks}
        for method in (entry for entry in self.table.methods if not wanted[entry]):
            self.report.recipes[method] = self._run(method)
        self.report.recipes |= self.table.others

    def _run(self, method: Baseline) -> str:
        """Run a method; returns the name of its recipe."""
        if method == "projection":
            return self.recipe.train.source
        name, splits = f"{self.recipe.name}-{method}", (self.table.test,)
        if method == "translate-test":
            assert self.table.translator is not None, "without one it is left out"
            return self._labelled(translated(self.base, name, self.table.translator, self.targets, splits))
        if method == "votes":
            models = {target: self._mean(target) for target in self.targets}
            votes = self.recipe.self_train or SelfTrainTable()
            return self._labelled(tagged_beside(self.base, name, models, splits, votes))
        models = {target: self._model(method, target) for target in self.targets}
        return self._labelled(tagged_alone(self.base, name, models, splits))

    def _labelled(self, tables: Tables) -> str:
        self.chain.label(tables)
        return str(tables["name"])

    def _model(self, method: Baseline, target: str) -> str:
        """The tagger of a language."""
        if method == "mean":
            return self._mean(target)
        name = f"{self.recipe.name}-{method}-{target}"
        if name not in self.chain.trained:
            self._train(method, name, target)
        return f"trained:{self.chain.trained[name].digest}"

    def _mean(self, target: str) -> str:
        models = (self._model(method, target) for method in ("translate-train", "transfer"))
        return "trained:" + "+".join(model.removeprefix("trained:") for model in models)

    def _train(self, method: Baseline, name: str, target: str) -> None:
        if method == "self-training":
            own = self.recipe.train.model_copy(update={"languages": (target,)})
            rounds = self.recipe.self_train or SelfTrainTable()
            recipe = self.recipe.model_copy(update={"train": own})
            self.report.rounds[target] = self_train(self.chain, recipe, name, rounds)
        elif method == "translate-train":
            self.chain.train(self.recipe, name, languages=(target,))
        else:
            langs = (target,) if method == "supervised" else self._pool(target)
            self.chain.train(self.recipe, name, source="gold", languages=langs, **_OF_PROJECTED)

    def _pool(self, target: str) -> tuple[str, ...]:
        return tuple(lang for lang in self.table.pool or self.gold if lang != target)

    def _gold(self) -> tuple[str, ...]:
        """The languages with gold labels to train on."""
        table = self.recipe.train.model_copy(update={"source": "gold", **_OF_PROJECTED})
        recipe = self.recipe.model_copy(update={"train": table})
        sampler = Sampler(self.chain.database, recipe)
        langs = languages_with_labels(self.chain.database, recipe)
        return tuple(lang for lang in langs if sampler.available(lang, table.splits).items)

    def _lacks(self, method: Baseline) -> str:
        """Why a method cannot be had; empty if it can."""
        if method == "translate-test":
            return self._lacks_translations()
        if method == "supervised":
            without = [target for target in self.targets if target not in self.gold]
            return f"there are no gold labels to train on in {', '.join(without)}" if without else ""
        if method in ("transfer", "mean", "votes"):
            alone = [target for target in self.targets if not self._pool(target)]
            return f"no other language has gold labels to learn {', '.join(alone)} from" if alone else ""
        return ""

    def _lacks_translations(self) -> str:
        if self.table.translator is None:
            return 'no translator is named, as in translator = "apertium"'
        return "" if "tag" in self.base else f"the recipe {self.recipe.train.source} has no tagger for translations"


def _published(database: Database, comparison: Comparison, dataset: str | None) -> list[PublishedComparison]:
    if dataset is not None:
        return published_comparisons(comparison, load_benchmark_scores(), dataset)
    return compared_benchmarks(database, comparison)
