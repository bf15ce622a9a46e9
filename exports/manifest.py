"""The manifest in every exported folder: what the folder contains and what it was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from xprojdb.exports.errors import ExportError
from xprojdb.file_names import is_inside

MANIFEST_NAME = "xprojdb-export.json"
_FORMAT = 1
Kind = Literal["dataset", "model"]


@dataclass(frozen=True)
class SplitSummary:
    """Counts for one split.

    :param sentences: rows.
    :param tokens: words of all sentences.
    :param entities: spans by label; labels that do not occur have 0.
    :param bytes: size in memory, uncompressed.
    :param files: paths inside the folder, in order.
    """

    sentences: int
    tokens: int
    entities: Mapping[str, int]
    bytes: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """What an exported folder contains.

    :param recipe_digest: digest of the recipe that produced the labels.
    :param query: the selection that was exported, as JSON values.
    :param labels: entity types, in the order that numbers the tags.
    :param features: the columns, as the ``datasets`` library describes them.
    :param configs: splits by configuration and name; ``{"default": ...}`` if there is only one configuration.
    :param files: SHA-256 of every generated file except this one, by path inside the folder.
    :param kind: ``dataset``, or ``model``, which has neither features nor configurations.
    """

    recipe_digest: str
    query: Any
    labels: tuple[str, ...]
    features: Mapping[str, Any]
    configs: Mapping[str, Mapping[str, SplitSummary]]
    files: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = "dataset"

    @property
    def sentences(self) -> int:
        """Rows in all configurations and splits."""
        return sum(split.sentences for splits in self.configs.values() for split in splits.values())

    def to_json(self) -> bytes:
        """The content of the file; the same manifest always gives the same bytes."""
        values = {"format": _FORMAT, **asdict(self)}
        if self.kind == "dataset":
            del values["kind"]
        return (json.dumps(values, ensure_ascii=False, indent=1, default=str) + "\n").encode()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an exported folder.

    :raises ExportError: when there is none, it is damaged, or it was written by a later version.
    """
    try:
        data = (folder / MANIFEST_NAME).read_bytes()
    except FileNotFoundError as error:
        raise _refusal(folder, f"was not exported by xprojdb: it has no {MANIFEST_NAME}") from error
    except OSError as error:
        raise _refusal(folder, f"has a {MANIFEST_NAME} that cannot be read: {error}") from error
    return parse_manifest(data, folder)


def parse_manifest(data: bytes, where: Path | str) -> Manifest:
    """Parse the bytes of a manifest.

    :param where: the folder it is in, for error messages.
    :raises ExportError: when it is damaged or was written by a later version.
    """
    try:
        values = json.loads(data)
        if values.pop("format") != _FORMAT:
            raise ValueError("unknown format")
        values["configs"] = {
            config: {name: SplitSummary(**{**split, "files": tuple(split["files"])}) for name, split in splits.items()}
            for config, splits in values["configs"].items()
        }
        values["labels"] = tuple(values["labels"])
        return _checked(Manifest(**values))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _refusal(where, f"has a {MANIFEST_NAME} that cannot be read: {error}") from error


def _checked(manifest: Manifest) -> Manifest:
    """The same manifest, checked: it may come from a stranger, so every file it names must be inside its folder."""
    if manifest.kind not in get_args(Kind):
        raise ValueError(f"unknown kind {manifest.kind!r}")
    splits = [split for config in manifest.configs.values() for split in config.values()]
    for path in (*manifest.files, *(path for split in splits for path in split.files)):
        if not is_inside(path):
            raise ValueError(f"{path!r} is not a file of this folder")
    return manifest


def _refusal(folder: Path | str, fault: str) -> ExportError:
    hint = "export to a new folder, or move the existing one away first"
    return ExportError(f"{folder} {fault}", hint=hint, path=folder)
