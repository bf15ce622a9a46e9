"""What a shell offers for the names of recipes, questions, corpora, sets and steps, and for ids of sentences.

A shell asks while somebody types: what cannot be read is not offered, and nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xprojdb.errors import XprojdbError

if TYPE_CHECKING:
    from sqlalchemy import Connection

Complete = Callable[[click.Context, click.Parameter, str], list[str]]
#: ids offered at most
_IDS = 100
#: above all characters that an id can have
_LAST = "\U0010ffff"


def complete_recipes(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Recipes that come with the package, and TOML files."""
    from xprojdb.config.builtin_recipes import ready_recipes

    folder = Path(incomplete if incomplete.endswith("/") else str(Path(incomplete or ".").parent))
    files = (str(path) for path in folder.glob("*.toml")) if folder.is_dir() else ()
    return _beginning(incomplete, [*(recipe.name for recipe in ready_recipes()), *files])


def complete_questions(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Built-in questions."""
    from xprojdb.provenance.questions_sql import QUESTIONS

    return _beginning(incomplete, QUESTIONS)


def complete_run_recipes(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Recipes that have been run on the database."""
    from xprojdb.db.tables import recipe

    return _beginning(incomplete, _column(context, recipe.c.name))


def complete_corpora(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Corpora."""
    from xprojdb.db.tables import corpus

    return _beginning(incomplete, _column(context, corpus.c.name))


def complete_campaigns(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Sets of labels, and campaigns."""
    from xprojdb.db.tables import campaign

    return _beginning(incomplete, _column(context, campaign.c.name))


def complete_steps(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Steps by the beginnings of their digests, and recipes."""
    from xprojdb.db.tables import step

    digests = [digest[:12] for digest in _column(context, step.c.digest)]
    return [*complete_run_recipes(context, param, incomplete), *_beginning(incomplete, digests)]


def complete_sentences(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Sentences as ``CORPUS/LANG/ID``; the first hundred that begin so."""
    with _reading(context) as connection:
        return list(_sentences(connection, incomplete)) if connection is not None else []


def _sentences(connection: Connection, incomplete: str) -> Iterator[str]:
    from sqlalchemy import select

    from xprojdb.db.tables import corpus, sentence, source_file

    files = source_file.join(corpus, corpus.c.id == source_file.c.corpus_id)
    query = select(corpus.c.id, corpus.c.name, source_file.c.lang).select_from(files).distinct().order_by(corpus.c.id)
    left = _IDS
    for key, name, lang in connection.execute(query).all():
        prefix = f"{name}/{lang}/"
        if not (prefix.startswith(incomplete) or incomplete.startswith(prefix)):
            continue
        own, begin = sentence.c, incomplete.removeprefix(prefix) if incomplete.startswith(prefix) else ""
        ids = select(own.external_id).where(own.corpus_id == key, own.lang == lang, own.external_id >= begin)
        ids = ids.where(own.external_id < f"{begin}{_LAST}").order_by(own.external_id).limit(left)
        for found in connection.execute(ids).scalars():
            if str(found).startswith(begin):
                left -= 1
                yield f"{prefix}{found}"
        if left <= 0:
            return


def _column(context: click.Context, column: object) -> list[str]:
    from sqlalchemy import select

    with _reading(context) as connection:
        if connection is None:
            return []
        return [str(name) for name in connection.execute(select(column).distinct()).scalars()]  # type: ignore


@contextmanager
def _reading(context: click.Context) -> Iterator[Connection | None]:
    """A connection to the database that the line names; None where there is none."""
    from xprojdb.db import open_database

    root = context.find_root()
    address = root.obj or root.params.get("db") or "xprojdb.db"
    try:
        database = open_database(str(address))
    except XprojdbError:
        yield None
        return
    with database, database.read() as connection:
        yield connection


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
