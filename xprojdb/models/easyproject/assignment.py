"""The assignment problem, solved exactly in integers, so that callers control how ties are broken."""

from __future__ import annotations

from collections.abc import Sequence


def best_assignment(weights: Sequence[Sequence[int]]) -> list[int]:
    """Assign at most one column to each row and vice versa, with the greatest sum of weights.

    The Hungarian method with shortest augmenting paths, cubic in the longer side and meant for tens of rows. Python's
    integers are unbounded, so a second criterion can be added below the first one: ``first * large + second``.

    :param weights: (rows, columns); cells without a positive weight are never assigned.
    :returns: (rows,) the column of each row, -1 for none.
    """
    columns = len(weights[0]) if weights else 0
    # An extra column per row, worth nothing, lets every row stay unassigned.
    costs = [[-max(0, weight) for weight in row] + [0] * len(weights) for row in weights]
    holder = _shortest_paths(costs, columns + len(weights))
    chosen = [-1] * len(weights)
    for column, row in enumerate(holder[:columns]):
        if row >= 0 and weights[row][column] > 0:
            chosen[row] = column
    return chosen


def _shortest_paths(costs: list[list[int]], columns: int) -> list[int]:
    """The row assigned to each column when all rows are assigned at the least cost, -1 for none."""
    price, value = [0] * columns, [0] * len(costs)
    holder = [-1] * columns
    for row in range(len(costs)):
        _augment(row, costs, price, value, holder)
    return holder


def _augment(row: int, costs: list[list[int]], price: list[int], value: list[int], holder: list[int]) -> None:
    """Add a row to the assignment along the shortest path of reduced costs."""
    open_columns = dict.fromkeys(range(len(holder)))
    distance: list[int | None] = [None] * len(holder)
    before = [-1] * len(holder)
    passed: list[int] = []
    current, column, length = row, -1, 0
    while True:
        for c in open_columns:
            step = length + costs[current][c] - value[current] - price[c]
            shortest = distance[c]
            if shortest is None or step < shortest:
                distance[c], before[c] = step, column
        column = min(open_columns, key=lambda c: (distance[c], c))
        length = distance[column] or 0
        del open_columns[column]
        if holder[column] < 0:
            break
        passed.append(column)
        current = holder[column]
    value[row] += length
    for c in passed:
        slack = length - (distance[c] or 0)
        price[c] -= slack
        value[holder[c]] += slack
    while column >= 0:
        holder[column] = holder[before[column]] if before[column] >= 0 else row
        column = before[column]
