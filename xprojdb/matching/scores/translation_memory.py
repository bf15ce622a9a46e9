"""Translation memory: which words an entity was projected onto elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from xprojdb.matching.scores.term_consistency import Place, term

#: how often each sequence of target words was chosen, by label and entity words; all folded and joined by spaces
Renderings = Mapping[str, Mapping[str, Mapping[str, int]]]


def count_renderings(rows: Iterable[tuple[str, str, str, int]]) -> dict[str, dict[str, Counter[str]]]:
    """Sum up counts of renderings.

    :param rows: label, the entity's words, the chosen words, count; combinations may repeat.
    """
    renderings: dict[str, dict[str, Counter[str]]] = {}
    for label, text, chosen, count in rows:
        renderings.setdefault(label, {}).setdefault(text, Counter())[chosen] += count
    return renderings


def rendered_elsewhere(counts: Mapping[str, int], own: Mapping[str, int]) -> dict[str, int]:
    """The renderings of an entity, without the counts from its own sentence."""
    left = {chosen: count - own.get(chosen, 0) for chosen, count in counts.items()}
    return {chosen: count for chosen, count in left.items() if count > 0}


def rendering_shares(texts: Sequence[str], places: Iterable[Place], elsewhere: Mapping[str, int]) -> list[float]:
    """For each span, how often its words were chosen elsewhere, divided by the number of choices there plus 1.

    :param texts: the folded words of the sentence with the spans.
    :param places: spans (start, end).
    :param elsewhere: how often each sequence of words was chosen for the entity in other sentences.
    :returns: shares in [0, 1), in the order of ``places``.
    """
    total = sum(elsewhere.values()) + 1
    return [elsewhere.get(term(texts, *place), 0) / total for place in places]


def majority_labels(counts: Mapping[str, Mapping[str, int]], share: float) -> dict[str, str]:
    """The label that the same words have in more than a given share of cases, if there is one.

    :param counts: how often words have each label.
    :param share: at least 0.5, so that there is at most one.
    """
    majority = {}
    for text, labels in counts.items():
        best = max(sorted(labels), key=lambda name: labels[name])
        if labels[best] > share * sum(labels.values()):
            majority[text] = best
    return majority
