"""Store the new sentences of one file of a corpus, in blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from xprojdb.db import bulk
from xprojdb.db.tables import entity, outcome, sentence, source_file
from xprojdb.digest import canonical_json
from xprojdb.errors import InputError
from xprojdb.importing.corpus_files import CorpusFile, FileReport, ImportRefused
from xprojdb.importing.reimport import skip_stored
from xprojdb.printable import one_line
from xprojdb.readers.contents import content_files
from xprojdb.readers.label_names import label_fault
from xprojdb.readers.records import Record, id_fault
from xprojdb.readers.registry import folder_hint
from xprojdb.text.label_schemes import LabelScheme

#: sentences written at a time, which bounds the memory of an import
BLOCK = 5_000

_SENTENCE = (
    "id", "corpus_id", "lang", "n_words", "split", "external_id", "source_file_id", "words", "text", "offsets",
)  # fmt: skip
_ENTITY = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
_OUTCOME = ("step_id", "item_id", "status", "reason", "run_id")


class Target(NamedTuple):
    """Where an import writes to.

    :param scheme: labels outside it are refused; None: any label.
    :param gold_step: the step of imported labels.
    """

    corpus_id: int
    scheme: LabelScheme | None
    gold_step: int
    run_id: int


class FileWriter:
    """Stores files of one corpus in a write transaction.

    :param watch: called after each block with the language and the number of sentences read so far.
    """

    def __init__(self, connection: Connection, target: Target, watch: Callable[[str, int], None] | None) -> None:
        self.connection = connection
        self.target = target
        self.watch = watch or (lambda _lang, _count: None)

    def store(self, file: CorpusFile) -> FileReport:
        """Store the new sentences of a file; a file with the same bytes as before is not read again.

        :raises ImportRefused: when it contradicts what is stored, or has a label outside the scheme.
        :raises InputError: when it cannot be read.
        """
        report = FileReport(str(file.path), file.lang, file.part)
        values = self._described(file)
        stored = self._stored_file(file)
        if stored is not None and all(
            getattr(stored, name) == values[name] for name in ("format", "options", "sha256")
        ):
            report.sentences, report.unchanged = stored.sentences, True
            return report
        records = iter(file.read(file.path))
        if stored is not None:
            report.sentences = skip_stored(self.connection, file, stored, self.target.gold_step, records)
        key = stored.id if stored is not None else self._new_file(file, values)
        self._store_records(file, key, records, report)
        report.notes = dict(file.notes)
        values["sentences"] = report.sentences
        self.connection.execute(update(source_file).where(source_file.c.id == key).values(**values))
        return report

    def replace(self, file: CorpusFile, file_id: int, changed: Mapping[int, Record], new: Sequence[Record]) -> int:
        """Store a corrected version of a file, beside what stays of it; its sentences have ids.

        :param changed: new versions by the keys of stored sentences, of which nothing else is stored any more.
        :returns: how many sentences were added.
        :raises ImportRefused: when a label is outside the scheme, or another sentence has the id.
        """
        report = FileReport(str(file.path), file.lang, file.part)
        here = source_file.c.id == file_id
        if self.connection.execute(select(source_file.c.id).where(here)).first() is None:
            # All its sentences are replaced, and it was forgotten with them.
            file_id = self._new_file(file, self._described(file))
            here = source_file.c.id == file_id
        self._update_records(file, changed)
        self._store_records(file, file_id, iter(new), report)
        count = select(func.count()).select_from(sentence).where(sentence.c.source_file_id == file_id)
        values = {**self._described(file), "sentences": self.connection.execute(count).scalar_one()}
        self.connection.execute(update(source_file).where(here).values(**values))
        return report.added

    def _described(self, file: CorpusFile) -> dict[str, Any]:
        return {
            "name": file.path.name,
            "format": file.format,
            "options": canonical_json({**file.options, "split": file.split}),
            "sha256": _sha256(file.path),
        }

    def _stored_file(self, file: CorpusFile) -> Row[Any] | None:
        query = select(source_file).where(
            source_file.c.corpus_id == self.target.corpus_id,
            source_file.c.lang == file.lang,
            source_file.c.part == file.part,
        )
        return self.connection.execute(query).first()

    def _new_file(self, file: CorpusFile, values: dict[str, Any]) -> int:
        target = self.target
        keys = {"corpus_id": target.corpus_id, "lang": file.lang, "part": file.part, "run_id": target.run_id}
        statement = insert(source_file).values(**keys, **values, sentences=0).returning(source_file.c.id)
        return int(self.connection.execute(statement).scalar_one())

    def _store_records(self, file: CorpusFile, file_id: int, records: Iterator[Record], report: FileReport) -> None:
        first_id = bulk.next_id(self.connection, sentence)
        while block := list(islice(records, BLOCK)):
            _check_names(file, block)
            self._store_sentences(file, file_id, block, first_id, report.sentences)
            report.entities += self._store_entities(file, dict(enumerate(block, first_id)))
            report.sentences += len(block)
            report.added += len(block)
            first_id += len(block)
            self.watch(file.lang, report.sentences)

    def _update_records(self, file: CorpusFile, changed: Mapping[int, Record]) -> None:
        _check_names(file, list(changed.values()))
        statement = update(sentence).where(sentence.c.id == bindparam("key"))
        rows = [
            {
                "key": key,
                "n_words": len(record.words),
                "split": file.split_of(record),
                "words": _json_strings(record.words),
                "text": record.text,
                "offsets": _json_offsets(record),
            }
            for key, record in changed.items()
        ]
        if rows:
            self.connection.execute(statement, rows)
        self._store_entities(file, changed)

    def _store_entities(self, file: CorpusFile, records: Mapping[int, Record]) -> int:
        _, scheme, step, run_id = self.target
        rows, outcomes = [], []
        for key, record in records.items():
            if record.entities is None:
                continue
            if scheme is not None and record.entities:
                _check_labels(file, record, scheme)
            rows += [(step, key, i, *span) for i, span in enumerate(record.entities)]
            outcomes.append((step, key, "ok" if record.entities else "empty", None, run_id))
        if outcomes:
            bulk.insert(self.connection, entity, _ENTITY, rows)
            bulk.insert(self.connection, outcome, _OUTCOME, outcomes)
        return len(rows)

    def _store_sentences(
        self, file: CorpusFile, file_id: int, block: Sequence[Record], first_id: int, before: int
    ) -> None:
        rows = [
            (
                first_id + i,
                self.target.corpus_id,
                file.lang,
                len(record.words),
                file.split_of(record),
                file.id_of(record, before + i + 1),
                file_id,
                _json_strings(record.words),
                record.text,
                _json_offsets(record),
            )
            for i, record in enumerate(block)
        ]
        if bulk.insert(self.connection, sentence, _SENTENCE, rows) != len(rows):
            self._refuse_duplicate(file, block, [(row[0], row[5]) for row in rows])

    def _refuse_duplicate(self, file: CorpusFile, block: Sequence[Record], rows: Sequence[tuple[int, str]]) -> None:
        query = select(sentence.c.id).where(sentence.c.id.between(rows[0][0], rows[-1][0]))
        stored = set(self.connection.execute(query).scalars())
        at = next(i for i, (key, _) in enumerate(rows) if key not in stored)
        external_id, line = rows[at][1], block[at].line
        raise ImportRefused(
            f"{file.path}, line {line}: another {file.lang} sentence of the corpus has the id {external_id!r}",
            hint="ids must be unique per corpus and language; use another --part or corpus name",
            file=str(file.path),
            line=line,
            external_id=external_id,
        )


def _check_names(file: CorpusFile, block: Sequence[Record]) -> None:
    """Refuse ids and labels that could not be stored in every database, exported or displayed."""
    for record in block:
        fault = id_fault(record.external_id) if record.external_id is not None else None
        if fault is not None:
            raise _unstorable(file, record, "id", str(record.external_id), fault)
        for span in record.entities or ():
            if (fault := label_fault(span.label)) is not None:
                raise _unstorable(file, record, "label", span.label, fault)


def _unstorable(file: CorpusFile, record: Record, kind: str, name: str, fault: str) -> ImportRefused:
    return ImportRefused(
        f"{file.path}, line {record.line}: the {kind} {one_line(name, 60)!r} {fault}",
        hint="correct the file",
        file=str(file.path),
        line=record.line,
        kind=kind,
        name=name,
    )


def _check_labels(file: CorpusFile, record: Record, scheme: LabelScheme) -> None:
    assert record.entities is not None
    for span in record.entities:
        if span.label not in scheme.labels:
            line = record.line + (span.start if file.format == "conll" else 0)
            raise ImportRefused(
                f"{file.path}, line {line}: the label {span.label!r} of "
                f"{' '.join(record.words[span.start : span.end])!r} is not in the scheme "
                f"{scheme.name} ({', '.join(scheme.labels)})",
                hint="correct the file, or choose another --scheme",
                file=str(file.path),
                line=line,
                label=span.label,
            )


def _json_strings(words: Sequence[str]) -> str:
    """The same as :func:`canonical_json` for a list of strings, in a third of the time."""
    return f"[{','.join(map(encode_basestring, words))}]"


def _json_offsets(record: Record) -> str | None:
    return None if record.offsets is None else canonical_json(record.offsets)


def _sha256(path: Path) -> str:
    files = content_files(path)
    if files == [path]:
        return _digest(path)
    return hashlib.sha256("".join(map(_digest, files)).encode()).hexdigest()


def _digest(path: Path) -> str:
    # A pipe can be read only once, but is needed twice: for its digest, and for its sentences.
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe or a device"
        hint = folder_hint(path) if path.is_dir() else "write its contents to a file first"
        raise InputError(f"{path} is {kind}, not a file", hint=hint, file=str(path))
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}", hint="check the path", file=str(path)) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", hint="check the permissions of the file", file=str(path)
        ) from error
