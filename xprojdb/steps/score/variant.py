"""Scorers by name: plug-ins of the group ``xprojdb.scorers``, each a :class:`ScoreStage`."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Connection

from xprojdb import entry_points
from xprojdb.arrays import Floats
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.entry_points import PluginError
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.params import ScoreParams
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec


class UninstalledScorer(ScoreStage):
    """A step whose plug-in is not installed: it can be shown and explained, but refuses to run."""

    Config: ClassVar[type[Any]] = ScorerConfig

    def open(self) -> None:
        _required(self.spec)

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:  # noqa: ARG002
        raise AssertionError(f"an uninstalled scorer cannot be opened: {self.spec.short}")


def scorer(name: str) -> type[ScoreStage]:
    """Load a scorer by name.

    :raises PluginError: when no plug-in has that name.
    """
    stage: type[ScoreStage] = entry_points.load("scorers", name)
    return stage


def score_stage(spec: StepSpec) -> ScoreStage | None:
    """The stage of a score step, or None if this version of xprojdb has a different version of it."""
    try:
        stage = _required(spec)
    except PluginError:
        return UninstalledScorer(spec)
    return stage(spec) if stage.version == spec.version else None


def _required(spec: StepSpec) -> type[ScoreStage]:
    params = ScoreParams.from_params(spec.params)
    stage: type[ScoreStage] = entry_points.require("scorers", params.type, params.plugin or None)
    return stage
