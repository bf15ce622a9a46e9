"""Read the card of an exported data set: its Hub fields and its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xprojdb.exports.card.render import INVITATION
from xprojdb.exports.errors import ExportError
from xprojdb.exports.replaced_folder import CARD_NAME

_ENTRY = re.compile(r"([a-z_]+):(?: (.*))?")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_FENCED = re.compile(r"^(`{3,})toml\n.*?^\1$\n?", re.MULTILINE | re.DOTALL)
#: fields of interest to people; the others describe files to the Hub
_SHOWN = ("pretty_name", "language", "license", "license_name", "size_categories", "task_ids", "annotations_creators")


@dataclass(frozen=True)
class CardText:
    """A card in two parts.

    :param fields: the fields of its front matter that are of interest to people.
    :param body: the Markdown below it.
    """

    fields: dict[str, str]
    body: str

    def text(self, *, code: bool = True) -> str:
        """The Markdown without comments.

        :param code: include the text of the recipe.
        """
        plain = _COMMENT.sub("", self.body.replace(INVITATION, ""))
        return plain if code else _FENCED.sub("", plain)


def read_card(folder: Path) -> CardText:
    """Read ``README.md`` of an exported folder.

    :raises ExportError: when there is none, or it does not start with a front matter; the field ``path``.
    """
    path = folder / CARD_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = "name a folder that xprojdb export hf has written"
        raise ExportError(f"there is no card to read at {path}: {error}", hint=hint, path=path) from error
    parts = text.split("---\n", 2)
    if len(parts) < 3 or parts[0]:
        hint = "name a folder that xprojdb export hf has written"
        raise ExportError(f"{path} is not a card: it has no front matter", hint=hint, path=path)
    return CardText(dict(_fields(parts[1])), parts[2])


def _fields(front: str) -> Iterator[tuple[str, str]]:
    """The plain values and lists at the top level, as :mod:`xprojdb.exports.card.yaml` writes them."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in front.splitlines():
        entry = _ENTRY.fullmatch(line)
        if entry:
            name = entry[1]
            fields[name] = [_plain(entry[2])] if entry[2] else []
        elif line.startswith("- ") and name:
            fields[name].append(_plain(line[2:]))
    for name_ in _SHOWN:
        if fields.get(name_):
            yield name_, ", ".join(fields[name_])


def _plain(scalar: str) -> str:
    try:
        return str(json.loads(scalar)) if scalar.startswith('"') else scalar
    except ValueError:
        # Written by hand.
        return scalar
