"""What a reader left out or repaired in a file, with counts and the position of the first occurrence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Note:
    """One reason.

    :param message: what happened, worded so that a number can precede it.
    :param count: how often.
    :param line: the line, row or record of the first occurrence; None if the file has no such thing.
    """

    message: str
    count: int = 0
    line: int | None = None


@dataclass(slots=True)
class Notes:
    """The reasons by code, in order of their first occurrence."""

    by_code: dict[str, Note] = field(default_factory=dict)

    def add(self, code: str, message: str, line: int | None = None, count: int = 1) -> None:
        """Count an occurrence.

        :param code: identifies the reason for programs, such as ``"wordless-line"``.
        :param message: as for :class:`Note`; that of the first call is kept.
        """
        note = self.by_code.setdefault(code, Note(message, 0, line))
        note.count += count

    def count(self, code: str) -> int:
        """How often a reason occurred."""
        return self.by_code[code].count if code in self.by_code else 0

    def __iter__(self) -> Iterator[tuple[str, Note]]:
        return iter(self.by_code.items())

    def __bool__(self) -> bool:
        return bool(self.by_code)
