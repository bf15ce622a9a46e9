"""Write a file or a folder beside its destination and put it in place when it is whole."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from xprojdb.exports.errors import ExportError
from xprojdb.exports.unfinished import beside, set_aside, sweep

_HINTS = {
    errno.ENOSPC: "free space on this disk, or write to another one",
    errno.EDQUOT: "your quota on this disk is used up: free space, or write to another disk",
    errno.EACCES: "choose a destination that you may write to",
    errno.EROFS: "choose a destination that is not read-only",
    errno.ENOENT: "create the parent folder first",
}


class DigestingFile:
    """A binary file that knows the SHA-256 of what was written to it."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Append bytes.

        :raises ExportError: when the disk is full or fails.
        """
        with reporting(self._path):
            self._stream.write(data)
        self._digest.update(data)

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of all bytes so far."""
        return self._digest.hexdigest()


@contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Turn an operating system error of the block into an :class:`ExportError` about this path.

    Only writing belongs into the block: an error of the place where the data come from is not ours to rename.
    """
    try:
        yield
    except BrokenPipeError:
        # Whoever reads it has enough of it: no fault of the place.
        raise
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror or error}",
            hint=_HINTS.get(error.errno or 0, "check the disk and the destination, then export again"),
            path=path,
            errno=error.errno,
        ) from error


@contextmanager
def atomic_file(path: Path) -> Iterator[DigestingFile]:
    """A new file that takes the place of ``path`` when the block ends well, and vanishes when it does not.

    :raises ExportError: when it cannot be written; an older file at ``path`` is left whole.
    """
    path = path.resolve()
    partial = beside(path)
    with reporting(path):
        sweep(path.parent, path.name)
        stream = partial.open("xb", buffering=1 << 20)
    try:
        yield DigestingFile(path, stream)
        with reporting(path):
            close_safely(stream)
            _put(partial, path)
    except BaseException:
        discard(stream)
        partial.unlink(missing_ok=True)
        raise


def _put(partial: Path, path: Path) -> None:
    """Move a finished file to its place, where it keeps the mode of the one that it replaces."""
    keep_mode(path, partial)
    partial.replace(path)


def keep_mode(old: Path, new: Path) -> None:
    """Give a file or folder the mode, and where that is allowed the owner, of the one that it replaces, if any."""
    try:
        known = old.stat()
    except FileNotFoundError:
        return
    with suppress(PermissionError):
        os.chown(new, known.st_uid, known.st_gid)
    new.chmod(stat.S_IMODE(known.st_mode))


#: makes a file that is put in place later, as :func:`atomic_file` and :meth:`Staged.file` do
Opener = Callable[[Path], AbstractContextManager[DigestingFile]]


#: refuses to replace what is at the first path by the file at the second
Check = Callable[[Path, Path], None]


class Staged:
    """Files that take their places together, when the last of them is written; use :func:`staged`."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._waiting: dict[Path, Path] = {}

    @contextmanager
    def file(self, path: Path) -> Iterator[DigestingFile]:
        """A new file, written beside ``path``.

        :raises ExportError: when it cannot be written.
        """
        path = path.parent.resolve() / path.name
        if path in self._waiting:
            hint = "rename one of the two"
            raise ExportError(f"two files of this export would be called {path}", hint=hint, path=path)
        partial = beside(path)
        with reporting(path):
            stream = partial.open("xb", buffering=1 << 20)
        self._waiting[path] = partial
        try:
            yield DigestingFile(path, stream)
            with reporting(path):
                close_safely(stream)
        finally:
            discard(stream)

    def place(self) -> None:
        """Move all files to their places, which needs no room on the disk.

        :raises ExportError: when something is at one of them that may not be replaced; then none is moved.
        """
        for path, partial in self._waiting.items():
            self._check(path, partial)
        for path, partial in self._waiting.items():
            with reporting(path):
                _put(partial, path)
        self._waiting.clear()

    def withdraw(self) -> None:
        """Delete what is not in its place."""
        for partial in self._waiting.values():
            partial.unlink(missing_ok=True)


@contextmanager
def staged(check: Check = lambda _path, _partial: None) -> Iterator[Staged]:
    """Several files of which, whatever goes wrong in the block, either all are new or all are as they were.

    :param check: raises where one may not take its place.
    """
    files = Staged(check)
    try:
        yield files
        files.place()
    finally:
        files.withdraw()


def make_folder(path: Path, *, links: bool = True) -> None:
    """Make a folder, and those above it, where they are missing.

    :param links: it may be a link to one that is there.
    :raises ExportError: when it cannot be made.
    """
    if not links and path.is_symlink():
        hint = "move it away, or export to another folder"
        raise ExportError(f"{path} is a link: nothing was written behind it", hint=hint, path=path)
    with reporting(path):
        path.mkdir(parents=True, exist_ok=True)


def close_safely(stream: BinaryIO) -> None:
    """Close a written file once its bytes are on the disk."""
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()


def discard(stream: BinaryIO) -> None:
    """Close a file that is about to be deleted; that its last bytes find no room no longer matters."""
    with suppress(OSError):
        stream.close()


def replace_folder(new: Path, path: Path) -> None:
    """Put a finished folder in place of an older one.

    There is no portable exchange of two folders, so the old one is moved aside first. Killed between the two moves,
    it waits there whole, under a name that no user's file has, and :func:`recover_folder` puts it back.

    :raises OSError: when it cannot be moved; the old folder is in place then.
    """
    previous = beside(path, "previous")
    existed = path.exists()
    if existed:
        path.rename(previous)
    try:
        new.rename(path)
    except OSError:
        if existed:
            previous.rename(path)
        raise
    if existed:
        shutil.rmtree(previous)


def recover_folder(path: Path) -> None:
    """Finish or undo a :func:`replace_folder` that was killed half-way."""
    for previous in set_aside(path):
        if path.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(path)
