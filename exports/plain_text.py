"""Sentences as text, for translators and taggers elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Select, select

from xprojdb.db import Database
from xprojdb.db.tables import corpus, outcome, sentence, source_file
from xprojdb.errors import UsageError
from xprojdb.exports.outputs import output_file
from xprojdb.steps.inputs import read_columns
from xprojdb.steps.spec import find_step
from xprojdb.steps.translate.imported import imported_translations_spec
from xprojdb.steps.translate.sentences import read_originals

TextForm = Literal["tsv", "plain"]
_BLOCK = 5_000


@dataclass(frozen=True)
class TextQuery:
    """Which sentences to write.

    :param lang: their language, by its stored code.
    :param split, part: only these.
    :param untranslated: only those without a translation imported under this name and in this language.
    """

    corpus: str
    lang: str
    split: str | None = None
    part: str | None = None
    untranslated: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class TextReport:
    """The result."""

    file: str
    sentences: int


def export_text(database: Database, path: Path, selection: TextQuery, form: TextForm = "tsv") -> TextReport:
    """Write sentences as they were imported, in import order.

    :param form: ``tsv``: a header line, then ids and texts; ``plain``: only texts, one sentence per line.
    :raises UsageError: when the corpus has no such sentences.
    :raises ExportError: when the file cannot be written.
    """
    count = 0
    with database.read() as connection:
        query = _query(connection, selection)
        with output_file(path) as file:
            file.write(b"id\ttext\n" if form == "tsv" else b"")
            for name, text in _sentences(connection, query):
                file.write((f"{name}\t{text}\n" if form == "tsv" else f"{text}\n").encode())
                count += 1
    return TextReport(str(path), count)


def _query(connection: Connection, selection: TextQuery) -> Select[tuple[int]]:
    key = connection.execute(select(corpus.c.id).where(corpus.c.name == selection.corpus)).scalar()
    own = sentence.c
    query = select(own.id).where(own.corpus_id == key, own.lang == selection.lang, own.step_id.is_(None))
    if selection.split is not None:
        query = query.where(own.split == selection.split)
    if selection.part is not None:
        files = select(source_file.c.id).where(source_file.c.corpus_id == key, source_file.c.part == selection.part)
        query = query.where(own.source_file_id.in_(files))
    if key is None or connection.execute(query.limit(1)).first() is None:
        message = f"the corpus {selection.corpus} has no such sentences in {selection.lang}"
        raise UsageError(message, hint="xprojdb status lists them", corpus=selection.corpus, lang=selection.lang)
    if selection.untranslated is not None:
        name, lang = selection.untranslated
        step_id = find_step(connection, imported_translations_spec(name, selection.lang, lang)) or 0
        done = select(outcome.c.item_id).where(outcome.c.step_id == step_id, outcome.c.item_id == own.id)
        query = query.where(~done.exists())
    return query.order_by(own.source_file_id, own.id)


def _sentences(connection: Connection, query: Select[tuple[int]]) -> Iterator[tuple[str, str]]:
    (keys,) = read_columns(connection, query, 1)
    for first in range(0, len(keys), _BLOCK):
        block = keys[first : first + _BLOCK]
        originals = {original.id: original for original in read_originals(connection, sorted(block))}
        for original in map(originals.__getitem__, block):
            yield original.external_id or str(original.id), " ".join(original.running.split("\t"))
