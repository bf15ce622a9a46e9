"""The one table of languages: what each benchmark and each translation model calls them, and how they are written."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, cast

from xprojdb.errors import UsageError

Units = Literal["word", "character"]
#: where these do not go by ISO 639-1, or by ISO 639-3
_MADLAD = {"he": "iw", "nb": "no", "tl": "fil"}
_APERTIUM = {"bs": "hbs", "hr": "hbs", "ms": "zlm", "sr": "hbs"}


class UnknownLanguage(UsageError):
    """No language of the table has this code or name; the field ``nearest`` holds codes that look alike."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language under every name it has in the field.

    :param code: the code that xprojdb stores: that of PAN-X, else of MasakhaNER 2.0, else ISO 639-1, else ISO 639-3.
    :param iso639_3: ISO 639-3, the macrolanguage where there is one (``ara``, ``swa``, ``zho``).
    :param iso639_1: ISO 639-1, or None.
    :param panx: the code in XTREME's PAN-X, or None outside its 40 languages.
    :param masakhaner: the code in MasakhaNER 2.0, or None outside its 20 languages.
    :param nllb: the NLLB and FLORES-200 code, such as ``deu_Latn``, or None.
    :param m2m100: the M2M-100 code, or None.
    :param mbart50: the mBART-50 code, such as ``de_DE``, or None.
    :param name: the English name.
    :param script: ISO 15924, such as ``Latn``.
    :param units: what a token is in PAN-X: a word, or (Chinese, Japanese, Thai) a character.
    :param right_to_left: whether the script runs from right to left.
    :param aliases: further codes and names that :func:`language` accepts.
    """

    code: str
    iso639_3: str
    iso639_1: str | None
    panx: str | None
    masakhaner: str | None
    nllb: str | None
    m2m100: str | None
    mbart50: str | None
    name: str
    script: str
    units: Units
    right_to_left: bool
    aliases: tuple[str, ...]

    @property
    def madlad(self) -> str:
        """The code in MADLAD-400's language tokens, ``<2iw>`` for Hebrew; which languages a model has, it knows."""
        return _MADLAD.get(self.code) or self.iso639_1 or self.iso639_3

    @property
    def apertium(self) -> str:
        """The code in the names of Apertium's language pairs, such as ``eng-spa``."""
        return _APERTIUM.get(self.code, self.iso639_3)

    def names(self) -> tuple[str, ...]:
        """Every code and name of the language, the stored code first."""
        codes = (self.code, self.iso639_1, self.iso639_3, self.panx, self.masakhaner)
        models = (self.nllb, self.m2m100, self.mbart50)
        return tuple(dict.fromkeys(name for name in (*codes, *models, self.name, *self.aliases) if name))


def _parse_row(line: str) -> Language:
    code, iso3, iso1, panx, masakhaner, nllb, m2m, mbart, name, script, units, rtl, aliases = line.split("\t")
    return Language(
        code=code,
        iso639_3=iso3,
        iso639_1=iso1 or None,
        panx=panx or None,
        masakhaner=masakhaner or None,
        nllb=nllb or None,
        m2m100=m2m or None,
        mbart50=mbart or None,
        name=name,
        script=script,
        units=cast(Units, units),
        right_to_left=rtl == "yes",
        aliases=tuple(alias for alias in aliases.split("|") if alias),
    )


@cache
def languages() -> tuple[Language, ...]:
    """All languages of the table, ordered by stored code."""
    table = resources.files("xprojdb.text").joinpath("languages.tsv").read_text(encoding="utf-8")
    return tuple(_parse_row(line) for line in table.splitlines()[1:])


def _key(name: str) -> str:
    return name.strip().replace("_", "-").casefold()


@cache
def _index() -> dict[str, Language]:
    return {_key(name): entry for entry in languages() for name in entry.names()}


def _by_subtags(key: str) -> Language | None:
    """Find ``pt-BR`` or ``de-Latn-AT`` by its first subtag, unless a script subtag says another writing is meant."""
    first, *subtags = key.split("-")
    found = _index().get(first)
    if found is None or len(first) > 3 or not all(subtag.isalnum() and len(subtag) <= 8 for subtag in subtags):
        return None
    scripts = [subtag for subtag in subtags if len(subtag) == 4 and subtag.isalpha()]
    return found if all(script == found.script.casefold() for script in scripts) else None


def language(code: str) -> Language:
    """Look a language up under any of its names.

    :param code: an ISO 639, PAN-X, MasakhaNER, NLLB, M2M-100 or mBART-50 code, an English name, or a BCP-47 tag whose
        region is ignored; upper and lower case, ``-`` and ``_`` are the same.
    :returns: the entry of the table.
    :raises UnknownLanguage: when there is none, or a tag names another script than the table does, as ``sr-Latn``.
    """
    key = _key(code)
    found = _index().get(key) or _by_subtags(key)
    if found is not None:
        return found
    nearest = _nearest(key)
    named = ", ".join(f"{item} ({_index()[item].name})" for item in nearest)
    raise UnknownLanguage(
        f"unknown language {code!r}",
        hint=f"did you mean {named}?" if named else "use an ISO 639 code such as 'en', 'lug' or 'deu'",
        code=code,
        nearest=nearest,
    )


def _nearest(key: str) -> tuple[str, ...]:
    first = key.split("-")[0]
    found = [first] if first in _index() else difflib.get_close_matches(key, _index(), n=3, cutoff=0.7)
    return tuple(dict.fromkeys(_index()[name].code for name in found))
