"""Delete a corpus and everything derived from it, in blocks.

Each transaction deletes whole groups of sentences that translations connect, with everything attached to them. An
interrupted deletion leaves a smaller corpus whose name says so, and is continued the next time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, select, update

from xprojdb.db import Database, bulk
from xprojdb.db.live import claim_ground
from xprojdb.db.tables import (
    alignment,
    artifact,
    candidate,
    corpus,
    entity,
    evaluation,
    failure,
    label,
    outcome,
    pair_prediction,
    recipe,
    sentence,
    sentence_pair,
    source_file,
    training_pair,
    translation,
    translation_score,
    vote,
    word_score,
)
from xprojdb.digest import canonical_json
from xprojdb.errors import UsageError
from xprojdb.maintenance.removal import descendants, remove_sentences, run_delete, sides_of, translations_of
from xprojdb.maintenance.step_rows import Items, ids_with, stored_steps
from xprojdb.steps.vanished import DELETING

#: sentences that a transaction starts with; those connected to them by translations are added
SEEDS = 500
Watch = Callable[[str, int], None]


@dataclass(slots=True)
class CorpusContents:
    """What is in a corpus, or what was deleted with it.

    :param rows: rows by table.
    :param recipes: recipes that then cover nothing and are deleted with the corpus.
    :param narrowed: recipes that also cover other corpora; they are kept for those.
    """

    name: str
    rows: dict[str, int]
    recipes: list[str] = field(default_factory=list)
    narrowed: list[str] = field(default_factory=list)


def corpus_contents(database: Database, name: str) -> CorpusContents:
    """What a deletion would remove; changes nothing.

    :raises UsageError: when there is no such corpus.
    """
    with database.read() as connection:
        corpus_id, called = _find(connection, name)
        rows = {table: connection.execute(query).scalar_one() for table, query in _counts(connection, corpus_id)}
        gone, narrowed = _recipes(connection, corpus_id)
        return CorpusContents(called, {table: count for table, count in rows.items() if count}, [*gone], [*narrowed])


def delete_corpus(database: Database, name: str, *, watch: Watch = lambda _name, _rows: None) -> CorpusContents:
    """Delete a corpus: its sentences, those made from them, its translations, and all results of steps on these.

    Recipes that covered nothing else are deleted, others continue without it. Steps remain: ``xprojdb gc`` deletes
    those that nothing references any more. Exported files stay where they are, and stay recorded.

    :param watch: called after each transaction with the name of a table and the number of rows deleted from it.
    :raises UsageError: when there is no such corpus.
    :raises RunsAlive: when runs are in progress.
    """
    contents = CorpusContents(name, {})
    taken: Counter[str] = Counter()
    with database.write() as connection:
        claim_ground(connection, "deleting a corpus")
        corpus_id, contents.name = _find(connection, name)
        gone, narrowed = _recipes(connection, corpus_id)
        contents.recipes, contents.narrowed = [*gone], [*narrowed]
        taken += _begin(connection, corpus_id, contents.name, gone, narrowed)
    cursor: int | None = 0
    while cursor is not None:
        with database.write() as connection:
            cursor, block = _delete_group(connection, corpus_id, cursor)
        taken += block
        for table, rows in block.items():
            watch(table, rows)
    with database.write() as connection:
        taken += _delete_pairs(connection, corpus_id)
        taken["source_file"] = run_delete(connection, delete(source_file).where(source_file.c.corpus_id == corpus_id))
        taken["corpus"] = run_delete(connection, delete(corpus).where(corpus.c.id == corpus_id))
    contents.rows = dict(+taken)
    return contents


def _find(connection: Connection, name: str) -> tuple[int, str]:
    ids = {row.name: row.id for row in connection.execute(select(corpus.c.id, corpus.c.name))}
    # An interrupted deletion comes first; a corpus of the same name may have been imported since.
    for called in (f"{name}{DELETING}", name):
        if called in ids:
            return ids[called], called
    hint = f"existing corpora: {', '.join(sorted(ids)) or 'none'}"
    raise UsageError(f"there is no corpus {name}", hint=hint, corpus=name)


def _begin(
    connection: Connection, corpus_id: int, called: str, gone: Iterable[str], narrowed: dict[str, str]
) -> Counter[str]:
    """Delete what belongs to the corpus as a whole, and mark it as incomplete."""
    if not called.endswith(DELETING):
        connection.execute(update(corpus).where(corpus.c.id == corpus_id).values(name=called + DELETING))
    taken = Counter(recipe=run_delete(connection, delete(recipe).where(recipe.c.name.in_(list(gone)))))
    for name, plan in narrowed.items():
        connection.execute(update(recipe).where(recipe.c.name == name).values(plan=plan))
    fits = ids_with(stored_steps(connection), outcome, "corpus")
    for table in (outcome, failure):
        own = table.c.step_id.in_(fits), table.c.item_id == corpus_id
        taken[table.name] = run_delete(connection, delete(table).where(*own))
    for table in (artifact, evaluation):
        taken[table.name] = run_delete(connection, delete(table).where(table.c.corpus_id == corpus_id))
    return +taken


def _recipes(connection: Connection, corpus_id: int) -> tuple[list[str], dict[str, str]]:
    """The recipes that cover only this corpus, and the plans of the others without it."""
    gone, narrowed = [], {}
    for name, plan in connection.execute(select(recipe.c.name, recipe.c.plan).order_by(recipe.c.name)):
        planned: list[dict[str, Any]] = json.loads(plan)
        left = [
            {**planned_step, "pairs": [pair for pair in planned_step["pairs"] if pair[0] != corpus_id]}
            for planned_step in planned
        ]
        left = [planned_step for planned_step in left if planned_step["pairs"]]
        if not left:
            gone.append(name)
        elif canonical_json(left) != plan:
            narrowed[name] = canonical_json(left)
    return gone, narrowed


def _delete_group(connection: Connection, corpus_id: int, cursor: int) -> tuple[int | None, Counter[str]]:
    """Delete the next sentences and those connected to them by translations; returns the cursor after them."""
    query = select(sentence.c.id).where(sentence.c.corpus_id == corpus_id, sentence.c.id > cursor)
    seeds = list(connection.execute(query.order_by(sentence.c.id).limit(SEEDS)).scalars())
    if not seeds:
        return None, Counter()
    return seeds[-1], remove_sentences(connection, stored_steps(connection), _joined(connection, corpus_id, seeds))


def _delete_pairs(connection: Connection, corpus_id: int) -> Counter[str]:
    """The sentence pairs of a corpus, and what was made of them."""
    own = select(sentence_pair.c.id).where(sentence_pair.c.corpus_id == corpus_id)
    taken: Counter[str] = Counter()
    for table in (training_pair, pair_prediction):
        taken[table.name] = run_delete(connection, delete(table).where(table.c.pair_id.in_(own)))
    gone = delete(sentence_pair).where(sentence_pair.c.corpus_id == corpus_id)
    taken["sentence_pair"] = run_delete(connection, gone)
    return +taken


def _joined(connection: Connection, corpus_id: int, seeds: Iterable[int]) -> set[int]:
    """All sentences of the corpus that translations connect with the given ones, directly or indirectly."""
    joined = set(seeds)
    fresh = joined
    while fresh:
        near = descendants(connection, fresh) | sides_of(connection, translations_of(connection, fresh))
        query = select(sentence.c.id).where(bulk.among(connection, sentence.c.id, sorted(near - joined)))
        fresh = set(connection.execute(query.where(sentence.c.corpus_id == corpus_id)).scalars())
        joined |= fresh
    return joined


def _counts(connection: Connection, corpus_id: int) -> Iterable[tuple[str, Select[Any]]]:
    sentences = select(sentence.c.id).where(sentence.c.corpus_id == corpus_id)
    links = select(translation.c.id).where(translation.c.corpus_id == corpus_id)
    for table in (sentence, translation, source_file, artifact, evaluation):
        yield table.name, _count(table.c.corpus_id == corpus_id)
    for table in (entity, word_score, label, vote):
        yield table.name, _count(table.c.sentence_id.in_(sentences))
    for table in (alignment, candidate, translation_score):
        yield table.name, _count(table.c.translation_id.in_(links))
    steps = stored_steps(connection)
    own: dict[Items, Select[tuple[int]]] = {
        "sentence": sentences,
        "translation": links,
        "corpus": select(corpus.c.id).where(corpus.c.id == corpus_id),
    }
    for table in (outcome, failure):
        counts = [
            _count(table.c.step_id.in_(ids_with(steps, table, items)), table.c.item_id.in_(keys)).scalar_subquery()
            for items, keys in own.items()
        ]
        yield table.name, select(counts[0] + counts[1] + counts[2])


def _count(*chosen: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).where(*chosen)
