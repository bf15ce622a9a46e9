"""Names of data sets and models on the Hub."""

from __future__ import annotations

import re

from xprojdb.errors import UsageError
from xprojdb.exports.manifest import Kind

_PREFIXES: dict[Kind, str] = {"dataset": "hf://datasets/", "model": "hf://"}
_PART = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_LONGEST = 96


def repository_name(text: str) -> str:
    """Check the name of a data set or a model on the Hub.

    :param text: ``USER/NAME``, where USER may be an organization; also ``hf://datasets/USER/NAME`` or
        ``hf://USER/NAME``.
    :returns: ``USER/NAME``.
    :raises UsageError: when it is not a valid name.
    """
    name = text.removeprefix(_PREFIXES["dataset"]).removeprefix(_PREFIXES["model"])
    parts = name.split("/")
    good = len(parts) == 2 and len(name) <= _LONGEST and all(_PART.fullmatch(part) for part in parts)
    if not good or "--" in name or ".." in name or name.endswith(".git"):
        raise UsageError(
            f"{text!r} cannot name a repository on the Hub",
            hint="write USER/NAME, using letters, digits, '-', '_' and '.', at most 96 characters",
            name=text,
        )
    return name


def address_of(name: str, kind: Kind = "dataset") -> str:
    """How a repository is recorded: ``hf://datasets/USER/NAME``, or ``hf://USER/NAME`` for a model."""
    return _PREFIXES[kind] + name
