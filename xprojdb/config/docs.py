"""Descriptions of keys, from the docstrings of tables."""

from __future__ import annotations

import inspect
import re

_PARAM = re.compile(r":param ([\w, ]+): (.*?)(?=\n:|\Z)", re.DOTALL)


def param_docs(table: type) -> dict[str, str]:
    """The text of each ``:param NAME:`` in the docstrings of a class and its bases, on one line."""
    docs: dict[str, str] = {}
    for owner in reversed(table.__mro__):
        for names, text in _PARAM.findall(inspect.cleandoc(owner.__doc__ or "")):
            docs |= dict.fromkeys(names.split(", "), " ".join(text.split()).replace("``", "`"))
    return docs
