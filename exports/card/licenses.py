"""Licenses: which family a name belongs to, what it requires of users, and which ones are incompatible.

This is based on license names, not on their texts, and is not legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class Family:
    """Licenses with the same requirements.

    :param name: a readable name.
    :param restricts: what users must know before using or redistributing the data; empty: only attribution is required.
    """

    name: str
    restricts: str = ""


UNKNOWN = Family("unknown", "is not known. Find out what it allows before using or redistributing this data set.")
NON_COMMERCIAL = Family("non-commercial", "forbids commercial use, including of derived works.")
RESEARCH = Family("research only", "allows research only, and may forbid redistributing the text.")
NO_DERIVATIVES = Family("no derivatives", "forbids publishing derived works, which labelled text may be.")
USE_RESTRICTED = Family(
    "use-restricted", "forbids some uses, and recipients of the data must be bound by the same terms."
)
SHARE_ALIKE = Family("share-alike", "requires derived works to carry the same license.")
PERMISSIVE = Family("permissive")
PUBLIC_DOMAIN = Family("public domain")
UNFAMILIAR = Family("unfamiliar", "is not a license known to xprojdb: read what it allows.")

# The first match counts: CC-BY-NC-SA is non-commercial before it is share-alike.
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


def plain_name(license: str | None) -> str:
    """A license's name as the Hub writes it: ``CC BY-NC 4.0`` is ``cc-by-nc-4.0``."""
    return re.sub(r"[\s_]+", "-", (license or "").strip().lower())


def family_of(license: str | None) -> Family:
    """The family of a license.

    :param license: an identifier or name; None if unknown.
    """
    name = plain_name(license)
    return next((family for family, pattern in _FAMILIES if re.search(pattern, name)), UNFAMILIAR)


def conflicts(licenses: Mapping[str, str | None]) -> Iterator[str]:
    """Pairs of sources whose licenses cannot both be satisfied by one license for the data set.

    :param licenses: by source name.
    """
    for (one, first), (other, second) in combinations(licenses.items(), 2):
        both = f"{one} ({first}) and {other} ({second})"
        kinds = {family_of(first), family_of(second)}
        if kinds == {SHARE_ALIKE} and _lineage(first) != _lineage(second):
            yield f"{both} each require derived works to carry their own license, which is impossible for both."
        elif SHARE_ALIKE in kinds and kinds & {NON_COMMERCIAL, RESEARCH, NO_DERIVATIVES, USE_RESTRICTED}:
            yield f"{both} are incompatible: one requires its own license, the other adds restrictions to it."


def common_license(licenses: Mapping[str, str | None]) -> str:
    """The license of a work derived from several sources, if their names determine it.

    :returns: the one they share; the share-alike license if the others only require attribution; ``unknown`` if any
    source's license is; otherwise ``other``.
    """
    families = {family_of(license) for license in licenses.values()}
    if UNKNOWN in families or not licenses:
        return "unknown"
    names = {plain_name(license): license for license in licenses.values() if license}
    if len(names) == 1:
        return next(iter(names.values()))
    asking = {name: license_ for name, license_ in names.items() if family_of(name) == SHARE_ALIKE}
    if len(asking) == 1 and families <= {SHARE_ALIKE, PERMISSIVE, PUBLIC_DOMAIN}:
        return next(iter(asking.values()))
    return "other"


def _lineage(license: str | None) -> str:
    # Later versions of a Creative Commons share-alike license are compatible with earlier ones.
    return re.sub(r"-?v?\d+(\.\d+)*$", "", plain_name(license)) if "cc-" in plain_name(license) else plain_name(license)
