"""Carry out several recipes one after the other: trainings, and recipes made from one that has been run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from xprojdb.config import toml
from xprojdb.config.recipe import parse_recipe
from xprojdb.config.tables.baselines import SelfTrainTable
from xprojdb.config.tables.train import TrainTable
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.db.tables import recipe
from xprojdb.execution.engines.local import Engine
from xprojdb.execution.progress import Progress, StopRequest
from xprojdb.execution.run import forget_failures, run_plan
from xprojdb.exports.selection.references import References
from xprojdb.planning.plan import Plan
from xprojdb.planning.planner import plan_recipe
from xprojdb.planning.store import load_plan
from xprojdb.study.train import TrainReport, train_model
from xprojdb.training.errors import TrainingError

Tables = Mapping[str, Any]


class Stopped(Exception):
    """The chain was stopped before its end."""


@dataclass
class Chain:
    """Recipes that build on one another; what is done already is not done again.

    :param trained: the reports of the trainings so far, by the name of the model.
    :param last: the report of the last one, which may have been stopped.
    """

    database: Database
    progress: Progress | None = None
    stop: StopRequest | None = None
    engine: Engine | None = None
    retry_failed: bool = False
    references: References | None = None
    trained: dict[str, TrainReport] = field(default_factory=dict)
    last: TrainReport | None = None

    def train(self, base: TrainingRecipe, name: str, **changes: Any) -> TrainReport:
        """Train a model as a recipe says, with another name and other keys of ``[train]``.

        :raises TrainingError: when the model could not be trained (``failed``).
        :raises Stopped: when it was stopped.
        """
        table = TrainTable.model_validate({**base.train.model_dump(exclude_unset=True, by_alias=False), **changes})
        own = base.model_copy(
            update={"name": name, "train": table, "study": None, "self_train": None, "baselines": None}
        )
        report = train_model(
            self.database, LoadedTraining(own, own.to_toml()), retry_failed=self.retry_failed, progress=self.progress,
            stop=self.stop, engine=self.engine, references=self.references,
        )  # fmt: skip
        self.last = report
        self._go_on(report.run.stopped)
        if report.sha256 is None:
            hint = "xprojdb status --failed shows more; then run again with --retry-failed"
            message = f"the model {name} was not trained: {report.problem}"
            raise TrainingError(message, hint=hint, name=name, reason="failed")
        self.trained[name] = report
        return report

    def label(self, tables: Tables) -> Plan:
        """Run a recipe.

        :raises Stopped: when it was stopped.
        """
        plan = plan_recipe(self.database, parse_recipe(toml.dumps(tables)))
        if self.retry_failed:
            forget_failures(self.database, plan)
        report = run_plan(self.database, plan, progress=self.progress, stop=self.stop, engine=self.engine)
        self._go_on(report.stopped)
        return load_plan(self.database, tables["name"])

    def _go_on(self, stopped: bool) -> None:
        if stopped or (self.stop is not None and self.stop.requested):
            raise Stopped


def stored_tables(database: Database, name: str) -> dict[str, Any]:
    """The tables of a recipe that has been run.

    :raises UsageError: when there is no such recipe.
    """
    load_plan(database, name)
    with database.read() as connection:
        text = connection.execute(select(recipe.c.text).where(recipe.c.name == name)).scalar_one()
    return tomllib.loads(text)


def tagged_alone(base: Tables, name: str, models: Mapping[str, str], splits: tuple[str, ...]) -> Tables:
    """A recipe in which taggers of the target languages label them, and nothing is projected.

    :param base: gives the corpora and the labels.
    :param models: the tagger of each language.
    """
    kept = {key: base[key] for key in ("corpora", "labels") if key in base}
    tables = {"name": name, **kept, "source": [], "target": list(models), "splits": list(splits)}
    return {**tables, "tag": {"models": dict(models)}, "combine": {"method": "majority", "transfer": True}}


def translated(base: Tables, name: str, translator: str, targets: Sequence[str], splits: tuple[str, ...]) -> Tables:
    """A recipe that does what another does with machine translations of its targets (translate-test)."""
    kept = {key: value for key, value in base.items() if key not in ("export", "translate")}
    return {**kept, "name": name, "target": list(targets), "splits": list(splits), "translate": {"model": translator}}


def tagged_beside(
    base: Tables, name: str, models: Mapping[str, str], splits: tuple[str, ...], votes: SelfTrainTable
) -> Tables:
    """A recipe that projects as another does, and in which taggers of the target languages vote beside the sources."""
    tag = dict(base.get("tag", {}))
    tag["models"] = {**tag.get("models", {}), **models}
    sources = base["source"] if isinstance(base["source"], list) else [base["source"]]
    weights = {**dict.fromkeys(sources, 1.0), "transfer": votes.vote}
    combine = {"method": "weighted", "weights": weights, "min_support": votes.min_support, "transfer": True}
    kept = {key: value for key, value in base.items() if key not in ("export", "combine")}
    return {**kept, "name": name, "target": list(models), "splits": list(splits), "tag": tag, "combine": combine}
