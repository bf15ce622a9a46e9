"""A hidden Markov model of word alignment, read off counts of links: the probability of every link of a sentence pair.

Vogel, Ney and Tillmann 1996, *HMM-based word alignment in statistical translation*: each word of one side is emitted by
a word of the other side, or by none, and where it is depends on where the one before it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xprojdb.matching.arrays import compiled

Floats = NDArray[np.float64]
Cell = tuple[int, int]

#: jumps further than this are one case
_FARTHEST = 8
#: probability that a word is emitted by none
_NONE = 0.3
#: links that are thought of beside those counted: among all words alike, and between equal words
_UNSEEN, _EQUAL = 0.5, 0.5
_JUMP = 0.5


@dataclass(frozen=True)
class WordModel:
    """One direction: how often a given word was linked to an emitted one, and how far links jump.

    :param links: per given word, how often each emitted word was linked to it.
    :param words: how often each word of the emitted side occurs.
    :param jumps: how often the given word lay so far behind the one before it, from -8 to 8: (17,).
    """

    links: Mapping[str, Mapping[str, int]]
    words: Mapping[str, int]
    jumps: Sequence[int]

    @classmethod
    def count(cls, pairs: Iterable[tuple[Sequence[str], Sequence[str], Iterable[Cell]]]) -> WordModel:
        """Count over aligned sentence pairs: given words, emitted words, links (given, emitted)."""
        links: dict[str, Counter[str]] = {}
        words: Counter[str] = Counter()
        jumps = [0] * (2 * _FARTHEST + 1)
        for given, emitted, cells in pairs:
            words.update(emitted)
            last = -1
            for left, right in sorted(cells, key=lambda cell: cell[1]):
                links.setdefault(given[left], Counter())[emitted[right]] += 1
                jumps[min(max(left - last, -_FARTHEST), _FARTHEST) + _FARTHEST] += 1
                last = left
        return cls(links, words, jumps)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> WordModel:
        """Read what :meth:`to_json` gives."""
        return cls(values["links"], values["words"], values["jumps"])

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {"links": self.links, "words": self.words, "jumps": self.jumps}

    @cached_property
    def _total(self) -> float:
        return sum(self.words.values()) + 0.5 * (len(self.words) + 1)

    def probabilities(self, given: Sequence[str], emitted: Sequence[str]) -> Floats:
        """How probable it is that each word was emitted by each given one.

        :returns: (given, emitted); a column's sum is the probability that the word was emitted by any.
        """
        alone = np.array([(self.words.get(word, 0) + 0.5) / self._total for word in emitted])
        emissions = np.empty((len(emitted), len(given)))
        for row, word in enumerate(given):
            linked = self.links.get(word, {})
            equal = np.array([(linked.get(other, 0) + _EQUAL * (other == word)) for other in emitted])
            emissions[:, row] = (equal + _UNSEEN * alone) / (sum(linked.values()) + _UNSEEN + _EQUAL)
        return np.ascontiguousarray(_posteriors(emissions, alone, np.array(self.jumps) + _JUMP, _NONE).T)


@compiled
def _posteriors(emissions, alone, jumps, none):  # type: ignore[no-untyped-def]
    """Forward and backward over the emitted words; a state is the last given word that emitted any, counted from 1."""
    words, given = emissions.shape
    moves = _moves(given, jumps, none)
    ahead, stay = np.zeros((words, given)), np.zeros((words, given + 1))
    state = np.zeros(given + 1)
    state[0] = 1.0
    for j in range(words):
        for i in range(given):
            ahead[j, i] = (state * moves[:, i]).sum() * emissions[j, i]
        stay[j] = state * (none * alone[j])
        mass = ahead[j].sum() + stay[j].sum()
        ahead[j] /= mass
        stay[j] /= mass
        state = stay[j].copy()
        state[1:] += ahead[j]
    found = np.zeros((words, given))
    behind = np.ones(given + 1)
    for j in range(words - 1, -1, -1):
        found[j] = ahead[j] * behind[1:]
        found[j] /= found[j].sum() + (stay[j] * behind).sum()
        before = none * alone[j] * behind
        for i in range(given):
            before += moves[:, i] * (emissions[j, i] * behind[i + 1])
        behind = before / before.max()
    return found


@compiled
def _moves(given, jumps, none):  # type: ignore[no-untyped-def]
    """The probability to go from each state, the first being before the sentence, to each given word."""
    farthest = len(jumps) // 2
    moves = np.zeros((given + 1, given))
    for state in range(given + 1):
        for i in range(given):
            moves[state, i] = jumps[min(max(i - (state - 1), -farthest), farthest) + farthest]
        moves[state] *= (1 - none) / moves[state].sum()
    return moves
