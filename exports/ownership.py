"""Which files at a destination an export may replace: those that an export wrote and nobody has edited since."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, select

from xprojdb.db.tables import export
from xprojdb.exports.atomic import reporting
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.parquet import file_sha256


def exported_checksums(connection: Connection) -> frozenset[str]:
    """SHA-256 of every file ever written by an export of this database."""
    texts = connection.execute(select(export.c.checksums)).scalars()
    return frozenset(checksum for text in texts for checksum in json.loads(text or "{}").values())


def check_replaceable(path: Path, partial: Path, ours: Collection[str]) -> None:
    """Refuse to replace a link, a folder, a device, or a file that was edited or not written by an export.

    :param partial: the new file; an identical file may be replaced.
    :param ours: the checksums of files written by exports.
    :raises ExportError: naming the file.
    """
    with reporting(path):
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise _refusal(path, "is a link" if path.is_symlink() else "is not a regular file")
        if not path.exists():
            return
        checksum = file_sha256(path)
        if checksum not in ours and checksum != file_sha256(partial):
            raise _refusal(path, "was not written by an export of this database, or it was edited since")


def _refusal(path: Path, fault: str) -> ExportError:
    hint = "move it elsewhere, or export to another folder"
    return ExportError(f"{path} {fault}: it was not replaced", hint=hint, path=path)
