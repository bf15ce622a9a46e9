"""What a projected tag, or the lack of one, says about the right tag: learned without gold labels.

The projection is an annotator with a confusion matrix (Dawid and Skene, Applied Statistics 28, 1979): how often it
gives each tag where each tag is right. Which tag is right is estimated by taggers that have not seen the projection of
the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xprojdb.arrays import Floats, Longs, Singles

#: how many words of a tag the common shape of all tags is worth
_SHAPE_WORDS = 50.0
#: how many words with and without an entity the beliefs before anything is counted are worth
_BELIEF_WORDS = 20.0
#: these beliefs: where a word is in no entity, no, a B and an I tag; where it is in one, no tag, the right one, the
#: right label with the other kind of tag, another label with the right kind, and both wrong
_OUTSIDE = (0.98, 0.012, 0.008)
_INSIDE = (0.25, 0.62, 0.03, 0.06, 0.04)


def agreed_chances(parts: Sequence[Singles]) -> Floats:
    """How likely each tag is the right one, as far as all taggers are for it.

    :param parts: (W, T) log probabilities of each tagger; a tag with those of ``O`` throughout is unknown to it.
    :returns: (W, T) probabilities; 0 for tags that no tagger knows.
    """
    scores = np.sum([part.astype(np.float64) for part in parts], 0)
    known = np.any([(part != part[:, :1]).any(0) for part in parts], 0)
    known[0] = True
    own = np.where(known, scores, -np.inf)
    return np.asarray(np.exp(own - np.logaddexp.reduce(own, 1, keepdims=True)), np.float64)


def projected_counts(chances: Floats, projected: Longs) -> Floats:
    """Count the projected tags by the tags that are taken for right.

    :param chances: (W, T) the probabilities of the right tags.
    :param projected: (W,) the tags that were projected.
    :returns: (T, T) expected numbers of words, the right tag first.
    """
    width = chances.shape[1]
    return np.stack([np.bincount(projected, chances[:, tag], width) for tag in range(width)])


def evidence(counts: Floats, tags: Sequence[str], *, repeated: bool) -> Floats:
    """The log likelihood of each tag relative to that of ``O``, given the projected one.

    A tagger that learned from the projection finds a share r of the entities, as the projection does, and misses what
    it misses. So where nothing was projected, 1 − r² in place of 1 − r are taken to be missing, and what the tagger
    finds counts as 1/r times as probable: learning from positive and unlabelled words (Elkan and Noto 2008).

    :param counts: (T, T) as from :func:`projected_counts`.
    :param tags: the T tags, of which the first is ``O``.
    :param repeated: whether a tagger that learned from the projection votes.
    :returns: (T, T), the projected tag first.
    """
    likelihood = confusion(counts, tags)
    gains: Floats = np.log(likelihood.T / likelihood[0][:, None])
    if repeated:
        found = 1 - likelihood[1:, 0]
        gains[0, 1:] = np.log((1 - found**2) / found) - np.log(likelihood[0, 0])
    return gains


def confusion(counts: Floats, tags: Sequence[str]) -> Floats:
    """How often the projection gives each tag where each tag is right.

    Rare tags borrow from a shape that all share: how often an entity is missed, found, or found with another label.

    :returns: (T, T) probabilities, the right tag first; the rows add up to 1.
    """
    shape = _shape(counts, _cells(tags))
    smoothed = counts + _SHAPE_WORDS * shape
    return np.asarray(smoothed / smoothed.sum(1, keepdims=True), np.float64)


def _cells(tags: Sequence[str]) -> Longs:
    """(T, T) which of the beliefs a pair of tags falls under, the right tag first."""
    kinds, labels = [tag[0] for tag in tags], [tag[2:] for tag in tags]
    cells = np.empty((len(tags), len(tags)), np.int64)
    for right, given in np.ndindex(cells.shape):
        if right == 0:
            cells[right, given] = "OBI".index(kinds[given])
        elif given == 0:
            cells[right, given] = 3
        else:
            cells[right, given] = 4 + (kinds[right] != kinds[given]) + 2 * (labels[right] != labels[given])
    return cells


def _shape(counts: Floats, cells: Longs) -> Floats:
    """The confusion matrix in which all labels are alike."""
    beliefs = np.array([*_OUTSIDE, *_INSIDE])
    masses = np.bincount(cells.ravel(), counts.ravel(), len(beliefs)) + _BELIEF_WORDS * beliefs
    shape = masses[cells]
    # Within a row, the tags under one belief share its mass.
    for row, own in zip(shape, cells, strict=True):
        row /= np.bincount(own, minlength=len(masses))[own]
    return np.asarray(shape / shape.sum(1, keepdims=True), np.float64)
