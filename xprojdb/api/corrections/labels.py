"""The database method that adds labels to stored sentences."""

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
    """Labels of annotators, correctors and other tools for stored sentences."""

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
        """Add gold labels, those of a second annotator, or corrections to stored sentences.

        Sentences are found by the id with which they were imported or exported, otherwise by their words. Labels are
        stored for each annotator, and existing ones are kept. What the annotators of a set agree on is gold under its
        name: for ``gold=`` of :meth:`evaluate`, :meth:`compare` and :meth:`tune`, and for ``corrections`` of exports.
        Rows without a stored sentence are counted, and importing the same file again adds nothing.

        :param file: in any format with labels; a brat document is named by its ``.ann``.
        :param name: the name of the set; created if it is new.
        :param lang: the language of the sentences, by any of its codes.
        :param annotator: who made the labels; they replace what the same annotator said about a sentence before.
        :param corpus: the corpus of the sentences; by default any.
        :param part: with ``by_line``: only sentences of this part of the corpus.
        :param format: of the file, by the name of a reader; ``auto``: by the content.
        :param by_line: the first row is the first sentence of the import, and so on, whatever their ids.
        :param snap: extend a label that cuts a word to the whole word, and count it.
        :param reading: options of the reader, as in the methods that import sentences.
        :raises InputError: when the file cannot be read; then nothing is stored.
        :raises ImportRefused: when a label cuts a word.
        :raises UsageError: when the language has no sentences, the name is that of a campaign, the reader has no such
            option, or no row belongs to a stored sentence.
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
    """A file about stored sentences, with its format detected."""
    from xprojdb.importing.onto.reading import LaterFile
    from xprojdb.readers.registry import format_of, reader

    path = Path(file)
    chosen = format_of(path) if format == "auto" else format
    options = {key: value for key, value in (reading or {}).items() if value is not None}
    if snap and "snap" in reader(chosen).option_names():
        options["snap"] = True
    if chosen == "hf" and "id_field" not in options and _is_exported(path):
        options["id_field"] = "id"
    return LaterFile(path, lang, corpus, part, chosen, "line" if by_line else "id", snap, options)


def _is_exported(path: Path) -> bool:
    """Whether the ids of a data set are those of an export; in published data sets they are numbers."""
    from xprojdb.readers.huggingface.folders import first_id

    return (first_id(path) or "").count("/") >= 2
