"""The methods of a database that hand sentences to other programs and take back what these made of them."""

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
    """Sentences for other programs, and what these made of them."""

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
        """Import predictions of your own as a tagger, which recipes use as ``[tag] model = "imported:NAME"``.

        Sentences are found as :meth:`import_labels` finds them, translations that a machine made among them. A file
        may have some of the sentences; further files add more. The same again adds nothing.

        :param file: in any format that has labels.
        :param name: what the tagger is called.
        :param lang, corpus, part, format, by_line, snap, reading: as :meth:`import_labels` takes them.
        :raises InputError, UsageError: as :meth:`import_labels`.
        :raises ImportRefused: when a label cuts a word, or other entities are stored under the name for a sentence.
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
        """Import what a machine made of stored sentences; recipes use it as ``[translate] model = "imported:NAME"``.

        A file may have some of the sentences; further files add more. The same again adds nothing.

        :param file: a table, JSON lines or another format with ids; or text, a sentence a line.
        :param name: of the machine.
        :param source: the language of the stored sentences, by any code.
        :param lang: the language of the file.
        :param corpus: that the sentences are in; by default any.
        :param part: with ``by_line``: only sentences of this part of the corpus.
        :param format: of the file, by the name of a reader; ``auto`` goes by the content.
        :param by_line: the first row is of the first sentence of the import, and so on; text has no ids, and is read
            so in any case. A blank line is a sentence without a translation.
        :param reading: options of the format's reader.
        :raises InputError: when the file cannot be read; nothing is stored then.
        :raises ImportRefused: when another translation of a sentence is stored under the name.
        :raises UsageError: when there are no such sentences, or no row is about one.
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
        """Write sentences as text, for any translator; :meth:`import_translations` brings its work back.

        :param file: to write; ``/dev/stdout`` is possible.
        :param corpus: whose sentences.
        :param lang: their language, by any code.
        :param split, part: only these.
        :param format: ``tsv``: a line with names, then id and text; ``plain``: a sentence a line.
        :param untranslated: only sentences that have no translation imported under this name.
        :param to: then, the language of these translations.
        :raises UsageError: when there are no such sentences, or one of ``untranslated`` and ``to`` is missing.
        :raises ExportError: when the file cannot be written.
        """
        from xprojdb.api.results.corrections import TextResult
        from xprojdb.errors import UsageError
        from xprojdb.exports.plain_text import TextQuery, export_text
        from xprojdb.text.languages import language

        if (untranslated is None) != (to is None):
            raise UsageError("--untranslated needs --to, and --to needs it", hint="--untranslated NAME --to LANG")
        missing = (untranslated, language(to).code) if untranslated is not None and to is not None else None
        wanted = TextQuery(corpus, language(lang).code, split, part, missing)
        return TextResult(export_text(self.store, Path(file), wanted, format))


def translated_file(
    file: str | Path,
    source: str,
    corpus: str | None,
    part: str | None,
    format: Format,
    by_line: bool,
    reading: Mapping[str, Any] | None,
) -> Any:
    """A file of translations, its format recognised; text has no ids."""
    from xprojdb.readers.registry import format_of

    chosen = format_of(Path(file)) if format == "auto" else format
    options = {**({"blank": "skip"} if chosen == "text" else {}), **(reading or {})}
    return later_file(file, source, corpus, part, chosen, by_line or chosen == "text", False, options)
