"""One score from links, letters and word edges, weighted by evidence from the corpus, without gold labels.

A candidate is linked to the entity, resembles it, or both; each makes up for the other where names are translated or
respelled. The score drops a little if it begins with a function word, unless the entity does, and more if its edges are
in lower case although the entity is a name, and names keep their capitals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from xprojdb.arrays import Floats
from xprojdb.matching.scores.word_weights import WordCounts

#: the words of a language that must be counted before their frequencies are used
COUNTED = 1_000
#: how much weaker links between frequent words are, see :func:`xprojdb.matching.scores.word_weights.word_weight`
WORD_WEIGHTS = 0.5
#: words above this share of a corpus are function words
MAX_FREQUENCY = 0.02
#: smaller shares of the link mass are noise
LEAST_LINKS = 0.05
#: the letter similarity of unrelated names
LETTERS_OFFSET = 0.4
#: the highest score from letters alone, and what doubt about links adds to it
LETTERS, MORE_LETTERS = 0.8, 0.2
#: the share of their score that links lose under full doubt
DOUBTED = 0.3
#: the penalty for beginning with a function word
FUNCTION_WORD = 0.1
#: the highest penalty for edges in lower case
LOWER_CASE = 0.3


class Parts(NamedTuple):
    """The parts of the scores of C candidates, (C,) each.

    :param links: the share of the link mass of both sides that lies between entity and candidate, discounted by doubt.
    :param letters: the edit similarity beyond that of unrelated names, scaled to its highest score; lower for words
        that are linked to words outside the entity.
    :param function_word: the penalty for the first word.
    :param lower_case: the penalty for the edges.
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
    """Discount shares of the link mass by doubt, and drop noise."""
    return np.where(links > LEAST_LINKS, links * (1 - DOUBTED * doubt), 0.0)


def reached(similarity: Floats, doubt: Floats) -> Floats:
    """Turn edit similarities into scores: 0 for the similarity of unrelated names."""
    stretched = np.maximum(similarity - LETTERS_OFFSET, 0.0) / (1 - LETTERS_OFFSET)
    return (LETTERS + MORE_LETTERS * doubt) * stretched


def tells_words(counts: WordCounts) -> bool:
    """Whether enough words were counted for their frequencies to be meaningful."""
    return counts.total >= COUNTED


def remembered(shares: Floats, doubt: Floats) -> Floats:
    """Blend shares of corpus memory with the neutral ½: the shares alone under full doubt, ½ without doubt."""
    return doubt * shares + (1 - doubt) / 2
