"""Withdraw sentences of a corpus, with everything derived from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Executable, delete, func, select, update

from xprojdb.db import Database, bulk
from xprojdb.db.live import claim_ground
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import corpus, evaluation, sentence, source_file
from xprojdb.errors import UsageError
from xprojdb.maintenance.removal import remove_sentences, run_delete, strip_sentences
from xprojdb.maintenance.step_rows import StoredStep, stored_steps

#: sentences removed per set of statements
BLOCK = 500


@dataclass(frozen=True)
class Withdrawn:
    """Which sentences of a corpus to withdraw.

    :param ids: of sentences, with or without corpus and language in front; empty: all of the part.
    :param lang: only in this language, by its stored code; None: in all.
    :param part: only in this part.
    """

    corpus: str
    ids: Sequence[str] = ()
    lang: str | None = None
    part: str | None = None


@dataclass(slots=True)
class ErrataReport:
    """What a correction of a corpus did, or would do.

    :param withdrawn: how many imported sentences were deleted.
    :param replaced: how many imported sentences were replaced by a new version.
    :param added: how many sentences are new.
    :param unchanged: how many sentences of the file are unchanged.
    :param links: how many human translations of new sentences were joined.
    :param rows: deleted rows, by table, including everything derived from deleted sentences.
    """

    corpus: str
    withdrawn: int = 0
    replaced: int = 0
    added: int = 0
    unchanged: int = 0
    links: int = 0
    rows: dict[str, int] = field(default_factory=dict)


def withdraw(database: Database, selected: Withdrawn, *, dry_run: bool = False) -> ErrataReport:
    """Delete sentences with their translations and all results of steps on these; the rest stays.

    What a step learned from the whole corpus (word counts, terms) stays as it is. All of this is one transaction.

    :param dry_run: only report what would be deleted.
    :raises UsageError: when there is no such corpus, part or id; the field ``ids`` lists the unknown ones.
    :raises RunsAlive: while runs are in progress.
    """
    report = ErrataReport(selected.corpus)
    with database.write() as connection:
        claim_ground(connection, "withdrawing sentences")
        corpus_id = find_corpus(connection, selected.corpus)
        keys = _chosen(connection, corpus_id, selected)
        run_id = begin_run(connection, "corpus withdraw")
        report.withdrawn = len(keys)
        report.rows = dict(remove(connection, corpus_id, keys))
        end_run(connection, run_id, "done", {"withdrawn": len(keys)})
        if dry_run:
            connection.rollback()
    return report


def find_corpus(connection: Connection, name: str) -> int:
    """The key of a corpus.

    :raises UsageError: when there is no such corpus.
    """
    key = connection.execute(select(corpus.c.id).where(corpus.c.name == name)).scalar()
    if key is None:
        names = ", ".join(connection.execute(select(corpus.c.name).order_by(corpus.c.name)).scalars())
        raise UsageError(f"there is no corpus {name}", hint=f"existing corpora: {names or 'none'}", corpus=name)
    return int(key)


def remove(connection: Connection, corpus_id: int, keys: Sequence[int]) -> Counter[str]:
    """Delete imported sentences with everything derived from them, and update the counts of their files.

    :returns: rows by table.
    """
    files = set(_files_of(connection, keys))
    taken = _in_blocks(remove_sentences, connection, corpus_id, keys)
    for key in sorted(files):
        _count_again(connection, key)
    return taken


def strip(connection: Connection, corpus_id: int, keys: Sequence[int]) -> Counter[str]:
    """Delete everything derived from imported sentences, which stay with their human translations.

    :returns: rows by table.
    """
    return _in_blocks(strip_sentences, connection, corpus_id, keys)


def _in_blocks(
    change: Callable[[Connection, Sequence[StoredStep], Sequence[int]], Counter[str]],
    connection: Connection,
    corpus_id: int,
    keys: Sequence[int],
) -> Counter[str]:
    taken: Counter[str] = Counter()
    steps = stored_steps(connection)
    for first in range(0, len(keys), BLOCK):
        taken += change(connection, steps, keys[first : first + BLOCK])
    if keys:
        stale = delete(evaluation).where(evaluation.c.corpus_id == corpus_id)
        taken["evaluation"] = run_delete(connection, stale)
    return +taken


def _files_of(connection: Connection, keys: Sequence[int]) -> Iterator[int]:
    query = select(sentence.c.source_file_id).where(bulk.among(connection, sentence.c.id, keys)).distinct()
    yield from (key for key in connection.execute(query).scalars() if key is not None)


def _count_again(connection: Connection, file_id: int) -> None:
    """Set a file's count to its stored sentences; a file without any is deleted, so that it can be imported again."""
    query = select(func.count()).select_from(sentence).where(sentence.c.source_file_id == file_id)
    count = connection.execute(query).scalar_one()
    here = source_file.c.id == file_id
    if count:
        connection.execute(update(source_file).where(here).values(sentences=count))
    else:
        run_delete(connection, delete(source_file).where(here))


def _chosen(connection: Connection, corpus_id: int, selected: Withdrawn) -> list[int]:
    own = sentence.c
    query = select(own.id, own.lang, own.external_id).where(own.corpus_id == corpus_id, own.step_id.is_(None))
    if selected.lang is not None:
        query = query.where(own.lang == selected.lang)
    if selected.part is not None:
        files = select(source_file.c.id).where(
            source_file.c.corpus_id == corpus_id, source_file.c.part == selected.part
        )
        query = query.where(own.source_file_id.in_(files))
    if not selected.ids:
        keys = sorted(key for key, _, _ in bulk.fetch(connection, query))
        if not keys:
            message = f"the corpus {selected.corpus} has no such part or language"
            raise UsageError(message, hint="xprojdb status lists them", part=selected.part, lang=selected.lang)
        return keys
    return _by_ids(connection, selected, query.where(bulk.among_texts(connection, own.external_id, _local(selected))))


def _local(selected: Withdrawn) -> list[str]:
    """The ids without corpus and language."""
    return sorted({name for text in selected.ids for name in (text, _split(selected.corpus, text)[1])})


def _split(name: str, text: str) -> tuple[str | None, str]:
    """The language and the id in a name that ``explain`` takes; no language if the id stands alone."""
    if not text.startswith(f"{name}/"):
        return None, text
    lang, slash, own = text.removeprefix(f"{name}/").partition("/")
    return (lang, own) if slash else (None, text)


def _by_ids(connection: Connection, selected: Withdrawn, query: Executable) -> list[int]:
    keys_by_id: dict[str, list[tuple[str, int]]] = {}
    for key, lang, name in bulk.fetch(connection, query):
        keys_by_id.setdefault(name, []).append((lang, key))
    keys: set[int] = set()
    unknown = []
    for text in selected.ids:
        lang, own = _split(selected.corpus, text)
        here = [key for code, key in keys_by_id.get(own, ()) if lang in (None, code)]
        keys.update(here)
        if not here:
            unknown.append(text)
    if unknown:
        shown = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        message = f"the corpus {selected.corpus} has no sentence {shown}"
        raise UsageError(message, hint="nothing was withdrawn; use the ids of the import", ids=tuple(unknown))
    return sorted(keys)
