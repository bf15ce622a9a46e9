"""A file named by the user: replaced atomically if it is a regular file, otherwise written directly."""

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

    A regular file, or one that does not exist yet, is written next to its destination and moved into place once it is
    complete, keeping its mode. Devices, pipes and files that are already open, such as ``/dev/stdout``, are written to
    directly.

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
    """The file descriptor that a path stands for; opening the path again would start at the beginning of the file."""
    match = _DESCRIPTOR.fullmatch(str(path))
    return int(match[1]) if match else _OPEN_FILES.get(str(path))


def _is_special(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
