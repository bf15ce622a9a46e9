"""The filters of a list of sentences, as given in the query of its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal

from xprojdb.errors import UsageError

PAGE = 50
#: maximal length of a text to search for
_LONGEST = 200
_ORDERS = ("id", "margin", "score")
_OUTCOMES = ("ok", "empty", "filtered", "failed", "pending")
Order = Literal["id", "margin", "score"]


class BadFilter(UsageError):
    """An invalid filter value; fields ``name`` and ``value``."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list; empty ones do not filter.

    Those on labels (label, margins, scores, divided) apply to one and the same label.

    :param recipe: the recipe whose labels are shown.
    :param step: the beginning of the digest of a step whose labels are shown in place of the recipe's.
    :param outcome: of the final step of the recipe.
    :param reason: a code in the reason of that outcome.
    :param divided: has a label about whose words or type its voters disagree.
    :param reviewed: ``yes``: a reviewer has finished the sentence; ``no``.
    :param text: contained in its words.
    :param order: by key, or least certain first.
    :param after: where the page starts: after this key, or at this position of an order.
    """

    recipe: str = ""
    step: str = ""
    corpus: str = ""
    lang: str = ""
    split: str = ""
    label: str = ""
    outcome: str = ""
    reason: str = ""
    tier: str = ""
    margin_from: float | None = None
    margin_to: float | None = None
    score_from: float | None = None
    score_to: float | None = None
    divided: bool = False
    reviewed: str = ""
    text: str = ""
    order: Order = "id"
    after: int = 0

    @property
    def of_labels(self) -> bool:
        """Whether any filter is about labels."""
        bounds = (self.margin_from, self.margin_to, self.score_from, self.score_to)
        return bool(self.label or self.divided or any(bound is not None for bound in bounds))

    @property
    def of_recipe(self) -> bool:
        """Whether any filter is about the results of a recipe."""
        return self.of_labels or bool(self.outcome or self.reason or self.tier) or self.order != "id"

    def values(self) -> dict[str, object]:
        """The values that differ from the default, for an address."""
        plain = asdict(Filters())
        return {name: _shown(value) for name, value in asdict(self).items() if value != plain[name]}

    def on(self, **changes: object) -> dict[str, object]:
        """The values of an address with some changes, for its first page."""
        return replace(self, after=0, **changes).values()  # type: ignore[arg-type]


def read_filters(query: Mapping[str, str]) -> Filters:
    """The filters in the query of an address.

    :raises BadFilter: when a value is invalid.
    """
    names = Filters.__dataclass_fields__
    values: dict[str, object] = {}
    for name, value in query.items():
        text = value.strip()
        if name in names and text:
            values[name] = _value(name, text)
    return Filters(**values)  # type: ignore[arg-type]


def _value(name: str, text: str) -> object:
    if name == "after":
        return _number(name, text, int, 0, 2**63 - 1)
    if name in ("margin_from", "margin_to", "score_from", "score_to"):
        return _number(name, text, float, -1e9, 1e9)
    if name == "divided":
        return _one_of(name, text, ("yes",)) == "yes"
    choices = {"order": _ORDERS, "outcome": _OUTCOMES, "reviewed": ("yes", "no")}
    if name in choices:
        return _one_of(name, text, choices[name])
    return text[:_LONGEST]


def _number(name: str, text: str, kind: type[int] | type[float], low: float, high: float) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = kind(low) - 1
    if not low <= number <= high:
        raise BadFilter(f"{name} must be a number, not {text[:40]!r}", hint="change the address", name=name, value=text)
    return number


def _one_of(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        hint = f"choose from {', '.join(choices)}"
        raise BadFilter(f"{name} cannot be {text[:40]!r}", hint=hint, name=name, value=text)
    return text


def _shown(value: object) -> object:
    return "yes" if value is True else value
