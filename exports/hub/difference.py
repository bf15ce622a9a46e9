"""What a push would change: the files of a folder compared with those on the Hub, by content."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from xprojdb.exports.formats.parquet import file_sha256


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the Hub.

    :param sha256: of its content, if it is stored as a large file; otherwise None.
    :param blob_id: its git object id; for a large file, that of its pointer.
    """

    path: str
    size: int
    sha256: str | None
    blob_id: str


@dataclass(frozen=True)
class LocalFile:
    """A file to publish.

    :param source: its path, or its bytes.
    """

    path: str
    source: Path | bytes

    @cached_property
    def size(self) -> int:
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size

    @cached_property
    def sha256(self) -> str:
        if isinstance(self.source, bytes):
            return hashlib.sha256(self.source).hexdigest()
        return file_sha256(self.source)

    @cached_property
    def blob_id(self) -> str:
        """The id that git gives to a file with this content."""
        digest = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        if isinstance(self.source, bytes):
            digest.update(self.source)
        else:
            with self.source.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()

    def equals(self, remote: RemoteFile) -> bool:
        """Whether the Hub has the same content at this path."""
        if self.size != remote.size:
            return False
        return self.sha256 == remote.sha256 if remote.sha256 is not None else self.blob_id == remote.blob_id


@dataclass(frozen=True)
class FolderDifference:
    """Files by what a push does with them.

    :param stored: paths among the added and changed whose content the Hub already has at another path: the commit names
        them, but they are not uploaded.
    """

    added: Sequence[LocalFile] = ()
    changed: Sequence[LocalFile] = ()
    removed: Sequence[RemoteFile] = ()
    unchanged: Sequence[LocalFile] = ()
    stored: Collection[str] = field(default_factory=frozenset)

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.removed)

    @property
    def sent(self) -> list[LocalFile]:
        """The files that are uploaded."""
        return [file for file in (*self.added, *self.changed) if file.path not in self.stored]


def difference(local: Sequence[LocalFile], remote: Mapping[str, RemoteFile], ours: Collection[str]) -> FolderDifference:
    """Compare local files with those on the Hub.

    :param local: the files to publish.
    :param remote: all files on the Hub, by path.
    :param ours: the paths there that an earlier export wrote: those that are no longer exported are removed. Other
        files stay.
    """
    paths = {file.path for file in local}
    stored = {file.sha256 for file in remote.values() if file.sha256 is not None}
    added = [file for file in local if file.path not in remote]
    both = [file for file in local if file.path in remote]
    changed = [file for file in both if not file.equals(remote[file.path])]
    return FolderDifference(
        added,
        changed,
        [remote[path] for path in sorted(ours) if path in remote and path not in paths],
        [file for file in both if file not in changed],
        frozenset(file.path for file in (*added, *changed) if file.sha256 in stored),
    )
