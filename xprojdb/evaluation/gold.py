"""Read sentences with gold labels and the labels projected onto them, block by block, for evaluations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, label, outcome
from xprojdb.errors import UsageError
from xprojdb.planning.labellings import Labelling
from xprojdb.steps.combine.gold_set import GOLD_SET
from xprojdb.steps.combine.params import CombineParams
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.inputs import within
from xprojdb.steps.spec import GOLD, find_step, load_spec
from xprojdb.text.spans import Span

#: translations in memory at a time
BLOCK = 5_000
Place = tuple[int, int]


class GoldSentence(NamedTuple):
    """The spans of one sentence.

    :param key: the translation that the projected spans came through; 0 for several.
    """

    key: int
    gold: tuple[Span, ...]
    predicted: tuple[Span, ...]


def read_sentences(
    connection: Connection, labelling: Labelling, block: int = BLOCK, gold_step: int | None = None
) -> Iterator[list[GoldSentence]]:
    """Read the sentences of :func:`projected`, in the order of their translations or keys, in constant memory.

    Gold labels are mapped like projected ones.

    :param gold_step: the step whose entities are gold; None for the imported ones.
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
    """Select what a plan labels and has gold labels: translations (0 for a consensus) and target sentences."""
    gold = outcome.alias("gold_outcome")
    query, _, sentence = labelling.covered()
    chosen = find_step(connection, GOLD) if gold_step is None else gold_step
    return query.join(gold, (gold.c.step_id == chosen) & (gold.c.item_id == sentence))


def projected(connection: Connection, labelling: Labelling, gold_step: int | None = None) -> Select[tuple[int, int]]:
    """Select the rows of :func:`with_gold` that the step has processed.

    This includes filtered items, since giving no labels is a result of the method, but not failed items.

    :raises UsageError: when the labels were taken from that gold.
    """
    check_independent(connection, labelling.step.step_id, gold_step)
    done = outcome.alias("project_outcome")
    joined = (done.c.step_id == labelling.step.step_id) & (done.c.item_id == labelling.covered().item)
    return with_gold(connection, labelling, gold_step).join(done, joined & (done.c.status != "failed"))


def check_independent(connection: Connection, step_id: int, gold_step: int | None) -> None:
    """:raises UsageError: when a step gave sentences the labels of a set, which then cannot measure them."""
    if gold_step is None:
        return
    spec = load_spec(connection, step_id)
    if spec.kind != Combine.kind or not CombineParams.from_params(spec.params).corrected:
        return
    gold = spec.inputs[GOLD_SET]
    if find_step(connection, gold) == gold_step:
        name = gold.params["campaign"]
        hint = "set corrections = false in [combine]: then each label is made without those of its own sentence"
        raise UsageError(
            f"the labels were corrected by {name}, which therefore cannot measure them", hint=hint, gold=name
        )


def read_gold(connection: Connection, sentences: Sequence[int], gold_step: int | None = None) -> dict[int, list[Span]]:
    """Read the gold spans of sentences that have any, with their original labels.

    :param sentences: keys, ascending.
    :param gold_step: the step whose entities are gold; None for the imported ones.
    """
    chosen_step = find_step(connection, GOLD) if gold_step is None else gold_step
    columns = (entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
    query = entity.select().with_only_columns(*columns).order_by(entity.c.sentence_id, entity.c.ordinal)
    chosen = within(connection, entity.c.sentence_id, sentences)
    spans: dict[int, list[Span]] = {}
    for key, *span in bulk.fetch(connection, query.where(entity.c.step_id == chosen_step, chosen)):
        spans.setdefault(key, []).append(Span(*span))
    return spans


def read_projected(
    connection: Connection, step_ids: Sequence[int], sentences: Sequence[int]
) -> dict[Place, list[Span]]:
    """Read the spans that steps put on sentences, by sentence and translation.

    :param sentences: keys, ascending.
    """
    columns = (label.c.sentence_id, label.c.translation_id, label.c.start_word, label.c.end_word, label.c.label)
    query = label.select().with_only_columns(*columns).order_by(label.c.sentence_id, label.c.ordinal)
    chosen = within(connection, label.c.sentence_id, sentences)
    spans: dict[Place, list[Span]] = {}
    for sentence, key, *span in bulk.fetch(connection, query.where(label.c.step_id.in_(step_ids), chosen)):
        spans.setdefault((sentence, key), []).append(Span(*span))
    return spans
