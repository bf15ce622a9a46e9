"""The decisions of reviewers, in rows that are only ever added, and the resulting state of a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import label, review
from xprojdb.errors import UsageError
from xprojdb.review.campaigns import Campaign, Item, words_of
from xprojdb.text.spans import Span

ACCEPT, CORRECT, REJECT, ADD, SKIP, DONE, UNDO, BULK = (
    "accept", "correct", "reject", "add", "skip", "sentence-done", "undo", "bulk",
)  # fmt: skip
#: actions about one label
OF_LABELS = (ACCEPT, BULK, CORRECT, REJECT, ADD)
_COLUMNS = (
    "id", "sentence_id", "reviewer", "at", "action", "old_start", "old_end", "old_label", "start_word", "end_word",
    "label", "seconds", "note", "undone_id",
)  # fmt: skip


class ReviewError(UsageError):
    """A decision that is not possible; the field ``reason`` is a code."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A row of the table.

    :param old: the label that it is about, as shown or as the reviewer added it.
    :param new: what it should be.
    :param undone: the row that an ``undo`` reverts.
    """

    id: int
    sentence_id: int
    reviewer: str
    at: str
    action: str
    old: Span | None
    new: Span | None
    seconds: float | None
    note: str | None
    undone: int | None


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A row to be added.

    :param action: one of ``accept``, ``correct``, ``reject``, ``add``, ``skip``, ``sentence-done``, ``bulk``.
    :param seconds: since the sentence was shown.
    """

    action: str
    old: Span | None = None
    new: Span | None = None
    seconds: float | None = None
    note: str | None = None


@dataclass(slots=True)
class ReviewedSentence:
    """A sentence after the decisions of one reviewer.

    :param shown: the labels that the campaign shows.
    :param decided: the last decision about each label, by the label as shown or added.
    :param state: ``open``, ``skip`` or ``sentence-done``.
    :param live: the rows that were not undone, in order.
    """

    shown: list[Span]
    decided: dict[Span, Decision] = field(default_factory=dict)
    state: str = "open"
    live: list[Decision] = field(default_factory=list)

    @property
    def undecided(self) -> list[Span]:
        """The shown labels without a decision."""
        return [span for span in self.shown if span not in self.decided]

    @property
    def spans(self) -> list[Span]:
        """The resulting labels, without undecided ones."""
        spans = (
            decision.old if decision.action in (ACCEPT, BULK) else decision.new for decision in self.decided.values()
        )
        return sorted(span for span in spans if span is not None)

    @property
    def standing(self) -> dict[Span, Span]:
        """The current form of each label by its original form, including undecided ones."""
        standing_labels = {span: span for span in self.undecided}
        for old, decision in self.decided.items():
            now = decision.old if decision.action in (ACCEPT, BULK) else decision.new
            if now is not None:
                standing_labels[old] = now
        return standing_labels


def fold(shown: Iterable[Span], rows: Iterable[Decision]) -> ReviewedSentence:
    """The state of a sentence after one reviewer's rows, in order; the last one about a label counts."""
    ordered = sorted(rows, key=lambda row: row.id)
    undone = {decision.undone for decision in ordered if decision.action == UNDO}
    sentence_ = ReviewedSentence(sorted(set(shown)))
    sentence_.live = [decision for decision in ordered if decision.action != UNDO and decision.id not in undone]
    for decision in sentence_.live:
        if decision.action in OF_LABELS:
            about = decision.new if decision.action == ADD else decision.old
            assert about is not None
            sentence_.decided[about] = decision
        else:
            sentence_.state = decision.action
    return sentence_


def read_decisions(
    connection: Connection, campaign_id: int, *, reviewer: str | None = None, sentences: Sequence[int] | None = None
) -> list[Decision]:
    """The rows of a campaign, in order.

    :param sentences: only rows about these.
    """
    query = select(*(review.c[name] for name in _COLUMNS)).where(review.c.campaign_id == campaign_id)
    if reviewer is not None:
        query = query.where(review.c.reviewer == reviewer)
    if sentences is not None:
        query = query.where(bulk.among(connection, review.c.sentence_id, sentences))
    return [_decision(*row) for row in bulk.fetch(connection, query.order_by(review.c.id))]


def _decision(
    key: int, sentence_id: int, reviewer: str, at: str, action: str, old_start: int | None, old_end: int | None,
    old_label: str | None, start: int | None, end: int | None, name: str | None, seconds: float | None,
    note: str | None, undone: int | None,
) -> Decision:  # fmt: skip
    old = _span(old_start, old_end, old_label)
    return Decision(key, sentence_id, reviewer, at, action, old, _span(start, end, name), seconds, note, undone)


def _span(start: int | None, end: int | None, name: str | None) -> Span | None:
    return None if start is None or end is None or name is None else Span(start, end, name)


def read_shown(connection: Connection, campaign: Campaign, items: Sequence[Item]) -> dict[int, list[Span]]:
    """The labels that a campaign shows, by sentence."""
    if campaign.step_id is None:
        return {}
    links = {item.sentence_id: item.translation_id for item in items}
    own = label.c
    query = select(own.sentence_id, own.translation_id, own.start_word, own.end_word, own.label)
    here = own.step_id == campaign.step_id, bulk.among(connection, own.sentence_id, sorted(links))
    labels: dict[int, list[Span]] = {}
    for key, link, *span in bulk.fetch(connection, query.where(*here).order_by(own.ordinal)):
        if links[key] == link:
            labels.setdefault(key, []).append(Span(*span))
    return labels


def read_reviewed(connection: Connection, campaign: Campaign, item: Item, reviewer: str) -> ReviewedSentence:
    """The state of a sentence for a reviewer."""
    shown = read_shown(connection, campaign, [item]).get(item.sentence_id, [])
    rows = read_decisions(connection, campaign.id, reviewer=reviewer, sentences=[item.sentence_id])
    return fold(shown, rows)


def decide(
    database: Database, campaign: Campaign, item: Item, reviewer: str, decisions: Sequence[NewDecision]
) -> ReviewedSentence:
    """Add decisions of a reviewer about a sentence, all or none.

    :raises ReviewError: when one is about a label that does not exist, lies outside the sentence, overlaps another
        label, has a label that the campaign does not have, or finishes a sentence with undecided labels.
    """
    # No cached count depends on reviews.
    with database.write(counted=False) as connection:
        words = words_of(connection, item.sentence_id)
        for decision in decisions:
            append_checked(connection, campaign, item, reviewer, decision, len(words))
        return read_reviewed(connection, campaign, item, reviewer)


def _check(state: ReviewedSentence, new: NewDecision, words: int, labels: Sequence[str]) -> None:
    if new.action in (ACCEPT, BULK, CORRECT, REJECT) and new.old not in {*state.shown, *state.decided}:
        raise _refused("this label no longer exists", "unknown", "reload the page")
    if new.action in (CORRECT, ADD):
        _check_span(state, new, words, labels)
    if new.action in (ACCEPT, BULK) and new.old is not None:
        _check_overlap(state, new.old, new.old)
    if new.action == DONE and state.undecided:
        message = f"{len(state.undecided)} labels are undecided"
        raise _refused(message, "undecided", "accept or reject them, or accept all")


def _check_span(state: ReviewedSentence, new: NewDecision, words: int, labels: Sequence[str]) -> None:
    span = new.new
    if span is None or not 0 <= span.start < span.end <= words:
        raise _refused("these words are not in the sentence", "outside", f"its words are 0 to {words - 1}")
    if span.label not in labels:
        raise _refused(f"the campaign has no label {span.label}", "label", f"its labels: {', '.join(labels)}")
    _check_overlap(state, span, new.old)


def _check_overlap(state: ReviewedSentence, span: Span, old: Span | None) -> None:
    for about, now in state.standing.items():
        if about != old and now.start < span.end and span.start < now.end:
            message = f"the words {now.start}–{now.end - 1} are {now.label}"
            raise _refused(message, "overlap", "reject or shorten that label first")


def _refused(message: str, reason: str, hint: str) -> ReviewError:
    return ReviewError(message, hint=hint, reason=reason)


def undo(database: Database, campaign: Campaign, item: Item, reviewer: str) -> Decision | None:
    """Undo a reviewer's last decision about a sentence that still counts; None if there is none."""
    with database.write(counted=False) as connection:
        state = read_reviewed(connection, campaign, item, reviewer)
        if not state.live:
            return None
        last = state.live[-1]
        row = {"action": UNDO, "undone_id": last.id}
        connection.execute(insert(review).values(**_common(campaign, item.sentence_id, reviewer), **row))
        return last


def append_checked(
    connection: Connection, campaign: Campaign, item: Item, reviewer: str, new: NewDecision, words: int
) -> None:
    """Add a decision within a transaction.

    :param words: of the sentence.
    :raises ReviewError: when it is not possible, as for :func:`decide`.
    """
    _check(read_reviewed(connection, campaign, item, reviewer), new, words, campaign.labels)
    values = _common(campaign, item.sentence_id, reviewer) | row_values(new)
    connection.execute(insert(review).values(**values))


def row_values(new: NewDecision) -> dict[str, object]:
    """The values of a decision's columns."""
    old, now = new.old or (None, None, None), new.new or (None, None, None)
    names = ("old_start", "old_end", "old_label", "start_word", "end_word", "label")
    return {
        "action": new.action,
        "seconds": new.seconds,
        "note": new.note,
        **dict(zip(names, (*old, *now), strict=True)),
    }


def _common(campaign: Campaign, sentence_id: int, reviewer: str) -> dict[str, object]:
    return {
        "campaign_id": campaign.id,
        "sentence_id": sentence_id,
        "reviewer": reviewer,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seen_step_id": campaign.step_id,
    }
