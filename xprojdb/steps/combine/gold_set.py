"""Labels by people in a consensus: they measure its sources, and replace the labels of their sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from sqlalchemy import Connection, func, select

from xprojdb.arrays import Ints, Longs
from xprojdb.db import bulk
from xprojdb.db.tables import entity, outcome, sentence
from xprojdb.matching.combination.sources import ConsensusSpans
from xprojdb.steps.combine.consensus import Agreed
from xprojdb.steps.inputs import longs, read_columns, runs, within
from xprojdb.steps.stage import DONE
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.spans import Span

#: the role of the step with the labels of people
GOLD_SET = "gold"
#: weights for a sentence of the set are learned without the sentences of its fold
FOLDS = 5


class PeoplesLabels(NamedTuple):
    """The labels of people on some sentences, G in all, ordered by sentence and first word.

    :param done: (S,) keys of the sentences that people have finished, ascending.
    :param key: (G,) the sentence of each label.
    :param ordinal: (G,) its ordinal in the set.
    :param start: (G,) its first word.
    :param end: (G,) one past its last word.
    :param label: (G,) its name in the scheme of the consensus.
    """

    done: Longs
    key: Longs
    ordinal: Longs
    start: Longs
    end: Longs
    label: list[str]

    def of(self, keys: Longs) -> PeoplesLabels:
        """Those of some sentences."""
        mine = np.flatnonzero(np.isin(self.key, keys))
        done, names = self.done[np.isin(self.done, keys)], [self.label[row] for row in mine.tolist()]
        return PeoplesLabels(done, self.key[mine], self.ordinal[mine], self.start[mine], self.end[mine], names)


def read_peoples_labels(
    connection: Connection, step_id: int, keys: Sequence[int], mapping: LabelMapping | None
) -> PeoplesLabels:
    """Read the labels of a set.

    :param keys: keys of sentences, ascending.
    :param mapping: renames labels like projected ones; those that it drops are left out.
    """
    done = select(outcome.c.item_id).where(outcome.c.step_id == step_id, outcome.c.status.in_(DONE))
    done = done.where(within(connection, outcome.c.item_id, keys)).order_by(outcome.c.item_id)
    (finished,) = read_columns(connection, done, 1)
    own = entity.c
    query = select(own.sentence_id, own.ordinal, own.start_word, own.end_word, own.label)
    query = query.where(own.step_id == step_id, within(connection, own.sentence_id, keys))
    *numbers, names = read_columns(connection, query.order_by(own.sentence_id, own.start_word, own.ordinal), 5)
    table = {name: _renamed(name, mapping) for name in set(names)}
    kept = [row for row, name in enumerate(names) if table[name] is not None]
    key, ordinal, start, end = (longs(column)[kept] for column in numbers)
    return PeoplesLabels(longs(finished), key, ordinal, start, end, [table[names[row]] or "" for row in kept])


def _renamed(name: str, mapping: LabelMapping | None) -> str | None:
    if mapping is None:
        return name
    mapped = mapping.apply_to_gold([Span(0, 1, name)])
    return mapped[0].label if mapped else None


def as_consensus(people: PeoplesLabels, labels: Ints) -> ConsensusSpans:
    """What people say about the sentences they have finished, as if it were a consensus without votes.

    :param labels: (G,) the codes of their labels.
    """
    start, end = people.start.astype(np.int32), people.end.astype(np.int32)
    none, count = np.empty(0, np.int64), len(people.key)
    certain, votes = np.ones(count), (np.zeros(count + 1, np.int64), none, none.astype(np.int32), np.empty(0))
    return ConsensusSpans(runs(people.key, people.done), start, end, labels, certain, certain, *votes)


def folds_of(connection: Connection, keys: Longs) -> Ints:
    """(T,) the fold of each sentence, by its external id, or else its words, so that it is the same in every database.

    :param keys: (T,) keys, ascending.
    """
    # Translations made by a model have no id.
    name = func.coalesce(sentence.c.external_id, sentence.c.words)
    query = select(name).where(within(connection, sentence.c.id, keys.tolist())).order_by(sentence.c.id)
    names = [text.encode("utf-8", "surrogatepass") for (text,) in bulk.fetch(connection, query)]
    return np.array([crc32(text) % FOLDS for text in names], np.int32)


class Correction(NamedTuple):
    """A label of people, and the votes of the consensus for the same words with the same label.

    :param key: the sentence.
    :param ordinal: of the label in its sentence, from left to right.
    :param place: the label's ordinal in the set, first word, one past its last word, and name.
    :param votes: indices of the votes of the consensus.
    :param score: the score of the consensus, 0 if it lacks the label.
    """

    key: int
    ordinal: int
    place: tuple[int, int, int, str]
    votes: range
    score: float


def corrections(people: PeoplesLabels, keys: Longs, agreed: Agreed) -> Iterator[Correction]:
    """Compare the labels of people with the consensus, label by label.

    :param people: their labels of these sentences.
    :param keys: (T,) keys of the sentences of the consensus, ascending, all finished by people.
    """
    consensus = agreed.consensus
    at = keys[np.repeat(np.arange(len(keys)), np.diff(consensus.ptr))].tolist()
    spans = zip(at, consensus.start.tolist(), consensus.end.tolist(), consensus.label.tolist(), strict=True)
    known = {(key, start, end, agreed.names[code]): number for number, (key, start, end, code) in enumerate(spans)}
    first = np.searchsorted(people.key, people.key)
    places = zip(people.ordinal.tolist(), people.start.tolist(), people.end.tolist(), people.label, strict=True)
    ordinals = (np.arange(len(people.key)) - first).tolist()
    for key, ordinal, place in zip(people.key.tolist(), ordinals, places, strict=True):
        number = known.get((key, *place[1:]))
        votes = range(0) if number is None else range(*consensus.vote_ptr[number : number + 2].tolist())
        yield Correction(key, ordinal, place, votes, 0.0 if number is None else float(consensus.value[number]))
