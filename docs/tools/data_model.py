"""The page of the tables: an entity diagram (SVG) and a list of columns, drawn from the schema's metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from sqlalchemy import Column, Table
from sqlalchemy.dialects import sqlite

from xprojdb.db.tables import metadata

START = "<!-- generated from xprojdb.db.tables by docs/tools/generate.py -->"
END = "<!-- end of the generated part -->"

#: where the boxes stand, column by column from the left; tables that are missing here are put under the last column
LAYOUT = (
    ("recipe", "run", "export", "evaluation"),
    ("step", "step_input", "outcome", "failure", "lease"),
    ("corpus", "source_file", "sentence", "artifact", "word_score", "phrase_score"),
    ("translation", "translation_score", "alignment", "candidate", "count_cache", "data_version"),
    ("entity", "label", "vote"),
)
#: what a column refers to where no foreign key is declared (ARCHITECTURE.md says why); item_id depends on the step
REFERENCES: Mapping[str, str] = {
    "step_id": "step",
    "voter_step_id": "step",
    "sentence_id": "sentence",
    "translation_id": "translation",
    "corpus_id": "corpus",
    "run_id": "run",
}
COLORS = {"step": "#8e44ad", "run": "#7f8c8d", "corpus": "#b9770e", "sentence": "#1f7a4d", "translation": "#1f5fa8"}
WIDTH, GAP, ROW, HEAD, MARGIN, LEFT = 200, 90, 16, 22, 20, 60


class Box(NamedTuple):
    """Where a table is drawn, in pixels."""

    table: Table
    x: int
    y: int

    @property
    def height(self) -> int:
        return HEAD + ROW * len(self.table.columns) + 6


def pages(docs: Path) -> Iterator[tuple[Path, str]]:
    """Yield the diagram and the page that shows it.

    :param docs: the folder ``docs`` of the repository
    """
    yield docs / "data_model.svg", diagram()
    page = docs / "data_model.md"
    head, _, rest = page.read_text(encoding="utf-8").partition(START)
    yield page, f"{head}{START}\n\n{listing()}\n{END}{rest.partition(END)[2]}"


def reference(column: Column[object]) -> str | None:
    """The table that a column refers to, by a foreign key or by its name."""
    for key in column.foreign_keys:
        return key.column.table.name
    return REFERENCES.get(column.name)


def listing() -> str:
    """A section a table: its columns, their types, the key and what they refer to."""
    return "\n".join(_section(table) for table in sorted(metadata.tables.values(), key=lambda table: table.name))


def _section(table: Table) -> str:
    rows = (_row(column) for column in table.columns)
    return f"### {table.name}\n\n| column | type | key | refers to |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _row(column: Column[object]) -> str:
    kind = column.type.compile(dialect=sqlite.dialect()) + ("" if not column.nullable else ", may be null")
    target = reference(column)
    return f"| `{column.name}` | {kind} | {'key' if column.primary_key else ''} | {f'`{target}`' if target else ''} |"


def diagram() -> str:
    """The entity diagram as SVG."""
    boxes = _place()
    width = max(box.x for box in boxes.values()) + WIDTH + MARGIN
    height = max(box.y + box.height for box in boxes.values()) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="11">',
        "<title>The tables of an xprojdb database</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *(line for box in boxes.values() for line in _lines(box, boxes)),
        *(part for box in boxes.values() for part in _draw(box)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _place() -> dict[str, Box]:
    placed = {name for column in LAYOUT for name in column}
    rest = tuple(sorted(set(metadata.tables) - placed))
    boxes: dict[str, Box] = {}
    for index, column in enumerate((*LAYOUT[:-1], LAYOUT[-1] + rest)):
        y = MARGIN
        for name in column:
            if name not in metadata.tables:
                continue
            boxes[name] = Box(metadata.tables[name], LEFT + index * (WIDTH + GAP), y)
            y += boxes[name].height + 24
    return boxes


def _lines(box: Box, boxes: Mapping[str, Box]) -> Iterator[str]:
    """A curve from each referring column to the head of its table, except for those that every table has."""
    for index, column in enumerate(box.table.columns):
        target = reference(column)
        if target is None or target == box.table.name or (target in ("step", "run") and not column.foreign_keys):
            continue
        yield _curve(box, box.y + HEAD + ROW * index + ROW // 2, boxes[target], COLORS.get(target, "#555555"))


def _curve(box: Box, y: int, to: Box, color: str) -> str:
    end = to.y + HEAD // 2
    if to.x == box.x:
        start_x, end_x, bend = box.x, to.x, -50
        points = f"M{start_x},{y} C{start_x + bend},{y} {end_x + bend},{end} {end_x},{end}"
    else:
        right = to.x > box.x
        start_x, end_x = (box.x + WIDTH, to.x) if right else (box.x, to.x + WIDTH)
        bend = 45 if right else -45
        points = f"M{start_x},{y} C{start_x + bend},{y} {end_x - bend},{end} {end_x},{end}"
    return f'<path d="{points}" fill="none" stroke="{color}" stroke-opacity="0.55"/>'


def _draw(box: Box) -> Iterator[str]:
    color = COLORS.get(box.table.name, "#34495e")
    corner = f'<rect x="{box.x}" y="{box.y}" width="{WIDTH}" rx="4"'
    yield f'{corner} height="{box.height}" fill="#fdfdfd" stroke="{color}"/>'
    yield f'{corner} height="{HEAD}" fill="{color}"/>'
    yield _text(box.x + 8, box.y + 15, box.table.name, "#ffffff", bold=True)
    for index, column in enumerate(box.table.columns):
        y = box.y + HEAD + ROW * (index + 1) - 3
        target = reference(column)
        yield _text(box.x + 8, y, column.name, "#222222", bold=column.primary_key)
        if target is not None:
            yield _text(box.x + WIDTH - 8, y, f"→ {target}", COLORS.get(target, "#555555"), anchor="end")


def _text(x: int, y: int, text: str, color: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" fill="{color}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
