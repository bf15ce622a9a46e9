"""The probability that a label is correct, learned from gold as a function of its margin or score.

Since the probability rises with the margin, it corresponds to a threshold of the margin: nothing needs a new column,
and ``--min-margin`` selects data by probability.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, select, update

from xprojdb.arrays import Floats
from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import artifact, label, outcome, sentence, step, step_input
from xprojdb.digest import canonical_json, digest_of
from xprojdb.errors import UsageError
from xprojdb.evaluation.gold import check_independent, read_gold
from xprojdb.review.calibration.curves import FITS, Curve, Judged, Method, binned, calibration_error
from xprojdb.steps.spec import GOLD, StepSpec, find_step, load_spec, register_step

KIND = "calibration"
VERSION = 1
#: how many labels of one type are needed for a calibration of their own
ENOUGH = 100
FOLDS = 5
Measure = Literal["margin", "score"]
#: sentence and translation, 0 for several
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibration.

    :param digest: of the step that stores it.
    :param labels: how many labels it was learned from.
    :param right: the weighted share of correct labels.
    :param before: expected calibration error of the value itself, taken as a probability.
    :param after: that of the calibrated probabilities, each learned on the other folds.
    :param bins: of those probabilities: mean probability, share of correct labels, count.
    :param curve: for all labels.
    :param by_label: for labels that are frequent enough.
    """

    digest: str
    measure: Measure
    method: Method
    labels: int
    right: float
    before: float
    after: float
    bins: list[tuple[float, float, int]]
    curve: Curve
    by_label: dict[str, Curve]

    @property
    def points(self) -> dict[str, tuple[list[float], list[float]]]:
        """The points of the curves by label; of the curve for all labels under an empty name."""
        curves = {"": self.curve, **self.by_label}
        return {name: (curve.values, curve.probabilities) for name, curve in curves.items()}

    def probabilities(self, names: Sequence[str], values: Floats) -> Floats:
        """How likely labels are correct."""
        chances = self.curve.at(values)
        for name, curve in self.by_label.items():
            chosen = np.array([label_ == name for label_ in names], np.bool_)
            chances[chosen] = curve.at(values[chosen])
        return chances


def calibrate(
    database: Database,
    step_id: int,
    *,
    gold_step: int | None = None,
    lang: str | None = None,
    places: Mapping[Place, float] | None = None,
    teachers: Mapping[int, Mapping[Place, float]] | None = None,
    measure: Measure = "margin",
    method: Method = "isotonic",
    seed: int = 0,
) -> Calibration:
    """Learn how likely the labels of a step are correct, and store the result as a step.

    Of several calibrations of the same labels, the one that was asked for last counts.

    :param step_id: the step with the labels.
    :param gold_step: the step with the gold labels; None: the imported labels.
    :param lang: the language of the labels, by which the calibration is found again.
    :param places: only labels of these sentences, through these translations (0: several), with the number of sentences
        that each stands for; None: all labels of the step.
    :param teachers: learn from the labels of these steps instead, such as those of other languages, each with its
        ``places``.
    :param seed: random seed of the folds.
    :raises UsageError: when there are fewer than 20 labels on sentences with gold, or all of them are right or wrong.
    """
    with database.read() as connection:
        steps = {step_id: places} if teachers is None else dict(teachers)
        judged = read_judged_labels(connection, steps, measure, gold_step)
        spec = _spec(connection, step_id, gold_step, (measure, method, seed, lang), judged, sorted(steps))
    calibration = _learn(judged, spec.digest, measure, method, seed)
    with database.write() as connection:
        _store(connection, spec, calibration)
    return calibration


def read_judged_labels(
    connection: Connection,
    steps: Mapping[int, Mapping[Place, float] | None],
    measure: Measure,
    gold_step: int | None = None,
) -> Judged:
    """The labels of steps on sentences with gold, and whether each is correct.

    :param steps: the places of each, as for :func:`calibrate`.
    :raises UsageError: as for :func:`calibrate`.
    """
    parts = [_judged(connection, step_id, measure, gold_step, places) for step_id, places in sorted(steps.items())]
    judged = Judged(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    count = len(judged.right)
    if count < 20 or len(set(judged.right.tolist())) < 2:
        subject = f"{count} labels" if count < 20 else "labels that are all right or all wrong"
        subject = f"{subject} on sentences with gold are too little to learn from"
        raise UsageError(subject, hint="review more", labels=count)
    return judged


def _judged(
    connection: Connection,
    step_id: int,
    measure: Measure,
    gold_step: int | None,
    places: Mapping[Place, float] | None,
) -> Judged:
    check_independent(connection, step_id, gold_step)
    own = label.c
    chosen = find_step(connection, GOLD) if gold_step is None else gold_step
    query = select(own.sentence_id, own.start_word, own.end_word, own.label, own[measure], own.translation_id)
    query = query.join(outcome, (outcome.c.step_id == chosen) & (outcome.c.item_id == own.sentence_id))
    rows = bulk.fetch(connection, query.where(own.step_id == step_id).order_by(own.sentence_id, own.ordinal))
    if places is not None:
        # Steps are shared between recipes: one may have labelled these sentences from other languages as well.
        rows = [row for row in rows if (row[0], row[5]) in places]
    gold = read_gold(connection, sorted({row[0] for row in rows}), chosen)
    right = [float((start, end, name) in gold.get(key, ())) for key, start, end, name, *_ in rows]
    stand_for = [1.0 if places is None else places[row[0], row[5]] for row in rows]
    values = np.array([row[4] for row in rows], np.float64)
    keys = np.array([row[0] for row in rows], np.int64)
    return Judged(np.array([row[3] for row in rows], np.str_), values, np.array(right), np.array(stand_for), keys)


def _learn(judged: Judged, digest: str, measure: Measure, method: Method, seed: int) -> Calibration:
    chances = _cross_fitted(judged, method, seed)
    bins = binned(chances, judged)
    curves = _curves(judged, method)
    right = float(np.average(judged.right, weights=judged.weights))
    before = calibration_error(binned(np.clip(judged.values, 0, 1), judged), judged)
    after = calibration_error(bins, judged)
    shown = [(bin.probability, bin.right, bin.labels) for bin in bins]
    by_label = {name: curve for name, curve in curves.items() if name is not None}
    values = (len(judged.right), right, before, after, shown, curves[None], by_label)
    return Calibration(digest, measure, method, *values)


def _curves(judged: Judged, method: Method) -> dict[str | None, Curve]:
    """The curve of all labels under None, and those of labels that are frequent enough."""
    fit = FITS[method]
    curves: dict[str | None, Curve] = {None: fit(judged.values, judged.right, judged.weights)}
    for name in sorted(set(judged.names.tolist())):
        own = judged.names == name
        if own.sum() >= ENOUGH and len(set(judged.right[own].tolist())) == 2:
            curves[name] = fit(judged.values[own], judged.right[own], judged.weights[own])
    return curves


def _cross_fitted(judged: Judged, method: Method, seed: int) -> Floats:
    """The probability of each label, learned on the sentences of the other folds."""
    keys = np.unique(judged.sentences)
    fold_of = dict(zip(keys.tolist(), np.random.default_rng(seed).permutation(len(keys)) % FOLDS, strict=True))
    folds = np.array([fold_of[key] for key in judged.sentences.tolist()])
    chances = np.zeros(len(folds))
    for fold in range(FOLDS):
        inside, outside = folds == fold, folds != fold
        if not inside.any():
            continue
        curves = _curves(Judged(*(column[outside] for column in judged)), method)
        chances[inside] = curves[None].at(judged.values[inside])
        for name, curve in curves.items():
            chosen = inside & (judged.names == name)
            chances[chosen] = curve.at(judged.values[chosen]) if name is not None else chances[chosen]
    return chances


def _spec(
    connection: Connection,
    step_id: int,
    gold_step: int | None,
    settings: tuple[Any, ...],
    judged: Judged,
    steps: Sequence[int],
) -> StepSpec:
    measure, method, seed, lang = settings
    data = digest_of([column.tolist() for column in judged])
    params = {"measure": measure, "method": method, "seed": seed, "lang": lang, "data": data}
    gold = GOLD if gold_step is None else load_spec(connection, gold_step)
    inputs = {"labels": load_spec(connection, step_id), "gold": gold}
    if list(steps) != [step_id]:
        inputs |= {f"taught-by:{number}": load_spec(connection, key) for number, key in enumerate(steps)}
    return StepSpec(KIND, VERSION, params, inputs=inputs)


def _store(connection: Connection, spec: StepSpec, calibration: Calibration) -> None:
    key = register_step(connection, spec)
    content = canonical_json({name: value for name, value in asdict(calibration).items() if name != "digest"})
    # It does not belong to a corpus: its labels may come from several.
    columns = ("step_id", "corpus_id", "content", "digest")
    corpus_id = _corpus(connection, spec)
    new = bulk.insert(connection, artifact, columns, [(key, corpus_id, content, digest_of(content))])
    run_id = begin_run(connection, "review calibrate")
    if new:
        done = (key, corpus_id, "ok", None, run_id)
        bulk.insert(connection, outcome, ("step_id", "item_id", "status", "reason", "run_id"), [done])
    else:
        # Asked for again, it is the latest: the number of the run says so.
        connection.execute(update(outcome).where(outcome.c.step_id == key).values(run_id=run_id))
    end_run(connection, run_id, "done", {"labels": calibration.labels})


def _corpus(connection: Connection, spec: StepSpec) -> int:
    """The corpus of the first label."""
    step_id = find_step(connection, spec.inputs["labels"])
    query = select(sentence.c.corpus_id).join(label, label.c.sentence_id == sentence.c.id)
    return int(connection.execute(query.where(label.c.step_id == step_id).limit(1)).scalar_one())


def latest_calibration(connection: Connection, step_id: int, lang: str | None = None) -> Calibration | None:
    """The calibration of the labels of a step that was asked for last, if any.

    :param lang: for this language, or for all together.
    """
    query = select(step.c.digest, step.c.params, artifact.c.content).join(artifact, artifact.c.step_id == step.c.id)
    query = query.join(step_input, step_input.c.step_id == step.c.id).join(outcome, outcome.c.step_id == step.c.id)
    here = (step.c.kind == KIND, step_input.c.role == "labels", step_input.c.input_id == step_id)
    newest = (outcome.c.run_id.desc(), step.c.id.desc())
    for digest, params, content in connection.execute(query.where(*here).order_by(*newest)):
        if json.loads(params)["lang"] in (None, lang):
            return _read(digest, json.loads(content))
    return None


def _read(digest: str, content: dict[str, Any]) -> Calibration:
    curves = {name: Curve(**curve) for name, curve in content.pop("by_label").items()}
    bins = [(float(predicted), float(right), int(count)) for predicted, right, count in content.pop("bins")]
    return Calibration(digest=digest, curve=Curve(**content.pop("curve")), by_label=curves, bins=bins, **content)
