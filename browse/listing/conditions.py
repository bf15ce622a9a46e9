"""The SQL of list filters: conditions on a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeVar

from sqlalchemy import ColumnElement, Text, and_, exists, false, not_, or_, select
from sqlalchemy.sql.selectable import FromClause

from xprojdb.browse.listing.filters import Filters
from xprojdb.browse.summaries.recipes import FinalStep, KnownRecipe
from xprojdb.db.tables import corpus, label, outcome, review, sentence, step, translation, vote
from xprojdb.provenance.voted_labels import is_as_projected

Condition = ColumnElement[bool]
Value = TypeVar("Value")
#: the score of a label that all sources agree on, allowing for rounding
_ALL = 0.999999


def of_sentence(filters: Filters, recipe: KnownRecipe | None) -> Iterator[Condition]:
    """Conditions on the sentence itself; not by an index, since sentences are searched by key."""
    own = sentence.c
    if filters.corpus:
        yield _unindexed(own.corpus_id).in_(select(corpus.c.id).where(corpus.c.name == filters.corpus))
    if filters.lang:
        yield _unindexed(own.lang) == filters.lang
    elif recipe is not None and filters.of_recipe:
        yield _unindexed(own.lang).in_(recipe.langs)
    if filters.split:
        # Sentences without a split are exported as train.
        yield own.split.is_(None) if filters.split == "–" else own.split == filters.split
    if filters.text:
        yield from _contains(filters.text)
    if filters.reviewed:
        finished = exists().where(review.c.sentence_id == own.id, review.c.action == "sentence-done")
        yield finished if filters.reviewed == "yes" else ~finished


def _contains(text: str) -> Iterator[Condition]:
    """The words, one after another, contain a text: each of its words as written in JSON."""
    words = text.split()
    spaced = '", "'.join(json.dumps(word, ensure_ascii=False)[1:-1] for word in words)
    close = spaced.replace('", "', '","')
    yield or_(*(sentence.c.words.contains(form, autoescape=True) for form in {spaced, close}))


def of_recipe(filters: Filters, recipe: KnownRecipe) -> Iterator[Condition]:
    """Conditions on a recipe's results for the sentence."""
    if filters.of_labels:
        yield _some_label(recipe, *of_label(label, filters, recipe, of_sentence=True))
    if filters.tier:
        yield from _tier(filters.tier, recipe)
    if filters.outcome or filters.reason:
        yield or_(false(), *(_outcome(filters, final) for final in recipe.finals))


def _some_label(recipe: KnownRecipe, *conditions: Condition) -> Condition:
    here = (label.c.step_id.in_(recipe.steps), label.c.sentence_id == sentence.c.id)
    return exists().where(*here, *through(recipe), *conditions)


def through(recipe: KnownRecipe) -> Iterator[Condition]:
    """A label came from a language of the recipe, if other recipes use its steps as well."""
    if not recipe.shared:
        return
    near = translation.c.id == label.c.translation_id
    yield or_(label.c.translation_id == 0, exists().where(near, from_sources(recipe)))


def from_sources(recipe: KnownRecipe) -> Condition:
    """A translation has a source language of the recipe."""
    langs = sorted({source for _, _, source in recipe.sources})
    return or_(translation.c.original_lang.in_(langs), translation.c.rendering_lang.in_(langs))


def of_label(
    labels: FromClause, filters: Filters, recipe: KnownRecipe, *, of_sentence: bool = False
) -> Iterator[Condition]:
    """Conditions on a label.

    :param of_sentence: whether its sentence is given; then labels are found by it, and not by the index of margins.
    """
    if filters.label:
        yield labels.c.label == filters.label
    for column, low, high in (
        (_unindexed(labels.c.margin) if of_sentence else labels.c.margin, filters.margin_from, filters.margin_to),
        (labels.c.score, filters.score_from, filters.score_to),
    ):
        if low is not None:
            yield column >= low
        if high is not None:
            yield column <= high
    if filters.divided:
        yield is_divided(labels, recipe)


def _unindexed(column: ColumnElement[Value]) -> ColumnElement[Value]:
    """The value of a column as something that no index has: SQLite would take the index for each single sentence."""
    return column.concat("") if isinstance(column.type, Text) else column + 0


def is_divided(labels: FromClause, recipe: KnownRecipe) -> Condition:
    """A vote for a label was for other words or another label, or a source did not vote for it at all.

    Where taggers voted, the projection has no such label.

    The score of a consensus label is the share of the sources of its sentence that agree with it, which is 1 if all do.
    """
    other = or_(*(vote.c[name] != labels.c[name] for name in ("start_word", "end_word", "label")))
    same = (vote.c[name] == labels.c[name] for name in ("step_id", "sentence_id", "ordinal"))
    voting = select(step.c.id).where(step.c.kind == "combine", step.c.params.contains('"method":"vote"'))
    short = and_(labels.c.step_id.in_(voting), labels.c.score < _ALL)
    taggers = (
        and_(labels.c.step_id == step_id, ~is_as_projected(labels, before)) for step_id, before in recipe.voted.items()
    )
    return or_(short, exists().where(*same, other), *taggers)


def _tier(name: str, recipe: KnownRecipe) -> Iterator[Condition]:
    """The least certain label reaches the threshold of the tier, and not that of the next higher one."""
    column = _unindexed(label.c.margin if recipe.tier_by == "margin" else label.c.score)
    places = [tier for tier, _ in recipe.tiers]
    if name not in places:
        yield false()
        return
    at = places.index(name)
    yield _some_label(recipe)
    yield ~_some_label(recipe, column < recipe.tiers[at][1])
    if at:
        yield _some_label(recipe, column < recipe.tiers[at - 1][1])


def _outcome(filters: Filters, final: FinalStep) -> Condition:
    """A step of the recipe has processed the sentence, with a given outcome."""
    mine = and_(_unindexed(sentence.c.lang) == final.lang, _unindexed(sentence.c.corpus_id) == final.corpus_id)
    if filters.outcome == "pending":
        return and_(mine, not_(_met(final)))
    conditions = [outcome.c.status == filters.outcome] if filters.outcome else []
    if filters.reason:
        conditions.append(outcome.c.reason.contains(filters.reason, autoescape=True))
    return and_(mine, _met(final, *conditions))


def _met(final: FinalStep, *conditions: Condition) -> Condition:
    if final.receiving is None:
        return exists().where(outcome.c.step_id == final.id, outcome.c.item_id == sentence.c.id, *conditions)
    side = translation.c.rendering_id if final.receiving == "rendering" else translation.c.original_id
    # From the translations of the sentence, which are few, to their outcomes: of a join, SQLite may begin with these.
    here = exists().where(outcome.c.step_id == final.id, outcome.c.item_id == translation.c.id, *conditions)
    return exists().where(side == sentence.c.id, here)
