"""The content of review pages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from xprojdb.browse.sentence.drawing import DrawnSide, drawn_side
from xprojdb.browse.sentence.view import ShownLabel, ShownSentence, show_sentence
from xprojdb.browse.summaries.recipes import Recipes
from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.provenance.sentences import Text, read_text
from xprojdb.review.campaigns import Campaign, Item, count_items, read_items
from xprojdb.review.decisions import Decision, ReviewedSentence, fold, read_decisions, read_reviewed
from xprojdb.text.spans import Span


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A label to be judged.

    :param key: its name in forms.
    :param now: its current form; None: rejected.
    :param action: the decision; empty: none yet.
    :param behind: where it comes from; None for a label that the reviewer added.
    """

    key: str
    old: Span
    now: Span | None
    text: str
    action: str
    behind: ShownLabel | None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A sentence to be judged.

    :param place: (rank, number of sentences, how many this reviewer has finished or skipped).
    :param context: what is known of the sentence, except imported labels, which would be the answer.
    """

    campaign: Campaign
    item: Item
    place: tuple[int, int, int]
    text: Text
    side: DrawnSide
    rows: list[ReviewRow]
    state: ReviewedSentence
    context: ShownSentence | None
    shown_at: float


def key_of(span: Span, labels: Sequence[str]) -> str:
    """A label as named in a form: no text from a corpus goes through a form."""
    return f"{span.start}.{span.end}.{labels.index(span.label)}"


def span_of(key: str, labels: Sequence[str]) -> Span | None:
    """The label named in a form, if any."""
    parts = key.split(".")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 7 for part in parts):
        return None
    start, end, place = map(int, parts)
    return Span(start, end, labels[place]) if place < len(labels) else None


def read_review_page(database: Database, recipes: Recipes, campaign: Campaign, item: Item, reviewer: str) -> ReviewPage:
    """Read what the page of a sentence shows to a reviewer."""
    with database.read() as connection:
        state = read_reviewed(connection, campaign, item, reviewer)
        text = read_text(connection, item.sentence_id)
        finished = count_finished(connection, campaign, reviewer)
        size = count_items(connection, campaign.id)
    context = _context(database, recipes, campaign, text)
    side = drawn_side(text, state.standing.values())
    rows = list(_rows(campaign, text, state, context.labels if context else []))
    return ReviewPage(campaign, item, (item.rank, size, finished), text, side, rows, state, context, time.time())


def _context(database: Database, recipes: Recipes, campaign: Campaign, text: Text) -> ShownSentence | None:
    if campaign.recipe not in recipes.names():
        return None
    recipe = recipes.get(campaign.recipe)
    if recipe is None or campaign.step_id not in {labelling.step.step_id for labelling in recipe.plan.labellings}:
        # The recipe has changed since then: its labels are not the ones being judged.
        return None
    try:
        return replace(show_sentence(database, recipe, str(text.id)), gold=None)
    except UsageError:
        return None


def _rows(campaign: Campaign, text: Text, state: ReviewedSentence, labels: Sequence[ShownLabel]) -> list[ReviewRow]:
    behind = {label.span: label for label in labels if label.span is not None}
    rows = []
    for old in sorted({*state.shown, *state.decided}):
        decided = state.decided.get(old)
        now = state.standing.get(old)
        shown = now or old
        values = (text.phrase(shown.start, shown.end), decided.action if decided else "", behind.get(old))
        rows.append(ReviewRow(key_of(old, campaign.labels), old, now, *values))
    return rows


def count_finished(connection: Connection, campaign: Campaign, reviewer: str) -> int:
    """How many sentences a reviewer has finished or skipped."""
    return sum(1 for _, state in _states(connection, campaign, reviewer) if state != "open")


def next_open(connection: Connection, campaign: Campaign, reviewer: str, after: int = -1) -> int | None:
    """The next position in the queue that a reviewer has left open, starting over at the end."""
    places = [rank for rank, state in _states(connection, campaign, reviewer) if state == "open"]
    return next((rank for rank in places if rank > after), places[0] if places else None)


def _states(connection: Connection, campaign: Campaign, reviewer: str) -> list[tuple[int, str]]:
    by_sentence: dict[int, list[Decision]] = {}
    for decision in read_decisions(connection, campaign.id, reviewer=reviewer):
        by_sentence.setdefault(decision.sentence_id, []).append(decision)
    items = read_items(connection, campaign.id)
    return [(item.rank, fold((), by_sentence.get(item.sentence_id, ())).state) for item in items]
