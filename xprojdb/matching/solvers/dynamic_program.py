"""The dynamic program of exact matching, for the candidates of one component.

A row is a word at which a candidate starts. A state is a row and a set of bits: the entities that are used up but
still have candidates in later rows.
"""

from __future__ import annotations

import numpy as np

from xprojdb.matching.arrays import compiled


@compiled
def optimum(members, survivors, who, start, end, score, width, work, choice, table):  # type: ignore[no-untyped-def]
    """Write the members' canonical optimum into ``choice``.

    members: the entities, ascending; survivors, who: their candidates by (start, end, entity), and the entity of each.
    Returns whether the limits allowed it, and the table, possibly enlarged.
    """
    row, after, rows = _rows(survivors, start, end)
    bit, live, bits = _memory(who, row, after, rows, members)
    if bits > width or _cost(row, live) > work or (rows + 1) << bits > work >> 4:
        return False, table
    if len(table) < (rows + 1) << bits:
        table = np.empty((rows + 1) << bits, np.int64)
    _fill(survivors, bit, row, after, live, bits, score, table)
    choice[members] = -1
    _read(survivors, who, bit, row, after, live, bits, score, table, choice)
    return True, table


@compiled
def place(ascending, value):  # type: ignore[no-untyped-def]
    """``np.searchsorted`` for one value; NumPy's own compiles slowly."""
    low, high = 0, len(ascending)
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _rows(survivors, start, end):  # type: ignore[no-untyped-def]
    """Number the words at which candidates start: each candidate's row, the first row after its end, the row count."""
    row, rows = np.zeros(len(survivors), np.int64), 0
    for n in range(1, len(survivors)):
        rows += start[survivors[n]] != start[survivors[n - 1]]
        row[n] = rows
    firsts, last = np.empty(rows + 1, np.int64), -1
    for n in range(len(survivors)):
        if row[n] != last:
            last = row[n]
            firsts[last] = start[survivors[n]]
    after = np.array([place(firsts, end[c]) for c in survivors])
    return row, after, rows + 1


@compiled
def _memory(who, row, after, rows, members):  # type: ignore[no-untyped-def]
    """The "used" bit of each candidate's entity, the bits in use at each row, and the number of bits.

    An entity occupies a bit from its first row to the furthest row reached by any candidate that starts no later than
    the entity's last row; after that the bit is free again. At rows outside (first row, last row] the bit is cleared.
    An entity with a single row needs no bit, since its candidates overlap.
    """
    first, last = np.full(len(members), rows), np.full(len(members), -1)
    whose = np.array([place(members, e) for e in who])
    for n in range(len(who)):
        first[whose[n]] = min(first[whose[n]], row[n])
        last[whose[n]] = max(last[whose[n]], row[n])
    furthest = np.zeros(rows + 1, np.int64)
    for n in range(len(who)):
        furthest[row[n]] = max(furthest[row[n]], after[n])
    for p in range(1, rows):
        furthest[p] = max(furthest[p], furthest[p - 1])
    live, held, slot = np.zeros(rows + 1, np.int64), np.empty(len(members), np.int64), np.full(len(members), -1)
    bits = 0
    for n in range(len(who)):
        j = whose[n]
        if slot[j] >= 0 or first[j] == last[j]:
            continue
        free = 0
        while free < bits and held[free] > first[j]:
            free += 1
        bits = max(bits, free + 1)
        slot[j], held[free] = free, max(furthest[last[j]], last[j] + 1)
        for p in range(first[j] + 1, last[j] + 1):
            live[p] |= np.int64(1) << min(free, 62)
    bit = np.zeros(len(who), np.int64)
    for n in range(len(who)):
        if slot[whose[n]] >= 0:
            bit[n] = np.int64(1) << min(slot[whose[n]], 62)
    return bit, live, bits


@compiled
def _cost(row, live):  # type: ignore[no-untyped-def]
    """The number of additions the dynamic program takes, as a float because it may be astronomical."""
    cost = 0.0
    for n in range(len(row)):
        states, mask = 1.0, live[row[n]]
        while mask:
            states *= 2
            mask &= mask - 1
        cost += states
    return cost


@compiled
def _fill(survivors, bit, row, after, live, bits, score, table):  # type: ignore[no-untyped-def]
    """table[p << bits | used]: the best total from row p on if those entities are used."""
    rows = row[-1] + 1
    table[rows << bits] = 0
    until = len(survivors)
    for p in range(rows - 1, -1, -1):
        begin = until
        while begin > 0 and row[begin - 1] == p:
            begin -= 1
        used = live[p]
        while True:
            best = table[(p + 1) << bits | (used & live[p + 1])]
            for n in range(begin, until):
                if not used & bit[n]:
                    rest = table[after[n] << bits | ((used | bit[n]) & live[after[n]])]
                    best = max(best, score[survivors[n]] + rest)
            table[p << bits | used] = best
            if used == 0:
                break
            used = (used - 1) & live[p]
        until = begin


@compiled
def _read(survivors, who, bit, row, after, live, bits, score, table, choice):  # type: ignore[no-untyped-def]
    """Walk the table from the left: at each row take the first candidate that reaches the optimum, if any."""
    p, used, n = np.int64(0), np.int64(0), 0
    while n < len(survivors):
        if row[n] < p:
            n += 1
        elif row[n] > p:
            p += 1
            used &= live[p]
        else:
            rest = table[after[n] << bits | ((used | bit[n]) & live[after[n]])]
            if not used & bit[n] and score[survivors[n]] + rest == table[p << bits | used]:
                choice[who[n]] = survivors[n]
                p, used = after[n], (used | bit[n]) & live[after[n]]
            n += 1
