"""A file that the user names: written as a whole, or, where it is no regular file, directly."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from xprojdb.exports.atomic import DigestingFile, atomic_file, reporting

_OPEN_FILES = {"/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")


@contextmanager
def output_file(path: Path) -> Iterator[DigestingFile]:
    """A file to write to.

    A regular file, or one that is not there yet, is written beside its place and replaced when it is whole, its mode
    kept. A device, a pipe, or a file that is open already, such as ``/dev/stdout``, is written to as it is.

    :raises ExportError: when it cannot be written.
    """
    descriptor = _descriptor(path)
    if descriptor is None and not _is_special(path):
        with atomic_file(path) as file:
            yield file
        return
    with reporting(path):
        stream: BinaryIO = path.open("wb") if descriptor is None else os.fdopen(os.dup(descriptor), "wb")
    try:
        yield DigestingFile(path, stream)
    finally:
        with reporting(path):
            stream.close()


def _descriptor(path: Path) -> int | None:
    """The number of the open file that a path stands for: opened anew, it would begin at its beginning."""
    found = _DESCRIPTOR.fullmatch(str(path))
    return int(found[1]) if found else _OPEN_FILES.get(str(path))


def _is_special(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
