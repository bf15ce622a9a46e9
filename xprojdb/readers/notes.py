"""What a reader left out or mended on its way through a file: counted, with the place of the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Note:
    """One reason.

    :param message: what happened, worded so that a number can stand before it.
    :param count: how often.
    :param line: the line, row or record where it happened first; None where a file has no such thing.
    """

    message: str
    count: int = 0
    line: int | None = None


@dataclass(slots=True)
class Notes:
    """The reasons, by their codes, in the order in which they were met."""

    by_code: dict[str, Note] = field(default_factory=dict)

    def add(self, code: str, message: str, line: int | None = None, count: int = 1) -> None:
        """Count one more.

        :param code: what programs know the reason by, such as ``"wordless-line"``.
        :param message: as in :class:`Note`; that of the first call counts.
        """
        note = self.by_code.setdefault(code, Note(message, 0, line))
        note.count += count

    def count(self, code: str) -> int:
        """How often a reason was met."""
        return self.by_code[code].count if code in self.by_code else 0

    def __iter__(self) -> Iterator[tuple[str, Note]]:
        return iter(self.by_code.items())

    def __bool__(self) -> bool:
        return bool(self.by_code)
