"""Which files of an exported folder are published: those of the export, and the card as it is now."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from xprojdb.exports.card.hand_written import hand_written, with_hand_written
from xprojdb.exports.errors import ExportError
from xprojdb.exports.hub.difference import LocalFile
from xprojdb.exports.hub.repository import Published
from xprojdb.exports.manifest import MANIFEST_NAME, Manifest, read_manifest
from xprojdb.exports.replaced_folder import CARD_NAME


def files_to_publish(folder: Path, published: Published | None) -> tuple[Manifest, list[LocalFile]]:
    """The files of an exported folder; anything else in it (notes, a ``.git`` folder) is not published.

    If nobody has written into the card here, it gets the hand-written part of the card on the Hub; the manifest gets
    the checksum of that card. The folder itself is not changed.

    :param folder: written by :func:`xprojdb.exports.formats.huggingface.write_dataset`.
    :param published: the repository on the Hub; None if there is none.
    :returns: the manifest to publish, and all files, including that manifest.
    :raises ExportError: when the folder is not an export, a data file is missing or was changed, or the hand-written
        part was changed both here and on the Hub.
    """
    manifest = read_manifest(folder)
    data = [LocalFile(path, folder / path) for path in sorted(manifest.files) if path != CARD_NAME]
    for file in data:
        _check(folder, file, manifest.files[file.path])
    card = _card(folder, published).encode()
    checksum = hashlib.sha256(card).hexdigest()
    manifest = replace(manifest, files={**manifest.files, CARD_NAME: checksum})
    return manifest, [*data, LocalFile(CARD_NAME, card), LocalFile(MANIFEST_NAME, manifest.to_json())]


def _check(folder: Path, file: LocalFile, checksum: str) -> None:
    try:
        fault = None if file.sha256 == checksum else "is not the file that was exported"
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    if fault:
        raise ExportError(f"{folder / file.path} {fault}", hint="export the folder again", path=folder / file.path)


def _card(folder: Path, published: Published | None) -> str:
    """The card of the folder, with the hand-written part to keep."""
    path = folder / CARD_NAME
    try:
        card = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} cannot be read: {error}", hint="export the folder again", path=path) from error
    mine = hand_written(card)
    theirs = hand_written(published.card) if published is not None and published.card is not None else None
    if theirs is None or theirs == mine:
        return card
    if mine is None:
        return with_hand_written(card, theirs)
    if published is not None and _edited_there(published):
        raise ExportError(
            "the hand-written part of the card was changed both here and on the Hub",
            hint=f"merge the two in {path}, or copy the Hub's text there, then push again",
            path=path,
            here=mine,
            there=theirs,
        )
    return card


def _edited_there(published: Published) -> bool:
    """Whether the card on the Hub was edited after it was pushed."""
    if published.card is None or published.manifest is None:
        return False
    return hashlib.sha256(published.card.encode()).hexdigest() != published.manifest.files.get(CARD_NAME)
