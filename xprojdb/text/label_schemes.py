"""Label schemes: the label sets of the benchmarks, and mappings between them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from xprojdb.errors import InputError, UsageError
from xprojdb.text.spans import Span


class UnknownLabel(InputError):
    """A label is not in the scheme; fields ``label``, ``scheme`` and ``nearest`` (a label in it, or None)."""


def _unknown_label(label: str, scheme: str, labels: Iterable[str], hint: str | None = None) -> UnknownLabel:
    by_case = {name.upper(): name for name in labels}
    close = difflib.get_close_matches(label.upper(), by_case, n=1)
    nearest = by_case[close[0]] if close else None
    hint = f"did you mean {nearest}?" if nearest else hint or f"it has {', '.join(sorted(by_case.values()))}"
    message = f"the label {label!r} is not in {scheme}"
    return UnknownLabel(message, hint=hint, label=label, scheme=scheme, nearest=nearest)


@dataclass(frozen=True, slots=True)
class LabelScheme:
    """A named, versioned set of labels.

    :param name: its name, such as ``"conll"``.
    :param version: incremented whenever the set changes.
    :param labels: the labels, in their customary order.
    """

    name: str
    version: int
    labels: tuple[str, ...]

    def check(self, spans: Iterable[Span]) -> None:
        """Check that spans only have labels of this scheme.

        :raises UnknownLabel: when a label is not in this scheme.
        """
        for span in spans:
            if span.label not in self.labels:
                raise _unknown_label(span.label, self.name, self.labels)

    def to_json(self) -> dict[str, Any]:
        """The scheme as JSON values, equal for equal schemes, for use in digests."""
        return {"name": self.name, "version": self.version, "labels": list(self.labels)}


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """A named, versioned renaming of labels, where a label may also map to nothing.

    :param name: its name, such as ``"ontonotes->conll"``.
    :param version: incremented whenever the table changes.
    :param table: pairs of a label and its new name; None drops the span.
    :param others: what to do with labels missing from the table.
    """

    name: str
    version: int
    table: tuple[tuple[str, str | None], ...]
    others: Literal["error", "keep", "drop"] = "error"

    def apply(self, spans: Iterable[Span]) -> tuple[Span, ...]:
        """Rename the labels of spans, in order, dropping those that map to nothing.

        :raises UnknownLabel: when a label is missing from the table and ``others`` is ``"error"``.
        """
        table = dict(self.table)
        renamed = ((span, self._target(span.label, table)) for span in spans)
        return tuple(Span(span.start, span.end, label) for span, label in renamed if label is not None)

    def apply_to_gold(self, spans: Sequence[Span]) -> tuple[Span, ...]:
        """Rename gold labels, which need not have the scheme of the tagger that :meth:`apply` is meant for.

        A label missing from the table is kept if it is the target of another label (such as PER, for PERSON), and
        dropped otherwise.
        """
        table = dict(self.table)
        targets = set(table.values())
        foreign = {span.label for span in spans} - table.keys() if self.others == "error" else set()
        complete = table | {label: label if label in targets else None for label in foreign}
        return LabelMapping(self.name, self.version, tuple(complete.items()), self.others).apply(spans)

    def _target(self, label: str, table: Mapping[str, str | None]) -> str | None:
        if label in table:
            return table[label]
        if self.others == "error":
            raise _unknown_label(label, self.name, table)
        return label if self.others == "keep" else None

    def to_json(self) -> dict[str, Any]:
        """The mapping as JSON values, equal for equal mappings, for use in digests."""
        return {"name": self.name, "version": self.version, "table": dict(sorted(self.table)), "others": self.others}


_CONLL = ("PER", "ORG", "LOC", "MISC")
_WIKIANN = ("PER", "ORG", "LOC")
_MASAKHANER = ("PER", "ORG", "LOC", "DATE")
# fmt: off
_ONTONOTES = (
    "CARDINAL", "DATE", "EVENT", "FAC", "GPE", "LANGUAGE",
    "LAW", "LOC", "MONEY", "NORP", "ORDINAL", "ORG",
    "PERCENT", "PERSON", "PRODUCT", "QUANTITY", "TIME", "WORK_OF_ART",
)
# fmt: on
SCHEMES: Mapping[str, LabelScheme] = {
    name: LabelScheme(name, 1, labels)
    for name, labels in (
        ("conll", _CONLL),
        ("wikiann", _WIKIANN),
        ("masakhaner", _MASAKHANER),
        ("ontonotes", _ONTONOTES),
    )
}

_NAMES: dict[str, str | None] = {"PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"}
_MISC: dict[str, str | None] = dict.fromkeys(("NORP", "EVENT", "WORK_OF_ART", "PRODUCT", "LAW", "LANGUAGE"), "MISC")
_DATES: dict[str, str | None] = {"DATE": "DATE", "TIME": "DATE"}


def _built_in(name: str, labels: Sequence[str], targets: Mapping[str, str | None]) -> LabelMapping:
    return LabelMapping(name, 1, tuple((label, targets.get(label)) for label in labels))


MAPPINGS: Mapping[str, LabelMapping] = {
    mapping.name: mapping
    for mapping in (
        LabelMapping("identity", 1, (), "keep"),
        _built_in("ontonotes->conll", _ONTONOTES, _NAMES | _MISC),
        _built_in("ontonotes->wikiann", _ONTONOTES, _NAMES),
        _built_in("ontonotes->masakhaner", _ONTONOTES, _NAMES | _DATES),
        _built_in("conll->wikiann", _CONLL, {label: label for label in _WIKIANN}),
        _built_in("masakhaner->wikiann", _MASAKHANER, {label: label for label in _WIKIANN}),
    )
}


def label_scheme(name: str) -> LabelScheme:
    """Look up a built-in scheme: ``conll``, ``wikiann``, ``masakhaner`` or ``ontonotes``.

    :raises UsageError: when there is no such scheme; the field ``known`` lists all schemes.
    """
    if name not in SCHEMES:
        raise _unknown_name("label scheme", name, SCHEMES)
    return SCHEMES[name]


def label_mapping(
    mapping: str | Mapping[str, str | None], others: Literal["error", "keep", "drop"] = "error"
) -> LabelMapping:
    """Look up a built-in mapping, or build one from an inline table.

    :param mapping: a name such as ``"ontonotes->conll"`` or ``"identity"``, or a table from labels to labels or None.
    :param others: for a table, what to do with labels missing from it.
    :returns: the mapping.
    :raises UsageError: when there is no such mapping; the field ``known`` lists all mappings.
    """
    if not isinstance(mapping, str):
        return LabelMapping("inline", 1, tuple(sorted(mapping.items())), others)
    if mapping not in MAPPINGS:
        raise _unknown_name("label mapping", mapping, MAPPINGS)
    return MAPPINGS[mapping]


def _unknown_name(kind: str, name: str, options: Iterable[str]) -> UsageError:
    names = tuple(options)
    return UsageError(f"there is no {kind} {name!r}", hint=f"there are {', '.join(names)}", name=name, known=names)
