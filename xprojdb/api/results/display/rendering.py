"""Tables for people, and the same tables as HTML."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from xprojdb.api.results.display.narrow import NarrowTable
from xprojdb.printable import escaped_lines, is_printable

#: characters per line of text in a notebook
_WIDTH = 110
_CELL = "text-align: {}; white-space: pre-wrap"
_TEXT = '<pre style="white-space: pre-wrap">{}</pre>'


class PlainConsole(Console):
    """A console that takes foreign text literally: control and direction characters are escaped."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Draw something."""
        for segment in super().render(renderable, options):
            plain = segment.control or is_printable(segment.text)
            yield segment if plain else Segment(escaped_lines(segment.text), segment.style)


def canvas() -> PlainConsole:
    """A console that records what is printed to it, in color."""
    return PlainConsole(
        record=True, width=_WIDTH, file=io.StringIO(), highlight=False, markup=False, force_terminal=True
    )


def table(*columns: str, title: str | None = None) -> NarrowTable:
    """A table; columns whose name ends in ``>`` contain numbers and are right-aligned.

    If there is not enough room, texts are folded, the widest first; numbers never are: if they do not fit, the table
    continues below, repeating its first columns.
    """
    narrow_table = NarrowTable(
        title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold"
    )
    for name in columns:
        number = name.endswith(">")
        add_column(narrow_table, name.removesuffix(">"), number)
    return narrow_table


def add_column(shown: Table, name: str, number: bool = False) -> None:
    """Add a column; its name is taken literally, even with brackets in it."""
    # A column that cannot fold would be cut, and narrow ones with it, down to nothing.
    head = Text(escaped_lines(name))
    shown.add_column(head, justify="right" if number else "left", no_wrap=number, overflow="fold")


def percent(share: float, digits: int = 1) -> str:
    """A share in 0..1 as a percentage without its sign."""
    return f"{100 * share:.{digits}f}"


def megabytes(size: int) -> str:
    """A readable number of bytes."""
    if size >= 1e9:
        return f"{size / 1e9:,.1f} GB"
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"


def html_of(renderable: Any) -> str:
    """HTML of what rich prints: tables become tables, everything else preformatted text, all of it escaped."""
    return "\n".join(_parts(renderable))


def _parts(renderable: Any) -> Iterator[str]:
    if isinstance(renderable, Group):
        for part in renderable.renderables:
            yield from _parts(part)
    elif isinstance(renderable, Padding):
        yield from _parts(renderable.renderable)
    elif isinstance(renderable, Table):
        yield _html_table(renderable)
    elif hasattr(renderable, "__rich__"):
        yield from _parts(renderable.__rich__())
    elif text := _html_text(renderable):
        yield _TEXT.format(text)


def _html_table(shown: Table) -> str:
    heads = "".join(
        f'<th style="{_CELL.format(column.justify)}">{_cell(column.header)}</th>' for column in shown.columns
    )
    columns = [list(column.cells) for column in shown.columns]
    rows = [
        "".join(
            f'<td style="{_CELL.format(column.justify)}">{_cell(cell)}</td>'
            for column, cell in zip(shown.columns, cells, strict=True)
        )
        for cells in zip(*columns, strict=True)
    ]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _cell(content: Any) -> str:
    return escape(escaped_lines(content.plain if isinstance(content, Text) else str(content)))


def _html_text(renderable: Any) -> str:
    """Text with its terminal colors; empty for an empty line."""
    recording = canvas()
    recording.print(renderable)
    exported = recording.export_html(inline_styles=True, code_format="{code}")
    return exported.rstrip() if exported.strip() else ""
