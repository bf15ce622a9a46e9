"""Figures from a campaign that hold for all sentences that it was drawn from.

A queue by margin is full of errors: its plain F1 would be that of the worst sentences. Each sentence is weighted by the
inverse of the probability with which it was drawn (Horvitz and Thompson 1952), which every sentence must have had.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

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
Floats = NDArray[np.float64]


class BiasedSample(UsageError):
    """Figures that would be of the sentences that were asked for, and not of all; the field ``campaign`` names it."""


@dataclass(frozen=True, slots=True)
class WeightedScore:
    """Precision, recall and F1 as they would be on all sentences, in 0..1, with a 95 % bootstrap interval of F1."""

    precision: float
    recall: float
    f1: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """What a campaign tells of the labels that it shows.

    :param sentences: finished ones.
    :param drawn: all of the queue.
    :param population: all that it was drawn from.
    :param plain: F1 of the finished sentences as they are, unweighted.
    """

    sentences: int
    drawn: int
    population: int
    plain: float
    labels: dict[str, WeightedScore]


class JudgedSentence(NamedTuple):
    """A finished sentence: what was projected, and what is right."""

    item: Item
    gold: list[Span]
    predicted: list[Span]


def read_judged(connection: Connection, made: Campaign) -> list[JudgedSentence]:
    """The sentences of a campaign that are frozen.

    :raises UsageError: when nothing was frozen, or the campaign shows no labels.
    """
    if made.step_id is None:
        hint = f"xprojdb evaluate --gold {made.name}"
        raise UsageError(f"{made.name} shows no labels that could be judged", hint=hint, campaign=made.name)
    frozen = find_frozen(connection, made.name)
    done = set(connection.execute(select(outcome.c.item_id).where(outcome.c.step_id == frozen)).scalars())
    items = sorted(
        (item for item in read_items(connection, made.id) if item.sentence_id in done),
        key=lambda each: each.sentence_id,
    )
    keys = [item.sentence_id for item in items]
    gold = read_gold(connection, keys, frozen)
    predicted = read_projected(connection, [made.step_id], keys)
    return [
        JudgedSentence(item, gold.get(item.sentence_id, []), predicted.get((item.sentence_id, item.translation_id), []))
        for item in items
    ]


def weighted_figures(database: Database, made: Campaign, *, resamples: int = 1000, seed: int = 0) -> CampaignFigures:
    """The scores of the labels that a campaign shows, weighted so that they hold for all sentences.

    :raises BiasedSample: when some sentences could not have been drawn.
    """
    with database.read() as connection:
        judged = read_judged(connection, made)
        drawn = len(read_items(connection, made.id))
    _check_chance(made.name, made.ordering, drawn, int(made.query["population"]))
    counts = count_spans((each.gold, each.predicted) for each in judged)
    weights = weights_of(judged)
    labels = {ALL: _score(counts.rows.sum(axis=1), weights, resamples, seed)}
    for place, name in enumerate(counts.labels):
        labels[name] = _score(counts.rows[:, place], weights, resamples, seed)
    return CampaignFigures(len(judged), drawn, int(made.query["population"]), _plain(counts), labels)


def _plain(counts: SpanCounts) -> float:
    return counts.micro().f1


def _score(rows: NDArray[np.int32], weights: Floats, resamples: int, seed: int) -> WeightedScore:
    """A score of weighted counts.

    :param rows: (N, 3): correct, predicted and gold spans of each sentence.
    :param weights: (N,).
    """
    weighted = rows * weights[:, np.newaxis]
    precision, recall, f1 = _ratios(weighted.sum(axis=0))
    samples = np.random.default_rng(seed).multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=resamples)
    low, high = np.percentile([_ratios(total)[2] for total in samples @ weighted], (2.5, 97.5))
    return WeightedScore(precision, recall, f1, float(low), float(high))


def _ratios(total: Floats) -> tuple[float, float, float]:
    correct, predicted, gold = (float(each) for each in total)
    precision = correct / predicted if predicted else 0.0
    recall = correct / gold if gold else 0.0
    return precision, recall, 2 * correct / (predicted + gold) if predicted + gold else 0.0


def check_fair(connection: Connection, frozen: int) -> None:
    """Refuse a frozen step whose plain figures would not be those of all sentences.

    :raises BiasedSample: when its sentences were not drawn with one probability.
    """
    params = json.loads(connection.execute(select(step.c.params).where(step.c.id == frozen)).scalar_one())
    own, name = campaign_item.c, params["campaign"]
    query = select(own.probability).join(campaign, campaign.c.id == own.campaign_id).distinct()
    chances = set(connection.execute(query.where(campaign.c.name == name)).scalars())
    # Labels that were brought from elsewhere were not drawn at all.
    ordered = bool(chances) and not parse_mixture(params["ordering"]).covers_all
    if len(chances) > 1 or (ordered and not _is_whole(connection, name)):
        raise BiasedSample(
            f"the sentences of {name} were chosen by {params['ordering']}: F1 on them is not F1 on all",
            hint=f"xprojdb review evaluate {name} weights them, where chance had a part",
            campaign=name,
        )


def _is_whole(connection: Connection, name: str) -> bool:
    row = connection.execute(select(campaign.c.id, campaign.c.query).where(campaign.c.name == name)).one()
    population: int = json.loads(row.query)["population"]
    return len(read_items(connection, row.id)) == population


def _check_chance(name: str, ordering: str, drawn: int, population: int) -> None:
    if not parse_mixture(ordering).covers_all and drawn < population:
        raise BiasedSample(
            f"{name} was drawn by {ordering} alone: what it did not take could not have been drawn",
            hint="draw a campaign with a random share, such as --by margin=0.7,random=0.3",
            campaign=name,
        )


def weights_of(judged: Sequence[JudgedSentence]) -> Floats:
    """The inverse probability of each sentence."""
    return np.array([1 / each.item.probability for each in judged], np.float64)
