"""Licences: which family a name belongs to, what that asks of who uses the data, and which do not go together.

It knows names, not texts of licences, and is no legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class Family:
    """Licences that ask for the same.

    :param name: for people.
    :param restricts: what must be known before the data set is used or passed on; empty: nothing but to name the
        source.
    """

    name: str
    restricts: str = ""


UNKNOWN = Family("unknown", "is not known. Find out what it allows before you use or pass on this data set.")
NON_COMMERCIAL = Family("non-commercial", "forbids commercial use, of what is made from it too.")
RESEARCH = Family("research only", "allows research only, and may forbid to pass the text on.")
NO_DERIVATIVES = Family("no derivatives", "forbids to publish what is made from it: labelled text may be that.")
USE_RESTRICTED = Family("use-restricted", "forbids some uses: who receives the data must be bound by the same list.")
SHARE_ALIKE = Family("share-alike", "asks that what is made from it carries the same licence.")
PERMISSIVE = Family("permissive")
PUBLIC_DOMAIN = Family("public domain")
UNFAMILIAR = Family("unfamiliar", "is not in the table of licences: read what it allows.")

# The first that matches: CC-BY-NC-SA is non-commercial before it is share-alike.
_FAMILIES = (
    (UNKNOWN, r"^(unknown|other|none|\?)?$"),
    (NON_COMMERCIAL, r"\bnc\b|non-?commercial"),
    (RESEARCH, r"research-only|\bldc\b|academic|research-use"),
    (NO_DERIVATIVES, r"\bnd\b|no-?deriv"),
    (USE_RESTRICTED, r"rail\b|\bllama|\bgemma\b"),
    (SHARE_ALIKE, r"\bsa\b|share-?alike|gpl|\bodbl\b|\bgfdl\b|\bcdla-sharing"),
    (PUBLIC_DOMAIN, r"\bcc0|\bpddl\b|public-domain|unlicense"),
    (PERMISSIVE, r"\bmit\b|apache|\bbsd|\bisc\b|\bafl\b|cc-by|creative-commons-attribution|odc-by|cdla-permissive"),
)


def plain_name(licence: str | None) -> str:
    """A licence's name as the Hub writes it: ``CC BY-NC 4.0`` is ``cc-by-nc-4.0``."""
    return re.sub(r"[\s_]+", "-", (licence or "").strip().lower())


def family_of(licence: str | None) -> Family:
    """The family of a licence.

    :param licence: an identifier or a name; None when it is not known.
    """
    name = plain_name(licence)
    return next((family for family, pattern in _FAMILIES if re.search(pattern, name)), UNFAMILIAR)


def conflicts(licences: Mapping[str, str | None]) -> Iterator[str]:
    """Pairs of sources whose licences no one licence of the data set can satisfy.

    :param licences: by name of the source.
    """
    for (one, first), (other, second) in combinations(licences.items(), 2):
        told = f"{one} ({first}) and {other} ({second})"
        kinds = {family_of(first), family_of(second)}
        if kinds == {SHARE_ALIKE} and _lineage(first) != _lineage(second):
            yield f"{told} each ask for their own licence on what is made from them: it cannot have both."
        elif SHARE_ALIKE in kinds and kinds & {NON_COMMERCIAL, RESEARCH, NO_DERIVATIVES, USE_RESTRICTED}:
            yield f"{told} do not go together: one asks for its own licence, the other for more than that allows."


def common_licence(licences: Mapping[str, str | None]) -> str:
    """The licence of what is made from several sources, where their names tell it.

    :returns: the one they share; the share-alike licence when the others ask for nothing; ``unknown`` when one of
        them is; else ``other``.
    """
    families = {family_of(licence) for licence in licences.values()}
    if UNKNOWN in families or not licences:
        return "unknown"
    names = {plain_name(licence): licence for licence in licences.values() if licence}
    if len(names) == 1:
        return next(iter(names.values()))
    asking = {name: told for name, told in names.items() if family_of(name) == SHARE_ALIKE}
    if len(asking) == 1 and families <= {SHARE_ALIKE, PERMISSIVE, PUBLIC_DOMAIN}:
        return next(iter(asking.values()))
    return "other"


def _lineage(licence: str | None) -> str:
    # Later versions of a share-alike licence of Creative Commons take in earlier ones.
    return re.sub(r"-?v?\d+(\.\d+)*$", "", plain_name(licence)) if "cc-" in plain_name(licence) else plain_name(licence)
