"""The sentences of the card: how the data set was selected, what its limits are, and how to reproduce it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote
from typing import Any

from sqlalchemy import Connection, func, select

from xprojdb.config.recipe import export_table
from xprojdb.config.tables.export import ExportTable
from xprojdb.db.tables import outcome
from xprojdb.exports.card.facts import CardScore
from xprojdb.exports.rows.provenance_columns import chain_of
from xprojdb.exports.selection.parts import Selection
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.planner import Plan
from xprojdb.steps.registry import LINKING
from xprojdb.steps.score.params import ScoreParams
from xprojdb.steps.spec import StepSpec
from xprojdb.text.languages import language

#: what each filter and choice does, by its key in ``[export]``
_CHOICES = {
    "corpora": "Only sentences of the corpora {}.",
    "splits": "Only the imported splits {}.",
    "labels": "Only the labels {}; entities of other types are tagged O.",
    "min_score": "Labels have a score of at least {}.",
    "min_margin": "Labels have a margin of at least {} over their runner-up.",
    "min_probability": "Labels are right with a probability of at least {}, by the calibration below.",
    "min_votes": "Labels have votes from at least {} sources.",
    "min_quality": "Translations reach these scores: {}.",
    "gold_splits": "The splits {} hold only gold labels; no other sentence is one of these or their translations.",
    "gold": "Gold labels are the reviews of {}.",
    "prefer_gold": "Sentences with gold labels have these instead of projected ones.",
    "outcomes": "Only sentences with the outcome {}.",
    "min_words": "Sentences have at least {} words.",
    "max_words": "Sentences have at most {} words.",
    "min_entities": "Sentences have at least {} labels.",
    "decontaminate": "No sentence or translation of it occurs in {}.",
    "dedupe": "No two sentences of a language have the same words.",
    "mix": "Mixed by weight: {}.",
    "split_ratios": "The splits were assigned by hash, translations of one another together: {}.",
}

_PER = {
    "lang": "for each language",
    "corpus": "for each corpus",
    "source": "for each source language",
    "all": "in total",
}


def choice_sentences(selection: Selection) -> list[str]:
    """How the sentences of an export were selected, and how many each filter removed."""
    table = selection.table
    sentences = [_CHOICES[key].format(_shown(value)) for key, value in table.non_defaults.items() if key in _CHOICES]
    if table.budget:
        per = _PER[table.budget_per]
        sentences.append(
            f"At most {table.budget:,} {table.budget_unit} {per}, drawn by hash with the seed {table.seed}."
        )
    if table.tiers:
        least = f"the {table.tier_by} of a sentence's least certain label"
        sentences.append(
            f"The column `tier` depends on {least}: {_shown(table.tiers)}. Sentences without labels have no tier."
        )
    if selection.cut:
        gone = ", ".join(f"{name} {count:,}" for name, count in selection.cut.removed.items()) or "none"
        sentences.append(f"Of {selection.cut.available:,} sentences, these were removed: {gone}.")
        if selection.cut.dropped:
            sentences.append(
                f"From sentences that passed these filters, {selection.cut.dropped:,} labels were dropped."
            )
    return sentences


def limit_sentences(connection: Connection, selection: Selection, scores: Sequence[CardScore]) -> list[str]:
    """What readers should know before trusting the labels."""
    return [
        *_unmeasured(selection.chosen, scores),
        *_not_projected(connection, selection.chosen),
        *_from_models(selection.chosen),
        *_dropped(selection.table),
        "An entity whose counterpart in the translation is missing or uncertain has no label: "
        "a word without a label may still belong to an entity.",
    ]


def _unmeasured(chosen: Sequence[Labelling], scores: Sequence[CardScore]) -> Iterator[str]:
    missing = dict.fromkeys(
        labelling.target for labelling in chosen if labelling.target not in {row.lang for row in scores}
    )
    if missing:
        yield f"The labels in {_names(missing)} have not been compared with gold labels: their quality is unknown."
    if scores:
        yield "Scores cover all projected sentences with gold labels, not only those selected for export."


def _not_projected(connection: Connection, chosen: Sequence[Labelling]) -> Iterator[str]:
    steps = {labelling.step.step_id for labelling in chosen}
    query = select(outcome.c.status, func.count()).where(outcome.c.step_id.in_(steps))
    rows = connection.execute(query.where(outcome.c.status.in_(("filtered", "failed"))).group_by(outcome.c.status))
    for status, count in sorted(tuple(row) for row in rows):
        yield f"{count:,} sentences are left out because their projection was {status}."


def _from_models(chosen: Sequence[Labelling]) -> Iterator[str]:
    for labelling in chosen:
        if labelling.is_made:
            models = " and ".join(sorted({_model_name(maker.model) for maker in labelling.makers}))
            yield f"The sentences in {_names([labelling.target])} are machine translations by {models}."
    steps = {spec.digest: spec for labelling in chosen for spec in chain_of(labelling)}.values()
    yield from dict.fromkeys(line for spec in steps for line in _from_model(spec))


def _from_model(spec: StepSpec) -> Iterator[str]:
    model = _model_name(spec.model)
    if spec.kind == "tag":
        yield f"The entities of source sentences were found by {model}: its errors carry over to the labels."
    if spec.kind == ScoreParams.kind and ScoreParams.from_params(spec.params).type == "judge":
        yield f"{model} was asked whether labels are right, and its answers count among their scores."
    if spec.kind in LINKING:
        yield f"Sentences were translated by {model}: its errors carry over to the labels, too."


def _model_name(model: str | None) -> str:
    """What a step computed with; of an imported output only its name is known."""
    prefix, _, name = (model or "").partition(":")
    return f"a model called {name} (its output was imported)" if prefix == "imported" else str(model)


def _dropped(table: ExportTable) -> Iterator[str]:
    if table.on_low_score == "label":
        yield "Labels below a threshold were dropped: their words are tagged O, although they may be entities."


def reproduce(plan: Plan, selection: Selection, title: str) -> str:
    """The commands that produce the same data set again."""
    recipe = quote(plan.recipe.name)
    langs = f"--langs {','.join(dict.fromkeys(labelling.target for labelling in selection.chosen))}"
    source = [f"--source {selection.source}"] if selection.source else []
    options = " ".join([f"--recipe {recipe}", langs, *source, *_options(plan, selection)])
    return f"xprojdb run {recipe}.toml\nxprojdb export hf {quote(title)} {options}"


def _options(plan: Plan, selection: Selection) -> Iterator[str]:
    """The options that go beyond the recipe's ``[export]``."""
    ours = export_table(plan.recipe.text, {}).non_defaults
    for key, value in selection.table.non_defaults.items():
        if ours.get(key) == value:
            continue
        name = f"--{key.replace('_', '-')}"
        if value is True:
            yield name
        elif key == "decontaminate":
            yield from (f"{name} {quote(path)}" for path in value)
        else:
            yield f"{name} {quote(_shown(value, joint=','))}"


def _shown(value: Any, joint: str = ", ") -> str:
    if isinstance(value, dict):
        return joint.join(f"{name}={figure:g}" for name, figure in value.items())
    return joint.join(map(str, value)) if isinstance(value, list) else str(value)


def _names(codes: Iterable[str]) -> str:
    return ", ".join(language(code).name for code in codes)
