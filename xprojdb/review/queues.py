"""Which sentences a campaign asks about: the least certain, the most disputed, those with rare labels, or random ones.

A queue that is not a random sample is a biased gold set. So a mixture is drawn part by part, and every sentence is
stored with its probability: 1 for those that an order takes, the sampling rate for those drawn at random from the rest.
Scores that weight each sentence by the inverse are estimates for all sentences, if every sentence could be drawn.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, func, select

from xprojdb.db import bulk
from xprojdb.db.tables import label, outcome, sentence, vote
from xprojdb.errors import UsageError
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.provenance.voted_labels import projections_before
from xprojdb.review.calibration.model import latest_calibration
from xprojdb.text.spans import Span

RANDOM = "random"


class QueuedSentence(NamedTuple):
    """A sentence of a queue."""

    sentence_id: int
    translation_id: int
    probability: float


#: sentence and translation (0 for several) of a population
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mixture:
    """How a queue is drawn: the share of each order, which add up to 1."""

    shares: Mapping[str, float]

    def __str__(self) -> str:
        if len(self.shares) == 1:
            return next(iter(self.shares))
        return ",".join(f"{name}={share:g}" for name, share in self.shares.items())

    @property
    def covers_all(self) -> bool:
        """Whether every sentence can be drawn."""
        return self.shares.get(RANDOM, 0) > 0


def parse_mixture(text: str) -> Mixture:
    """Read ``margin``, or ``margin=0.7,random=0.3``.

    :raises UsageError: when it names an unknown order, or the shares are not positive or do not add up to 1.
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = part.strip().partition("=")
        if name not in (RANDOM, *ORDERS):
            raise UsageError(
                f"there is no order {name!r}", hint=f"choose from {RANDOM}, {', '.join(ORDERS)}", order=name
            )
        shares[name] = _share(text, share) if share else 1.0
    if abs(sum(shares.values()) - 1) > 1e-9:
        raise UsageError(
            f"the shares of {text} do not add up to 1", hint="use shares such as margin=0.7,random=0.3", order=text
        )
    return Mixture(shares)


def _share(text: str, share: str) -> float:
    try:
        value = float(share)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise UsageError(
            f"{share!r} in {text} is not a share", hint="use shares such as margin=0.7,random=0.3", order=text
        )
    return value


def read_population(connection: Connection, labelling: Labelling, splits: Sequence[str] = ()) -> list[Place]:
    """The sentences that a step has finished, each once, by key."""
    query, item, key = labelling.covered()
    done = (outcome.c.step_id == labelling.step.step_id) & (outcome.c.item_id == item)
    target = sentence.alias("asked")
    query = query.join(target, target.c.id == key).join(outcome, done & outcome.c.status.in_(("ok", "empty")))
    if splits:
        query = query.where(func.coalesce(target.c.split, "train").in_(splits))
    links: dict[int, int] = {}
    for link, sentence_id in bulk.fetch(connection, query.order_by(key)):
        links.setdefault(sentence_id, link)
    return list(links.items())


def draw(
    connection: Connection, labelling: Labelling, population: Sequence[Place], by: Mixture, size: int, seed: int
) -> list[QueuedSentence]:
    """Draw a queue.

    :param population: the sentences to draw from, by key.
    :param size: the maximal number of sentences.
    :param seed: the same seed draws the same queue.
    :returns: the sentences in queue order; those of a mixture are shuffled, so that any first part is a mixture, too.
    """
    chance = random.Random(seed)
    left, drawn = list(population), list[QueuedSentence]()
    total = min(size, len(population))
    for name, share in sorted(by.shares.items(), key=lambda item: item[0] == RANDOM):
        count = min(round(share * total), len(left)) if name != RANDOM else min(total - len(drawn), len(left))
        if name == RANDOM:
            taken, probability = chance.sample(left, count), count / len(left) if left else 1.0
        else:
            keys = ORDERS[name](connection, labelling)
            # Ties are broken at random: by key, the sentences imported first would win.
            tied = {place: chance.random() for place in left}
            taken = sorted(left, key=lambda place: (keys.get(place, float("inf")), tied[place]))[:count]
            probability = 1.0
        drawn += [QueuedSentence(*place, probability) for place in taken]
        gone = set(taken)
        left = [place for place in left if place not in gone]
    if len(by.shares) > 1:
        chance.shuffle(drawn)
    return drawn


def _least(column: str) -> Callable[[Connection, Labelling], Mapping[Place, float]]:
    def read(connection: Connection, labelling: Labelling) -> Mapping[Place, float]:
        own = label.c
        query = select(own.sentence_id, own.translation_id, func.min(own[column]))
        query = query.where(own.step_id == labelling.step.step_id).group_by(own.sentence_id, own.translation_id)
        return {(key, link): value for key, link, value in bulk.fetch(connection, query)}

    return read


def _by_disagreement(connection: Connection, labelling: Labelling) -> Mapping[Place, float]:
    """By sentence, the share of the sources that agree with its most disputed label.

    Where taggers voted on a projection, it is the share of labels that both have, of those that one of them has.
    """
    if not isinstance(labelling, Consensus):
        step_id = labelling.step.step_id
        before = projections_before(connection, [step_id]).get(step_id)
        if before is None:
            hint = "draw by margin; a recipe with [combine], or one that taggers vote on, has voters"
            raise UsageError("labels from one source have no voters to disagree", hint=hint, order="disagreement")
        return _overlap(_spans(connection, step_id), _spans(connection, before))
    own, voters = label.c, max(len(labelling.step.sources), 1)
    same = [
        vote.c[name] == own[name] for name in ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
    ]
    agreeing = select(func.count()).where(*same).correlate(label).scalar_subquery()
    query = select(own.sentence_id, own.translation_id, agreeing).where(own.step_id == labelling.step.step_id)
    shares: dict[Place, float] = {}
    for key, link, count in bulk.fetch(connection, query):
        shares[key, link] = min(shares.get((key, link), 1.0), count / voters)
    return shares


def _spans(connection: Connection, step_id: int) -> dict[Place, set[Span]]:
    names = ("sentence_id", "translation_id", "start_word", "end_word", "label")
    spans: dict[Place, set[Span]] = {}
    query = select(*(label.c[name] for name in names)).where(label.c.step_id == step_id)
    for key, link, *span in bulk.fetch(connection, query):
        spans.setdefault((key, link), set()).add(Span(*span))
    return spans


def _overlap(first: Mapping[Place, set[Span]], second: Mapping[Place, set[Span]]) -> dict[Place, float]:
    nothing: set[Span] = set()
    pairs = {place: (first.get(place, nothing), second.get(place, nothing)) for place in first.keys() | second.keys()}
    return {place: len(one & two) / len(one | two) for place, (one, two) in pairs.items()}


def _by_rare_label(connection: Connection, labelling: Labelling) -> Mapping[Place, float]:
    """By sentence, the frequency of its rarest label."""
    own = label.c
    query = select(own.sentence_id, own.translation_id, own.label).where(own.step_id == labelling.step.step_id)
    rows = bulk.fetch(connection, query)
    counts = Counter(name for _, _, name in rows)
    frequencies: dict[Place, float] = {}
    for key, link, name in rows:
        frequencies[key, link] = min(frequencies.get((key, link), float("inf")), counts[name])
    return frequencies


def _by_probability(connection: Connection, labelling: Labelling) -> Mapping[Place, float]:
    """By sentence, the probability that all its labels are correct, according to the latest calibration."""
    calibration = latest_calibration(connection, labelling.step.step_id, labelling.target)
    if calibration is None:
        hint = "learn them with xprojdb review calibrate, or draw by margin"
        raise UsageError("there are no probabilities yet", hint=hint, order="probability")
    own = label.c
    query = select(own.sentence_id, own.translation_id, own.label, own[calibration.measure])
    rows = bulk.fetch(connection, query.where(own.step_id == labelling.step.step_id))
    chances = calibration.probabilities([row[2] for row in rows], np.array([row[3] for row in rows], np.float64))
    together: dict[Place, float] = {}
    for (key, link, *_), chance in zip(rows, chances.tolist(), strict=True):
        together[key, link] = together.get((key, link), 1.0) * chance
    return together


#: what each order sorts by, smallest first; sentences without a value come last
ORDERS: Mapping[str, Callable[[Connection, Labelling], Mapping[Place, float]]] = {
    "margin": _least("margin"),
    "score": _least("score"),
    "disagreement": _by_disagreement,
    "probability": _by_probability,
    "rare": _by_rare_label,
}
