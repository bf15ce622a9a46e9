"""Database methods that import sentences, translations and alignments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from xprojdb.api.results.importing import AlignmentsResult, ImportResult, JoinResult
    from xprojdb.readers import Format

    TranslatedStore = Callable[[str, Connection], int]

TagEncoding = Literal["auto", "iob1", "iob2", "bioes"]


class CorpusOptions(TypedDict, total=False):
    """Keyword arguments of every method that imports sentences.

    :param split: ``train``, ``validation`` or ``test``; by default from the file's name.
    :param part: name of the file within corpus and language; by default the split.
    :param scheme: ``conll``, ``wikiann``, ``masakhaner`` or ``ontonotes``; other labels are refused.
    :param version, license, citation, url: of the corpus; the license as an SPDX identifier.
    """

    split: str | None
    part: str | None
    scheme: str | None
    version: str | None
    license: str | None
    citation: str | None
    url: str | None


class Importing(Opened):
    """Importing sentences, translations and alignments.

    Importing the same file again adds nothing, a file that has grown adds its new sentences, and a file that has
    changed is refused. If anything is wrong with a file, nothing of it is stored.
    """

    def import_conll(
        self,
        file: str | Path,
        *,
        corpus: str,
        lang: str,
        labelled: bool = True,
        column: int | str | None = None,
        word_column: int | str | None = None,
        separator: str | None = None,
        encoding: TagEncoding = "auto",
        strict: bool = False,
        **about: Unpack[CorpusOptions],
    ) -> ImportResult:
        """Import a CoNLL file, one word per line with its tag in a column: CoNLL-2002 and -2003, MasakhaNER, WikiANN.

        :param corpus: the name of the corpus; created if it is new.
        :param lang: the language, by any of its codes.
        :param labelled: False: read only the words.
        :param column: of the tags: its number from 0, or from the end, or its name in the first line; by default the
            column with tags.
        :param word_column: of the words; by default the first.
        :param separator: column separator; by default a tab, otherwise white space.
        :param encoding: how the tags mark spans.
        :param strict: refuse tags that violate the encoding instead of repairing them.
        :param about: see :class:`CorpusOptions`.
        :raises InputError: when the file cannot be read; then nothing is stored.
        :raises ImportRefused: when a stored sentence has changed.
        :raises UsageError: when a language or label scheme is unknown, or the corpus has another scheme.
        """
        reading: dict[str, Any] = {
            "column": column,
            "word_column": word_column,
            "separator": separator,
            "labelled": labelled,
        }
        reading |= {"encoding": encoding, "strict": strict}
        _refuse_other(file, "import conll")
        return self._import([(lang, file, reading)], "conll", corpus, about)

    def import_text(
        self,
        file: str | Path,
        *,
        corpus: str,
        lang: str,
        pretokenized: bool = False,
        plain: bool = False,
        **about: Unpack[CorpusOptions],
    ) -> ImportResult:
        """Import a plain text file, one sentence per line.

        :param pretokenized: whether words are already separated by spaces.
        :param plain: import each line as it is, even if the file looks like another format.
        :param about: see :class:`CorpusOptions`.
        :raises InputError, ImportRefused, UsageError: as for :meth:`import_conll`.
        """
        if not plain:
            _refuse_other(file, "import text")
        return self._import([(lang, file, {"pretokenized": pretokenized})], "text", corpus, about)

    def import_jsonl(
        self,
        file: str | Path,
        *,
        corpus: str,
        lang: str,
        words_field: str | None = None,
        tags_field: str | None = None,
        text_field: str | None = None,
        id_field: str | None = None,
        split_field: str | None = None,
        label_names: Sequence[str] | None = None,
        encoding: TagEncoding = "auto",
        strict: bool = False,
        **about: Unpack[CorpusOptions],
    ) -> ImportResult:
        """Import a file of JSON lines, one object per sentence, or of one JSON array.

        :param words_field: by default ``tokens`` or ``words``.
        :param tags_field: by default ``ner_tags``, ``tags`` or ``labels``.
        :param text_field: by default ``text`` or ``sentence``.
        :param id_field: by default ``id``.
        :param split_field: by default ``split``.
        :param label_names: the names of the tags, if they are numbers.
        :param encoding: how the tags mark spans.
        :param strict: refuse tags that violate the encoding instead of repairing them.
        :param about: see :class:`CorpusOptions`.
        :raises InputError, ImportRefused, UsageError: as for :meth:`import_conll`.
        """
        reading: dict[str, Any] = {"words_field": words_field, "tags_field": tags_field, "text_field": text_field}
        reading |= {"id_field": id_field, "split_field": split_field, "encoding": encoding, "strict": strict}
        reading["label_names"] = None if label_names is None else list(label_names)
        _refuse_other(file, "import jsonl")
        return self._import([(lang, file, reading)], "jsonl", corpus, about)

    def import_parallel(
        self,
        corpus: str,
        files: Mapping[str, str | Path] | Sequence[tuple[str, str | Path]] = (),
        *,
        format: Format = "auto",
        ids: bool = True,
        snap: bool = False,
        machine: str | None = None,
        **about_or_files: str | Path | None,
    ) -> ImportResult:
        """Import files with the same sentences in several languages, line by line, as human translations.

        ``db.import_parallel("news", en="news.en.conll", sw="news.sw.txt")``

        :param files: pairs of language and file, originals first; keyword arguments work for codes that are Python
            names.
        :param format: of the files, by the name of a reader; ``auto``: by the content, then by the suffix.
        :param ids: False: number the sentences line by line, and ignore the ids of files that have some.
        :param snap: extend spans that cut a word to the whole word, and count them.
        :param machine: the name of the machine that translated the first file into the others. They are stored as its
            translations, for ``[translate] model = "imported:NAME"``, and may lack some of the sentences.
        :param about_or_files: languages with their files, and the keywords of :class:`CorpusOptions`.
        :raises InputError, ImportRefused, UsageError: as for :meth:`import_conll`; also when the files differ in
            length.
        """
        options = CorpusOptions.__annotations__
        about = {name: value for name, value in about_or_files.items() if name in options}
        named = {name: value for name, value in about_or_files.items() if name not in options and value is not None}
        pairs = [*(files.items() if isinstance(files, Mapping) else files), *named.items()]
        reading = {} if ids else {"ids": False}
        read = [(lang, file, reading | (_snapping(file, format) if snap else {})) for lang, file in pairs]
        if machine is not None:
            _refuse_numbering(ids)
            return self._import_translated(read, machine, format, corpus, about)
        return self._import(read, format, corpus, about, parallel=True)

    def _import_translated(
        self,
        files: Sequence[tuple[str, str | Path, Mapping[str, Any]]],
        machine: str,
        format: Format,
        corpus: str,
        about: Mapping[str, Any],
    ) -> ImportResult:
        """Import the first file, and the others as what a machine made of it.

        :param files: language, path and reader options of each.
        """
        from xprojdb.api.corrections.translated import TranslatedFiles
        from xprojdb.errors import UsageError

        if len(files) < 2:
            raise UsageError("translations need two files", hint="LANG=FILE of the original, then those of the others")
        original, *others = files
        translated = TranslatedFiles(machine, corpus, original[0], about.get("part"), others, format)
        result = self._import([original], format, corpus, about, further=translated.store)
        result.translations = translated.reports
        return result

    def import_alignments(
        self,
        file: str | Path,
        *,
        corpus: str,
        langs: Sequence[str],
        name: str,
        part: str | None = None,
        ids: bool = False,
    ) -> AlignmentsResult:
        """Import word alignments from another tool, one translation per line: ``0-0 1-2``, or with scores ``0-0:0.97``.

        A recipe uses them with ``[align] aligner = "imported"`` and ``name``.

        :param langs: the languages of the left and the right words.
        :param name: the name of the alignments in recipes.
        :param part: only translations of this part; by default all between the two languages.
        :param ids: whether each line starts with the id of the left sentence and a tab; otherwise lines are in import
            order.
        :raises InputError, ImportRefused, UsageError: as for :meth:`import_conll`.
        """
        from xprojdb.api.results.importing import AlignmentsResult
        from xprojdb.errors import UsageError
        from xprojdb.importing.alignments import AlignmentFile, import_alignments
        from xprojdb.text.languages import language

        codes = [language(code).code for code in langs]
        if len(codes) != 2:
            raise UsageError(
                f"alignments join two languages, not {len(codes)}",
                hint="name two languages, such as --langs en,de",
                langs=codes,
            )
        described = AlignmentFile(Path(file), corpus, (codes[0], codes[1]), name, part, ids)
        return AlignmentsResult(import_alignments(self.store, described, command="import alignments"))

    def import_benchmark(
        self,
        name: str,
        *,
        path: str | Path | None = None,
        revision: str | None = None,
        langs: Sequence[str] = (),
        splits: Sequence[str] = (),
        corpus: str | None = None,
    ) -> ImportResult:
        """Import a published benchmark, with its license, citation, label scheme and published scores.

        :param name: ``masakhaner2``, ``masakhaner``, ``pan-x``, ``europarl-ner`` or ``conll2003``.
        :param path: a local copy in the published layout; by default it is downloaded from the Hugging Face Hub.
        :param revision: branch, tag or commit on the Hub; by default the one with Parquet files.
        :param langs: by any of their codes; empty: all.
        :param splits: some of ``train``, ``validation``, ``test``; empty: all.
        :param corpus: the name of the corpus; by default that of the benchmark.
        :raises UsageError: when there is no such benchmark, language or split.
        :raises InputError: when a file is missing or cannot be read; then nothing is stored.
        :raises HubError: when the Hub cannot be reached.
        """
        from xprojdb.api.results.importing import ImportResult
        from xprojdb.errors import UsageError
        from xprojdb.importing.benchmarks import import_benchmark
        from xprojdb.readers.benchmarks import benchmark
        from xprojdb.readers.benchmarks.fetch import fetch_benchmark

        if path and revision:
            raise UsageError("--revision is on the Hub, but --path is a local copy", hint="use only one of them")
        chosen, folder, version = benchmark(name), path and Path(path), None
        if not folder:
            fetched = fetch_benchmark(chosen, langs, splits, revision)
            folder, version = fetched.folder, fetched.revision
        report = import_benchmark(self.store, chosen, folder, langs=langs, splits=splits, name=corpus, version=version)
        return ImportResult(report)

    def join(self, corpus: str, langs: Sequence[str]) -> JoinResult:
        """Join the sentences of a corpus that have the same id in several languages, as human translations.

        :param langs: two or more languages, by any of their codes, originals first.
        :raises UsageError: when the corpus or one of the languages does not exist.
        """
        from xprojdb.api.results.importing import JoinReport, JoinResult
        from xprojdb.importing.join import link_corpus
        from xprojdb.text.languages import language

        codes = [language(code).code for code in langs]
        with self.store.write() as connection:
            return JoinResult(JoinReport(corpus, codes, link_corpus(connection, corpus, codes)))

    def _import(
        self,
        files: Sequence[tuple[str, str | Path, Mapping[str, Any]]],
        format: Format,
        corpus: str,
        about: Mapping[str, Any],
        parallel: bool = False,
        further: TranslatedStore | None = None,
    ) -> ImportResult:
        """Import files into a corpus.

        :param files: language, path and reader options of each file; its own ``split`` and ``part`` take precedence.
        :param further: stores more in the same transaction; called with the part of the first file.
        """
        from xprojdb.api.results.importing import ImportResult
        from xprojdb.importing.files import CorpusInfo, corpus_file, import_files

        _check(about)
        file_defaults = {name: about.get(name) for name in ("split", "part")}
        described = [
            corpus_file(Path(path), lang, form=format, **{**file_defaults, **reading}) for lang, path, reading in files
        ]
        details = {name: about.get(name) for name in ("version", "citation", "url", "scheme")}
        info = CorpusInfo(corpus, license=about.get("license"), **details)
        command = "import parallel" if parallel or further else f"import {format}"
        more = partial(further, described[0].part) if further is not None else None
        return ImportResult(import_files(self.store, info, described, parallel=parallel, command=command, further=more))


def _refuse_other(path: str | Path, command: str) -> None:
    """Refuse a file that another command reads, naming that command."""
    from xprojdb.readers.registry import refuse_other

    refuse_other(Path(path), command)


def _snapping(path: str | Path, format: Format) -> dict[str, bool]:
    """The option to extend spans to whole words, for a file whose format has spans by characters."""
    from xprojdb.readers.registry import format_of, reader

    chosen = reader(format_of(Path(path)) if format == "auto" else format)
    return {"snap": True} if "snap" in chosen.option_names() else {}


def _refuse_numbering(ids: bool) -> None:
    from xprojdb.errors import UsageError

    if not ids:
        hint = "leave it out: translations without ids are matched line by line"
        raise UsageError("a machine's translations are not imported with --no-ids", hint=hint, keyword="ids")


def _check(about: Mapping[str, Any]) -> None:
    """Refuse unknown keyword arguments.

    :raises UsageError: the field ``keyword`` names it.
    """
    from xprojdb.errors import UsageError

    for name in about:
        if name not in CorpusOptions.__annotations__:
            keywords = ", ".join(CorpusOptions.__annotations__)
            raise UsageError(f"an import takes no keyword {name!r}", hint=f"the keywords are {keywords}", keyword=name)
