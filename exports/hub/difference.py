"""What a push would change: the files of a folder held against those of the Hub, by content."""

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

    :param sha256: of its content, where it is stored as a large file; else None.
    :param blob_id: its git object id: for a large file that of the pointer to it.
    """

    path: str
    size: int
    sha256: str | None
    blob_id: str


@dataclass(frozen=True)
class LocalFile:
    """A file to publish.

    :param source: where it lies, or its bytes.
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
        """The id that git gives a file of this content."""
        digest = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        if isinstance(self.source, bytes):
            digest.update(self.source)
        else:
            with self.source.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()

    def equals(self, remote: RemoteFile) -> bool:
        """Whether the Hub has the same content under this path."""
        if self.size != remote.size:
            return False
        return self.sha256 == remote.sha256 if remote.sha256 is not None else self.blob_id == remote.blob_id


@dataclass(frozen=True)
class FolderDifference:
    """Files by what a push does with them.

    :param known: paths among the added and changed whose content the Hub stores already, under another path: they are
        named in the commit and not sent.
    """

    added: Sequence[LocalFile] = ()
    changed: Sequence[LocalFile] = ()
    removed: Sequence[RemoteFile] = ()
    unchanged: Sequence[LocalFile] = ()
    known: Collection[str] = field(default_factory=frozenset)

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.removed)

    @property
    def sent(self) -> list[LocalFile]:
        """The files whose bytes travel."""
        return [file for file in (*self.added, *self.changed) if file.path not in self.known]


def difference(local: Sequence[LocalFile], remote: Mapping[str, RemoteFile], ours: Collection[str]) -> FolderDifference:
    """Compare.

    :param local: the files to publish.
    :param remote: all files on the Hub, by path.
    :param ours: the paths there that an earlier export wrote: those that are no longer exported are removed. Any
        other file stays.
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
