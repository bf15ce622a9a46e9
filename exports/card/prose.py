"""What the card tells in sentences: how the data set was chosen, what its limits are, and how to make it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote
from typing import Any

from sqlalchemy import Connection, func, select

from xprojdb.config.recipe import export_table
from xprojdb.config.tables.export import ExportTable
from xprojdb.db.tables import outcome
from xprojdb.exports.card.render import ScoreFacts
from xprojdb.exports.rows.provenance_columns import chain_of
from xprojdb.exports.selection.parts import Selection
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.planner import Plan
from xprojdb.steps.registry import LINKING
from xprojdb.text.languages import language

#: what each filter and choice of a cut asks, by its key in ``[export]``
_ASKED = {
    "corpora": "Only sentences of the corpora {}.",
    "splits": "Only the imported splits {}.",
    "labels": "Only the labels {}; the words of others are O.",
    "min_score": "Labels have a score of {} at least.",
    "min_margin": "Labels have a margin over their runner-up of {} at least.",
    "min_votes": "Labels have the votes of {} sources at least.",
    "gold_splits": "Gold labels alone are in the splits {}; no other sentence is one of these or their translations.",
    "gold": "Gold are the reviews of {}.",
    "prefer_gold": "Sentences with gold labels have these in place of projected ones.",
    "outcomes": "Only sentences with the outcome {}.",
    "min_words": "Sentences have {} words at least.",
    "max_words": "Sentences have {} words at most.",
    "min_entities": "Sentences have {} labels at least.",
    "decontaminate": "No sentence, nor a translation of it, has a text of {}.",
    "dedupe": "No two sentences of a language have the same words.",
    "mix": "Mixed by weight: {}.",
    "split_ratios": "The splits were assigned by hash, translations of one another together: {}.",
}

_PER = {
    "lang": "for each language",
    "corpus": "for each corpus",
    "source": "for each source language",
    "all": "in all",
}


def tell_choice(selection: Selection) -> list[str]:
    """How the sentences of an export were chosen, and what each choice took out."""
    table = selection.table
    told = [_ASKED[key].format(_shown(value)) for key, value in table.given.items() if key in _ASKED]
    if table.budget:
        per = _PER[table.budget_per]
        told.append(f"At most {table.budget:,} {table.budget_unit} {per}, drawn by hash with the seed {table.seed}.")
    if table.tiers:
        least = f"the {table.tier_by} of a sentence's least certain label"
        told.append(f"The column `tier` goes by {least}: {_shown(table.tiers)}. Without labels there is none.")
    if selection.cut:
        gone = ", ".join(f"{name} {count:,}" for name, count in selection.cut.removed.items()) or "none"
        told.append(f"Of {selection.cut.found:,} sentences these were taken out: {gone}.")
        if selection.cut.dropped:
            told.append(f"From sentences that passed these filters, {selection.cut.dropped:,} labels were dropped.")
    return told


def tell_limits(connection: Connection, selection: Selection, scores: Sequence[ScoreFacts]) -> list[str]:
    """What a reader must know before trusting the labels."""
    return [
        *_unmeasured(selection.chosen, scores),
        *_not_projected(connection, selection.chosen),
        *_from_models(selection.chosen),
        *_dropped(selection.table),
        "An entity without a counterpart in the translation, or with an uncertain one, has no label: "
        "a word without a label may still belong to an entity.",
    ]


def _unmeasured(chosen: Sequence[Labelling], scores: Sequence[ScoreFacts]) -> Iterator[str]:
    missing = dict.fromkeys(each.target for each in chosen if each.target not in {row.lang for row in scores})
    if missing:
        yield f"The labels in {_names(missing)} were not held against gold: their quality is not known."
    if scores:
        yield "Scores are of all sentences with gold labels that were projected, before any were chosen for export."


def _not_projected(connection: Connection, chosen: Sequence[Labelling]) -> Iterator[str]:
    steps = {each.step.step_id for each in chosen}
    query = select(outcome.c.status, func.count()).where(outcome.c.step_id.in_(steps))
    rows = connection.execute(query.where(outcome.c.status.in_(("filtered", "failed"))).group_by(outcome.c.status))
    for status, count in sorted(tuple(row) for row in rows):
        yield f"{count:,} sentences are left out because their projection was {status}."


def _from_models(chosen: Sequence[Labelling]) -> Iterator[str]:
    for each in chosen:
        if each.is_made:
            told = " and ".join(sorted({str(maker.model) for maker in each.makers}))
            yield f"The sentences in {_names([each.target])} are translations by {told}: nobody wrote them."
    for spec in {spec.digest: spec for each in chosen for spec in chain_of(each)}.values():
        if spec.kind == "tag":
            yield f"The entities of source sentences were found by {spec.model}: its errors are in the labels."
        if spec.kind in LINKING:
            yield f"Sentences were translated by {spec.model}: its errors are in the labels, too."


def _dropped(table: ExportTable) -> Iterator[str]:
    if table.on_low_score == "label":
        yield "Labels below a threshold were dropped alone: their words are O and may be entities."


def reproduce(plan: Plan, selection: Selection, title: str) -> str:
    """The commands that make the same data set again."""
    recipe = quote(plan.recipe.name)
    langs = f"--langs {','.join(dict.fromkeys(each.target for each in selection.chosen))}"
    source = [f"--source {selection.source}"] if selection.source else []
    options = " ".join([f"--recipe {recipe}", langs, *source, *_options(plan, selection)])
    return f"xprojdb run {recipe}.toml\nxprojdb export hf {quote(title)} {options}"


def _options(plan: Plan, selection: Selection) -> Iterator[str]:
    """What the cut asks beyond the recipe's ``[export]``."""
    ours = export_table(plan.recipe.text, {}).given
    for key, value in selection.table.given.items():
        if ours.get(key) == value:
            continue
        name = f"--{key.replace('_', '-')}"
        if value is True:
            yield name
        elif key == "decontaminate":
            yield from (f"{name} {quote(each)}" for each in value)
        else:
            yield f"{name} {quote(_shown(value, joint=','))}"


def _shown(value: Any, joint: str = ", ") -> str:
    if isinstance(value, dict):
        return joint.join(f"{name}={figure:g}" for name, figure in value.items())
    return joint.join(map(str, value)) if isinstance(value, list) else str(value)


def _names(codes: Iterable[str]) -> str:
    return ", ".join(language(code).name for code in codes)
