"""What a list of sentences is asked for, as the query of its address says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal

from xprojdb.errors import UsageError

PAGE = 50
#: characters of a text that is looked for
_LONGEST = 200
_ORDERS = ("id", "margin", "score")
_OUTCOMES = ("ok", "empty", "filtered", "failed", "pending")
Order = Literal["id", "margin", "score"]


class BadFilter(UsageError):
    """A value that no filter can have; fields ``name`` and ``value``."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of a list; empty ones do not filter.

    Those of labels (label, margins, scores, divided) are about one and the same label.

    :param recipe: whose labels are shown.
    :param outcome: of the step that the recipe ends in.
    :param reason: a code in the reason of that outcome.
    :param divided: with a label whose voters want different words or labels.
    :param reviewed: ``yes``: a reviewer has finished it; ``no``.
    :param text: what its words contain.
    :param order: by key, or the least certain first.
    :param after: where the page begins: behind this key, or this place of an order.
    """

    recipe: str = ""
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
        """Whether some filter is about labels."""
        bounds = (self.margin_from, self.margin_to, self.score_from, self.score_to)
        return bool(self.label or self.divided or any(bound is not None for bound in bounds))

    @property
    def of_recipe(self) -> bool:
        """Whether some filter is about what a recipe made."""
        return self.of_labels or bool(self.outcome or self.reason or self.tier) or self.order != "id"

    def values(self) -> dict[str, object]:
        """Those that are not as they are by default, for an address."""
        plain = asdict(Filters())
        return {name: _told(value) for name, value in asdict(self).items() if value != plain[name]}

    def on(self, **changes: object) -> dict[str, object]:
        """The values of an address that differs in some, from its first page on."""
        return replace(self, after=0, **changes).values()  # type: ignore[arg-type]


def read_filters(given: Mapping[str, str]) -> Filters:
    """The filters that an address has.

    :raises BadFilter: when a value cannot be one.
    """
    known = Filters.__dataclass_fields__
    values: dict[str, object] = {}
    for name, value in given.items():
        text = value.strip()
        if name in known and text:
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
        found = kind(text)
    except ValueError:
        found = kind(low) - 1
    if not low <= found <= high:
        raise BadFilter(f"{name} is a number, and not {text[:40]!r}", hint="change the address", name=name, value=text)
    return found


def _one_of(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        hint = f"there are {', '.join(choices)}"
        raise BadFilter(f"{name} is not {text[:40]!r}", hint=hint, name=name, value=text)
    return text


def _told(value: object) -> object:
    return "yes" if value is True else value
