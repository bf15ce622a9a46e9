"""Sentences with gold labels and what was projected onto them, block by block: what every evaluation starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, label, outcome
from xprojdb.planning.labellings import Labelling
from xprojdb.steps.inputs import within
from xprojdb.steps.spec import GOLD, find_step
from xprojdb.text.spans import Span

#: translations in memory at a time
BLOCK = 5_000
Place = tuple[int, int]


class GoldSentence(NamedTuple):
    """The spans of one sentence.

    :param key: of the translation that the projected ones came through; 0 for several.
    """

    key: int
    gold: tuple[Span, ...]
    predicted: tuple[Span, ...]


def read_sentences(
    connection: Connection, labelling: Labelling, block: int = BLOCK, gold_step: int | None = None
) -> Iterator[list[GoldSentence]]:
    """The sentences that :func:`projected` names, in the order of their translations or keys, in constant memory.

    The labels of gold are mapped as the projected ones were.

    :param gold_step: the step whose entities are gold; None: the imported ones.
    """
    query = projected(connection, labelling, gold_step).order_by(labelling.covered().item)
    for rows in bulk.stream(connection, query, block):
        targets = sorted({target for _, target in rows})
        gold = read_gold(connection, targets, gold_step)
        predicted = read_projected(connection, [labelling.step.step_id], targets)
        mapping = labelling.mapping
        yield [
            GoldSentence(
                key,
                mapping.apply_to_gold(gold.get(target, ())) if mapping else tuple(gold.get(target, ())),
                tuple(predicted.get((target, key), ())),
            )
            for key, target in rows
        ]


def with_gold(connection: Connection, labelling: Labelling, gold_step: int | None = None) -> Select[tuple[int, int]]:
    """What a plan is to label and has gold labels: translations, 0 for a consensus, and the sentences labelled."""
    gold = outcome.alias("gold_outcome")
    query, _, sentence = labelling.covered()
    chosen = find_step(connection, GOLD) if gold_step is None else gold_step
    return query.join(gold, (gold.c.step_id == chosen) & (gold.c.item_id == sentence))


def projected(connection: Connection, labelling: Labelling, gold_step: int | None = None) -> Select[tuple[int, int]]:
    """Those of :func:`with_gold` that the step has done.

    Filtered ones are: that the method gave no labels is its result. Failed ones are not: a fault is nobody's result.
    """
    done = outcome.alias("project_outcome")
    joined = (done.c.step_id == labelling.step.step_id) & (done.c.item_id == labelling.covered().item)
    return with_gold(connection, labelling, gold_step).join(done, joined & (done.c.status != "failed"))


def read_gold(connection: Connection, sentences: Sequence[int], gold_step: int | None = None) -> dict[int, list[Span]]:
    """The gold spans of those sentences that have some, with their labels as imported.

    :param sentences: keys, ascending.
    :param gold_step: the step whose entities are gold; None: the imported ones.
    """
    chosen_step = find_step(connection, GOLD) if gold_step is None else gold_step
    columns = (entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
    query = entity.select().with_only_columns(*columns).order_by(entity.c.sentence_id, entity.c.ordinal)
    chosen = within(connection, entity.c.sentence_id, sentences)
    found: dict[int, list[Span]] = {}
    for key, *span in bulk.fetch(connection, query.where(entity.c.step_id == chosen_step, chosen)):
        found.setdefault(key, []).append(Span(*span))
    return found


def read_projected(
    connection: Connection, step_ids: Sequence[int], sentences: Sequence[int]
) -> dict[Place, list[Span]]:
    """The spans that steps put on sentences, by sentence and translation.

    :param sentences: keys, ascending.
    """
    columns = (label.c.sentence_id, label.c.translation_id, label.c.start_word, label.c.end_word, label.c.label)
    query = label.select().with_only_columns(*columns).order_by(label.c.sentence_id, label.c.ordinal)
    chosen = within(connection, label.c.sentence_id, sentences)
    found: dict[Place, list[Span]] = {}
    for sentence, key, *span in bulk.fetch(connection, query.where(label.c.step_id.in_(step_ids), chosen)):
        found.setdefault((sentence, key), []).append(Span(*span))
    return found
