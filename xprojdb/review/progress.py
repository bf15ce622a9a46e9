"""The progress of campaigns and reviewers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import Connection

from xprojdb.db import Database
from xprojdb.review.campaigns import Campaign, Item, read_items
from xprojdb.review.decisions import DONE, OF_LABELS, SKIP, Decision, ReviewedSentence, fold, read_decisions, read_shown


@dataclass(slots=True)
class ReviewerProgress:
    """The progress of one reviewer.

    :param finished, skipped: numbers of sentences.
    :param actions: numbers of labels by decision.
    :param seconds: median per finished sentence; None if it was not measured.
    """

    reviewer: str
    finished: int = 0
    skipped: int = 0
    actions: dict[str, int] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CampaignProgress:
    """The progress of a campaign.

    :param finished: how many sentences the required number of reviewers have finished.
    :param begun: how many sentences at least one reviewer has finished.
    """

    campaign: Campaign
    sentences: int
    finished: int
    begun: int
    reviewers: list[ReviewerProgress]


def read_reviews(
    connection: Connection, campaign: Campaign
) -> tuple[list[Item], Mapping[int, dict[str, ReviewedSentence]]]:
    """The queue, and the state of each reviewed sentence by reviewer."""
    items = read_items(connection, campaign.id)
    by_place: dict[tuple[int, str], list[Decision]] = defaultdict(list)
    for decision in read_decisions(connection, campaign.id):
        by_place[decision.sentence_id, decision.reviewer].append(decision)
    reviewed = {key for key, _ in by_place}
    shown = read_shown(connection, campaign, [item for item in items if item.sentence_id in reviewed])
    reviews: dict[int, dict[str, ReviewedSentence]] = {}
    for (key, reviewer), rows in by_place.items():
        reviews.setdefault(key, {})[reviewer] = fold(shown.get(key, ()), rows)
    return items, reviews


def read_progress(database: Database, campaign: Campaign) -> CampaignProgress:
    """Count finished and skipped sentences."""
    with database.read() as connection:
        items, reviews = read_reviews(connection, campaign)
    times = [finishers(reviews.get(item.sentence_id, {})) for item in items]
    names = sorted({name for review in reviews.values() for name in review})
    finished = sum(len(time_) >= campaign.redundancy for time_ in times)
    people = [_of_reviewer(name, [review[name] for review in reviews.values() if name in review]) for name in names]
    return CampaignProgress(campaign, len(items), finished, sum(bool(time_) for time_ in times), people)


def finishers(of_sentence: Mapping[str, ReviewedSentence]) -> list[str]:
    """The reviewers who finished a sentence."""
    return sorted(name for name, sentence_ in of_sentence.items() if sentence_.state == DONE)


def _of_reviewer(name: str, sentences: Sequence[ReviewedSentence]) -> ReviewerProgress:
    progress = ReviewerProgress(name)
    progress.finished = sum(sentence.state == DONE for sentence in sentences)
    progress.skipped = sum(sentence.state == SKIP for sentence in sentences)
    rows = [row for sentence in sentences for row in sentence.decided.values()]
    progress.actions = dict(Counter(row.action for row in rows if row.action in OF_LABELS).most_common())
    seconds = [
        row.seconds for sentence in sentences for row in sentence.live if row.action == DONE and row.seconds is not None
    ]
    progress.seconds = median(seconds) if seconds else None
    return progress
