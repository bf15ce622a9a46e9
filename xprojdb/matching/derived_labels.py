"""The label of a name that the target language turned into an adjective: *Europe* → *europäischen*.

Annotation schemes with MISC give it to such words. A target word that is written in lower case, where the source word
begins with a capital, tells that it happened. A scheme without the label drops the entity instead, or leaves it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import Flags, Ints, Longs, offsets
from xprojdb.matching.candidates import Candidates

DROPPED = -1


@dataclass(frozen=True, slots=True)
class DerivedLabel:
    """A rule; none is applied unless one is made.

    :param becomes: the label of the adjective; None drops the entity there.
    :param labels: labels that change. Names of people seldom become adjectives.
    :param longest: words of the target span at most. Two words are often a name that is written small.
    """

    becomes: str | None
    labels: frozenset[str] = frozenset({"LOC", "ORG"})
    longest: int = 1


def derived_label(label: str, capitalised: bool, target: Iterable[str], rule: DerivedLabel | None = None) -> str | None:
    """The label of an entity on a target span.

    :param label: the entity's label on the source side.
    :param capitalised: whether the entity's first source word has an upper-case letter.
    :param target: the words of the span.
    :param rule: none leaves every label as it is.
    :returns: the label, or None where the rule drops the entity.
    """
    words = list(target)
    if rule is None or label not in rule.labels or not capitalised or len(words) > rule.longest:
        return label
    return rule.becomes if all(word.islower() for word in words) else label


def derived_labels(
    entity_ptr: Longs,
    candidates: Candidates,
    label: Ints,
    capitalised: Flags,
    lower_ptr: Longs,
    lower: Flags,
    rule: DerivedLabel | None = None,
    names: tuple[str, ...] = (),
) -> Ints:
    """As :func:`derived_label`, for every candidate.

    :param entity_ptr: (N+1,) offsets of the entities of each sentence.
    :param label: (E,) label codes, places in ``names``.
    :param capitalised: (E,) whether the entity's first source word has an upper-case letter.
    :param lower_ptr: (N+1,) offsets of the target words of each sentence.
    :param lower: (W,) whether a target word is all lower case (``str.islower``).
    :param names: the labels; only needed with a rule.
    :returns: (C,) label codes, :data:`DROPPED` where the rule drops the entity.
    :raises MatchingError: when ``names`` lacks the label that the rule gives.
    """
    if rule is not None and rule.becomes is not None and rule.becomes not in names:
        hint = "a scheme without this label drops the entity (becomes=None) or has no rule"
        message = f"the labels have no {rule.becomes}"
        raise MatchingError(message, hint=hint, what="becomes", value=rule.becomes)
    sentence = np.repeat(np.arange(len(candidates.ptr) - 1), np.diff(candidates.ptr))
    entity = entity_ptr[sentence] + candidates.entity
    codes: Ints = np.asarray(label, np.int32)[entity]
    if rule is None:
        return codes
    changing = np.isin(codes, [n for n, name in enumerate(names) if name in rule.labels])
    small = (
        offsets(lower)[lower_ptr[sentence] + candidates.end] - offsets(lower)[lower_ptr[sentence] + candidates.start]
    )
    words = candidates.end - candidates.start
    changing &= np.asarray(capitalised, np.bool_)[entity] & (small == words) & (words <= rule.longest)
    becomes = DROPPED if rule.becomes is None else names.index(rule.becomes)
    return np.where(changing, np.int32(becomes), codes)
