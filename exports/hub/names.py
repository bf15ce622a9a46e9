"""Names of data sets on the Hub."""

from __future__ import annotations

import re

from xprojdb.errors import UsageError

_PREFIX = "hf://datasets/"
_PART = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_LONGEST = 96


def dataset_name(text: str) -> str:
    """Check the name of a data set on the Hub.

    :param text: ``USER/NAME``, where USER may be an organization; also ``hf://datasets/USER/NAME``.
    :returns: ``USER/NAME``.
    :raises UsageError: when it is not a valid name.
    """
    name = text.removeprefix(_PREFIX)
    parts = name.split("/")
    good = len(parts) == 2 and len(name) <= _LONGEST and all(_PART.fullmatch(part) for part in parts)
    if not good or "--" in name or ".." in name or name.endswith(".git"):
        raise UsageError(
            f"{text!r} cannot name a data set on the Hub",
            hint="write USER/NAME, using letters, digits, '-', '_' and '.', at most 96 characters",
            name=text,
        )
    return name


def address_of(name: str) -> str:
    """How a data set is recorded: ``hf://datasets/USER/NAME``."""
    return _PREFIX + name
