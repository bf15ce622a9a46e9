"""Import files into a corpus, in one transaction per call.

A file is identified by corpus, language and part. Importing the same file again adds nothing, a file that has grown
adds its new sentences, and a file whose stored sentences differ is refused, naming the first difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select, update

from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import corpus
from xprojdb.errors import UsageError
from xprojdb.importing.corpus_files import CorpusFile, CorpusInfo, FileReport, ImportRefused, corpus_file, split_in_name
from xprojdb.importing.file_writer import BLOCK, FileWriter, Target
from xprojdb.importing.join import first_unlinked, link_corpus
from xprojdb.importing.out_of_step import note_shifts
from xprojdb.printable import is_sound, one_line
from xprojdb.readers.gate import check_names
from xprojdb.readers.records import id_fault
from xprojdb.steps.spec import GOLD, register_step
from xprojdb.text.label_schemes import label_scheme

__all__ = [
    "BLOCK",
    "CorpusFile",
    "CorpusInfo",
    "FileReport",
    "ImportRefused",
    "ImportReport",
    "corpus_file",
    "import_files",
    "split_in_name",
]


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    :param links: new human translations between its languages.
    """

    corpus: str
    files: list[FileReport] = field(default_factory=list)
    links: int = 0

    @property
    def added(self) -> int:
        return sum(file.added for file in self.files)


def import_files(
    database: Database,
    info: CorpusInfo,
    files: Sequence[CorpusFile],
    *,
    parallel: bool = False,
    command: str = "import",
    watch: Callable[[str, int], None] | None = None,
    further: Callable[[Connection], int] | None = None,
) -> ImportReport:
    """Import files into a corpus: all of them, or none if one is refused.

    :param parallel: the files contain the same sentences in several languages: they must have the same number of
        sentences and the same ids, and each pair of languages is linked as human translations.
    :param watch: called after each block with the language and the number of sentences read so far.
    :param further: stores more in the same transaction; returns how many rows it added.
    :returns: what was added; if nothing has changed, nothing is written.
    :raises ImportRefused: when a stored sentence has changed, or parallel files differ in length or ids.
    :raises InputError: when a file cannot be read; then nothing is stored.
    :raises UsageError: when the label scheme is unknown, or the corpus has another one.
    """
    check_names(None, corpus=info.name)
    _check_texts(info, files)
    if parallel:
        _check_languages(files)
    report = ImportReport(info.name)
    with database.write() as connection, bulk.uncollected():
        run_id = begin_run(connection, command)
        corpus_id, scheme, described = _describe(connection, info)
        target = Target(corpus_id, label_scheme(scheme) if scheme else None, register_step(connection, GOLD), run_id)
        writer = FileWriter(connection, target, watch)
        report.files += [writer.store(file) for file in files]
        if parallel:
            _check_lengths(report.files)
            report.links = link_corpus(connection, info.name, [file.lang for file in files])
            _check_linked(connection, corpus_id, report.files)
            if report.links:
                note_shifts(connection, corpus_id, report.files)
        more = further(connection) if further is not None else 0
        if not more and not described and not report.links and all(file.unchanged for file in report.files):
            connection.rollback()
            return report
        end_run(connection, run_id, "done", {"sentences": report.added, "links": report.links})
    return report


def _describe(connection: Connection, info: CorpusInfo) -> tuple[int, str | None, bool]:
    """Store the properties of a corpus; returns its key, the name of its scheme, and whether anything changed."""
    names = ("version", "license", "citation", "url", "scheme", "benchmark")
    values = {name: getattr(info, name) for name in names}
    values = {name: value for name, value in values.items() if value is not None}
    stored = connection.execute(select(corpus).where(corpus.c.name == info.name)).mappings().first()
    if stored is None:
        inserted = connection.execute(insert(corpus).values(name=info.name, **values).returning(corpus.c.id))
        return int(inserted.scalar_one()), info.scheme, True
    if info.benchmark is not None and stored["scheme"] is None:
        # A benchmark that was imported by hand without a scheme keeps having none.
        values.pop("scheme", None)
    if values.get("scheme", stored["scheme"]) != stored["scheme"]:
        raise UsageError(
            f"the corpus {info.name} has the label scheme {stored['scheme'] or 'none'}, not {values['scheme']}",
            hint="leave out --scheme, or choose another corpus name",
            corpus=info.name,
            scheme=stored["scheme"],
        )
    changed = {name: value for name, value in values.items() if stored[name] != value}
    if changed:
        connection.execute(update(corpus).where(corpus.c.id == stored["id"]).values(**changed))
    return int(stored["id"]), stored["scheme"], bool(changed)


def _check_texts(info: CorpusInfo, files: Sequence[CorpusFile]) -> None:
    texts = {"corpus": info.name, "license": info.license, "citation": info.citation, "url": info.url}
    texts["version"] = info.version
    for name, value in [*texts.items(), *(("part", file.part) for file in files)]:
        fault = "is empty" if value == "" else None if value is None or name == "citation" else id_fault(value)
        if fault is not None or (value is not None and not is_sound(value)):
            message = f"the {name} {one_line(value or '', 60)!r} {fault or 'contains a control character'}"
            raise UsageError(message, hint="use plain text", key=name, value=value)


def _check_languages(files: Sequence[CorpusFile]) -> None:
    langs = [file.lang for file in files]
    if len(set(langs)) < max(len(langs), 2):
        raise UsageError(
            f"parallel files need different languages; these are in {', '.join(langs)}",
            hint="name two or more files in different languages",
            langs=tuple(langs),
        )


def _check_lengths(files: Sequence[FileReport]) -> None:
    longest = max(files, key=lambda file: file.sentences)
    for file in files:
        if file.sentences != longest.sentences:
            raise ImportRefused(
                f"{file.path} has {file.sentences} sentences, {longest.path} has {longest.sentences}: "
                "parallel files must have the same number",
                hint="find the missing or duplicate line; nothing was stored",
                file=file.path,
                sentences=file.sentences,
                expected=longest.sentences,
            )


def _check_linked(connection: Connection, corpus_id: int, files: Sequence[FileReport]) -> None:
    """Check that every sentence is linked; files with different ids would be left unlinked silently."""
    first, *others = files
    for file in others:
        external_id = first_unlinked(connection, corpus_id, (first.lang, first.part), file.lang)
        if external_id is not None:
            raise ImportRefused(
                f"the sentence {external_id!r} of {first.path} has no counterpart with that id in {file.path}",
                hint="parallel files need the same ids, or none and the same --part; --no-ids pairs them line by line",
                file=file.path,
                other=first.path,
                external_id=external_id,
            )
