"""How well reviewers agree on the sentences that both have finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.evaluation.span_metrics import SpanScore, count_spans
from xprojdb.review.campaigns import Campaign
from xprojdb.review.decisions import ReviewedSentence
from xprojdb.review.progress import finishers, read_reviews
from xprojdb.text.spans import Span


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of two reviewers; for F1 one of them counts as gold, no matter which.

    :param sentences: how many both have finished.
    :param equal: how many of these have the same labels.
    :param places: F1 of spans, ignoring their labels.
    :param labels: F1 by label.
    """

    first: str
    second: str
    sentences: int
    equal: int
    all: SpanScore
    places: SpanScore
    labels: dict[str, SpanScore] = field(default_factory=dict)


def read_agreement(database: Database, campaign: Campaign) -> list[Agreement]:
    """The agreement of each pair of reviewers.

    :raises UsageError: when no sentence was finished by two reviewers.
    """
    with database.read() as connection:
        _, reviews = read_reviews(connection, campaign)
    names = sorted({name for review in reviews.values() for name in finishers(review)})
    agreements = [_agreement(one, two, reviews) for one, two in combinations(names, 2)]
    agreements = [agreement for agreement in agreements if agreement.sentences]
    if not agreements:
        hint = f"add another reviewer: xprojdb review start {campaign.name} --reviewer NAME"
        raise UsageError(
            f"no sentence of {campaign.name} was finished by two reviewers", hint=hint, campaign=campaign.name
        )
    return agreements


def _agreement(first: str, second: str, reviews: Mapping[int, Mapping[str, ReviewedSentence]]) -> Agreement:
    both = [
        (review[first].spans, review[second].spans)
        for review in reviews.values()
        if {first, second} <= {*finishers(review)}
    ]
    counts = count_spans(both)
    places = count_spans(([_bare(span) for span in one], [_bare(span) for span in two]) for one, two in both)
    equal = sum(one == two for one, two in both)
    return Agreement(first, second, len(both), equal, counts.micro(), places.micro(), counts.scores())


def _bare(span: Span) -> Span:
    return span._replace(label="")
