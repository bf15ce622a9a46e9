"""A table that continues below if the terminal is too narrow for all of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

from xprojdb.printable import escaped_lines

#: minimal width that a text column is folded to
_TEXT_WIDTH = 14
#: columns that are repeated in front of those that continue below
_MOST_REPEATED = 2


class NarrowTable(Table):
    """A table whose columns are never squeezed out: those that do not fit continue below, next to the first ones."""

    def add_row(self, *cells: RenderableType | None, style: StyleType | None = None, end_section: bool = False) -> None:
        """Add a row; strings are taken literally, even with brackets in them."""
        plain = [Text(escaped_lines(cell)) if isinstance(cell, str) else cell for cell in cells]
        super().add_row(*plain, style=style, end_section=end_section)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it in as many pieces as it needs."""
        pieces = list(self._pieces(self._needs(console, options), options.max_width))
        for number, columns in enumerate(pieces):
            if number:
                yield ""
            yield from Table.__rich_console__(self._piece(columns, number == 0), console, options)

    def _needs(self, console: Console, options: ConsoleOptions) -> list[int]:
        """The minimal width of each column."""
        widest = options.update_width(100_000)
        needs = []
        for column in self.columns:
            width = self._measure_column(console, widest, column).maximum
            needs.append(width if column.no_wrap else min(width, _TEXT_WIDTH))
        return needs

    def _pieces(self, needs: Sequence[int], width: int) -> Iterator[list[int]]:
        """The columns of each piece."""
        if sum(needs) <= width:
            yield list(range(len(needs)))
            return
        repeated = self._repeated(needs, width)
        piece = list(repeated)
        for number in range(len(repeated), len(needs)):
            if len(piece) > len(repeated) and sum(needs[column] for column in piece) + needs[number] > width:
                yield piece
                piece = list(repeated)
            piece.append(number)
        yield piece

    def _repeated(self, needs: Sequence[int], width: int) -> list[int]:
        """The first columns, if they are text columns and leave room for the others."""
        repeated: list[int] = []
        for number, column in enumerate(self.columns[:_MOST_REPEATED]):
            room = width - sum(needs[: number + 1])
            if column.no_wrap or room < max(needs[number + 1 :], default=width):
                break
            repeated.append(number)
        return repeated

    def _piece(self, columns: Sequence[int], first: bool) -> Table:
        piece = copy(self)
        piece.columns = [replace(self.columns[number], _index=place) for place, number in enumerate(columns)]
        piece.title = self.title if first else None
        return piece
