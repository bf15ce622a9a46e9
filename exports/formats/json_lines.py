"""Write labelled sentences as JSON lines, one object per sentence."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from xprojdb.exports.atomic import Opener, atomic_file
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.conll import WrittenFile, write_lines
from xprojdb.exports.rows.sentences import ExportRow
from xprojdb.text.spans import tags_from_spans


def write_jsonl(path: Path, rows: Iterable[ExportRow], *, opener: Opener = atomic_file) -> WrittenFile:
    """Write sentences with ``id``, ``tokens``, ``ner_tags`` (IOB2) and ``lang``, then further columns.

    ``xprojdb import jsonl`` reads the file back. The same sentences give the same bytes.

    :param rows: sentences, all with the same further columns, as JSON values.
    :param opener: creates the file.
    :raises ExportError: when a word is not Unicode text (field ``id``), or the disk is full (field ``errno``).
    :raises SpanError: when spans overlap or leave the sentence.
    """
    return write_lines(path, ((1, json_line(path, row)) for row in rows), opener=opener)


def json_line(path: Path, row: ExportRow) -> bytes:
    """The line of a sentence; see :func:`write_jsonl`.

    :param path: the file, for error messages.
    """
    tags = tags_from_spans(len(row.words), list(row.spans))
    values = {"id": row.id, "tokens": list(row.words), "ner_tags": tags, "lang": row.lang}
    try:
        return (json.dumps({**values, **row.columns}, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError as error:
        hint = "a lone surrogate is left by a damaged file: import the corpus again from a sound one"
        raise ExportError(
            f"sentence {row.id} is not Unicode text ({error}): {path} was not written", hint=hint, path=path, id=row.id
        ) from error
