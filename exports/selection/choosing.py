"""Choose among sentences by hash: duplicates, budgets, mixtures, splits. Pure functions on arrays over sentences.

Choices only depend on each sentence's own rank, never on a random state: a sample is the start of one fixed order, so
that a larger budget includes every smaller one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Flags, Floats, Longs
from xprojdb.exports.selection.hashing import Hashes, fraction


def first_of_each(order: Longs, *keys: NDArray[np.generic]) -> Flags:
    """Among sentences that agree in all keys, keep the one that comes first.

    :param order: (N,) the sentences from first to last.
    :param keys: (N,) each.
    :returns: (N,) whether it is kept.
    """
    by_key = np.lexsort([key[order] for key in keys])
    places = order[by_key]
    new = np.ones(len(order), dtype=np.bool_)
    if keys:
        new[1:] = np.any([key[places[1:]] != key[places[:-1]] for key in keys], axis=0)
    first = np.zeros(len(order), dtype=np.bool_)
    first[places[new]] = True
    return first


def within_limits(order: Longs, group: Longs, size: Longs, limits: Floats) -> Flags:
    """Take sentences in order until the next one would exceed the limit of its group.

    :param order: (N,) the sentences from first to last.
    :param group: (N,) numbers from 0.
    :param size: (N,) what each sentence counts.
    :param limits: (G,) for each group.
    :returns: (N,) whether it is taken; a larger limit takes everything that a smaller one does.
    """
    by_group = order[np.argsort(group[order], kind="stable")]
    total = np.cumsum(size[by_group])
    groups = group[by_group]
    first = np.searchsorted(groups, np.arange(len(limits)))
    before = np.concatenate([[0], total])[first]
    taken = np.zeros(len(order), dtype=np.bool_)
    # Shares are products of floats: 0.7 of 10 must be 7.
    taken[by_group] = total - before[groups] <= limits[groups] * (1 + 1e-12)
    return taken


def mixture_limits(available: Floats, weights: Sequence[float], budget: float | None) -> Floats:
    """How much to take of each kind so that the shares match the weights and nothing is used twice.

    :param available: (K,) how much there is of each kind.
    :param weights: (K,) above 0.
    :param budget: for all kinds together; None: as much as the scarcest kind allows.
    :returns: (K,)
    """
    shares = np.asarray(weights, dtype=np.float64) / sum(weights)
    total = float(np.min(available / shares))
    return shares * (total if budget is None else min(total, budget))


def assign_shares(hashes: Hashes, shares: Mapping[str, float]) -> Longs:
    """The index of the split that each hash falls into, in ``shares``, which add up to 1."""
    bounds = np.cumsum(list(shares.values()))[:-1]
    return np.searchsorted(bounds, fraction(hashes), side="right").astype(np.int64)
