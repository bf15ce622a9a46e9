"""A repository of a data set or a model on the Hub: what it holds now, and the one commit that changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.exports.errors import ExportError
from xprojdb.exports.hub.difference import FolderDifference, LocalFile, RemoteFile
from xprojdb.exports.manifest import MANIFEST_NAME, Kind, Manifest, parse_manifest
from xprojdb.exports.replaced_folder import CARD_NAME
from xprojdb.extras import require
from xprojdb.hub import RepositoryMissing, asking, log_in_first


@dataclass(frozen=True)
class Published:
    """What a repository contained when it was read.

    :param revision: the commit; the next commit names it as its parent.
    :param manifest: of the export in it, if any.
    :param card: the text of its ``README.md``.
    """

    revision: str
    private: bool
    files: Mapping[str, RemoteFile]
    manifest: Manifest | None
    card: str | None

    @property
    def ours(self) -> frozenset[str]:
        """The paths written by the earlier export."""
        return frozenset((*self.manifest.files, MANIFEST_NAME) if self.manifest else ())


class Repository:
    """A repository; it is only created by :meth:`create`.

    Requests use the token from the environment or from the Hub's own login; it is not stored anywhere else.

    :param name: ``USER/NAME``, see :func:`xprojdb.exports.hub.names.repository_name`.
    :param kind: what it is of.
    """

    def __init__(self, name: str, kind: Kind = "dataset") -> None:
        self.name, self.kind = name, kind
        self._hub = require("huggingface_hub", "hub")
        self._api = self._hub.HfApi(library_name="xprojdb")

    def need_token(self) -> None:
        """Check that there is a token for publishing.

        :raises TokenRefused: when there is none.
        """
        with asking(self.name):
            if not self._hub.get_token():
                raise log_in_first(self.name)

    def look(self) -> Published | None:
        """Read the repository; None if the Hub shows none of this name.

        :raises HubError: when the Hub cannot be reached, or its manifest of the earlier export is damaged.
        """
        try:
            with asking(self.name):
                info = self._api.repo_info(self.name, repo_type=self.kind)
        except RepositoryMissing:
            return None
        with asking(self.name):
            tree = self._api.list_repo_tree(self.name, recursive=True, revision=info.sha, repo_type=self.kind)
            files = {entry.path: _file(entry) for entry in tree if hasattr(entry, "blob_id")}
        record = self._read(MANIFEST_NAME, info.sha) if MANIFEST_NAME in files else None
        card = self._read(CARD_NAME, info.sha) if CARD_NAME in files else None
        manifest = None if record is None else parse_manifest(record, f"{self.name} on the Hub")
        return Published(info.sha, bool(info.private), files, manifest, None if card is None else self._text(card))

    def create(self, private: bool) -> None:
        """Create an empty repository.

        :raises HubError: when the token does not allow that.
        """
        with asking(self.name):
            self._api.create_repo(self.name, private=private, repo_type=self.kind, exist_ok=True)

    def commit(self, changes: FolderDifference, parent: str, title: str, text: str) -> str:
        """Publish all changes at once and return the commit.

        :param parent: the commit that the changes were computed against.
        :raises PublishedMeanwhile: when it is no longer the latest.
        :raises HubError: when the Hub refuses or cannot be reached; then none of the changes are visible.
        """
        additions = [self._addition(file) for file in (*changes.added, *changes.changed)]
        deletions = [self._hub.CommitOperationDelete(file.path, is_folder=False) for file in changes.removed]
        with asking(self.name):
            commit_info = self._api.create_commit(
                self.name,
                [*additions, *deletions],
                commit_message=title,
                commit_description=text,
                repo_type=self.kind,
                parent_commit=parent,
            )
        return str(commit_info.oid)

    def _addition(self, file: LocalFile) -> Any:
        source = str(file.source) if isinstance(file.source, Path) else file.source
        return self._hub.CommitOperationAdd(file.path, source)

    def _read(self, path: str, revision: str) -> bytes:
        with asking(self.name):
            cached = self._api.hf_hub_download(self.name, path, repo_type=self.kind, revision=revision)
            return Path(cached).read_bytes()

    def _text(self, card: bytes) -> str:
        try:
            return card.decode()
        except UnicodeDecodeError as error:
            hint = "save it as UTF-8 on the Hub"
            raise ExportError(f"the card of {self.name} is not UTF-8: {error}", hint=hint, path=CARD_NAME) from error


def _file(entry: Any) -> RemoteFile:
    return RemoteFile(entry.path, entry.size, entry.lfs.sha256 if entry.lfs else None, entry.blob_id)
