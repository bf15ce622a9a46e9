"""Delete sentences and translations with everything attached to them, and items of a step with all their results.

Nothing here commits: every function works in a write transaction and leaves no dangling rows behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, Delete, Table, delete, select, update

from xprojdb.db import bulk
from xprojdb.db.count_cache import count_removal
from xprojdb.db.tables import (
    alignment,
    campaign_item,
    candidate,
    entity,
    failure,
    label,
    outcome,
    review,
    sentence,
    training_item,
    translation,
    vote,
    word_score,
)
from xprojdb.maintenance.step_rows import RESULT_TABLES, Items, StoredStep, ids_with, item_column

Ids = Sequence[int]


def run_delete(connection: Connection, statement: Delete) -> int:
    """Run a deletion and return how many rows it removed; runs that have read them will notice."""
    # Without this option, psycopg loses the count.
    taken = int(connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount)
    if taken:
        count_removal(connection)
    return taken


def descendants(connection: Connection, sentences: Iterable[int]) -> set[int]:
    """Sentences and everything made from them."""
    family = set(sentences)
    fresh = family
    while fresh:
        query = select(sentence.c.id).where(bulk.among(connection, sentence.c.parent_id, sorted(fresh)))
        fresh = set(connection.execute(query).scalars()) - family
        family |= fresh
    return family


def translations_of(connection: Connection, sentences: Iterable[int]) -> set[int]:
    """The translations that have one of the given sentences on either side."""
    keys = sorted(sentences)
    ids: set[int] = set()
    # One query per side: an OR would keep SQLite from using its indices.
    for side in (translation.c.original_id, translation.c.rendering_id):
        ids |= set(connection.execute(select(translation.c.id).where(bulk.among(connection, side, keys))).scalars())
    return ids


def sides_of(connection: Connection, translations: Iterable[int]) -> set[int]:
    """The sentences on both sides of translations."""
    sides = select(translation.c.original_id, translation.c.rendering_id)
    rows = bulk.fetch(connection, sides.where(bulk.among(connection, translation.c.id, sorted(translations))))
    return {key for row in rows for key in row}


def remove_sentences(connection: Connection, steps: Sequence[StoredStep], sentences: Iterable[int]) -> Counter[str]:
    """Delete sentences, those made from them, their translations, and everything attached to any of these.

    :param steps: all steps of the database, from :func:`xprojdb.maintenance.step_rows.stored_steps`.
    :returns: rows by table.
    """
    doomed = sorted(descendants(connection, sentences))
    taken = remove_translations(connection, steps, translations_of(connection, doomed))
    taken += _strip_sentences(connection, steps, doomed)
    own = bulk.among(connection, sentence.c.id, doomed)
    # Children and parents are deleted together, in whatever order the database chooses.
    connection.execute(update(sentence).where(own, sentence.c.parent_id.is_not(None)).values(parent_id=None))
    taken["sentence"] += run_delete(connection, delete(sentence).where(own))
    return +taken


def strip_sentences(connection: Connection, steps: Sequence[StoredStep], sentences: Iterable[int]) -> Counter[str]:
    """Delete everything that was derived from sentences or said about them, as if they had just been imported.

    The sentences and their human translations keep their keys, and with them their place.

    :returns: rows by table.
    """
    kept = set(sentences)
    taken = remove_sentences(connection, steps, descendants(connection, kept) - kept)
    links = translations_of(connection, kept)
    among = bulk.among(connection, translation.c.id, sorted(links))
    human = set(connection.execute(select(translation.c.id).where(among, translation.c.kind == "human")).scalars())
    taken += remove_translations(connection, steps, links - human)
    taken += _strip_translations(connection, steps, sorted(human))
    return +(taken + _strip_sentences(connection, steps, sorted(kept)))


def _strip_sentences(connection: Connection, steps: Sequence[StoredStep], keys: Ids) -> Counter[str]:
    taken: Counter[str] = Counter()
    for table in (entity, word_score, label, vote):
        on = table.c.step_id.in_(ids_with(steps, table)), bulk.among(connection, table.c.sentence_id, keys)
        taken[table.name] += run_delete(connection, delete(table).where(*on))
    taken += _forget_outcomes(connection, steps, "sentence", keys)
    for table in (review, campaign_item, training_item):
        about = bulk.among(connection, table.c.sentence_id, keys)
        taken[table.name] += run_delete(connection, delete(table).where(about))
    return taken


def remove_translations(
    connection: Connection, steps: Sequence[StoredStep], translations: Iterable[int]
) -> Counter[str]:
    """Delete translations and everything attached to them, including each consensus that they voted in.

    :returns: rows by table.
    """
    doomed = sorted(translations)
    taken = _strip_translations(connection, steps, doomed)
    gone = delete(translation).where(bulk.among(connection, translation.c.id, doomed))
    taken["translation"] += run_delete(connection, gone)
    return +taken


def _strip_translations(connection: Connection, steps: Sequence[StoredStep], keys: Ids) -> Counter[str]:
    sides = sorted(sides_of(connection, keys))
    taken: Counter[str] = Counter()
    for table in (alignment, candidate):
        on = table.c.step_id.in_(ids_with(steps, table)), bulk.among(connection, table.c.translation_id, keys)
        taken[table.name] += run_delete(connection, delete(table).where(*on))
    taken += _remove_voted(connection, steps, keys, sides)
    through = bulk.among(connection, label.c.translation_id, keys)
    onto = bulk.among(connection, label.c.sentence_id, sides)
    on_both = label.c.step_id.in_(ids_with(steps, label)), onto, through
    taken["label"] += run_delete(connection, delete(label).where(*on_both))
    return taken + _forget_outcomes(connection, steps, "translation", keys)


def _remove_voted(connection: Connection, steps: Sequence[StoredStep], doomed: Ids, sides: Ids) -> Counter[str]:
    query = select(vote.c.step_id, vote.c.sentence_id).distinct()
    voting = vote.c.step_id.in_(ids_with(steps, vote)), bulk.among(connection, vote.c.sentence_id, sides)
    through = bulk.among(connection, vote.c.translation_id, doomed)
    by_step: dict[int, list[int]] = {}
    for step_id, key in connection.execute(query.where(*voting, through)):
        by_step.setdefault(step_id, []).append(key)
    taken: Counter[str] = Counter()
    for step in steps:
        if step.id in by_step:
            taken += forget_items(connection, steps, step, by_step[step.id])
    return taken


def _forget_outcomes(connection: Connection, steps: Sequence[StoredStep], items: Items, keys: Ids) -> Counter[str]:
    taken: Counter[str] = Counter()
    for table in (outcome, failure):
        on = table.c.step_id.in_(ids_with(steps, table, items)), bulk.among(connection, table.c.item_id, keys)
        taken[table.name] += run_delete(connection, delete(table).where(*on))
    return taken


def forget_items(
    connection: Connection, steps: Sequence[StoredStep], step: StoredStep, items: Iterable[int]
) -> Counter[str]:
    """Delete what a step made of some items, sentences included, and their outcomes, so that they are pending again.

    :returns: rows by table.
    """
    keys = sorted(items)
    taken: Counter[str] = Counter()
    children_made = select(sentence.c.id).where(
        bulk.among(connection, sentence.c.parent_id, keys), sentence.c.step_id == step.id
    )
    if step.items == "sentence" and (children := list(connection.execute(children_made).scalars())):
        taken += remove_sentences(connection, steps, children)
    for table in RESULT_TABLES:
        if table.name in step.tables:
            on = (table.c.step_id == step.id, *_results(connection, table, step, keys))
            taken[table.name] += run_delete(connection, delete(table).where(*on))
    for table in (outcome, failure):
        on_items = bulk.among(connection, table.c.item_id, keys)
        taken[table.name] += run_delete(connection, delete(table).where(table.c.step_id == step.id, on_items))
    return +taken


def _results(connection: Connection, table: Table, step: StoredStep, keys: Ids) -> list[ColumnElement[bool]]:
    on = [bulk.among(connection, item_column(table, step), keys)]
    if table is label and step.items == "translation":
        # In the key, the sentence comes before the translation.
        on.append(bulk.among(connection, label.c.sentence_id, sorted(sides_of(connection, keys))))
    return on
