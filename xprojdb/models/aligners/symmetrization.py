"""Merge several sets of links between the same words: symmetrisation of two directions, and votes.

Grow-diag-final-and: Koehn, Och and Marcu 2003, *Statistical Phrase-Based Translation*, as Moses does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

import numpy as np

from xprojdb.models.aligners.word_links import Links

RULES = ("intersection", "union", "grow-diag", "grow-diag-final-and")

Cell = tuple[int, int]

_NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


def symmetrise(several: Sequence[Links], rule: str) -> Links:
    """Merge several sets of links of one sentence pair.

    :param several: at least one set: those of two directions, or of any number of aligners.
    :param rule: one of :data:`RULES`. ``intersection``: links in all sets; ``union``: links in any; ``grow-diag``:
        links in all sets, then neighbours in any that link an unlinked word; ``grow-diag-final-and``: then also links
        between two unlinked words.
    :returns: links whose score is the mean over all sets, counting 0 for a set that lacks the link.
    """
    cells = [set(map(tuple, links.pairs.tolist())) for links in several]
    if rule == "union":
        return scored(several, set.union(*cells))
    chosen = set.intersection(*cells)
    if rule != "intersection":
        _grow(chosen, set.union(*cells))
    if rule == "grow-diag-final-and":
        for cell in cells:
            _add_between_free_words(chosen, cell)
    return scored(several, chosen)


def voted(several: Sequence[Links], least: int) -> Links:
    """Keep the links that at least ``least`` sets contain; scores are those of :func:`symmetrise`."""
    votes = Counter(tuple(cell) for links in several for cell in links.pairs.tolist())
    return scored(several, {cell for cell, count in votes.items() if count >= least})


def scored(several: Sequence[Links], cells: Set[Cell]) -> Links:
    """Sort links and give each the mean of its scores in several sets, counting 0 for a set that lacks the link."""
    total = dict.fromkeys(sorted(cells), 0.0)
    for links in several:
        for cell, score in zip(map(tuple, links.pairs.tolist()), links.scores.tolist(), strict=True):
            if cell in total:
                total[cell] += score
    scores = np.fromiter(total.values(), np.float32, len(total)) / np.float32(len(several))
    return Links(np.array([*total], np.int32).reshape(-1, 2), scores)


def _grow(cells: set[Cell], union: Set[Cell]) -> None:
    """Add neighbours until there are none; cells are visited by row and column, including newly added ones."""
    rows, columns = _linked_words(cells)
    ordered, before = sorted(union), -1
    while len(cells) > before:
        before = len(cells)
        for row, column in ordered:
            if (row, column) not in cells:
                continue
            for down, right in _NEIGHBOURS:
                cell = (row + down, column + right)
                if cell in union and cell not in cells and (cell[0] not in rows or cell[1] not in columns):
                    cells.add(cell)
                    rows.add(cell[0])
                    columns.add(cell[1])


def _add_between_free_words(chosen: set[Cell], cells: Set[Cell]) -> None:
    rows, columns = _linked_words(chosen)
    for row, column in sorted(cells):
        if row not in rows and column not in columns:
            chosen.add((row, column))
            rows.add(row)
            columns.add(column)


def _linked_words(cells: Set[Cell]) -> tuple[set[int], set[int]]:
    return {row for row, _ in cells}, {column for _, column in cells}
