"""Corpus memory by name: what an entity's own words were projected onto elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from xprojdb.matching.scores.term_consistency import Place, term

#: by label and an entity's words, how often each sequence of target words was chosen; all folded, joined by spaces
Renderings = Mapping[str, Mapping[str, Mapping[str, int]]]


def count_renderings(rows: Iterable[tuple[str, str, str, int]]) -> dict[str, dict[str, Counter[str]]]:
    """Sum what was counted.

    :param rows: label, the entity's words, the words chosen, how often; any of them several times.
    """
    found: dict[str, dict[str, Counter[str]]] = {}
    for label, given, chosen, count in rows:
        found.setdefault(label, {}).setdefault(given, Counter())[chosen] += count
    return found


def rendered_elsewhere(known: Mapping[str, int], own: Mapping[str, int]) -> dict[str, int]:
    """What an entity's words were projected onto, without what its own sentence added to these counts."""
    left = {chosen: count - own.get(chosen, 0) for chosen, count in known.items()}
    return {chosen: count for chosen, count in left.items() if count > 0}


def rendering_shares(texts: Sequence[str], places: Iterable[Place], elsewhere: Mapping[str, int]) -> list[float]:
    """How often spans have the words that were chosen elsewhere, of all choices there and one.

    :param texts: the folded words of the sentence that has the spans.
    :param places: spans (start, end).
    :param elsewhere: how often each sequence of words was chosen for the entity in other sentences.
    :returns: shares in [0, 1), in the order of ``places``.
    """
    total = sum(elsewhere.values()) + 1
    return [elsewhere.get(term(texts, *place), 0) / total for place in places]


def majority_labels(counts: Mapping[str, Mapping[str, int]], share: float) -> dict[str, str]:
    """The label that the same words have more often than a share of the times, where there is one.

    :param counts: by words, how often they have each label.
    :param share: at least 0.5, so that there is one at most.
    """
    found = {}
    for text, labels in counts.items():
        best = max(sorted(labels), key=lambda name: labels[name])
        if labels[best] > share * sum(labels.values()):
            found[text] = best
    return found
