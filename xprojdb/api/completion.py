"""Names and ids of a database, for a shell that completes them while somebody types: nothing is raised or reported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from xprojdb.errors import XprojdbError

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: the most ids that are offered
_IDS = 100
#: sorts after all characters that an id can have
_LAST = "\U0010ffff"


def recipe_names() -> list[str]:
    """The recipes that come with the package."""
    from xprojdb.config.builtin_recipes import ready_recipes

    return [recipe.name for recipe in ready_recipes()]


def question_names() -> list[str]:
    """The built-in questions."""
    from xprojdb.provenance.questions_sql import QUESTIONS

    return list(QUESTIONS)


def stored_names(address: str, kind: Literal["recipe", "corpus", "campaign"]) -> list[str]:
    """The names of the recipes, corpora or campaigns of a database; none if it cannot be opened."""
    from sqlalchemy import select

    from xprojdb.db.tables import metadata

    with _reading(address) as connection:
        return [] if connection is None else list(connection.execute(select(metadata.tables[kind].c.name)).scalars())


def step_names(address: str) -> list[str]:
    """The first twelve digits of the digests of all steps."""
    from sqlalchemy import select

    from xprojdb.db.tables import step

    with _reading(address) as connection:
        digests = () if connection is None else connection.execute(select(step.c.digest)).scalars()
        return [digest[:12] for digest in digests]


def sentence_names(address: str, beginning: str) -> list[str]:
    """The first hundred sentences whose ``CORPUS/LANG/ID`` begins in a certain way."""
    with _reading(address) as connection:
        return [] if connection is None else list(_sentences(connection, beginning))


def _sentences(connection: Connection, beginning: str) -> Iterator[str]:
    from sqlalchemy import select

    from xprojdb.db.tables import corpus, sentence, source_file

    files = source_file.join(corpus, corpus.c.id == source_file.c.corpus_id)
    query = select(corpus.c.id, corpus.c.name, source_file.c.lang).select_from(files).distinct().order_by(corpus.c.id)
    left = _IDS
    for key, name, lang in connection.execute(query).all():
        prefix = f"{name}/{lang}/"
        if not (prefix.startswith(beginning) or beginning.startswith(prefix)):
            continue
        own, begin = sentence.c, beginning.removeprefix(prefix) if beginning.startswith(prefix) else ""
        ids = select(own.external_id).where(own.corpus_id == key, own.lang == lang, own.external_id >= begin)
        ids = ids.where(own.external_id < f"{begin}{_LAST}").order_by(own.external_id).limit(left)
        for external_id in connection.execute(ids).scalars():
            if str(external_id).startswith(begin):
                left -= 1
                yield f"{prefix}{external_id}"
        if left <= 0:
            return


@contextmanager
def _reading(address: str) -> Iterator[Connection | None]:
    """A connection to a database; None if it cannot be opened."""
    from xprojdb.db import open_database

    try:
        database = open_database(address)
    except XprojdbError:
        yield None
        return
    with database, database.read() as connection:
        yield connection
