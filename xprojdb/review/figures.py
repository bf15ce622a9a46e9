"""Scores from a campaign that are estimates for all sentences that it was drawn from.

A queue ordered by margin is full of errors: its plain F1 would be that of the worst sentences. So each sentence is
weighted by the inverse of its probability of being drawn (Horvitz and Thompson 1952), which must not be zero for any.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from xprojdb.arrays import Floats
from xprojdb.db import Database
from xprojdb.db.tables import campaign, campaign_item, outcome, step
from xprojdb.errors import UsageError
from xprojdb.evaluation.gold import read_gold, read_projected
from xprojdb.evaluation.span_metrics import SpanCounts, count_spans
from xprojdb.review.campaigns import Campaign, Item, read_items
from xprojdb.review.freezing import find_frozen
from xprojdb.review.queues import parse_mixture
from xprojdb.text.spans import Span

ALL = "all"


class BiasedSample(UsageError):
    """Scores that would only apply to the selected sentences, not to all; the field ``campaign`` names the campaign."""


@dataclass(frozen=True, slots=True)
class WeightedScore:
    """Estimated precision, recall and F1 over all sentences, in 0..1, with a 95 % bootstrap interval of F1."""

    precision: float
    recall: float
    f1: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """The scores of the labels that a campaign shows.

    :param sentences: how many are finished.
    :param drawn: how many are in the queue.
    :param population: how many it was drawn from.
    :param plain: unweighted F1 of the finished sentences.
    """

    sentences: int
    drawn: int
    population: int
    plain: float
    labels: dict[str, WeightedScore]


class JudgedSentence(NamedTuple):
    """A finished sentence with its gold and projected labels."""

    item: Item
    gold: list[Span]
    predicted: list[Span]


def read_judged(connection: Connection, campaign_: Campaign) -> list[JudgedSentence]:
    """The frozen sentences of a campaign.

    :raises UsageError: when nothing was frozen, or the campaign shows no labels.
    """
    if campaign_.step_id is None:
        hint = f"use xprojdb evaluate --gold {campaign_.name}"
        raise UsageError(f"{campaign_.name} shows no labels to score", hint=hint, campaign=campaign_.name)
    frozen = find_frozen(connection, campaign_.name)
    done = set(connection.execute(select(outcome.c.item_id).where(outcome.c.step_id == frozen)).scalars())
    items = sorted(
        (item for item in read_items(connection, campaign_.id) if item.sentence_id in done),
        key=lambda item: item.sentence_id,
    )
    keys = [item.sentence_id for item in items]
    gold = read_gold(connection, keys, frozen)
    predicted = read_projected(connection, [campaign_.step_id], keys)
    return [
        JudgedSentence(item, gold.get(item.sentence_id, []), predicted.get((item.sentence_id, item.translation_id), []))
        for item in items
    ]


def weighted_figures(
    database: Database, campaign_: Campaign, *, resamples: int = 1000, seed: int = 0
) -> CampaignFigures:
    """The scores of the labels that a campaign shows, weighted as estimates for all sentences.

    :raises BiasedSample: when some sentences could not have been drawn.
    """
    with database.read() as connection:
        judged = read_judged(connection, campaign_)
        drawn = len(read_items(connection, campaign_.id))
    _check_chance(campaign_.name, campaign_.ordering, drawn, int(campaign_.query["population"]))
    counts = count_spans((judgment.gold, judgment.predicted) for judgment in judged)
    weights = weights_of(judged)
    labels = {ALL: _score(counts.rows.sum(axis=1), weights, resamples, seed)}
    for place, name in enumerate(counts.labels):
        labels[name] = _score(counts.rows[:, place], weights, resamples, seed)
    return CampaignFigures(len(judged), drawn, int(campaign_.query["population"]), _plain(counts), labels)


def _plain(counts: SpanCounts) -> float:
    return counts.micro().f1


def _score(rows: NDArray[np.int32], weights: Floats, resamples: int, seed: int) -> WeightedScore:
    """A score from weighted counts.

    :param rows: (N, 3): correct, predicted and gold spans of each sentence.
    :param weights: (N,).
    """
    weighted = rows * weights[:, np.newaxis]
    precision, recall, f1 = _ratios(weighted.sum(axis=0))
    samples = np.random.default_rng(seed).multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=resamples)
    low, high = np.percentile([_ratios(total)[2] for total in samples @ weighted], (2.5, 97.5))
    return WeightedScore(precision, recall, f1, float(low), float(high))


def _ratios(total: Floats) -> tuple[float, float, float]:
    correct, predicted, gold = (float(count) for count in total)
    precision = correct / predicted if predicted else 0.0
    recall = correct / gold if gold else 0.0
    return precision, recall, 2 * correct / (predicted + gold) if predicted + gold else 0.0


def fair_gold(database: Database, name: str) -> int:
    """The step with the frozen reviews of a campaign.

    :param name: of the campaign, or a prefix of the step's digest.
    :raises UsageError: when nothing was frozen.
    :raises BiasedSample: when unweighted scores would not be those of all sentences.
    """
    with database.read() as connection:
        step_id = find_frozen(connection, name)
        check_fair(connection, step_id)
    return step_id


def check_fair(connection: Connection, frozen: int) -> None:
    """Refuse a frozen step whose unweighted scores would not be those of all sentences.

    :raises BiasedSample: when its sentences were not all drawn with the same probability.
    """
    params = json.loads(connection.execute(select(step.c.params).where(step.c.id == frozen)).scalar_one())
    own, name = campaign_item.c, params["campaign"]
    query = select(own.probability).join(campaign, campaign.c.id == own.campaign_id).distinct()
    chances = set(connection.execute(query.where(campaign.c.name == name)).scalars())
    # Labels from elsewhere belong to sentences that were not drawn at all.
    ordered = bool(chances) and not parse_mixture(params["ordering"]).covers_all
    if len(chances) > 1 or (ordered and not _is_whole(connection, name)):
        raise BiasedSample(
            f"the sentences of {name} were selected by {params['ordering']}: their F1 is not that of all sentences",
            hint=f"xprojdb review evaluate {name} weights them, if a random share was drawn",
            campaign=name,
        )


def _is_whole(connection: Connection, name: str) -> bool:
    row = connection.execute(select(campaign.c.id, campaign.c.query).where(campaign.c.name == name)).one()
    population: int = json.loads(row.query)["population"]
    return len(read_items(connection, row.id)) == population


def _check_chance(name: str, ordering: str, drawn: int, population: int) -> None:
    if not parse_mixture(ordering).covers_all and drawn < population:
        raise BiasedSample(
            f"{name} was drawn by {ordering} only: sentences that it left out could not have been drawn",
            hint="draw a campaign with a random share, such as --by margin=0.7,random=0.3",
            campaign=name,
        )


def weights_of(judged: Sequence[JudgedSentence]) -> Floats:
    """The inverse of each sentence's probability."""
    return np.array([1 / judgment.item.probability for judgment in judged], np.float64)
