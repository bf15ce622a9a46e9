"""Train: a stage whose only item is its own step."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, select

from xprojdb.db.tables import step
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, ItemKind, Outcome, Result, Stage
from xprojdb.steps.train.learning import Learner, is_trained
from xprojdb.steps.train.params import TrainParams, languages_of
from xprojdb.training.errors import TrainingError


class Train(Stage):
    """Train one model."""

    kind = TrainParams.kind
    version = 2
    block = 1
    item_kind = ItemKind.STEPS

    def __init__(self, spec: StepSpec, learner: Learner | None = None) -> None:
        super().__init__(spec)
        self.learner = learner or Learner()

    @property
    def title(self) -> str:
        params = TrainParams.from_params(self.spec.params)
        tuned = "" if params.tune == "none" else f", tuning {params.tune}"
        what = f"train {params.task} on {', '.join(languages_of(self.spec))}"
        return f"{what} with {self.spec.model} layer {params.layer}, {params.steps} steps, seed {params.seed}{tuned}"

    def unmade(self, counts: Sequence[int]) -> int:  # noqa: ARG002 -- its item is itself
        return 0

    def items(self, pair: Bitext) -> Select[tuple[int]]:  # noqa: ARG002
        return select(step.c.id).where(step.c.id == self.step_id)

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        # A study may already have trained the same model.
        missing = [item for item in items if not is_trained(connection, item)]
        rows = [self.learner.train(connection, item, self.spec).rows for item in missing]
        return Result([Outcome(item, "ok") for item in items], rows)


class TrainedBefore(Train):
    """A training of the first version, which drew other masks of dropout: its model is used, never trained again."""

    version = 1

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        if not all(is_trained(connection, item) for item in items):
            raise TrainingError(
                "this training was planned by an earlier version and not finished",
                hint="run its recipe again: it is planned anew",
                reason="earlier-version",
            )
        return super().process(connection, items)
