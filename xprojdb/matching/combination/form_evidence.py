"""What became of the same word elsewhere in the corpus, as evidence in a vote between projection and taggers.

A tagger that misses a name in one sentence finds it in others, so that a word that is labelled in most of its other
places is likely to be missing here, and a word that is never labelled elsewhere is likely to be none. How likely is
learned for each corpus and pair of languages from taggers that have not seen the sentences, without gold labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from xprojdb.arrays import Floats, Longs

#: from which shares of its other places on that are labelled a word is of the next kind, above "nowhere"
_SHARES = (0.25, 0.5)
#: kinds of words: in no other place, nowhere labelled, below the first share, below the second, and above
KINDS = len(_SHARES) + 3
#: how many words say nothing about a kind before anything is counted
_BELIEF_WORDS = 20.0
#: the weight of this evidence: the taggers have learned from the same words elsewhere
_WEIGHT = 0.5


def form_counts(words: Sequence[str], projected: Longs) -> dict[str, tuple[int, int]]:
    """Count the places of each form, and those with a label; forms that occur once are left out.

    Capitals make another form: *Commission* is labelled, and *commission* is not.

    :param words: W words.
    :param projected: (W,) the tags that were projected, 0 for ``O``.
    """
    places = Counter(words)
    labelled = Counter(word for word, tag in zip(words, projected.tolist(), strict=True) if tag)
    return {word: (count, labelled[word]) for word, count in places.items() if count > 1}


def form_kinds(words: Sequence[str], projected: Longs, counts: Mapping[str, Sequence[int]]) -> Longs:
    """(W,) of which kind each word is.

    The word itself does not count. A word that was not counted, since it was added later, is taken for one that was.

    :param words: W words.
    :param projected: (W,) the tags that were projected.
    :param counts: as from :func:`form_counts`.
    """
    all_, labelled = np.array([counts.get(word, (1, 0)) for word in words], np.int64).reshape(-1, 2).T
    others = np.maximum(all_ - 1, 0)
    share = np.maximum(labelled - (projected > 0), 0) / np.maximum(others, 1)
    kinds = 1 + np.where(share > 0, 1 + np.digitize(share, _SHARES), 0)
    return np.where(others > 0, kinds, 0).astype(np.int64)


def kind_counts(outside: Floats, projected: Longs, kinds: Longs) -> Floats:
    """Count words by whether they are labelled, by kind, and by whether they are outside or inside of entities.

    :param outside: (W,) the probability that a word is in no entity.
    :param projected: (W,) the tags that were projected.
    :param kinds: (W,) as from :func:`form_kinds`.
    :returns: (2, KINDS, 2) expected numbers of words.
    """
    cell = (projected > 0) * KINDS + kinds
    sides = (outside, 1 - outside)
    counted = [np.bincount(cell, side, 2 * KINDS).reshape(2, KINDS) for side in sides]
    return np.stack(counted, -1)


def form_gains(counts: Floats) -> Floats:
    """The log likelihood of each kind in an entity relative to that outside of one, weighted.

    :param counts: (2, KINDS, 2) as from :func:`kind_counts`.
    :returns: (2, KINDS), those of words without a label first.
    """
    together = counts.sum(-1, keepdims=True)
    shape = together / np.maximum(together.sum(1, keepdims=True), 1e-12)
    smoothed = counts + _BELIEF_WORDS * shape
    likelihood = smoothed / np.maximum(smoothed.sum(1, keepdims=True), 1e-12)
    ratio = np.divide(likelihood[..., 1], likelihood[..., 0], out=np.ones(shape.shape[:2]), where=shape[..., 0] > 0)
    return np.asarray(_WEIGHT * np.log(ratio), np.float64)
