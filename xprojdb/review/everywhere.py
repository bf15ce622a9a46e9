"""Decisions about many labels at once, after showing how many and a sample: a phrase, or unanimous labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import label, step, vote
from xprojdb.provenance.voted_labels import is_as_projected, projections_before
from xprojdb.review.campaigns import Campaign, Item, read_items
from xprojdb.review.decisions import (
    BULK,
    CORRECT,
    Decision,
    NewDecision,
    ReviewError,
    append_checked,
    fold,
    read_decisions,
    read_shown,
)
from xprojdb.review.sentences import ReviewSentence, read_sentences
from xprojdb.steps.reviewed import KIND
from xprojdb.text.spans import Span


@dataclass(frozen=True, slots=True)
class Planned:
    """A decision that would be made.

    :param text: the words it is about.
    """

    item: Item
    sentence: ReviewSentence
    decision: NewDecision
    text: str


def same_phrase(
    connection: Connection, campaign: Campaign, reviewer: str, item: Item, old: Span, decision: NewDecision
) -> list[Planned]:
    """What a decision about a label would be for the same words with the same label in other sentences.

    Only covers labels that the reviewer has not decided. A corrected boundary moves by the same number of words there.
    """
    here = read_sentences(connection, [item.sentence_id])[item.sentence_id]
    phrase = here.phrase(old)
    shift = (decision.new.start - old.start, decision.new.end - old.end) if decision.new else (0, 0)
    planned = []
    for other, sentence, span in _open_labels(connection, campaign, reviewer):
        if other.sentence_id == item.sentence_id or span.label != old.label or sentence.phrase(span) != phrase:
            continue
        new = None
        if decision.action == CORRECT and decision.new is not None:
            new = Span(span.start + shift[0], span.end + shift[1], decision.new.label)
            # If the surrounding words differ, the boundary may be different.
            if sentence.phrase(new) != here.phrase(decision.new):
                continue
        planned.append(Planned(other, sentence, NewDecision(decision.action, span, new, note="same phrase"), phrase))
    return planned


def unanimous(
    connection: Connection, campaign: Campaign, reviewer: str, margin: float, name: str | None = None
) -> list[Planned]:
    """Undecided labels that all voters agree on, with at least this margin.

    :param name: only labels of this name.
    """
    agreed = _agreed(connection, campaign, margin)
    return [
        Planned(item, sentence, NewDecision(BULK, span), sentence.phrase(span))
        for item, sentence, span in _open_labels(connection, campaign, reviewer)
        if (item.sentence_id, *span) in agreed and name in (None, span.label)
    ]


def _agreed(connection: Connection, campaign: Campaign, margin: float) -> set[tuple[int, int, int, str]]:
    """The labels of a campaign's step without any dissenting vote, by sentence and position."""
    own = label.c
    keys = sorted({item.sentence_id for item in read_items(connection, campaign.id)})
    same = [vote.c[name] == own[name] for name in ("step_id", "sentence_id", "ordinal")]
    same.append(_by_sources())
    voters = select(func.count(vote.c.translation_id.distinct())).where(*same)
    agreeing = voters.where(*(vote.c[name] == own[name] for name in ("start_word", "end_word", "label")))
    query = select(own.sentence_id, own.start_word, own.end_word, own.label)
    query = query.where(own.step_id == campaign.step_id, bulk.among(connection, own.sentence_id, keys))
    most = _voters(connection, campaign)
    # Not by the index of margins: labels are found by their sentences.
    query = query.where(own.margin + 0 >= margin)
    if most:
        query = query.where(agreeing.correlate(label).scalar_subquery() >= most)
    for before in projections_before(connection, [campaign.step_id] if campaign.step_id else []).values():
        query = query.where(is_as_projected(label, before))
    return {(key, *span) for key, *span in bulk.fetch(connection, query)}


def _by_sources() -> ColumnElement[bool]:
    """Not votes of people."""
    return vote.c.voter_step_id.not_in(select(step.c.id).where(step.c.kind == KIND))


def _voters(connection: Connection, campaign: Campaign) -> int:
    """The largest number of voters that a label has; 0 if labels have no votes."""
    by_label = select(func.count(vote.c.translation_id.distinct()).label("voters"))
    by_label = by_label.where(vote.c.step_id == campaign.step_id, _by_sources()).group_by(
        vote.c.sentence_id, vote.c.ordinal
    )
    counted = by_label.subquery()
    return connection.execute(select(func.max(counted.c.voters))).scalar() or 0


def _open_labels(
    connection: Connection, campaign: Campaign, reviewer: str
) -> Iterator[tuple[Item, ReviewSentence, Span]]:
    items = read_items(connection, campaign.id)
    shown = read_shown(connection, campaign, items)
    texts = read_sentences(connection, sorted(shown))
    rows: dict[int, list[Decision]] = {}
    for decision in read_decisions(connection, campaign.id, reviewer=reviewer):
        rows.setdefault(decision.sentence_id, []).append(decision)
    for item in items:
        state = fold(shown.get(item.sentence_id, ()), rows.get(item.sentence_id, ()))
        for span in state.undecided:
            yield item, texts[item.sentence_id], span


def decide_all(database: Database, campaign: Campaign, reviewer: str, planned: Sequence[Planned]) -> tuple[int, int]:
    """Make decisions about many labels in one transaction.

    :returns: how many were made, and how many were not possible because of decisions about neighbouring labels.
    """
    count = refused = 0
    with database.write(counted=False) as connection:
        for planned_ in planned:
            try:
                append_checked(
                    connection, campaign, planned_.item, reviewer, planned_.decision, len(planned_.sentence.words)
                )
            except ReviewError:
                refused += 1
                continue
            count += 1
    return count, refused
