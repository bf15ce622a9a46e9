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
from xprojdb.exports.unfinished import partial_path, set_aside, sweep

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

    def write(self, data: bytes | memoryview) -> None:
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
    """Turn operating system errors raised in the block into an :class:`ExportError` about this path.

    The block should only write: errors while reading the data must keep their own message.
    """
    try:
        yield
    except BrokenPipeError:
        # The reader has closed the pipe, such as `head`: not an error of the destination.
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
    """A new file that replaces ``path`` when the block succeeds and is deleted when it fails.

    :raises ExportError: when it cannot be written; an existing file at ``path`` is left as it was.
    """
    path = path.resolve()
    partial = partial_path(path)
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
    """Move a finished file into place, with the mode of the file it replaces."""
    keep_mode(path, partial)
    partial.replace(path)


def keep_mode(old: Path, new: Path) -> None:
    """Copy the mode, and where permitted the owner, from the file or folder that is being replaced, if any."""
    try:
        replaced = old.stat()
    except FileNotFoundError:
        return
    with suppress(PermissionError):
        os.chown(new, replaced.st_uid, replaced.st_gid)
    new.chmod(stat.S_IMODE(replaced.st_mode))


#: creates a file that is put in place later, as :func:`atomic_file` and :meth:`Staged.file` do
Opener = Callable[[Path], AbstractContextManager[DigestingFile]]


#: refuses to replace what is at the first path with the file at the second
Check = Callable[[Path, Path], None]


class Staged:
    """Files that are put in place together, once the last of them is written; use :func:`staged`."""

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
        partial = partial_path(path)
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
        """Move all files into place; this needs no disk space.

        :raises ExportError: when an existing file may not be replaced; then none is moved.
        """
        for path, partial in self._waiting.items():
            self._check(path, partial)
        for path, partial in self._waiting.items():
            with reporting(path):
                _put(partial, path)
        self._waiting.clear()

    def withdraw(self) -> None:
        """Delete the files that were not put in place."""
        for partial in self._waiting.values():
            partial.unlink(missing_ok=True)


@contextmanager
def staged(check: Check = lambda _path, _partial: None) -> Iterator[Staged]:
    """Several files that are either all replaced or, if anything fails in the block, all left as they were.

    :param check: raises an error if a file may not be put in place.
    """
    files = Staged(check)
    try:
        yield files
        files.place()
    finally:
        files.withdraw()


def make_folder(path: Path, *, links: bool = True) -> None:
    """Create a folder and its parents where they are missing.

    :param links: whether the folder may be a symbolic link to an existing one.
    :raises ExportError: when it cannot be created.
    """
    if not links and path.is_symlink():
        hint = "move it away, or export to another folder"
        raise ExportError(f"{path} is a link: nothing was written through it", hint=hint, path=path)
    with reporting(path):
        path.mkdir(parents=True, exist_ok=True)


def close_safely(stream: BinaryIO) -> None:
    """Close a written file once its content has reached the disk."""
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()


def discard(stream: BinaryIO) -> None:
    """Close a file that is about to be deleted, ignoring errors such as a full disk."""
    with suppress(OSError):
        stream.close()


def replace_folder(new: Path, path: Path) -> None:
    """Put a finished folder in place of an existing one.

    Folders cannot be exchanged portably, so the old one is first moved aside. If the process is killed between the
    two moves, the old folder is kept under a name that no user's file has, and :func:`recover_folder` puts it back.

    :raises OSError: when it cannot be moved; the old folder is then still in place.
    """
    previous = partial_path(path, "previous")
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
    """Complete or undo a :func:`replace_folder` that was killed half-way."""
    for previous in set_aside(path):
        if path.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(path)
