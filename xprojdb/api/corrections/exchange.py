"""Database methods that exchange sentences with other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xprojdb.api.corrections.labels import later_file
from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from xprojdb.api.results.corrections import TagsResult, TextResult, TranslationsResult
    from xprojdb.readers import Format


class Exchange(Opened):
    """Exporting sentences for other programs, and importing their results."""

    def import_tags(
        self,
        file: str | Path,
        *,
        name: str,
        lang: str,
        corpus: str | None = None,
        part: str | None = None,
        format: Format = "auto",
        by_line: bool = False,
        snap: bool = False,
        reading: Mapping[str, Any] | None = None,
    ) -> TagsResult:
        """Import your own predictions as a tagger, which recipes use as ``[tag] model = "imported:NAME"``.

        Sentences are found as for :meth:`import_labels`, including machine translations. A file may cover some of the
        sentences; further files add more. Importing the same again adds nothing.

        :param file: in any format with labels.
        :param name: the name of the tagger.
        :param lang, corpus, part, format, by_line, snap, reading: as for :meth:`import_labels`.
        :raises InputError, UsageError: as for :meth:`import_labels`.
        :raises ImportRefused: when a label cuts a word, or different entities are stored under the name for a sentence.
        """
        from xprojdb.api.results.corrections import TagsResult
        from xprojdb.importing.onto.tags import import_tags

        described = later_file(file, lang, corpus, part, format, by_line, snap, reading)
        return TagsResult(import_tags(self.store, described, name))

    def import_translations(
        self,
        file: str | Path,
        *,
        name: str,
        source: str,
        lang: str,
        corpus: str | None = None,
        part: str | None = None,
        format: Format = "auto",
        by_line: bool = False,
        reading: Mapping[str, Any] | None = None,
    ) -> TranslationsResult:
        """Import machine translations of stored sentences; recipes use them as ``[translate] model = "imported:NAME"``.

        A file may cover some of the sentences; further files add more. Importing the same again adds nothing.

        :param file: a table, JSON lines or another format with ids; or text, one sentence per line.
        :param name: the name of the translator.
        :param source: the language of the stored sentences, by any of its codes.
        :param lang: the language of the file.
        :param corpus: the corpus of the sentences; by default any.
        :param part: with ``by_line``: only sentences of this part of the corpus.
        :param format: of the file, by the name of a reader; ``auto``: by the content.
        :param by_line: the first row belongs to the first sentence of the import, and so on; text has no ids, and is
            always read this way. A blank line is a sentence without a translation.
        :param reading: options of the reader.
        :raises InputError: when the file cannot be read; then nothing is stored.
        :raises ImportRefused: when another translation of a sentence is stored under the name.
        :raises UsageError: when there are no such sentences, or no row belongs to one.
        """
        from xprojdb.api.results.corrections import TranslationsResult
        from xprojdb.importing.onto.translations import import_translations

        described = translated_file(file, source, corpus, part, format, by_line, reading)
        return TranslationsResult(import_translations(self.store, described, lang, name))

    def export_text(
        self,
        file: str | Path,
        *,
        corpus: str,
        lang: str,
        split: str | None = None,
        part: str | None = None,
        format: Literal["tsv", "plain"] = "tsv",
        untranslated: str | None = None,
        to: str | None = None,
    ) -> TextResult:
        """Write sentences as text for any translator; :meth:`import_translations` imports its results.

        :param file: the file to write, possibly ``/dev/stdout``.
        :param corpus: the corpus of the sentences.
        :param lang: their language, by any of its codes.
        :param split, part: only these.
        :param format: ``tsv``: a header line, then ids and texts; ``plain``: one sentence per line.
        :param untranslated: only sentences without a translation imported under this name.
        :param to: the language of these translations.
        :raises UsageError: when there are no such sentences, or one of ``untranslated`` and ``to`` is missing.
        :raises ExportError: when the file cannot be written.
        """
        from xprojdb.api.results.corrections import TextResult
        from xprojdb.errors import UsageError
        from xprojdb.exports.plain_text import TextQuery, export_text
        from xprojdb.text.languages import language

        if (untranslated is None) != (to is None):
            raise UsageError("--untranslated and --to must be used together", hint="use --untranslated NAME --to LANG")
        missing = (untranslated, language(to).code) if untranslated is not None and to is not None else None
        query = TextQuery(corpus, language(lang).code, split, part, missing)
        return TextResult(export_text(self.store, Path(file), query, format))


def translated_file(
    file: str | Path,
    source: str,
    corpus: str | None,
    part: str | None,
    format: Format,
    by_line: bool,
    reading: Mapping[str, Any] | None,
) -> Any:
    """A file of translations, with its format detected; text has no ids."""
    from xprojdb.readers.registry import format_of

    chosen = format_of(Path(file)) if format == "auto" else format
    options = {**({"blank": "skip"} if chosen == "text" else {}), **(reading or {})}
    return later_file(file, source, corpus, part, chosen, by_line or chosen == "text", False, options)
