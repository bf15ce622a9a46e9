"""Import: files into a corpus, in one transaction for a whole call.

A file is known by its corpus, language and part. The same file again adds nothing; a grown one adds what is new; one
whose stored sentences differ is refused, with the first difference.
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

    :param links: human translations added between its languages.
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
    further: Callable[[Connection, int], int] | None = None,
) -> ImportReport:
    """Import files into a corpus: all of them, or, when one is refused, none.

    :param parallel: the files hold the same sentences in several languages: they must have as many, with the same ids,
        and each two languages are linked as human translations.
    :param watch: told, after each block, the language and the number of sentences read so far.
    :param further: does more in the same transaction, as the same run; returns how many rows it added.
    :returns: what was added; when nothing changed, nothing is written at all.
    :raises ImportRefused: when a stored sentence changed, or parallel files differ in length or ids.
    :raises InputError: when a file cannot be read; nothing is stored then.
    :raises UsageError: when the label scheme is unknown or not the corpus's.
    """
    check_names(None, corpus=info.name)
    _check_told(info, files)
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
        more = further(connection, run_id) if further is not None else 0
        if not more and not described and not report.links and all(file.unchanged for file in report.files):
            connection.rollback()
            return report
        end_run(connection, run_id, "done", {"sentences": report.added, "links": report.links})
    return report


def _describe(connection: Connection, info: CorpusInfo) -> tuple[int, str | None, bool]:
    """Store what is told of a corpus; returns its key, the name of its scheme, and whether anything of it is new."""
    names = ("version", "licence", "citation", "url", "scheme", "benchmark")
    told = {name: getattr(info, name) for name in names}
    told = {name: value for name, value in told.items() if value is not None}
    known = connection.execute(select(corpus).where(corpus.c.name == info.name)).mappings().first()
    if known is None:
        made = connection.execute(insert(corpus).values(name=info.name, **told).returning(corpus.c.id))
        return int(made.scalar_one()), info.scheme, True
    if info.benchmark is not None and known["scheme"] is None:
        # A benchmark that was imported by hand, without a scheme, stays as it is in this.
        told.pop("scheme", None)
    if told.get("scheme", known["scheme"]) != known["scheme"]:
        raise UsageError(
            f"the corpus {info.name} has the label scheme {known['scheme'] or 'none'}, not {told['scheme']}",
            hint="leave out --scheme, or choose another corpus name",
            corpus=info.name,
            scheme=known["scheme"],
        )
    changed = {name: value for name, value in told.items() if known[name] != value}
    if changed:
        connection.execute(update(corpus).where(corpus.c.id == known["id"]).values(**changed))
    return int(known["id"]), known["scheme"], bool(changed)


def _check_told(info: CorpusInfo, files: Sequence[CorpusFile]) -> None:
    told = {"corpus": info.name, "licence": info.licence, "citation": info.citation, "url": info.url}
    told["version"] = info.version
    for name, value in [*told.items(), *(("part", file.part) for file in files)]:
        fault = "is empty" if value == "" else None if value is None or name == "citation" else id_fault(value)
        if fault is not None or (value is not None and not is_sound(value)):
            message = f"the {name} {one_line(value or '', 60)!r} {fault or 'has a control character in it'}"
            raise UsageError(message, hint="write it in plain text", key=name, value=value)


def _check_languages(files: Sequence[CorpusFile]) -> None:
    langs = [file.lang for file in files]
    if len(set(langs)) < max(len(langs), 2):
        raise UsageError(
            f"parallel files need a language each; these are in {', '.join(langs)}",
            hint="give two files or more, in different languages",
            langs=tuple(langs),
        )


def _check_lengths(files: Sequence[FileReport]) -> None:
    longest = max(files, key=lambda file: file.sentences)
    for file in files:
        if file.sentences != longest.sentences:
            raise ImportRefused(
                f"{file.path} has {file.sentences} sentences, {longest.path} has {longest.sentences}: "
                "parallel files must have as many",
                hint="find the missing or doubled line; nothing was stored",
                file=file.path,
                sentences=file.sentences,
                expected=longest.sentences,
            )


def _check_linked(connection: Connection, corpus_id: int, files: Sequence[FileReport]) -> None:
    """Sentences are linked by id: files whose ids differ would be left unlinked without a word."""
    first, *others = files
    for file in others:
        external_id = first_unlinked(connection, corpus_id, (first.lang, first.part), file.lang)
        if external_id is not None:
            raise ImportRefused(
                f"the sentence {external_id!r} of {first.path} has no counterpart of that id in {file.path}",
                hint="parallel files need the same ids; files without ids need the same --part",
                file=file.path,
                other=first.path,
                external_id=external_id,
            )
