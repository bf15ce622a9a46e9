"""A hidden Markov model of word alignment, based on counts of links, that gives the probability of every link.

Vogel, Ney and Tillmann 1996, *HMM-based word alignment in statistical translation*: each word of one side is emitted by
a word of the other side, or by none, and the position of an emitting word depends on that of the previous one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from xprojdb.arrays import Floats
from xprojdb.matching.arrays import compiled

Cell = tuple[int, int]

#: jumps beyond this distance are treated alike
_FARTHEST = 8
#: probability that a word is emitted by none
_NONE = 0.3
#: pseudo-counts added to the counts: spread over all words, and between equal words
_UNSEEN, _EQUAL = 0.5, 0.5
_JUMP = 0.5


@dataclass(frozen=True)
class WordModel:
    """One direction: how often words were linked to emitted words, and how far links jump.

    :param links: for each emitting word, how often each emitted word was linked to it.
    :param words: how often each word of the emitted side occurs.
    :param jumps: (17,) how often the emitting word was this far from the previous one, from -8 to 8.
    """

    links: Mapping[str, Mapping[str, int]]
    words: Mapping[str, int]
    jumps: Sequence[int]

    @classmethod
    def count(cls, pairs: Iterable[tuple[Sequence[str], Sequence[str], Iterable[Cell]]]) -> WordModel:
        """Count over aligned sentence pairs: emitting words, emitted words, links (emitting, emitted)."""
        links: dict[str, Counter[str]] = {}
        words: Counter[str] = Counter()
        jumps = [0] * (2 * _FARTHEST + 1)
        for emitting, emitted, cells in pairs:
            words.update(emitted)
            last = -1
            for left, right in sorted(cells, key=lambda cell: cell[1]):
                links.setdefault(emitting[left], Counter())[emitted[right]] += 1
                jumps[min(max(left - last, -_FARTHEST), _FARTHEST) + _FARTHEST] += 1
                last = left
        return cls(links, words, jumps)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> WordModel:
        """The inverse of :meth:`to_json`."""
        return cls(values["links"], values["words"], values["jumps"])

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object."""
        return {"links": self.links, "words": self.words, "jumps": self.jumps}

    @cached_property
    def _total(self) -> float:
        return sum(self.words.values()) + 0.5 * (len(self.words) + 1)

    def probabilities(self, emitting: Sequence[str], emitted: Sequence[str]) -> Floats:
        """The probability that each word was emitted by each word of the other side.

        :returns: (emitting, emitted); the sum of a column is the probability that any word emitted it.
        """
        alone = np.array([(self.words.get(word, 0) + 0.5) / self._total for word in emitted])
        emissions = np.empty((len(emitted), len(emitting)))
        for row, word in enumerate(emitting):
            linked = self.links.get(word, {})
            equal = np.array([(linked.get(other, 0) + _EQUAL * (other == word)) for other in emitted])
            emissions[:, row] = (equal + _UNSEEN * alone) / (sum(linked.values()) + _UNSEEN + _EQUAL)
        return np.ascontiguousarray(_posteriors(emissions, alone, np.array(self.jumps) + _JUMP, _NONE).T)


@compiled
def _posteriors(emissions, alone, jumps, none):  # type: ignore[no-untyped-def]
    """Forward and backward over the emitted words; a state is the last word that emitted any, counted from 1."""
    words, emitters = emissions.shape
    moves = _moves(emitters, jumps, none)
    ahead, stay = np.zeros((words, emitters)), np.zeros((words, emitters + 1))
    state = np.zeros(emitters + 1)
    state[0] = 1.0
    for j in range(words):
        for i in range(emitters):
            ahead[j, i] = (state * moves[:, i]).sum() * emissions[j, i]
        stay[j] = state * (none * alone[j])
        mass = ahead[j].sum() + stay[j].sum()
        ahead[j] /= mass
        stay[j] /= mass
        state = stay[j].copy()
        state[1:] += ahead[j]
    posteriors = np.zeros((words, emitters))
    behind = np.ones(emitters + 1)
    for j in range(words - 1, -1, -1):
        posteriors[j] = ahead[j] * behind[1:]
        posteriors[j] /= posteriors[j].sum() + (stay[j] * behind).sum()
        before = none * alone[j] * behind
        for i in range(emitters):
            before += moves[:, i] * (emissions[j, i] * behind[i + 1])
        behind = before / before.max()
    return posteriors


@compiled
def _moves(emitters, jumps, none):  # type: ignore[no-untyped-def]
    """The transition probabilities from each state (the first is before the sentence) to each emitting word."""
    farthest = len(jumps) // 2
    moves = np.zeros((emitters + 1, emitters))
    for state in range(emitters + 1):
        for i in range(emitters):
            moves[state, i] = jumps[min(max(i - (state - 1), -farthest), farthest) + farthest]
        moves[state] *= (1 - none) / moves[state].sum()
    return moves
