"""Sentence pairs into the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, insert, select

from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import corpus, sentence_pair
from xprojdb.digest import canonical_json
from xprojdb.errors import UsageError
from xprojdb.importing.corpus_files import CorpusInfo, ImportRefused, split_in_name
from xprojdb.importing.pairs.reading import PairFile
from xprojdb.text.languages import language

_COLUMNS = ("corpus_id", "lang", "split", "external_id", "premise", "hypothesis", "label", "origin")
Row = tuple[str, str, str]


@dataclass
class PairFileReport:
    """What an import did with one file.

    :param added: pairs that are new.
    :param unlabelled: those left out, on whose label annotators did not agree.
    """

    path: str
    lang: str
    split: str
    pairs: int = 0
    added: int = 0
    unlabelled: int = 0


@dataclass
class PairsReport:
    """What an import of pairs did."""

    corpus: str
    files: list[PairFileReport] = field(default_factory=list)


def import_pairs(
    database: Database,
    info: CorpusInfo,
    files: Sequence[tuple[str | None, Path]],
    *,
    split: str | None = None,
    origin: str | None = None,
) -> PairsReport:
    """Store the pairs of files; those that are there are passed over.

    :param files: language and path; None: the file has a column with it.
    :param split: by default what a file's name says.
    :param origin: ``human`` or ``machine``: who translated them.
    :raises InputError: when a file cannot be read.
    :raises ImportRefused: when a pair contradicts what is stored under its id; nothing is stored then.
    """
    read = [each for lang, path in files for each in _read(lang, path, split)]
    report = PairsReport(info.name, [each for each, _ in read])
    with database.write() as connection:
        corpus_id = _corpus(connection, info)
        new = [(each, _new(connection, corpus_id, each, rows)) for each, rows in read]
        if not any(rows for _, rows in new):
            return report
        run_id = begin_run(connection, "import nli")
        for each, rows in new:
            where = (corpus_id, each.lang, each.split)
            made = [(*where, key, *row, origin) for key, row in rows.items()]
            each.added = bulk.insert(connection, sentence_pair, _COLUMNS, made)
        end_run(connection, run_id, "done", {"pairs": sum(each.added for each in report.files)})
    return report


def _read(lang: str | None, path: Path, split: str | None) -> list[tuple[PairFileReport, dict[str, Row]]]:
    """The pairs of a file by language."""
    chosen = split or split_in_name(path)
    if chosen is None:
        hint = "say it: --split validation"
        raise UsageError(f"the name of {path} says no split", hint=hint, file=str(path))
    file, found = PairFile(path), dict[str, dict[str, Row]]()
    for record in file:
        own = lang or record.lang
        if own is None:
            hint = "write LANG=FILE"
            raise UsageError(f"{path} has no column with the language", hint=hint, file=str(path))
        texts = (canonical_json(list(record.premise)), canonical_json(list(record.hypothesis)))
        pairs = found.setdefault(language(own).code, {})
        if pairs.setdefault(record.id, (*texts, record.label)) != (*texts, record.label):
            raise _twice(path, record.id)
    made = [(PairFileReport(str(path), code, chosen, len(pairs)), pairs) for code, pairs in found.items()]
    if made:
        made[0][0].unlabelled = file.unlabelled
    return made


def _new(connection: Connection, corpus_id: int, each: PairFileReport, pairs: Mapping[str, Row]) -> dict[str, Row]:
    columns = [sentence_pair.c[name] for name in ("external_id", "premise", "hypothesis", "label")]
    query = select(*columns).where(sentence_pair.c.corpus_id == corpus_id)
    query = query.where(sentence_pair.c.lang == each.lang, sentence_pair.c.split == each.split)
    known = {key: tuple(row) for key, *row in bulk.fetch(connection, query)}
    for key, row in pairs.items():
        if known.get(key, row) != row:
            raise ImportRefused(
                f"{each.path}: the pair {key} is not the one that is stored under this id",
                hint="import it as another corpus, or delete this one: xprojdb corpus delete",
                file=each.path,
                id=key,
            )
    return {key: row for key, row in pairs.items() if key not in known}


def _twice(path: Path, key: str) -> ImportRefused:
    message = f"{path}: two different pairs have the id {key}"
    return ImportRefused(message, hint="ids must be of one pair", file=str(path), id=key)


def _corpus(connection: Connection, info: CorpusInfo) -> int:
    known = connection.execute(select(corpus.c.id).where(corpus.c.name == info.name)).scalar()
    if known is not None:
        return int(known)
    told = {name: getattr(info, name) for name in ("version", "license", "citation", "url")}
    return int(connection.execute(insert(corpus).values(name=info.name, **told).returning(corpus.c.id)).scalar_one())
