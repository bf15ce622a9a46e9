"""Train models: read the samples, read the states, fit the head, choose the step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, func, select

from xprojdb.db.tables import model, training_item, training_pair
from xprojdb.digest import canonical_json
from xprojdb.errors import GroundMoved, ModelError
from xprojdb.steps.spec import StepSpec, find_step
from xprojdb.steps.stage import Rows
from xprojdb.steps.train.entities import count_entities, entity_examples, f1_of, find_entities
from xprojdb.steps.train.items import read_pair_sample, read_sample
from xprojdb.steps.train.pairs import pair_rows, predict_labels
from xprojdb.steps.train.params import DEV, SAMPLE, TrainParams, states_of
from xprojdb.steps.train.tuned import tune_encoder
from xprojdb.training.decoding import iob2_tags
from xprojdb.training.errors import TrainingError
from xprojdb.training.fitting import Examples, Fitted, fit_head
from xprojdb.training.head import Head
from xprojdb.training.states import StatesOf, WordStates

_COLUMNS = ("step_id", "sha256", "weights", "size", "steps", "cpu_s", "versions", "measures", "trained_at")
_RECORDED = ("xprojdb", "numpy", "torch", "transformers", "safetensors")


class Trained(NamedTuple):
    """A newly trained model.

    :param rows: its row for the table ``model``.
    """

    head: Head
    rows: Rows


class Learner:
    """Trains heads, keeping the states of words open in between.

    :param states: states that are already open, for tests.
    """

    def __init__(self, states: Mapping[StatesOf, WordStates] | None = None) -> None:
        self._states = dict(states or {})

    def states(self, what: StatesOf) -> WordStates:
        """Get the states that a training reads."""
        return self._states.setdefault(what, WordStates(what))

    def train(self, connection: Connection, step_id: int, spec: StepSpec) -> Trained:
        """Train the model of a step.

        :raises TrainingError: when there is nothing to train on, or the loss is not a number.
        :raises GroundMoved: when a training set has lost sentences since it was drawn.
        """
        params = TrainParams.from_params(spec.params)
        learn = self._entities if params.task == "ner" else self._pairs
        fitted, measures = learn(connection, spec, params)
        packed = fitted.head.to_bytes()
        recorded = {**measures, "losses": [round(loss, 4) for loss in fitted.losses]}
        row = (step_id, hashlib.sha256(packed).hexdigest(), packed, len(packed), fitted.steps, fitted.cpu_s)
        return Trained(
            fitted.head, Rows(model, _COLUMNS, [(*row, canonical_json(_versions()), canonical_json(recorded), _now())])
        )

    def _entities(self, connection: Connection, spec: StepSpec, params: TrainParams) -> tuple[Fitted, dict[str, Any]]:
        states = self.states(states_of(spec))
        samples = {
            role: read_sample(connection, key, sample_spec)
            for role, key, sample_spec in _samples(connection, spec, SAMPLE)
        }
        dev = [
            example
            for _, key, sample_spec in _samples(connection, spec, DEV)
            for example in read_sample(connection, key, sample_spec)
        ]
        parts = [
            entity_examples(own, states, params.classes, weighted=params.weight != "none") for own in samples.values()
        ]
        parts = [_shuffled(part, params.seed) for part in parts] if params.arm == "shuffled" else parts
        best = _Best(params, lambda head: _dev_f1(head, states, dev)) if dev else None
        fitted = self._fit(spec, params, parts, iob2_tags(params.classes), best)
        sizes = {role.removeprefix(SAMPLE): len(own) for role, own in samples.items()}
        measures = {"sentences": sizes, **(best.record if best else {})}
        if params.tuning is None:
            return fitted, measures
        sentences = [example.words for own in samples.values() for example in own]
        fitted, tuned = tune_encoder(spec, params.tuning, fitted, sentences, together(parts))
        return fitted, {**measures, **tuned}

    def _pairs(self, connection: Connection, spec: StepSpec, params: TrainParams) -> tuple[Fitted, dict[str, Any]]:
        states = self.states(states_of(spec))
        places = {name: place for place, name in enumerate(params.classes)}
        parts, sizes = [], {}
        for role, key, _ in _samples(connection, spec, SAMPLE):
            pairs = read_pair_sample(connection, key)
            right = np.array([places[pair.label] for pair in pairs], np.int64)
            parts.append(Examples(pair_rows(pairs, states, params.arm).astype(np.float32), right))
            sizes[role.removeprefix(SAMPLE)] = len(pairs)
        parts = [_shuffled(part, params.seed) for part in parts] if params.arm == "shuffled" else parts
        return self._fit(spec, params, parts, params.classes, None), {"pairs": sizes}

    def _fit(
        self, spec: StepSpec, params: TrainParams, parts: list[Examples], classes: tuple[str, ...], best: _Best | None
    ) -> Fitted:
        if not sum(len(part.rows) for part in parts):
            raise TrainingError("the training set is empty", hint="check its languages and splits", reason="empty")
        about = {"step": spec.digest, "encoder": spec.model or "", "revision": spec.revision or ""}
        about |= {"layer": str(params.layer), "pooling": params.pooling, "task": params.task, "arm": params.arm}
        fitted = fit_head(together(parts), classes, params.settings, about, best, params.dev_every or params.steps)
        return Fitted(best.head, best.step, fitted.cpu_s, fitted.losses) if best and best.head else fitted


class _Best:
    """Keeps the head with the best score on the dev set."""

    def __init__(self, params: TrainParams, score: Any) -> None:
        self.params, self.score = params, score
        self.head: Head | None = None
        self.step, self.curve = 0, {}  # type: int, dict[int, float]

    def __call__(self, step: int, head: Head) -> None:
        value = self.score(head)
        if not self.curve or value > max(self.curve.values()):
            self.head, self.step = head, step
        self.curve[step] = value

    @property
    def record(self) -> dict[str, Any]:
        """The scores to record."""
        return {"dev": {str(step): round(value, 2) for step, value in self.curve.items()}}


def _dev_f1(head: Head, states: WordStates, dev: list[Any]) -> float:
    predicted = find_entities(head, states, [example.words for example in dev])
    return f1_of(count_entities([example.spans for example in dev], predicted))


def _samples(connection: Connection, spec: StepSpec, prefix: str) -> list[tuple[str, int, StepSpec]]:
    """The samples among the inputs of a training, by language, with their keys.

    :raises GroundMoved: when one of them has lost sentences since it was drawn.
    """
    samples = []
    for role, sample_spec in sorted(spec.inputs.items()):
        if role.startswith(prefix):
            key = find_step(connection, sample_spec)
            assert key is not None, "a step is stored with its inputs"
            _check_whole(connection, key, sample_spec)
            samples.append((role, key, sample_spec))
    return samples


def _check_whole(connection: Connection, sample_id: int, sample: StepSpec) -> None:
    """Check that nothing was deleted or replaced since the set was drawn: the step names its items by their digest."""
    table = training_pair if sample.params.get("task") == "nli" else training_item
    count = connection.execute(select(func.count()).where(table.c.sample_id == sample_id)).scalar_one()
    if count != sample.params["sentences"]:
        raise GroundMoved(
            f"sentences of the training set of {sample.params['lang']} were deleted or replaced before it was learned",
            hint="nothing was learned from the rest; run it again, which draws the set anew",
            lang=sample.params["lang"],
        )


def _shuffled(part: Examples, seed: int) -> Examples:
    """Shuffle the classes of rows, so that only their frequencies can be learned."""
    order = np.random.default_rng(seed).permutation(len(part.classes))
    return Examples(part.rows, part.classes[order], part.weights)


def together(parts: list[Examples]) -> Examples:
    """Join examples, of which not all are empty."""
    full = [part for part in parts if len(part.rows)]
    weights = [part.weights for part in full]
    present = [weight for weight in weights if weight is not None]
    together = np.concatenate(present) if len(present) == len(full) else None
    rows, classes = np.concatenate([part.rows for part in full]), np.concatenate([part.classes for part in full])
    return Examples(rows, classes, together)


def read_head(connection: Connection, step_id: int, spec: StepSpec) -> Head:
    """Read the model of a train step.

    :raises ModelError: when it has not been trained yet; the field ``reason`` is ``"untrained"``.
    :raises DamagedModel: when its digest does not match.
    """
    row = connection.execute(select(model.c.weights, model.c.sha256).where(model.c.step_id == step_id)).first()
    if row is None:
        raise ModelError(
            f"the model of the step {spec.short} was planned but not trained",
            hint="xprojdb train RECIPE",
            step=spec.digest,
            reason="untrained",
        )
    return Head.from_bytes(bytes(row.weights), row.sha256)


def is_trained(connection: Connection, step_id: int) -> bool:
    """Whether a train step has its model."""
    return connection.execute(select(model.c.id).where(model.c.step_id == step_id)).first() is not None


def _versions() -> dict[str, str]:
    versions = {}
    for name in _RECORDED:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


__all__ = ["Learner", "Trained", "is_trained", "predict_labels", "read_head"]
