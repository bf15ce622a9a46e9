"""What a database knows about a trained model, for its card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, select

from xprojdb.db.tables import corpus, model, recipe, sentence, training_item
from xprojdb.exports.card.facts import CardSource
from xprojdb.exports.card.model_licenses import CardModel, card_model
from xprojdb.exports.models.card import ModelFacts, TrainingSetFacts
from xprojdb.exports.models.scores import model_scores
from xprojdb.steps.spec import GOLD, StepSpec, find_step, load_spec
from xprojdb.steps.train.params import SAMPLE, SampleParams, TrainParams
from xprojdb.text.languages import language


def model_facts(
    connection: Connection, name: str, train_id: int, spec: StepSpec, *, checked: int, longest: int
) -> ModelFacts:
    """Everything the card says about a model.

    :param name: what the model is called.
    :param checked, longest: see :class:`xprojdb.exports.models.card.ModelFacts`.
    """
    samples = {role: sample for role, sample in sorted(spec.inputs.items()) if role.startswith(SAMPLE)}
    made_by = dict(_label_steps(connection, list(samples.values())))
    sets = [_set(sample, made_by[sample.digest]) for sample in samples.values()]
    row = connection.execute(select(model.c.sha256, model.c.versions).where(model.c.step_id == train_id)).one()
    params = TrainParams.from_params(spec.params)
    names = ("layer", "pooling", "weight", "tune")
    settings = {**asdict(params.settings), **{name: getattr(params, name) for name in names}}
    behind = [label for labels in made_by.values() for label in labels]
    return ModelFacts(
        name=name,
        digest=spec.digest,
        sha256=row.sha256,
        languages={entry.lang: language(entry.lang).name for entry in sets},
        labels=params.classes,
        sets=sets,
        scores=model_scores(connection, train_id, spec),
        sources=_sources(connection, list(spec.inputs.values())),
        models=_models(spec, behind),
        settings=settings,
        versions=json.loads(row.versions),
        recipe=connection.execute(select(recipe.c.text).where(recipe.c.name == name)).scalar(),
        checked=checked,
        longest=longest,
    )


def _set(sample: StepSpec, labels: Sequence[StepSpec]) -> TrainingSetFacts:
    params = SampleParams.from_params(sample.params)
    steps = ", ".join(f"{spec.kind} {spec.short}" for spec in labels if spec != GOLD)
    return TrainingSetFacts(
        params.lang, params.corpora, params.splits, steps or "gold", params.sentences, params.words, params.entities,
        sample.digest,
    )  # fmt: skip


def _label_steps(connection: Connection, samples: Sequence[StepSpec]) -> Iterator[tuple[str, list[StepSpec]]]:
    """The steps that made the labels of each sample, by its digest."""
    for sample in samples:
        query = select(training_item.c.label_step_id).where(training_item.c.sample_id == find_step(connection, sample))
        keys = sorted(connection.execute(query.distinct()).scalars())
        yield sample.digest, [load_spec(connection, key) for key in keys]


def _sources(connection: Connection, samples: Sequence[StepSpec]) -> list[CardSource]:
    keys = [find_step(connection, sample) for sample in samples]
    used = select(sentence.c.corpus_id).join(training_item, training_item.c.sentence_id == sentence.c.id)
    query = select(corpus).where(corpus.c.id.in_(used.where(training_item.c.sample_id.in_(keys))))
    rows = connection.execute(query.order_by(corpus.c.name))
    return [CardSource(row.name, row.version, row.license, row.citation, row.url) for row in rows]


def _models(spec: StepSpec, label_steps: Sequence[StepSpec]) -> list[CardModel]:
    """The encoder, and the models behind projected labels."""
    steps = [spec, *(entry for labels in label_steps for entry in _chain(labels))]
    used = [step for step in steps if step.model and not step.model.startswith("imported:")]
    return list(dict.fromkeys(card_model(entry.model or "", entry.revision) for entry in used))


def _chain(spec: StepSpec) -> Iterator[StepSpec]:
    yield spec
    for before in spec.inputs.values():
        yield from _chain(before)
