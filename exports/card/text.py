"""Read the card of an exported data set: its Hub fields and its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from xprojdb.exports.card.hand_written import INVITATION
from xprojdb.exports.errors import ExportError
from xprojdb.exports.replaced_folder import CARD_NAME

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

    :raises ExportError: when there is none, or it does not start with a front matter of YAML; the field ``path``.
    """
    path = folder / CARD_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = "name a folder that xprojdb export hf has written"
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ExportError(f"{path} cannot be read: {reason}", hint=hint, path=path) from error
    parts = text.split("---\n", 2)
    if len(parts) < 3 or parts[0]:
        hint = "name a folder that xprojdb export hf has written"
        raise ExportError(f"{path} is not a card: it has no front matter", hint=hint, path=path)
    return CardText(dict(_fields(path, parts[1])), parts[2])


def _fields(path: Path, front: str) -> Iterator[tuple[str, str]]:
    try:
        fields = yaml.safe_load(front)
    except yaml.YAMLError as error:
        hint = "mend the lines between the first two ---, or export again"
        problem = " ".join(str(error).split())
        raise ExportError(f"the front matter of {path} is not YAML: {problem}", hint=hint, path=path) from error
    for name in _SHOWN if isinstance(fields, dict) else ():
        value = fields.get(name)
        if value:
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
