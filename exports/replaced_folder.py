"""Write a folder beside the earlier export that it replaces, and put it in place once everything in it is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xprojdb.exports.atomic import atomic_file, keep_mode, recover_folder, replace_folder, reporting
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.parquet import file_sha256
from xprojdb.exports.manifest import MANIFEST_NAME, Manifest, read_manifest
from xprojdb.exports.unfinished import partial_path, sweep

CARD_NAME = "README.md"


@dataclass(frozen=True)
class NewFolder:
    """A folder under construction, next to the one it will replace."""

    path: Path
    new: Path
    old: Manifest | None

    @property
    def old_card(self) -> str | None:
        """The card of the earlier export."""
        card = self.path / CARD_NAME
        try:
            return card.read_text(encoding="utf-8") if card.is_file() else None
        except UnicodeDecodeError as error:
            raise ExportError(f"{card} is not UTF-8: {error}", hint="save it as UTF-8", path=card) from error

    def write(self, name: str, data: bytes) -> dict[str, str]:
        """Write a small file and return its checksum by name."""
        with atomic_file(self.new / name) as file:
            file.write(data)
        return {name: file.sha256}

    def carry_over(self) -> None:
        """Copy the files that the earlier export did not write."""
        generated = {MANIFEST_NAME, CARD_NAME, *(self.old.files if self.old else ())}
        for source in sorted(self.path.rglob("*")) if self.path.is_dir() else []:
            name = source.relative_to(self.path)
            if not source.is_symlink() and (self.new / name).exists():
                keep_mode(source, self.new / name)
            if name.as_posix() not in generated and (source.is_symlink() or not source.is_dir()):
                self._carry(source, self.new / name)

    def _carry(self, source: Path, target: Path) -> None:
        if target.exists():
            hint = "move it out of the folder first"
            raise ExportError(
                f"{source} was not written by the earlier export and would be overwritten", hint=hint, path=source
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


@contextmanager
def new_folder(path: Path) -> Iterator[NewFolder]:
    """A new folder that replaces ``path`` when the block succeeds and is deleted when it fails.

    Files that the earlier export did not write (notes, a ``.git`` folder) are carried over.

    :raises ExportError: when the folder was not written by an export, or cannot be written; it is left as it was.
    """
    with reporting(path):
        recover_folder(path)
        sweep(path.parent, path.name)
    old = _older_export(path)
    new = partial_path(path)
    with reporting(path):
        new.mkdir()
    try:
        folder = NewFolder(path, new, old)
        yield folder
        with reporting(path):
            folder.carry_over()
            keep_mode(path, new)
            replace_folder(new, path)
    except ExportError as error:
        raise _of_destination(error, new, path) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _of_destination(error: ExportError, new: Path, path: Path) -> ExportError:
    """The same error, naming the destination instead of the folder under construction."""
    fields = error.fields
    if new in Path(fields.get("path", path)).parents:
        fields = {**fields, "path": path}
    return ExportError(error.message.replace(str(new), str(path)), hint=error.hint, **fields)


def _older_export(path: Path) -> Manifest | None:
    if not path.exists():
        return None
    if not path.is_dir():
        hint = "choose another destination: this format writes a folder"
        raise ExportError(f"{path} is a file", hint=hint, path=path)
    return _unedited(path, read_manifest(path)) if any(os.scandir(path)) else None


def _unedited(path: Path, manifest: Manifest) -> Manifest:
    """The manifest of an earlier export, checked: data files are unchanged or gone; cards may have been edited."""
    for name, checksum in manifest.files.items():
        file = path / name
        if name == CARD_NAME or not (file.exists() or file.is_symlink()):
            continue
        with reporting(file):
            if file.is_symlink() or file_sha256(file) != checksum:
                hint = "move it elsewhere, or export to another folder"
                message = f"{file} was changed after the earlier export: nothing was replaced"
                raise ExportError(message, hint=hint, path=file)
    return manifest
