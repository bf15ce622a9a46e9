"""Read the gold labels of sentences as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, select

from xprojdb.arrays import Longs
from xprojdb.db.tables import entity, outcome
from xprojdb.exports.gold.labels import GoldLabels, GoldStep, renamed
from xprojdb.steps.inputs import longs, read_columns, within
from xprojdb.text.label_schemes import LabelMapping


class GoldColumns(NamedTuple):
    """The gold labels of some sentences, G in all, ordered by sentence and word.

    :param done: (S,) keys of the sentences that have gold labels or were marked as having none; ascending.
    :param key: (G,) key of the sentence.
    :param start: (G,) first word.
    :param end: (G,) one past the last word.
    :param label: (G,) name in the data set.
    """

    done: Longs
    key: Longs
    start: Longs
    end: Longs
    label: Sequence[str]


def read_gold_columns(connection: Connection, step: GoldStep, keys: Longs, mapping: LabelMapping | None) -> GoldColumns:
    """The gold labels of sentences.

    :param keys: (N,) keys of sentences, in any order.
    :param mapping: how their labels are mapped; labels that map to nothing are left out.
    """
    among = np.unique(keys).tolist()
    done = select(outcome.c.item_id).where(outcome.c.step_id == step.step_id, outcome.c.status.in_(("ok", "empty")))
    done = done.where(within(connection, outcome.c.item_id, among)).order_by(outcome.c.item_id)
    (done_keys,) = read_columns(connection, done, 1)
    columns = (entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
    query = select(*columns).where(entity.c.step_id == step.step_id, within(connection, entity.c.sentence_id, among))
    *numbers, names = read_columns(connection, query.order_by(entity.c.sentence_id, entity.c.start_word), 4)
    key, start, end = map(longs, numbers)
    table = renamed(list(dict.fromkeys(names)), mapping)
    labels = [table[name] for name in names]
    mask = np.array([name is not None for name in labels], np.bool_)
    return GoldColumns(
        longs(done_keys), key[mask], start[mask], end[mask], [name for name in labels if name is not None]
    )


def gold_keys(connection: Connection, gold: Sequence[GoldLabels], splits: Sequence[str] | None) -> Longs:
    """The keys of the sentences that have gold labels, ascending.

    :param splits: only sentences of these imported splits; None: of all.
    """
    from xprojdb.exports.rows.projected_labels import finished, imported_split

    key_arrays = [np.empty(0, np.int64)]
    for labels in gold:
        target, query = finished(labels)
        if splits is not None:
            query = query.where(imported_split(target).in_(splits))
        (keys,) = read_columns(connection, query.with_only_columns(target.c.id), 1)
        key_arrays.append(longs(keys))
    return np.unique(np.concatenate(key_arrays))
