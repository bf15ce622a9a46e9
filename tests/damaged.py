"""What the tests of upkeep share: a database with everything in it, and how to hurt one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from projection_sample import results
from several_sample import FIRST, run_combined
from sqlalchemy import Connection, func, select

from xprojdb.db import Database
from xprojdb.db.tables import corpus, entity, label, outcome, sentence, source_file, step, translation
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan

#: everything that a run makes
MADE = ("alignment", "candidate", "label", "vote", "artifact", "word_score", "translation_score", "outcome", "failure")
COMBINE = 'method = "joint"\nweights = "learned"'


def conll_file(folder: Path, name: str, *sentences: str) -> Path:
    """Write a CoNLL file: a string a sentence, ``word/tag`` or, for O, ``word``; returns its path."""
    rows = ([word.partition("/") for word in sentence.split()] for sentence in sentences)
    blocks = ("".join(f"{word}\t{tag or 'O'}\n" for word, _, tag in row) for row in rows)
    (folder / name).write_text("\n".join(blocks), encoding="utf-8")
    return folder / name


def import_news(database: Database, write_conll: Callable[..., Path], corpus: str = "news") -> None:
    """Four languages with labels, some of which disagree."""
    files = [
        corpus_file(write_conll(f"{corpus}.{lang}.conll", *lines), lang, form="conll", part="first")
        for lang, lines in FIRST.items()
    ]
    import_files(database, CorpusInfo(corpus), files, parallel=True)


def build(database: Database, write_conll: Callable[..., Path], folder: Path, combine: str = COMBINE) -> Plan:
    """Import the sentences and combine three sources, with weights that are learned."""
    import_news(database, write_conll)
    return run_combined(database, folder, combine)


def made(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that runs and imports make, each step by its digest."""
    result = results(database, ("entity", *MADE))
    with database.read() as connection:
        digests = {row.id: row.digest for row in connection.execute(select(step.c.id, step.c.digest))}
    # step, sentence, ordinal, and the step that votes
    result["vote"] = sorted(((*row[:3], digests[row[3]], *row[4:]) for row in result["vote"]), key=repr)
    return result


@contextmanager
def hurting(database: Database) -> Iterator[Connection]:
    """A connection on which no foreign key is checked."""
    with database.engine.connect().execution_options(xprojdb_write=True) as connection:
        if connection.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            yield connection
        if connection.dialect.name == "sqlite":
            driver.execute("PRAGMA foreign_keys = ON")


def by_name(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What a database says, with names in place of every key: equal for two that say the same."""
    names = corpus.c.name, sentence.c.lang, sentence.c.external_id
    target = label.c.sentence_id == sentence.c.id
    queries = {
        "corpus": select(corpus.c.name, corpus.c.scheme),
        "source_file": select(source_file.c.name, source_file.c.lang, source_file.c.sha256, source_file.c.sentences),
        "sentence": select(*names, sentence.c.words, sentence.c.split).join(corpus),
        "entity": select(*names, step.c.digest, entity.c.start_word, entity.c.end_word, entity.c.label)
        .select_from(entity)
        .join(sentence, sentence.c.id == entity.c.sentence_id)
        .join(corpus, corpus.c.id == sentence.c.corpus_id)
        .join(step, step.c.id == entity.c.step_id),
        "label": select(*names, step.c.digest, label.c.start_word, label.c.end_word, label.c.label, label.c.score)
        .select_from(label)
        .join(sentence, target)
        .join(corpus, corpus.c.id == sentence.c.corpus_id)
        .join(step, step.c.id == label.c.step_id),
        "outcome": select(step.c.digest, outcome.c.status, outcome.c.reason, func.count())
        .select_from(outcome)
        .join(step, step.c.id == outcome.c.step_id)
        .group_by(step.c.digest, outcome.c.status, outcome.c.reason),
        "translation": select(translation.c.original_lang, translation.c.rendering_lang, func.count()).group_by(
            translation.c.original_lang, translation.c.rendering_lang
        ),
    }
    with database.read() as connection:
        return {name: sorted(map(tuple, connection.execute(query)), key=repr) for name, query in queries.items()}
