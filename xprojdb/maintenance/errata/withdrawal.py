"""Withdraw sentences of a corpus, with everything that was made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Executable, delete, func, select, update

from xprojdb.db import Database, bulk
from xprojdb.db.live import refuse_live_runs
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import corpus, evaluation, sentence, source_file
from xprojdb.errors import UsageError
from xprojdb.maintenance.removal import remove_sentences, run_delete
from xprojdb.maintenance.step_rows import stored_steps

#: sentences removed by one set of statements
BLOCK = 500


@dataclass(frozen=True)
class Withdrawn:
    """Which sentences of a corpus.

    :param ids: of sentences, with or without corpus and language in front; empty: all of the part.
    :param lang: only in this language, by its stored code; None: in all.
    :param part: only of this part.
    """

    corpus: str
    ids: Sequence[str] = ()
    lang: str | None = None
    part: str | None = None


@dataclass(slots=True)
class ErrataReport:
    """What a correction of a corpus did, or would do.

    :param withdrawn: imported sentences that are gone.
    :param replaced: imported sentences that have a new version in their place.
    :param added: sentences that are new.
    :param unchanged: sentences of the file that are as they were.
    :param links: human translations of new versions, joined again.
    :param rows: rows that were deleted, by table: all that was made of what is gone.
    """

    corpus: str
    withdrawn: int = 0
    replaced: int = 0
    added: int = 0
    unchanged: int = 0
    links: int = 0
    rows: dict[str, int] = field(default_factory=dict)


def withdraw(database: Database, wanted: Withdrawn, *, dry_run: bool = False) -> ErrataReport:
    """Withdraw sentences: they go, with their translations and all that steps made of these; the rest stays.

    What a step learned from the corpus as a whole (word counts, terms) stays as it is. All of it is one transaction.

    :param dry_run: only find out what would go.
    :raises UsageError: when there is no such corpus, part or id; the field ``ids`` has those that are unknown.
    :raises RunsAlive: while runs are under way.
    """
    report = ErrataReport(wanted.corpus)
    with database.write() as connection:
        refuse_live_runs(connection, "withdrawing sentences")
        corpus_id = find_corpus(connection, wanted.corpus)
        keys = _chosen(connection, corpus_id, wanted)
        run_id = begin_run(connection, "corpus withdraw")
        report.withdrawn = len(keys)
        report.rows = dict(remove(connection, corpus_id, keys))
        end_run(connection, run_id, "done", {"withdrawn": len(keys)})
        if dry_run:
            connection.rollback()
    return report


def find_corpus(connection: Connection, name: str) -> int:
    """The key of a corpus.

    :raises UsageError: when there is none of that name.
    """
    key = connection.execute(select(corpus.c.id).where(corpus.c.name == name)).scalar()
    if key is None:
        names = ", ".join(connection.execute(select(corpus.c.name).order_by(corpus.c.name)).scalars())
        raise UsageError(f"there is no corpus {name}", hint=f"there are {names or 'none'}", corpus=name)
    return int(key)


def remove(connection: Connection, corpus_id: int, keys: Sequence[int]) -> Counter[str]:
    """Delete imported sentences with all that was made of them, and count their files anew.

    :returns: rows by table.
    """
    taken: Counter[str] = Counter()
    steps = stored_steps(connection)
    files = set(_files_of(connection, keys))
    for first in range(0, len(keys), BLOCK):
        taken += remove_sentences(connection, steps, keys[first : first + BLOCK])
    if keys:
        stale = delete(evaluation).where(evaluation.c.corpus_id == corpus_id)
        taken["evaluation"] = run_delete(connection, stale)
    for key in sorted(files):
        _count_again(connection, key)
    return +taken


def _files_of(connection: Connection, keys: Sequence[int]) -> Iterator[int]:
    query = select(sentence.c.source_file_id).where(bulk.among(connection, sentence.c.id, keys)).distinct()
    yield from (key for key in connection.execute(query).scalars() if key is not None)


def _count_again(connection: Connection, file_id: int) -> None:
    """Let a file have as many sentences as are stored of it; one without any is forgotten, so that it can come anew."""
    query = select(func.count()).select_from(sentence).where(sentence.c.source_file_id == file_id)
    count = connection.execute(query).scalar_one()
    here = source_file.c.id == file_id
    if count:
        connection.execute(update(source_file).where(here).values(sentences=count))
    else:
        run_delete(connection, delete(source_file).where(here))


def _chosen(connection: Connection, corpus_id: int, wanted: Withdrawn) -> list[int]:
    own = sentence.c
    query = select(own.id, own.lang, own.external_id).where(own.corpus_id == corpus_id, own.step_id.is_(None))
    if wanted.lang is not None:
        query = query.where(own.lang == wanted.lang)
    if wanted.part is not None:
        files = select(source_file.c.id).where(source_file.c.corpus_id == corpus_id, source_file.c.part == wanted.part)
        query = query.where(own.source_file_id.in_(files))
    if not wanted.ids:
        keys = sorted(key for key, _, _ in bulk.fetch(connection, query))
        if not keys:
            told = f"the corpus {wanted.corpus} has no such part or language"
            raise UsageError(told, hint="xprojdb status lists them", part=wanted.part, lang=wanted.lang)
        return keys
    return _by_ids(connection, wanted, query.where(bulk.among_texts(connection, own.external_id, _local(wanted))))


def _local(wanted: Withdrawn) -> list[str]:
    """The ids without corpus and language."""
    return sorted({name for given in wanted.ids for name in (given, _split(wanted.corpus, given)[1])})


def _split(name: str, given: str) -> tuple[str | None, str]:
    """The language and the id of what ``explain`` takes; no language where the id stands alone."""
    if not given.startswith(f"{name}/"):
        return None, given
    lang, slash, own = given.removeprefix(f"{name}/").partition("/")
    return (lang, own) if slash else (None, given)


def _by_ids(connection: Connection, wanted: Withdrawn, query: Executable) -> list[int]:
    found: dict[str, list[tuple[str, int]]] = {}
    for key, lang, name in bulk.fetch(connection, query):
        found.setdefault(name, []).append((lang, key))
    keys: set[int] = set()
    unknown = []
    for given in wanted.ids:
        lang, own = _split(wanted.corpus, given)
        here = [key for code, key in found.get(own, ()) if lang in (None, code)]
        keys.update(here)
        if not here:
            unknown.append(given)
    if unknown:
        shown = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        told = f"the corpus {wanted.corpus} has no sentence {shown}"
        raise UsageError(told, hint="nothing was withdrawn; ids are those of the import", ids=tuple(unknown))
    return sorted(keys)
