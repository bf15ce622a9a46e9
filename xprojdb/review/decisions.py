"""What reviewers decided: rows that are only ever added, and what a sentence looks like after them."""

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
    """A decision that cannot stand; the field ``reason`` is a code."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A row.

    :param old: the label that it is about, as it was shown, or as the reviewer added it.
    :param new: what it should be.
    :param undone: the row that an ``undo`` takes back.
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
    :param decided: the last decision about each label, by the label as it was shown or added.
    :param state: ``open``, ``skip`` or ``sentence-done``.
    :param live: the rows that are not taken back, in order.
    """

    shown: list[Span]
    decided: dict[Span, Decision] = field(default_factory=dict)
    state: str = "open"
    live: list[Decision] = field(default_factory=list)

    @property
    def undecided(self) -> list[Span]:
        """Shown labels that nothing was said about."""
        return [span for span in self.shown if span not in self.decided]

    @property
    def spans(self) -> list[Span]:
        """The labels that hold after all; those nothing was said about are not among them."""
        kept = (each.old if each.action in (ACCEPT, BULK) else each.new for each in self.decided.values())
        return sorted(span for span in kept if span is not None)

    @property
    def standing(self) -> dict[Span, Span]:
        """What each label now is, by what it was, those nothing was said about included."""
        found = {span: span for span in self.undecided}
        for old, each in self.decided.items():
            now = each.old if each.action in (ACCEPT, BULK) else each.new
            if now is not None:
                found[old] = now
        return found


def fold(shown: Iterable[Span], rows: Iterable[Decision]) -> ReviewedSentence:
    """What a sentence looks like after one reviewer's rows, in their order: the last one about a label holds."""
    ordered = sorted(rows, key=lambda row: row.id)
    undone = {each.undone for each in ordered if each.action == UNDO}
    found = ReviewedSentence(sorted(set(shown)))
    found.live = [each for each in ordered if each.action != UNDO and each.id not in undone]
    for each in found.live:
        if each.action in OF_LABELS:
            about = each.new if each.action == ADD else each.old
            assert about is not None
            found.decided[about] = each
        else:
            found.state = each.action
    return found


def read_decisions(
    connection: Connection, campaign_id: int, *, reviewer: str | None = None, sentences: Sequence[int] | None = None
) -> list[Decision]:
    """The rows of a campaign, in order.

    :param sentences: only about these.
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
    found: dict[int, list[Span]] = {}
    for key, link, *span in bulk.fetch(connection, query.where(*here).order_by(own.ordinal)):
        if links[key] == link:
            found.setdefault(key, []).append(Span(*span))
    return found


def read_reviewed(connection: Connection, campaign: Campaign, item: Item, reviewer: str) -> ReviewedSentence:
    """A sentence as a reviewer left it."""
    shown = read_shown(connection, campaign, [item]).get(item.sentence_id, [])
    rows = read_decisions(connection, campaign.id, reviewer=reviewer, sentences=[item.sentence_id])
    return fold(shown, rows)


def decide(
    database: Database, campaign: Campaign, item: Item, reviewer: str, decisions: Sequence[NewDecision]
) -> ReviewedSentence:
    """Add decisions of a reviewer about a sentence, all or none.

    :raises ReviewError: when one is about no label, lies outside the sentence, overlaps another label that stands, has
        a label that the campaign has not, or finishes a sentence with labels that nothing was said about.
    """
    # Nothing that is counted rests on reviews.
    with database.write(counted=False) as connection:
        words = words_of(connection, item.sentence_id)
        for decision in decisions:
            append_checked(connection, campaign, item, reviewer, decision, len(words))
        return read_reviewed(connection, campaign, item, reviewer)


def _check(state: ReviewedSentence, new: NewDecision, words: int, labels: Sequence[str]) -> None:
    if new.action in (ACCEPT, BULK, CORRECT, REJECT) and new.old not in {*state.shown, *state.decided}:
        raise _refused("there is no such label any more", "unknown", "load the page again")
    if new.action in (CORRECT, ADD):
        _check_span(state, new, words, labels)
    if new.action in (ACCEPT, BULK) and new.old is not None:
        _check_overlap(state, new.old, new.old)
    if new.action == DONE and state.undecided:
        told = f"nothing was said about {len(state.undecided)} labels"
        raise _refused(told, "undecided", "accept or reject them, or accept all")


def _check_span(state: ReviewedSentence, new: NewDecision, words: int, labels: Sequence[str]) -> None:
    span = new.new
    if span is None or not 0 <= span.start < span.end <= words:
        raise _refused("these words are not in the sentence", "outside", f"it has words 0 to {words - 1}")
    if span.label not in labels:
        raise _refused(f"the campaign has no label {span.label}", "label", f"it has {', '.join(labels)}")
    _check_overlap(state, span, new.old)


def _check_overlap(state: ReviewedSentence, span: Span, old: Span | None) -> None:
    for about, now in state.standing.items():
        if about != old and now.start < span.end and span.start < now.end:
            told = f"the words {now.start}–{now.end - 1} are {now.label}"
            raise _refused(told, "overlap", "reject or shorten that label first")


def _refused(message: str, reason: str, hint: str) -> ReviewError:
    return ReviewError(message, hint=hint, reason=reason)


def undo(database: Database, campaign: Campaign, item: Item, reviewer: str) -> Decision | None:
    """Take back the last decision of a reviewer about a sentence that stands; None when there is none."""
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
    """Add a decision to a transaction.

    :param words: of the sentence.
    :raises ReviewError: when it cannot stand, as :func:`decide` has it.
    """
    _check(read_reviewed(connection, campaign, item, reviewer), new, words, campaign.labels)
    values = _common(campaign, item.sentence_id, reviewer) | row_values(new)
    connection.execute(insert(review).values(**values))


def row_values(new: NewDecision) -> dict[str, object]:
    """The columns that a decision fills."""
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
