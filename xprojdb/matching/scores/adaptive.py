"""One score out of links, letters and word edges, whose parts count as much as a corpus bears out without gold labels.

A candidate is linked to the entity, or looks like it, or both; each makes up for the other where names are translated
or respelled. It loses a little for beginning with a function word, and more for edges in lower case where names keep
their capitals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from xprojdb.matching.arrays import Floats
from xprojdb.matching.scores.word_weights import WordCounts

#: the words of a language that must have been counted before their frequencies tell anything
COUNTED = 1_000
#: how much less links between frequent words count, see :func:`xprojdb.matching.scores.word_weights.word_weight`
WORD_WEIGHTS = 0.5
#: words that are more than this share of a corpus are function words
MAX_FREQUENCY = 0.02
#: links with a smaller share of the mass are noise
LEAST_LINKS = 0.05
#: what unrelated names have in common of their letters
LETTERS_OFFSET = 0.4
#: what letters alone can reach, and what more where links are doubted
LETTERS, MORE_LETTERS = 0.8, 0.2
#: what links lose at most where they are doubted
DOUBTED = 0.3
#: what a candidate loses that begins with a function word
FUNCTION_WORD = 0.1
#: what it loses at most whose edges are lower case
LOWER_CASE = 0.3


class Parts(NamedTuple):
    """What is known of C candidates, each (C,).

    :param links: share of the linked mass of both sides that lies between entity and candidate, as far as it is
        trusted.
    :param letters: edit similarity, less what unrelated names have in common, for what it can reach; less for words
        that are linked to other words than the entity's.
    :param function_word: what each loses for its first word.
    :param lower_case: what each loses for its edges.
    """

    links: Floats
    letters: Floats
    function_word: Floats
    lower_case: Floats

    @property
    def fused(self) -> Floats:
        """(C,) scores from 0 to 1."""
        either = 1 - (1 - np.minimum(self.links, 1.0)) * (1 - self.letters)
        scores: Floats = np.maximum(either - self.function_word - self.lower_case, 0.0)
        return scores


def trusted(links: Floats, doubt: Floats) -> Floats:
    """Shares of linked mass without those that are noise, and less where links are doubted."""
    return np.where(links > LEAST_LINKS, links * (1 - DOUBTED * doubt), 0.0)


def reached(similarity: Floats, doubt: Floats) -> Floats:
    """What edit similarities are worth by themselves: what unrelated names have in common is worth nothing."""
    stretched = np.maximum(similarity - LETTERS_OFFSET, 0.0) / (1 - LETTERS_OFFSET)
    return (LETTERS + MORE_LETTERS * doubt) * stretched


def tells_words(counts: WordCounts) -> bool:
    """Whether enough words were counted for their frequencies to mean something."""
    return counts.total >= COUNTED


def remembered(shares: Floats, doubt: Floats) -> Floats:
    """How often words were projected elsewhere, as far as links are doubted; half of it where they are not."""
    return doubt * shares + (1 - doubt) / 2
