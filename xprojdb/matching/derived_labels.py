"""The label of a name that became an adjective in the target language: *Europe* → *europäischen*.

Annotation schemes with MISC use it for such words. A target word in lower case, where the source word starts with a
capital, shows that this happened. A scheme without the label drops the entity instead, or leaves it unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from xprojdb.arrays import Flags, Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import offsets
from xprojdb.matching.candidates import Candidates

DROPPED = -1


@dataclass(frozen=True, slots=True)
class DerivedLabel:
    """The rule for derived words; it is only applied if one is passed.

    :param becomes: the label of the adjective; None drops the entity.
    :param labels: the labels that change. Names of people seldom become adjectives.
    :param longest: the most words the target span may have. Two words are often just a name in lower case.
    """

    becomes: str | None
    labels: frozenset[str] = frozenset({"LOC", "ORG"})
    longest: int = 1


def derived_label(label: str, capitalised: bool, target: Iterable[str], rule: DerivedLabel | None = None) -> str | None:
    """The label of an entity on a target span.

    :param label: the entity's label on the source side.
    :param capitalised: whether the entity's first source word has an upper-case letter.
    :param target: the words of the span.
    :param rule: None leaves every label unchanged.
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
    """:func:`derived_label` for every candidate.

    :param entity_ptr: (N+1,) offsets of the entities of each sentence.
    :param label: (E,) label codes, indices in ``names``.
    :param capitalised: (E,) whether the entity's first source word has an upper-case letter.
    :param lower_ptr: (N+1,) offsets of the target words of each sentence.
    :param lower: (W,) whether a target word is all lower case (``str.islower``).
    :param names: the labels behind the codes; only needed with a rule.
    :returns: (C,) label codes, :data:`DROPPED` where the rule drops the entity.
    :raises MatchingError: when ``names`` lacks the label that the rule assigns.
    """
    if rule is not None and rule.becomes is not None and rule.becomes not in names:
        hint = "for a scheme without this label, drop the entity (becomes=None) or use no rule"
        message = f"the label {rule.becomes} does not exist"
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
