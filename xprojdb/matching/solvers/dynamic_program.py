"""The dynamic program of the exact match, over one component's candidates.

A row stands for a word where a candidate starts. A state is a row and a set of bits: the entities that are used and
that a candidate of a later row could use again.
"""

from __future__ import annotations

import numpy as np

from xprojdb.matching.arrays import compiled


@compiled
def optimum(members, kept, who, start, end, score, width, work, choice, table):  # type: ignore[no-untyped-def]
    """Write the members' canonical optimum into ``choice``.

    members: the entities, ascending; kept, who: their candidates, ordered by (start, end, entity), and whose each is.
    Returns whether the limits allowed it, and the table, perhaps a larger one.
    """
    row, after, rows = _rows(kept, start, end)
    bit, live, bits = _memory(who, row, after, rows, members)
    if bits > width or _cost(row, live) > work or (rows + 1) << bits > work >> 4:
        return False, table
    if len(table) < (rows + 1) << bits:
        table = np.empty((rows + 1) << bits, np.int64)
    _fill(kept, bit, row, after, live, bits, score, table)
    choice[members] = -1
    _read(kept, who, bit, row, after, live, bits, score, table, choice)
    return True, table


@compiled
def place(ascending, value):  # type: ignore[no-untyped-def]
    """``np.searchsorted``, which compiles slowly, of one value."""
    low, high = 0, len(ascending)
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _rows(kept, start, end):  # type: ignore[no-untyped-def]
    """A row for each word where a candidate starts: each candidate's row, the first row from its end on, all rows."""
    row, rows = np.zeros(len(kept), np.int64), 0
    for n in range(1, len(kept)):
        rows += start[kept[n]] != start[kept[n - 1]]
        row[n] = rows
    firsts, last = np.empty(rows + 1, np.int64), -1
    for n in range(len(kept)):
        if row[n] != last:
            last = row[n]
            firsts[last] = start[kept[n]]
    after = np.array([place(firsts, end[c]) for c in kept])
    return row, after, rows + 1


@compiled
def _memory(who, row, after, rows, members):  # type: ignore[no-untyped-def]
    """The bit that says "used" for each candidate's entity, the bits in use at each row, and how many bits there are.

    An entity holds a bit from its first row to the furthest row that any candidate starting by the entity's last row
    leads to; then another entity may have it. At rows outside of (first row, last row] the bit is cleared. An entity
    with one row needs none: its candidates overlap.
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
    """Additions that the dynamic program takes, as a float: it may be astronomical."""
    cost = 0.0
    for n in range(len(row)):
        states, mask = 1.0, live[row[n]]
        while mask:
            states *= 2
            mask &= mask - 1
        cost += states
    return cost


@compiled
def _fill(kept, bit, row, after, live, bits, score, table):  # type: ignore[no-untyped-def]
    """table[p << bits | used]: the best total from row p on when those entities are used."""
    rows = row[-1] + 1
    table[rows << bits] = 0
    until = len(kept)
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
                    best = max(best, score[kept[n]] + rest)
            table[p << bits | used] = best
            if used == 0:
                break
            used = (used - 1) & live[p]
        until = begin


@compiled
def _read(kept, who, bit, row, after, live, bits, score, table, choice):  # type: ignore[no-untyped-def]
    """Walk the table from the left: at each row the first candidate that reaches the optimum, else the next row."""
    p, used, n = np.int64(0), np.int64(0), 0
    while n < len(kept):
        if row[n] < p:
            n += 1
        elif row[n] > p:
            p += 1
            used &= live[p]
        else:
            rest = table[after[n] << bits | ((used | bit[n]) & live[after[n]])]
            if not used & bit[n] and score[kept[n]] + rest == table[p << bits | used]:
                choice[who[n]] = kept[n]
                p, used = after[n], (used | bit[n]) & live[after[n]]
            n += 1
