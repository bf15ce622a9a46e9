"""Database methods that import spreadsheets, files of annotation tools, data sets and translation memories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from xprojdb.api.importing.files import CorpusOptions, Importing, TagEncoding, _refuse_other, _snapping
from xprojdb.errors import UsageError

if TYPE_CHECKING:
    from xprojdb.api.results.importing import ImportResult
    from xprojdb.readers import Format

SpanFormat = Literal["auto", "span-json", "label-studio", "webanno", "conllu", "brat", "squad", "absa", "spacy"]
Column = int | str


class ImportingFormats(Importing):
    """Importing spreadsheets, files of annotation tools, data sets and translation memories."""

    def import_file(
        self,
        file: str | Path,
        *,
        corpus: str,
        lang: str,
        format: Format = "auto",
        snap: bool = False,
        reading: Mapping[str, Any] | None = None,
        **about: Unpack[CorpusOptions],
    ) -> ImportResult:
        """Import a file in one language, in any format that there is a reader for, also one of a plug-in.

        :param format: the name of a reader; ``auto``: by the content, then by the suffix.
        :param snap: extend spans that cut a word to the whole word, and count them.
        :param reading: options of the reader.
        :param about: see :class:`CorpusOptions`.
        :raises InputError, ImportRefused, UsageError: as for :meth:`import_conll`.
        """
        from xprojdb.readers.registry import format_of

        chosen = format_of(Path(file)) if format == "auto" else format
        options = {**(reading or {}), **(_snapping(file, chosen) if snap else {})}
        return self._import([(lang, file, options)], chosen, corpus, about)

    def import_multilingual(
        self,
        file: str | Path,
        *,
        corpus: str,
        langs: Sequence[str],
        format: Format = "auto",
        ids: bool = True,
        machine: str | None = None,
        **about: Unpack[CorpusOptions],
    ) -> ImportResult:
        """Import one file with the same sentences in several languages, as human translations.

        TMX, XLIFF, a table with a column for each language, or a data set with a column "translation".

        :param langs: the languages to read, by any of their codes, originals first.
        :param format: ``memory`` (TMX, XLIFF), ``table`` or ``hf``; ``auto``: by the content.
        :param ids: False: number the sentences, and ignore the ids of TMX or XLIFF.
        :param machine: the name of the machine that translated the first language into the others, as for
            :meth:`import_parallel`; not for tables.
        :param about: see :class:`CorpusOptions`.
        :raises InputError, ImportRefused, UsageError: as for :meth:`import_conll`.
        """
        from xprojdb.readers.registry import format_of
        from xprojdb.text.languages import language

        path, codes = Path(file), tuple(language(lang).code for lang in langs)
        chosen = format_of(path) if format == "auto" else format
        if chosen == "table":
            if machine is not None:
                hint = "import the column of the original, then those of the others with import translations"
                raise UsageError("a table does not say which column a machine made", hint=hint, format=chosen)
            return self._import_columns(path, [(code, None) for code in codes], {}, corpus, about)
        reading: dict[str, dict[str, Any]] = {"memory": {"languages": codes, "ids": ids}, "hf": {"languages": codes}}
        if chosen not in reading:
            raise UsageError(
                f"{path} does not contain several languages", hint="name the files as LANG=FILE", format=chosen
            )
        files = [(code, path, reading[chosen]) for code in codes]
        if machine is not None:
            return self._import_translated(files, machine, chosen, corpus, about)
        return self._import(files, chosen, corpus, about, parallel=True)

    def import_table(
        self,
        file: str | Path,
        *,
        corpus: str,
        text: Column | Mapping[str, Column] | None = None,
        lang: str | None = None,
        tags: Column | None = None,
        brackets: Column | None = None,
        id_column: Column | None = None,
        split_column: Column | None = None,
        header: bool | None = None,
        sheet: Column | None = None,
        delimiter: str | None = None,
        pretokenized: bool = False,
        **about: Unpack[CorpusOptions],
    ) -> ImportResult:
        """Import a table with one sentence per row: CSV, TSV, XLSX or ODS.

        Rows with a blank cell are skipped in all languages, and counted.

        :param text: the column of the sentences, by its header or its number from 0; for a parallel table, a mapping
            from language to column; by default the column named after the language, or ``text``.
        :param lang: language of the sentences, if one column is read.
        :param tags: the column with a tag for each word, separated by spaces.
        :param brackets: the column of sentences with entities in brackets, such as ``[Goma]LOC``; by default the one
            named ``labelled``, if there is one and neither text nor tags are asked for.
        :param id_column: by default ``id``.
        :param split_column: by default ``split``.
        :param header: whether the first row has names; by default this is detected.
        :param sheet: sheet of a spreadsheet, by name or number from 0; by default the first.
        :param delimiter: cell delimiter of CSV; by default this is detected.
        :param pretokenized: whether words are already separated by spaces.
        :param about: see :class:`CorpusOptions`.
        :raises InputError, ImportRefused, UsageError: as for :meth:`import_conll`.
        """
        _refuse_other(file, "import table")
        reading = {
            "tags": tags, "brackets": brackets, "header": header,
            "sheet": sheet, "delimiter": delimiter, "pretokenized": pretokenized,
            "id": id_column, "split_column": split_column,
        }  # fmt: skip
        return self._import_columns(Path(file), _columns(lang, text), reading, corpus, about)

    def import_spans(
        self,
        path: str | Path,
        *,
        corpus: str,
        lang: str,
        format: SpanFormat = "auto",
        snap: bool = False,
        nested: Literal["error", "outer", "inner"] | None = None,
        split_lines: bool | None = None,
        text_field: str | None = None,
        labels_field: str | None = None,
        annotator: str | None = None,
        layer: str | None = None,
        key: str | None = None,
        **about: Unpack[CorpusOptions],
    ) -> ImportResult:
        """Import texts that an annotation tool labelled by character offsets.

        Span JSON of doccano, Prodigy and spaCy; Label Studio's JSON; WebAnno TSV 3 of INCEpTION; CoNLL-U with NE=;
        brat's .ann beside .txt, one document or a folder of them; the answers of XQuAD, MLQA and SQuAD, one question
        at a time. A span that cuts a word is refused, with its position.

        :param path: a file, or a folder of brat documents.
        :param format: ``auto``: by the content.
        :param snap: extend a span that cuts a word to the whole word, and count it.
        :param nested: if spans overlap, refuse the file (``error``, the default), or keep one layer and count the
            others: the longest (``outer``), or the longest of those inside or across them (``inner``).
        :param split_lines: whether each line of a text is a sentence; by default only in brat's files.
        :param text_field: field of the text in JSON; by default ``text``.
        :param labels_field: field of the labels in span JSON; by default the one that has any.
        :param annotator: read only the Label Studio annotations of this user, by number or e-mail.
        :param layer: layer of WebAnno TSV with the labels; by default named entities.
        :param key: name of the tags in the last column of CoNLL-U; by default ``NE``.
        :param about: see :class:`CorpusOptions`.
        :raises InputError, ImportRefused, UsageError: as for :meth:`import_conll`.
        """
        path = Path(path)
        _refuse_other(path, "import spans")
        reading = {
            "nested": nested, "split_lines": split_lines, "text_field": text_field, "labels_field": labels_field,
            "annotator": annotator, "layer": layer, "key": key, "snap": snap or None,
        }  # fmt: skip
        if path.is_dir():
            files = sorted(path.glob("*.ann"))
            if not files:
                raise UsageError(
                    f"there is no .ann file in {path}", hint="name a folder of brat documents", path=str(path)
                )
            documents = [(lang, file, {**reading, "part": file.stem}) for file in files]
            return self._import(documents, "brat", corpus, about)
        chosen = _span_format(path, format)
        # Of brat's two files, use the one that changes when labels do.
        labels = path.with_suffix(".ann") if chosen == "brat" else path
        return self._import([(lang, labels, reading)], chosen, corpus, about)

    def import_hf(
        self,
        path: str | Path,
        *,
        corpus: str,
        lang: str,
        words_field: str | None = None,
        tags_field: str | None = None,
        text_field: str | None = None,
        id_field: str | None = None,
        label_names: Sequence[str] | None = None,
        encoding: TagEncoding = "auto",
        strict: bool = False,
        **about: Unpack[CorpusOptions],
    ) -> ImportResult:
        """Import a data set of the datasets library: a folder written by ``save_to_disk``, an Arrow or a Parquet file.

        All splits of a folder are imported, unless ``split`` names one. For a column "translation", use
        :meth:`import_multilingual`.

        :param path: a folder or a file.
        :param words_field: by default ``tokens`` or ``words``.
        :param tags_field: by default ``ner_tags``, ``tags`` or ``labels``.
        :param text_field: column of untokenized text; by default ``text`` or ``sentence``.
        :param id_field: by default sentences are numbered.
        :param label_names: the names of the tags, if they are numbers; by default as the data set says.
        :param encoding: how the tags mark spans.
        :param strict: refuse tags that violate the encoding instead of repairing them.
        :param about: see :class:`CorpusOptions`.
        :raises InputError, ImportRefused, UsageError: as for :meth:`import_conll`.
        """
        from xprojdb.readers.huggingface.folders import splits_of

        path = Path(path)
        _refuse_other(path, "import hf")
        reading: dict[str, Any] = {
            "words_field": words_field, "tags_field": tags_field, "text_field": text_field, "id_field": id_field,
            "label_names": list(label_names) if label_names else None, "encoding": encoding, "strict": strict,
        }  # fmt: skip
        splits, split_ = splits_of(path) if path.is_dir() else [], about.get("split")
        if split_ is not None and splits and split_ not in splits:
            raise UsageError(f"{path} has no split {split_!r}", hint=f"it has {', '.join(splits)}", split=split_)
        chosen = [split_] if split_ in splits else splits
        files = [(lang, path / name, {**reading, "split": name, "part": name}) for name in chosen]
        return self._import(files or [(lang, path, reading)], "hf", corpus, about)

    def _import_columns(
        self,
        path: Path,
        columns: Sequence[tuple[str, Column | None]],
        reading: Mapping[str, Any],
        corpus: str,
        about: Mapping[str, Any],
    ) -> ImportResult:
        """Import one or several parallel columns of one table."""
        from xprojdb.text.languages import language

        coded = [(language(lang).code, column) for lang, column in columns]
        files = []
        for code, column in coded:
            others = tuple(other if other is not None else code_ for code_, other in coded if code_ != code)
            files.append((code, path, {**reading, "text": column, "beside": others}))
        return self._import(files, "table", corpus, about, parallel=len(files) > 1)


def _columns(lang: str | None, text: Column | Mapping[str, Column] | None) -> list[tuple[str, Column | None]]:
    if lang is not None and not isinstance(text, Mapping):
        return [(lang, text)]
    if lang is None and isinstance(text, Mapping) and text:
        return list(text.items())
    raise UsageError(
        "the language of each column is not clear",
        hint="use --lang and one --text COLUMN, or --text LANG=COLUMN for each language",
    )


def _span_format(path: Path, format: SpanFormat) -> str:
    from typing import get_args

    from xprojdb.readers.registry import recognize

    if format != "auto":
        return format
    reader = recognize(path)
    if reader is not None and reader.name in get_args(SpanFormat):
        return reader.name
    return "brat" if path.with_suffix(".ann").is_file() else "span-json"
