"""Train one model: draw its samples, compute the states of their words, run its step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from xprojdb.config.training import LoadedTraining
from xprojdb.db import Database
from xprojdb.db.tables import failure, model
from xprojdb.errors import UsageError
from xprojdb.execution.engines.local import Engine
from xprojdb.execution.progress import Progress, RunReport, Silent, StopRequest
from xprojdb.execution.run import forget_failures, run_plan
from xprojdb.exports.selection.references import References
from xprojdb.planning.plan import Plan
from xprojdb.steps.spec import StepSpec, find_step
from xprojdb.steps.stage import ItemKind
from xprojdb.steps.train.params import states_of
from xprojdb.steps.train.stage import Train
from xprojdb.study.languages import covered, languages_with_labels
from xprojdb.study.samples import Sample, Sampler, store_sample
from xprojdb.study.trainings import classes_of, train_spec
from xprojdb.training.states import StatesOf, WordStates
from xprojdb.training.tuning import require_tuning


@dataclass
class TrainReport:
    """A trained model.

    :param name: the name that taggers refer to it by.
    :param digest: the digest of its step.
    :param samples: the sentences, words and entities of each language.
    :param sha256: the digest of its weights; None if it was not trained, or training failed.
    :param measures: what was recorded during training.
    :param run: the report of the run.
    :param problem: why it was not trained, if training failed.
    :param notes: notes for the user.
    """

    name: str
    digest: str
    task: str
    samples: dict[str, dict[str, int]]
    run: RunReport
    sha256: str | None = None
    size: int = 0
    steps: int = 0
    cpu_s: float = 0.0
    problem: str = ""
    measures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def train_model(
    database: Database,
    loaded: LoadedTraining,
    *,
    retry_failed: bool = False,
    progress: Progress | None = None,
    stop: StopRequest | None = None,
    engine: Engine | None = None,
    references: References | None = None,
) -> TrainReport:
    """Train the model of a recipe, unless the same model is already stored.

    :param references: finds what was learned of how probable labels are.
    :raises UsageError: when there is nothing to learn from, or the languages have different labels.
    :raises ModelError: when the encoder cannot be found.
    :raises MissingExtra: when the encoder is to be tuned, and a library for it is not installed.
    """
    recipe, table = loaded.recipe, loaded.recipe.train
    if table.tune != "none":
        require_tuning(table.tune.partition(":")[0])
    pairs, sampler = covered(database, recipe), Sampler(database, recipe, references=references)
    languages = table.languages or tuple(languages_with_labels(database, recipe))
    if not languages:
        hint = "import labels, or name another corpus"
        raise UsageError(f"{', '.join(recipe.corpora)}: no language has labels", hint=hint, reason="no-labels")
    classes, notes = classes_of(sampler, languages, table.splits)
    samples = {lang: sampler.draw(lang, table.budget, table.unit, table.sample_seed) for lang in languages}
    dev = {lang: sampler.draw(lang, None, table.unit, 0, (table.dev,)) for lang in languages} if table.dev else {}
    spec = train_spec(table, classes, samples, dev)
    store_samples(database, [*samples.values(), *dev.values()])
    plan = Plan(loaded.record)
    for pair in pairs:
        plan.add(Train(spec), pair)
    if retry_failed:
        forget_failures(database, plan)
    if not _model(database, spec):
        prepare_states(states_of(spec), [*samples.values(), *dev.values()], progress or Silent())
    run = run_plan(database, plan, command="train", progress=progress, stop=stop, engine=engine)
    notes += [short_note(lang, table.unit, sample) for lang, sample in samples.items() if sample.short]
    report = TrainReport(recipe.name, spec.digest, table.task, sizes_of(samples), run, notes=notes)
    for name, value in _model(database, spec).items():
        setattr(report, name, value)
    report.problem = "" if report.sha256 else _problem(database, spec)
    return report


def sizes_of(samples: Mapping[str, Sample]) -> dict[str, dict[str, int]]:
    """The size of the sample of each language."""
    return {
        lang: {unit: sample.spec.params[unit] for unit in ("sentences", "words", "entities")}
        for lang, sample in samples.items()
    }


def short_note(lang: str, unit: str, sample: Sample) -> str:
    """A note that a language has less data than its budget."""
    size, budget = sample.spec.params[unit], sample.spec.params["budget"]
    return f"{lang} has {size:,} {unit} to learn from, and its budget is {budget:,}"


def store_samples(database: Database, samples: Iterable[Sample]) -> None:
    """Store samples that are not stored yet."""
    with database.write() as connection:
        for sample in samples:
            store_sample(connection, sample)


def prepare_states(what: StatesOf, samples: Sequence[Sample], progress: Progress) -> None:
    """Compute the states of the words of samples, where they are not stored yet."""
    prepare_words(what, list(dict.fromkeys(words for sample in samples for words in sample.sentences)), progress)


def prepare_words(what: StatesOf, sentences: Sequence[tuple[str, ...]], progress: Progress) -> None:
    """Compute the states of the words of sentences, where they are not stored yet."""
    states = WordStates(what)
    missing = states.missing(sentences)
    if not missing:
        return
    progress.begin(f"encode with {what.model} layer {what.layer}", ItemKind.SENTENCES, missing)
    try:
        for done in states.prepare(sentences):
            progress.advance(done, 0)
    finally:
        progress.end()


def _problem(database: Database, spec: StepSpec) -> str:
    """The message of the latest failure of a training; empty if there is none."""
    with database.read() as connection:
        query = select(failure.c.message).where(failure.c.step_id == find_step(connection, spec))
        return str(connection.execute(query.order_by(failure.c.run_id.desc()).limit(1)).scalar() or "")


def _model(database: Database, spec: StepSpec) -> dict[str, Any]:
    with database.read() as connection:
        key = find_step(connection, spec)
        columns = (model.c.sha256, model.c.size, model.c.steps, model.c.cpu_s, model.c.measures)
        row = connection.execute(select(*columns).where(model.c.step_id == key)).first()
    return {} if row is None else {**row._asdict(), "measures": json.loads(row.measures)}
