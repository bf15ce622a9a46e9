"""The method of a database that puts labels onto stored sentences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from xprojdb.api.results.corrections import LabelsResult
    from xprojdb.importing.onto.reading import LaterFile
    from xprojdb.readers import Format


class LaterLabels(Opened):
    """Labels of annotators, correctors and other tools, onto sentences that are stored."""

    def import_labels(
        self,
        file: str | Path,
        *,
        name: str,
        lang: str,
        annotator: str = "imported",
        corpus: str | None = None,
        part: str | None = None,
        format: Format = "auto",
        by_line: bool = False,
        snap: bool = False,
        reading: Mapping[str, Any] | None = None,
    ) -> LabelsResult:
        """Put gold labels, those of a second annotator or corrections onto stored sentences.

        A sentence is found by its id, as it was imported or exported, or else by its own words. Labels are kept for
        each annotator, beside those that were there. What the annotators of a set agree on is gold under its name: for
        ``gold=`` of :meth:`evaluate`, :meth:`compare` and :meth:`tune`, and for ``corrections`` of exports. Rows that
        are no stored sentence are counted, and the same file again adds nothing.

        :param file: in any format that has labels; brat's is named by its ``.ann``.
        :param name: of the set; made when it is new.
        :param lang: the language of the sentences, by any code.
        :param annotator: whose labels they are: what the same annotator said of a sentence before is replaced.
        :param corpus: that the sentences are in; by default any.
        :param part: with ``by_line``: only sentences of this part of the corpus.
        :param format: of the file, by the name of a reader; ``auto`` goes by the content.
        :param by_line: the first row is the first sentence of the import, and so on, whatever their ids.
        :param snap: let a label that cuts a word grow to the whole word, and count it.
        :param reading: options of the format's reader, as the methods that import sentences have them.
        :raises InputError: when the file cannot be read; nothing is stored then.
        :raises ImportRefused: when a label cuts a word.
        :raises UsageError: when the language has no sentences, the name is that of a campaign, the reader has no such
            option, or no row is a stored sentence.
        """
        from xprojdb.api.results.corrections import LabelsResult
        from xprojdb.review.labels.importing import import_labels

        described = later_file(file, lang, corpus, part, format, by_line, snap, reading)
        return LabelsResult(import_labels(self.store, described, name, annotator))


def later_file(
    file: str | Path,
    lang: str,
    corpus: str | None,
    part: str | None,
    format: Format,
    by_line: bool,
    snap: bool,
    reading: Mapping[str, Any] | None,
) -> LaterFile:
    """A file about stored sentences, its format recognised."""
    from xprojdb.importing.onto.reading import LaterFile
    from xprojdb.readers.registry import format_of, reader

    path = Path(file)
    chosen = format_of(path) if format == "auto" else format
    options = {key: value for key, value in (reading or {}).items() if value is not None}
    if snap and "snap" in reader(chosen).option_names():
        options["snap"] = True
    return LaterFile(path, lang, corpus, part, chosen, "line" if by_line else "id", snap, options)
