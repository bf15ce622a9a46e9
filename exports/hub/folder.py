"""What of an exported folder is published: the files it was exported with, and the card as it is now."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from xprojdb.exports.card.render import hand_written, with_hand_written
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.huggingface import CARD_NAME
from xprojdb.exports.hub.difference import LocalFile
from xprojdb.exports.hub.repository import Published
from xprojdb.exports.manifest import MANIFEST_NAME, Manifest, read_manifest


def files_to_publish(folder: Path, published: Published | None) -> tuple[Manifest, list[LocalFile]]:
    """The files of an exported folder; whatever else lies there (notes, a ``.git`` folder) stays at home.

    The card gets the hand-written part of the card on the Hub where nobody wrote one here; the record gets the
    checksum of that card. The folder itself is not changed.

    :param folder: written by :func:`xprojdb.exports.formats.huggingface.write_dataset`.
    :param published: what the Hub holds; None: nothing.
    :returns: the record as it is published, and all files, with that record.
    :raises ExportError: when the folder is not of ours, a data file is missing or not the one that was exported, or
        the hand-written part was changed here and on the Hub.
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
    """The card of the folder, with the hand-written part that is to survive."""
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
            "the hand-written part of the card was changed here and on the Hub",
            hint=f"bring the two together in {path}, or take the Hub's text there, and push again",
            path=path,
            here=mine,
            there=theirs,
        )
    return card


def _edited_there(published: Published) -> bool:
    """Whether the card on the Hub is no longer the one that was pushed."""
    if published.card is None or published.manifest is None:
        return False
    return hashlib.sha256(published.card.encode()).hexdigest() != published.manifest.files.get(CARD_NAME)
