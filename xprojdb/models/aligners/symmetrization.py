"""Several sets of links between the same words made one: symmetrisation of two directions, and votes of several.

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
    """Make several sets of links of one sentence pair one.

    :param several: at least one: of two directions, or of any number of aligners.
    :param rule: of :data:`RULES`. ``intersection``: links of all; ``union``: of any; ``grow-diag``: those of all, and
        from there on neighbours that any has and that link a word without a link; ``grow-diag-final-and``: and then
        what each has between two words that are both without a link.
    :returns: a link's score is the mean of its scores, 0 where a set has it not.
    """
    cells = [set(map(tuple, links.pairs.tolist())) for links in several]
    if rule == "union":
        return scored(several, set.union(*cells))
    kept = set.intersection(*cells)
    if rule != "intersection":
        _grow(kept, set.union(*cells))
    if rule == "grow-diag-final-and":
        for cell in cells:
            _add_between_free_words(kept, cell)
    return scored(several, kept)


def voted(several: Sequence[Links], least: int) -> Links:
    """Keep the links that at least so many of several sets have; scores as :func:`symmetrise` gives them."""
    votes = Counter(tuple(cell) for links in several for cell in links.pairs.tolist())
    return scored(several, {cell for cell, count in votes.items() if count >= least})


def scored(several: Sequence[Links], kept: Set[Cell]) -> Links:
    """Links in order, each with the mean of its scores in several sets, 0 where a set has it not."""
    total = dict.fromkeys(sorted(kept), 0.0)
    for links in several:
        for cell, score in zip(map(tuple, links.pairs.tolist()), links.scores.tolist(), strict=True):
            if cell in total:
                total[cell] += score
    scores = np.fromiter(total.values(), np.float32, len(total)) / np.float32(len(several))
    return Links(np.array([*total], np.int32).reshape(-1, 2), scores)


def _grow(kept: set[Cell], union: Set[Cell]) -> None:
    """Add neighbours until there are none; cells are visited by row and column, those just added included."""
    rows, columns = _linked_words(kept)
    ordered, before = sorted(union), -1
    while len(kept) > before:
        before = len(kept)
        for row, column in ordered:
            if (row, column) not in kept:
                continue
            for down, right in _NEIGHBOURS:
                cell = (row + down, column + right)
                if cell in union and cell not in kept and (cell[0] not in rows or cell[1] not in columns):
                    kept.add(cell)
                    rows.add(cell[0])
                    columns.add(cell[1])


def _add_between_free_words(kept: set[Cell], cells: Set[Cell]) -> None:
    rows, columns = _linked_words(kept)
    for row, column in sorted(cells):
        if row not in rows and column not in columns:
            kept.add((row, column))
            rows.add(row)
            columns.add(column)


def _linked_words(cells: Set[Cell]) -> tuple[set[int], set[int]]:
    return {row for row, _ in cells}, {column for _, column in cells}
