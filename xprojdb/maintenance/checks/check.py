"""The base class of the checks of ``xprojdb verify``, and the repair that most of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import corpus, sentence, source_file
from xprojdb.maintenance.references import steps_on
from xprojdb.maintenance.removal import forget_items, remove_sentences, run_delete, sides_of, translations_of
from xprojdb.maintenance.step_rows import StoredStep, stored_steps
from xprojdb.steps.spec import GOLD

#: items repaired in one transaction
BLOCK = 1_000


class Finding(NamedTuple):
    """One thing that is wrong.

    :param description: what is wrong.
    :param step: the step that the row belongs to, if any.
    :param item: the item of that step; without a step, the key of the row.
    """

    description: str
    step: int = 0
    item: int = 0


class Check(ABC):
    """One kind of damage, how to find it and how to repair it.

    :param database: the database to check.
    """

    #: what is wrong, in a few words
    name: str
    #: what the repair does
    repair: str = "what was made from the item, and what depends on it, is dropped: the next run recomputes it"

    def __init__(self, database: Database) -> None:
        self.database = database

    @abstractmethod
    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        """Everything that is wrong, in constant memory."""

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:
        """Repair findings, or remove what is wrong so that it is recomputed.

        :param findings: some of those from :meth:`find`; others may be repaired along with them.
        :returns: removed rows, by table; files to import again under ``"import of CORPUS/LANG/PART"``.
        """
        return drop_items(self.database, findings)


def drop_items(database: Database, findings: Iterable[Finding]) -> Counter[str]:
    """Drop what steps made from items, and what depends on it.

    Imports cannot be recomputed from the database: the whole file is dropped and must be imported again.
    """
    with database.read() as connection:
        by_id = {step.id: step for step in stored_steps(connection)}
    items: dict[int, set[int]] = {}
    for finding in findings:
        items.setdefault(finding.step, set()).add(finding.item)
    taken: Counter[str] = Counter()
    for step_id, keys in items.items():
        if by_id[step_id].kind == GOLD.kind:
            taken += drop_files_of(database, keys)
        else:
            taken += _drop_results(database, by_id[step_id], sorted(keys))
    return taken


def _drop_results(database: Database, step: StoredStep, keys: Sequence[int]) -> Counter[str]:
    taken: Counter[str] = Counter()
    for first in range(0, len(keys), BLOCK):
        with database.write() as connection:
            taken += _drop_block(connection, step, keys[first : first + BLOCK])
    return taken


def _drop_block(connection: Connection, step: StoredStep, keys: Sequence[int]) -> Counter[str]:
    steps = stored_steps(connection)
    near: dict[str, Iterable[int]] = {"corpus": ()}
    if step.items == "translation":
        near |= {"translation": keys, "sentence": sides_of(connection, keys)}
    elif step.items == "sentence":
        links = translations_of(connection, keys)
        near |= {"translation": links, "sentence": {*keys, *sides_of(connection, links)}}
    taken = Counter[str]()
    readers = steps_on(connection, [step.id])
    # Steps come after the steps they read: drop in reverse.
    for reader in reversed(steps):
        if reader.id == step.id:
            taken += forget_items(connection, steps, reader, keys)
        elif reader.id in readers and (items := near.get(reader.items)):
            taken += forget_items(connection, steps, reader, items)
    return taken


def drop_files_of(database: Database, sentences: Iterable[int]) -> Counter[str]:
    """Drop the files that sentences were imported from, with everything attached to them; import them again."""
    with database.read() as connection:
        chosen = bulk.among(connection, sentence.c.id, sorted(sentences))
        files = set(connection.execute(select(sentence.c.source_file_id).where(chosen).distinct()).scalars())
    taken: Counter[str] = Counter()
    for key in sorted(file for file in files if file is not None):
        taken += drop_file(database, key)
    return taken


def drop_file(database: Database, key: int) -> Counter[str]:
    """Drop one imported file."""
    taken: Counter[str] = Counter()
    block = True
    while block:
        with database.write() as connection:
            query = select(sentence.c.id).where(sentence.c.source_file_id == key).order_by(sentence.c.id).limit(BLOCK)
            keys = list(connection.execute(query).scalars())
            taken += remove_sentences(connection, stored_steps(connection), keys)
        block = bool(keys)
    with database.write() as connection:
        columns = (corpus.c.name, source_file.c.lang, source_file.c.part, source_file.c.name.label("file"))
        named = select(*columns).outerjoin(corpus, corpus.c.id == source_file.c.corpus_id)
        for row in connection.execute(named.where(source_file.c.id == key)):
            taken[f"import of {row.file} ({row.name}, {row.lang}, part {row.part})"] = 1
        taken["source_file"] += run_delete(connection, delete(source_file).where(source_file.c.id == key))
    return +taken
