"""Replace a file of a corpus with a corrected version, recomputing only what has changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from sqlalchemy import Connection, select

from xprojdb.db import Database, bulk
from xprojdb.db.live import claim_ground
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import corpus, sentence, source_file, translation
from xprojdb.errors import UsageError
from xprojdb.importing.corpus_files import CorpusFile, without_ids
from xprojdb.importing.file_writer import FileWriter, Target
from xprojdb.importing.join import link_corpus
from xprojdb.importing.reimport import is_same, read_stored
from xprojdb.maintenance.errata.withdrawal import ErrataReport, find_corpus, remove, strip
from xprojdb.readers.records import Record
from xprojdb.steps.spec import GOLD, register_step
from xprojdb.text.label_schemes import label_scheme

_BLOCK = 5_000


def replace_file(database: Database, name: str, file: CorpusFile, *, dry_run: bool = False) -> ErrataReport:
    """Store the corrected version of an imported file.

    Sentences are compared by their ids. Unchanged ones keep everything derived from them. Changed ones keep their place
    and their human translations, and lose everything else; those missing from the file are deleted with everything
    derived from them. New ones come last, and are joined by id. All of this is one transaction.

    :param name: of the corpus.
    :param dry_run: only report what would happen.
    :raises UsageError: when there is no such corpus, or no file of this language and part was imported.
    :raises ReadError: when the file cannot be read.
    :raises ImportRefused: when a label is outside the corpus's scheme, or two sentences have the same id.
    :raises RunsAlive: while runs are in progress.
    """
    report = ErrataReport(name)
    with database.write() as connection, bulk.uncollected():
        claim_ground(connection, "replacing a file")
        corpus_id = find_corpus(connection, name)
        run_id = begin_run(connection, "corpus replace")
        writer = FileWriter(connection, _target(connection, corpus_id, run_id), None)
        file_id = _file_id(connection, corpus_id, file)
        file = _numbered_as_stored(connection, _of_its_split(connection, file, file_id), file_id)
        comparison = _Comparison(connection, file, file_id, writer.target.gold_step)
        comparison.read(report)
        langs = _linked(connection, corpus_id, file.lang)
        gone = comparison.left()
        report.withdrawn, report.replaced = len(gone), len(comparison.changed)
        taken = strip(connection, corpus_id, sorted(comparison.changed))
        report.rows = dict(taken + remove(connection, corpus_id, sorted(gone)))
        report.added = writer.replace(file, file_id, comparison.changed, comparison.new)
        report.links = sum(link_corpus(connection, name, pair) for pair in langs)
        end_run(connection, run_id, "done", {"replaced": report.replaced, "withdrawn": report.withdrawn})
        if dry_run or not (report.replaced or report.withdrawn or report.added):
            connection.rollback()
    return report


def _target(connection: Connection, corpus_id: int, run_id: int) -> Target:
    scheme = connection.execute(select(corpus.c.scheme).where(corpus.c.id == corpus_id)).scalar()
    return Target(corpus_id, label_scheme(scheme) if scheme else None, register_step(connection, GOLD), run_id)


def _file_id(connection: Connection, corpus_id: int, file: CorpusFile) -> int:
    query = select(source_file.c.id, source_file.c.lang, source_file.c.part).where(source_file.c.corpus_id == corpus_id)
    file_ids = {(row.lang, row.part): int(row.id) for row in connection.execute(query)}
    if (file.lang, file.part) not in file_ids:
        parts = ", ".join(f"{lang} {part}" for lang, part in sorted(file_ids))
        message = f"no {file.lang} file was imported as the part {file.part}"
        raise UsageError(message, hint=f"name --lang and --part among {parts}", lang=file.lang, part=file.part)
    return file_ids[file.lang, file.part]


def _of_its_split(connection: Connection, file: CorpusFile, file_id: int) -> CorpusFile:
    """The file with the split of what it replaces, if it names none itself."""
    query = select(sentence.c.split).where(sentence.c.source_file_id == file_id).distinct()
    splits = connection.execute(query).scalars().all() if file.split is None else []
    return replace(file, split=splits[0]) if len(splits) == 1 else file


def _numbered_as_stored(connection: Connection, file: CorpusFile, file_id: int) -> CorpusFile:
    """The file without the ids of its sentences, if what it replaces was imported so."""
    options = connection.execute(select(source_file.c.options).where(source_file.c.id == file_id)).scalar_one()
    return without_ids(file) if json.loads(options).get("ids") is False else file


def _linked(connection: Connection, corpus_id: int, lang: str) -> list[tuple[str, str]]:
    """The languages with human translations from or into a language, originals first."""
    sides = translation.c.original_lang, translation.c.rendering_lang
    query = select(*sides).where(translation.c.corpus_id == corpus_id, translation.c.kind == "human").distinct()
    return sorted((a, b) for a, b in connection.execute(query) if lang in (a, b))


@dataclass
class _Comparison:
    """The sentences of a file compared with the stored ones.

    :ivar changed: by the keys of the sentences that they replace.
    :ivar new: those whose id no stored sentence has.
    """

    connection: Connection
    file: CorpusFile
    file_id: int
    gold_step: int
    changed: dict[int, Record] = field(default_factory=dict)
    new: list[Record] = field(default_factory=list)
    met: set[int] = field(default_factory=set)

    def read(self, report: ErrataReport) -> None:
        """Read the whole file."""
        records, number = iter(self.file.read(self.file.path)), 0
        while block := list(islice(records, _BLOCK)):
            named = [
                replace(record, external_id=self.file.id_of(record, n)) for n, record in enumerate(block, number + 1)
            ]
            number += len(block)
            report.unchanged += self._compare(named)

    def _compare(self, block: Sequence[Record]) -> int:
        ids = [str(record.external_id) for record in block]
        stored = {
            stored_row.external_id: stored_row
            for stored_row in read_stored(self.connection, self.file_id, self.gold_step, ids)
        }
        same = 0
        for record in block:
            earlier = stored.get(str(record.external_id))
            if earlier is None or earlier.id in self.met:
                # A second sentence with the same id is refused when it is stored.
                self.new.append(record)
                continue
            self.met.add(earlier.id)
            if is_same(self.file, earlier, record):
                same += 1
            else:
                self.changed[earlier.id] = record
        return same

    def left(self) -> list[int]:
        """Stored sentences that the file no longer has."""
        query = select(sentence.c.id).where(sentence.c.source_file_id == self.file_id)
        return [key for (key,) in bulk.fetch(self.connection, query) if key not in self.met]
