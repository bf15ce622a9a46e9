"""Make train steps from samples: their classes, encoder and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from xprojdb.config.tables.train import TrainTable
from xprojdb.config.training import TrainingRecipe
from xprojdb.errors import UsageError
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.train.params import DEV, SAMPLE, TrainParams
from xprojdb.steps.train.stage import Train
from xprojdb.study.samples import Sample, Sampler


def train_spec(
    table: TrainTable,
    classes: Sequence[str],
    samples: Mapping[str, Sample],
    dev: Mapping[str, Sample] | None = None,
    *,
    seed: int | None = None,
    arm: str | None = None,
    revision: str | None = None,
) -> StepSpec:
    """The step that trains a model.

    :param classes: the labels of entities or pairs.
    :param samples: the training samples by language.
    :param dev: the samples on which to choose the best training step.
    :param seed, arm: override those of the table.
    :param revision: the revision of the encoder, if already known.
    :raises ModelError: when the encoder cannot be found.
    """
    keys = [own.name for own in fields(TrainParams) if own.name in TrainTable.model_fields]
    said = {key: getattr(table, key) for key in keys}
    said |= {"classes": tuple(classes), "dev_every": table.dev_every if dev else 0}
    said |= {} if seed is None else {"seed": seed}
    params = TrainParams(**said | ({"arm": arm} if arm else {}))
    inputs = {f"{SAMPLE}{lang}": sample.spec for lang, sample in samples.items()}
    inputs |= {f"{DEV}{lang}": sample.spec for lang, sample in (dev or {}).items()}
    revision = revision or encoder_revision(table)
    return StepSpec(Train.kind, Train.version, params.to_params(), canonical_id(table.encoder), revision, inputs)


def encoder_revision(table: TrainTable) -> str:
    """The revision of the encoder of a table.

    :raises ModelError: when it cannot be found.
    """
    return resolve(table.encoder).revision


def classes_of(sampler: Sampler, languages: Sequence[str], splits: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The labels to learn, and notes about languages that lack some.

    :raises UsageError: when the labels differ between languages and the recipe does not choose any (``labels-differ``),
        or there are none at all (``no-entities``).
    """
    recipe = sampler.recipe
    present = {lang: _labels(sampler, lang, splits) for lang in languages}
    every = sorted(set().union(*present.values()))
    if not every:
        raise UsageError(
            f"no sentence of {', '.join(languages)} has a label to learn",
            hint="check the splits, and that the corpora have gold labels"
            if recipe.labels is None
            else f"only {', '.join(recipe.labels)} are kept: check how the corpora spell their labels",
            reason="no-entities",
        )
    odd = {lang: sorted(set(every) - own) for lang, own in present.items() if set(every) - own}
    if odd and recipe.labels is None:
        raise _differ(odd, present)
    notes = [
        f"{lang} has no {' and no '.join(lacks)}: a model learns from it that there are none"
        for lang, lacks in odd.items()
    ]
    return _in_order(recipe, every), notes


def _in_order(recipe: TrainingRecipe, every: list[str]) -> tuple[str, ...]:
    chosen = recipe.labels.values() if isinstance(recipe.labels, dict) else recipe.labels or ()
    return tuple(sorted({*every, *(label for label in chosen if recipe.train.task == "ner")}))


def _labels(sampler: Sampler, lang: str, splits: Sequence[str]) -> set[str]:
    items = sampler.available(lang, tuple(splits)).items
    if not items:
        raise sampler.nothing_to_learn(lang, splits)
    return {label for item in items for label in item.labels}


def _differ(odd: Mapping[str, list[str]], present: Mapping[str, set[str]]) -> UsageError:
    differences = "; ".join(f"{lang} has no {', '.join(lacks)}" for lang, lacks in odd.items())
    common = sorted(set.intersection(*present.values()))
    hint = f"say which to learn: labels = [{', '.join(repr(label) for label in common)}]".replace("'", '"')
    return UsageError(
        f"the languages have different labels: {differences}",
        hint=hint if common else "say which to learn, or map them to common ones, with labels",
        reason="labels-differ",
        lacking=dict(odd),
        common=tuple(common),
    )
