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

    :param added: new pairs.
    :param unlabelled: pairs left out because their annotators did not agree on a label.
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
    """Store the pairs of files; pairs that are already stored are skipped.

    :param files: language and path; None as language: the file has a column with it.
    :param split: by default, taken from the name of each file.
    :param origin: whether they were translated by a ``human`` or a ``machine``.
    :raises InputError: when a file cannot be read.
    :raises ImportRefused: when a pair contradicts the one stored under its id; then nothing is stored.
    """
    read = [part for lang, path in files for part in _read(lang, path, split)]
    report = PairsReport(info.name, [file for file, _ in read])
    with database.write() as connection:
        corpus_id = _corpus(connection, info)
        new = [(file, _new(connection, corpus_id, file, pairs)) for file, pairs in read]
        if not any(pairs for _, pairs in new):
            return report
        run_id = begin_run(connection, "import nli")
        for file, pairs in new:
            place = (corpus_id, file.lang, file.split)
            rows = [(*place, key, *pair, origin) for key, pair in pairs.items()]
            file.added = bulk.insert(connection, sentence_pair, _COLUMNS, rows)
        end_run(connection, run_id, "done", {"pairs": sum(file.added for file in report.files)})
    return report


def _read(lang: str | None, path: Path, split: str | None) -> list[tuple[PairFileReport, dict[str, Row]]]:
    """The pairs of a file by language."""
    chosen = split or split_in_name(path)
    if chosen is None:
        hint = "name it: --split validation"
        raise UsageError(f"the name of {path} does not tell the split", hint=hint, file=str(path))
    file, by_lang = PairFile(path), dict[str, dict[str, Row]]()
    for record in file:
        spoken = lang or record.lang
        if spoken is None:
            hint = "write LANG=FILE"
            raise UsageError(f"{path} has no column with the language", hint=hint, file=str(path))
        texts = (canonical_json(list(record.premise)), canonical_json(list(record.hypothesis)))
        pairs = by_lang.setdefault(language(spoken).code, {})
        if pairs.setdefault(record.id, (*texts, record.label)) != (*texts, record.label):
            raise _twice(path, record.id)
    parts = [(PairFileReport(str(path), code, chosen, len(pairs)), pairs) for code, pairs in by_lang.items()]
    if parts:
        parts[0][0].unlabelled = file.unlabelled
    return parts


def _new(connection: Connection, corpus_id: int, file: PairFileReport, pairs: Mapping[str, Row]) -> dict[str, Row]:
    columns = [sentence_pair.c[name] for name in ("external_id", "premise", "hypothesis", "label")]
    query = select(*columns).where(sentence_pair.c.corpus_id == corpus_id)
    query = query.where(sentence_pair.c.lang == file.lang, sentence_pair.c.split == file.split)
    stored = {key: tuple(row) for key, *row in bulk.fetch(connection, query)}
    for key, row in pairs.items():
        if stored.get(key, row) != row:
            raise ImportRefused(
                f"{file.path}: the pair {key} differs from the one stored under this id",
                hint="import it as another corpus, or delete this one: xprojdb corpus delete",
                file=file.path,
                id=key,
            )
    return {key: row for key, row in pairs.items() if key not in stored}


def _twice(path: Path, key: str) -> ImportRefused:
    message = f"{path}: two different pairs have the id {key}"
    return ImportRefused(message, hint="give each pair an id of its own", file=str(path), id=key)


def _corpus(connection: Connection, info: CorpusInfo) -> int:
    existing = connection.execute(select(corpus.c.id).where(corpus.c.name == info.name)).scalar()
    if existing is not None:
        return int(existing)
    details = {name: getattr(info, name) for name in ("version", "license", "citation", "url")}
    return int(connection.execute(insert(corpus).values(name=info.name, **details).returning(corpus.c.id)).scalar_one())
