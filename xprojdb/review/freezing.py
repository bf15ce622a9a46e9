"""Gold labels from reviews: a step with the labels that the reviewers of a campaign agreed on."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from sys import intern
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select, update

from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import campaign as campaign_table
from xprojdb.db.tables import entity, outcome
from xprojdb.digest import canonical_json
from xprojdb.errors import UsageError
from xprojdb.review.campaigns import IMPORTED, Campaign
from xprojdb.review.labels.annotated import read_annotated
from xprojdb.review.progress import finishers, read_reviews
from xprojdb.steps.reviewed import FROZEN, KIND, find_frozen
from xprojdb.steps.spec import StepSpec, find_step, load_spec, register_step
from xprojdb.text.spans import Span

__all__ = ["KIND", "FrozenReviews", "find_frozen", "freeze_reviews", "freeze_set", "majority"]

VERSION = 1
_BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class FrozenReviews:
    """The result of freezing.

    :param step_id, digest: the step.
    :param sentences: how many became gold.
    :param labels: how many labels they have.
    :param disputed: how many were left out because enough reviewers finished them but disagree.
    :param unfinished: how many were left out because too few reviewers finished them.
    :param known: whether the same reviews were frozen before.
    """

    step_id: int
    digest: str
    sentences: int
    labels: int
    disputed: int
    unfinished: int
    known: bool


def freeze_reviews(database: Database, campaign: Campaign, prefer: str | None = None) -> FrozenReviews:
    """Freeze the sentences that enough reviewers have finished, with the labels of the majority.

    :param prefer: the reviewer whose decision counts if reviewers disagree.
    :raises UsageError: when no sentence can be frozen.
    """
    with database.read() as connection:
        gold = _read_gold(connection, campaign, prefer)
    if not gold.keys:
        counts = f"{gold.unfinished:,} are not finished, {gold.disputed:,} are disputed"
        hint = "see xprojdb review status; --prefer REVIEWER settles disputes"
        raise UsageError(f"no sentence of {campaign.name} can be gold: {counts}", hint=hint, campaign=campaign.name)
    with database.write() as connection:
        return _store(connection, campaign, gold, prefer)


def freeze_set(connection: Connection, campaign: Campaign, only: Gold | None = None) -> FrozenReviews | None:
    """Freeze labels from elsewhere in the transaction that stores them.

    :param only: all labels of the set, if one annotator has just given all of them; None reads them.
    :returns: None if the annotators agree on no sentence.
    """
    gold = _read_gold(connection, campaign, None) if only is None else only.in_order()
    return _store(connection, campaign, gold, None) if gold.keys else None


@dataclass(slots=True)
class Gold:
    """Gold sentences with their labels: 16 bytes per sentence, 16 per label."""

    keys: array[int] = field(default_factory=lambda: array("q"))
    bounds: array[int] = field(default_factory=lambda: array("q", [0]))
    starts: array[int] = field(default_factory=lambda: array("i"))
    ends: array[int] = field(default_factory=lambda: array("i"))
    labels: list[str] = field(default_factory=list)
    disputed: int = 0
    unfinished: int = 0

    def add(self, key: int, spans: Sequence[Span]) -> None:
        """Append a sentence with its labels, in order."""
        self.keys.append(key)
        for start, end, name in spans:
            self.starts.append(start)
            self.ends.append(end)
            self.labels.append(intern(name))
        self.bounds.append(len(self.labels))

    def sentences(self) -> Iterator[tuple[int, range]]:
        """The sentences with the positions of their labels."""
        yield from zip(self.keys, map(range, self.bounds, self.bounds[1:]), strict=True)

    def in_order(self) -> Gold:
        """The same by ascending keys, which all other methods expect."""
        order = np.argsort(self.keys)
        if np.all(order[1:] > order[:-1]):
            return self
        ordered = Gold()
        for place in order.tolist():
            own = slice(self.bounds[place], self.bounds[place + 1])
            ordered.add(self.keys[place], list(map(Span, self.starts[own], self.ends[own], self.labels[own])))
        return ordered

    def digest(self) -> str:
        """The digest of the canonical JSON of ``[[key, [[start, end, label], …]], …]``, computed in constant memory."""
        digest, rows = hashlib.sha256(b"["), self._texts()
        before = ""
        while block := ",".join(islice(rows, _BLOCK)):
            digest.update((before + block).encode())
            before = ","
        digest.update(b"]")
        return digest.hexdigest()

    def _texts(self) -> Iterator[str]:
        names = {name: canonical_json(name) for name in set(self.labels)}
        spans = [
            f"[{start},{end},{names[label]}]"
            for start, end, label in zip(self.starts, self.ends, self.labels, strict=True)
        ]
        for key, own in self.sentences():
            yield f"[{key},[{','.join(spans[own.start : own.stop])}]]"


def _read_gold(connection: Connection, campaign: Campaign, prefer: str | None) -> Gold:
    gold = Gold()
    for key, finished in _finished(connection, campaign):
        if len(finished) < campaign.redundancy or not finished:
            gold.unfinished += 1
            continue
        agreed = majority([*finished.values()]) if len(finished) > 1 else next(iter(finished.values()))
        if agreed is None and prefer is not None:
            agreed = finished.get(prefer)
        if agreed is None:
            gold.disputed += 1
        else:
            gold.add(key, agreed)
    return gold


def _finished(connection: Connection, campaign: Campaign) -> Iterator[tuple[int, Mapping[str, list[Span]]]]:
    """The sentences of a campaign, ascending, with the labels of each reviewer who finished them."""
    if campaign.ordering == IMPORTED:
        yield from read_annotated(connection, campaign.id)
        return
    items, reviews = read_reviews(connection, campaign)
    for key in sorted(item.sentence_id for item in items):
        of_sentence = reviews.get(key, {})
        yield key, {name: of_sentence[name].spans for name in finishers(of_sentence)}


def majority(versions: Sequence[Sequence[Span]]) -> list[Span] | None:
    """The labels that more than half want; None if there is no majority for or against some label."""
    counts = Counter(span for version in versions for span in set(version))
    half = len(versions) / 2
    if any(count == half for count in counts.values()):
        return None
    return sorted(span for span, count in counts.items() if count > half)


def _store(connection: Connection, campaign: Campaign, gold: Gold, prefer: str | None) -> FrozenReviews:
    spec = StepSpec(KIND, VERSION, _params(campaign, gold, prefer), inputs=_inputs(connection, campaign))
    before = find_step(connection, spec)
    # If the same reviews were frozen earlier, the older step is used again, with what errata have taken from it.
    known = before is not None and _is_whole(connection, before, gold)
    step_id = before if before is not None and known else _write(connection, spec, gold)
    query = canonical_json({**campaign.query, FROZEN: spec.digest})
    connection.execute(update(campaign_table).where(campaign_table.c.id == campaign.id).values(query=query))
    counts = len(gold.keys), len(gold.labels), gold.disputed, gold.unfinished
    return FrozenReviews(step_id, spec.digest, *counts, known)


def _is_whole(connection: Connection, step_id: int, gold: Gold) -> bool:
    count = select(func.count()).where(outcome.c.step_id == step_id)
    return connection.execute(count).scalar_one() == len(gold.keys)


def _params(campaign: Campaign, gold: Gold, prefer: str | None) -> dict[str, Any]:
    """What identifies these reviews; people are not named."""
    return {
        "campaign": campaign.name,
        "ordering": campaign.ordering,
        "redundancy": campaign.redundancy,
        "preferred": prefer is not None,
        "sentences": len(gold.keys),
        "rows": gold.digest(),
    }


def _inputs(connection: Connection, campaign: Campaign) -> dict[str, StepSpec]:
    return {} if campaign.step_id is None else {"labels": load_spec(connection, campaign.step_id)}


def _write(connection: Connection, spec: StepSpec, gold: Gold) -> int:
    # In this order: a step remembers the last run before it, and outcomes of earlier runs would count as damage.
    step_id = register_step(connection, spec)
    run_id = begin_run(connection, "review freeze")
    spans = (
        (step_id, key, n - own.start, gold.starts[n], gold.ends[n], gold.labels[n])
        for key, own in gold.sentences()
        for n in own
    )
    columns = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
    bulk.insert(connection, entity, columns, spans)
    done = ((step_id, key, "ok" if own else "empty", None, run_id) for key, own in gold.sentences())
    bulk.insert(connection, outcome, ("step_id", "item_id", "status", "reason", "run_id"), done)
    end_run(connection, run_id, "done", {"sentences": len(gold.keys), "labels": len(gold.labels)})
    return step_id
