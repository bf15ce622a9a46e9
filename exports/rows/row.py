"""A sentence to write, in any format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from xprojdb.text.spans import Span


class ExportRow(NamedTuple):
    """One sentence, before it becomes part of a batch of columns.

    :param columns: further columns, such as provenance.
    """

    id: str
    words: Sequence[str]
    spans: Iterable[Span]
    lang: str
    columns: Mapping[str, Any] = {}
