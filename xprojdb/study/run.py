"""Carry a study out: store its design, read the states, train and measure what is pending."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, insert, literal, select, update

from xprojdb.config.training import LoadedTraining
from xprojdb.db import Database, bulk
from xprojdb.db.tables import model, model_score, study, study_cell
from xprojdb.digest import canonical_json
from xprojdb.execution.engines.local import Engine
from xprojdb.execution.progress import Progress, RunReport, Silent, StopRequest
from xprojdb.execution.run import forget_failures, run_plan
from xprojdb.exports.selection.references import References
from xprojdb.planning.plan import Plan
from xprojdb.steps.spec import find_step, register_step
from xprojdb.steps.train.measure import Measure
from xprojdb.study.languages import covered
from xprojdb.study.plan import PlannedStudy, plan_study
from xprojdb.study.samples import store_sample
from xprojdb.study.train import prepare_words
from xprojdb.training.fitting import Examples, FitSettings, fit_head
from xprojdb.training.states import WordStates

#: sentences and steps that a dry run takes the time of
_TIMED_SENTENCES, _TIMED_STEPS = 16, 20
#: of each target, the score of each model
Scores = Mapping[str, Mapping[Any, float]]
_CELL = (
    "study_id",
    "task",
    "arm",
    "regime",
    "k",
    "ordering",
    "place",
    "seed",
    "sources",
    "targets",
    "train_id",
    "measure_id",
)


@dataclass
class StudyReport:
    """What a study is, and what was done of it.

    :param cells: how many.
    :param trainings: different models behind them.
    :param trained: those that were there before.
    :param sentences: whose states are read, and those that are not kept yet.
    :param run: how the run went; None after a dry run.
    :param scores: mean score by task, arm, regime and k.
    """

    name: str
    cells: int
    trainings: int
    trained: int
    sentences: int
    unread: int
    warnings: list[str]
    run: RunReport | None = None
    hours: float | None = None
    bytes: int | None = None
    scores: list[tuple[str, str, str, int, float, int]] = field(default_factory=list)


def run_study(
    database: Database,
    loaded: LoadedTraining,
    *,
    retry_failed: bool = False,
    progress: Progress | None = None,
    stop: StopRequest | None = None,
    engine: Engine | None = None,
    references: References | None = None,
) -> StudyReport:
    """Train and measure what is pending of a study.

    :raises UsageError: as :func:`plan_study`.
    """
    pairs, planned = covered(database, loaded.recipe), plan_study(database, loaded, references)
    report = _begun(planned)
    with database.write() as connection:
        _store(connection, planned)
    if planned.pending:
        prepare_words(planned.states, planned.sentences, progress or Silent())
    plan = Plan(loaded.record)
    for spec in planned.measures.values():
        for pair in pairs:
            plan.add(Measure(spec), pair)
    if retry_failed:
        forget_failures(database, plan)
    report.run = run_plan(database, plan, command="study", progress=progress, stop=stop, engine=engine)
    with database.read() as connection:
        report.scores = mean_scores(connection, loaded.recipe.name)
    return report


def preview_study(database: Database, loaded: LoadedTraining, *, references: References | None = None) -> StudyReport:
    """What a study would do now: trainings, and about how many hours of one core and bytes of disk.

    A few sentences are encoded, and a few steps trained, to take the time.
    """
    covered(database, loaded.recipe)
    planned = plan_study(database, loaded, references)
    report = _begun(planned)
    states = WordStates(planned.states)
    missing = states.unread(planned.sentences)
    timed = missing[:_TIMED_SENTENCES]
    if timed:
        # Loading the encoder is no part of the time of a sentence.
        states.encoder.word_vectors(timed[:1], planned.states.layer)
    began = time.process_time()
    for _ in states.prepare(timed):
        pass
    a_sentence = (time.process_time() - began) / max(len(timed), 1)
    words = sum(map(len, missing))
    report.hours = (a_sentence * len(missing) + _a_training(database, planned, states) * len(planned.pending)) / 3600
    report.bytes = words * 2 * states.width + len(planned.pending) * 4 * states.width * loaded.recipe.train.hidden
    return report


def _a_training(database: Database, planned: PlannedStudy, states: WordStates) -> float:
    """CPU seconds of one: those of earlier ones, or of a few steps on numbers drawn at random."""
    keys = list(planned.trainings)
    with database.read() as connection:
        query = select(func.avg(model.c.cpu_s))
        known = connection.execute(query).scalar() if planned.trained and keys else None
    if known is not None:
        return float(known)
    table = planned.loaded.recipe.train
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(table.batch, states.width)).astype(np.float16)
    settings = FitSettings(hidden=table.hidden, steps=_TIMED_STEPS, batch=table.batch)
    fitted = fit_head(Examples(rows, rng.integers(0, 3, len(rows))), ("a", "b", "c"), settings)
    return fitted.cpu_s / _TIMED_STEPS * table.steps


def _begun(planned: PlannedStudy) -> StudyReport:
    trainings = planned.trainings
    unread = WordStates(planned.states).missing(planned.sentences) if planned.pending else 0
    return StudyReport(
        planned.loaded.recipe.name, len(planned.cells), len(trainings), len(planned.trained), len(planned.sentences),
        unread, planned.warnings,
    )  # fmt: skip


def _store(connection: Connection, planned: PlannedStudy) -> None:
    """Store what is new of a design: samples, train steps, the study and its cells."""
    for sample in planned.samples.values():
        if find_step(connection, sample.spec) is None:
            store_sample(connection, sample)
    keys = {digest: register_step(connection, spec) for digest, spec in planned.trainings.items()}
    measures = {task: register_step(connection, spec) for task, spec in planned.measures.items()}
    study_id = _study(connection, planned)
    cells = _cells(planned, study_id, keys, measures)
    here = study_cell.c.study_id == study_id
    columns = [study_cell.c[name] for name in _CELL]
    if sorted(bulk.fetch(connection, select(*columns).where(here))) != sorted(cells):
        connection.execute(delete(study_cell).where(here))
        bulk.insert(connection, study_cell, _CELL, cells)


def _study(connection: Connection, planned: PlannedStudy) -> int:
    recipe, text = planned.loaded.recipe, planned.loaded.text
    row = connection.execute(select(study).where(study.c.name == recipe.name)).first()
    values = {"digest": recipe.digest, "text": text}
    if row is None:
        statement = insert(study).values(
            name=recipe.name, created_at=datetime.now(UTC).isoformat(timespec="seconds"), **values
        )
        return int(connection.execute(statement.returning(study.c.id)).scalar_one())
    if (row.digest, row.text) != (recipe.digest, text):
        connection.execute(update(study).where(study.c.id == row.id).values(**values))
    return int(row.id)


def _cells(
    planned: PlannedStudy, study_id: int, keys: Mapping[str, int], measures: Mapping[str, int]
) -> list[bulk.Row]:
    rows = []
    for cell, spec in planned.cells:
        subset = cell.subset
        where = (subset.k, subset.ordering, subset.place, cell.seed)
        languages = (canonical_json(list(subset.sources)), canonical_json(list(subset.targets)))
        rows.append(
            (study_id, cell.task, cell.arm, cell.regime, *where, *languages, keys[spec.digest], measures[cell.task])
        )
    return rows


def mean_scores(connection: Connection, name: str) -> list[tuple[str, str, str, int, float, int]]:
    """Mean score and number of measurements by task, arm, regime and k, as a report has them.

    A mean is that over targets of the means of their models: only over targets that have every k, and a model that
    comes from two orders counts once. Otherwise the targets that more models are measured on would draw the curve.
    """
    cell = study_cell.c
    columns = (cell.task, cell.arm, cell.regime, cell.k, cell.sources, cell.seed, model_score.c.lang)
    query = (
        select(*columns, model_score.c.score)
        .join(study, study.c.id == cell.study_id)
        .join(model_score, (model_score.c.step_id == cell.measure_id) & (model_score.c.train_id == cell.train_id))
        .where(study.c.name == name, cell.targets.like(literal('%"') + model_score.c.lang + literal('"%')))
    )
    series: dict[tuple[str, str, str], dict[int, dict[str, dict[Any, float]]]] = {}
    for task, arm, regime, k, sources, seed, lang, score in connection.execute(query):
        model_key = (frozenset(json.loads(sources)), seed)
        series.setdefault((task, arm, regime), {}).setdefault(k, {}).setdefault(lang, {})[model_key] = score
    return [
        (*key, k, *_level(own, by_k.values()))
        for key, by_k in sorted(series.items())
        for k, own in sorted(by_k.items())
    ]


def _level(own: Scores, every: Iterable[Scores]) -> tuple[float, int]:
    """The mean over the targets that all have, or over all of its own if there are none; and how many scores it has."""
    complete = set.intersection(*(set(scores) for scores in every)) or set(own)
    means = [float(np.mean(list(scores.values()))) for target, scores in own.items() if target in complete]
    return float(np.mean(means)), sum(map(len, own.values()))
