"""Languages: what each benchmark and each translation model calls them, and how they are written.

A table holds those whose names differ from one benchmark or model to another, or that are written in their own way.
Any other ISO 639 code or BCP 47 tag is looked up in the registries that the library ``langcodes`` carries. What neither
knows can be declared in a file: see :func:`declared_languages`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, cast

from xprojdb.errors import UsageError

Units = Literal["word", "character"]
#: where these do not go by ISO 639-1, or by ISO 639-3
_MADLAD = {"he": "iw", "nb": "no", "tl": "fil"}
_APERTIUM = {"bs": "hbs", "hr": "hbs", "ms": "zlm", "sr": "hbs"}
#: Wikipedia's codes, and so WikiANN's, that mean something else or nothing in ISO 639 (where als is Tosk Albanian)
_WIKIPEDIA = {
    "als": "gsw",
    "bat-smg": "sgs",
    "be-x-old": "be",
    "bh": "bho",
    "cbk-zam": "cbk",
    "eml": "egl",
    "fiu-vro": "vro",
    "map-bms": "jv",
    "nrm": "nrf",
    "roa-rup": "rup",
    "simple": "en",
    "zh-classical": "lzh",
    "zh-min-nan": "nan",
    "zh-yue": "yue",
}
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Armi", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})
_CHARACTERS = frozenset({"Hani", "Hans", "Hant", "Jpan", "Thai"})
#: the environment variable that names a file of declared languages
DECLARED = "XPROJDB_LANGUAGES"


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


def declared_languages(path: Path) -> dict[str, Language]:
    """The languages that a file declares: TOML, a table a code.

    ``[xyz]`` with a ``name``. Optional: ``script`` (ISO 15924, ``Latn`` by default), ``right_to_left`` and ``units``
    (``word`` or ``character``; both follow from the script), ``aliases`` (a list of further codes), and ``nllb``,
    ``m2m100``, ``mbart50`` where a model has a token for it.

    :raises UsageError: when the file cannot be read or has another key; the field ``file`` names it.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {_key(name): entry for code, table in tables.items() for name, entry in _declared(code, table)}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError) as error:
        raise UsageError(
            f"the languages declared in {path} cannot be read: {error}",
            hint='write a table for each code, such as [xyz] with name = "…" and script = "Latn"',
            file=str(path),
        ) from error


_DECLARABLE = {"name", "script", "right_to_left", "units", "aliases", "nllb", "m2m100", "mbart50"}


def _declared(code: str, table: Any) -> list[tuple[str, Language]]:
    unknown = sorted(set(table) - _DECLARABLE) if isinstance(table, dict) else ["no table"]
    if unknown or not code.replace("-", "").isalnum():
        raise ValueError(f"{code!r} has {unknown[0]!r}" if unknown else f"{code!r} is no code")
    script = str(table.get("script", "Latn"))
    entry = Language(
        code=code,
        iso639_3=code,
        iso639_1=None,
        panx=None,
        masakhaner=None,
        nllb=table.get("nllb"),
        m2m100=table.get("m2m100"),
        mbart50=table.get("mbart50"),
        name=str(table.get("name", code)),
        script=script,
        units=cast(Units, table.get("units", _units(script))),
        right_to_left=bool(table.get("right_to_left", script in _RIGHT_TO_LEFT)),
        aliases=tuple(map(str, table.get("aliases", ()))),
    )
    if entry.units not in ("word", "character"):
        raise ValueError(f"{code!r} has the units {entry.units!r}")
    return [(name, entry) for name in entry.names()]


def _units(script: str) -> Units:
    return "character" if script in _CHARACTERS else "word"


@cache
def _declared_in(path: str) -> dict[str, Language]:
    return declared_languages(Path(path))


def _by_subtags(key: str) -> Language | None:
    """Find ``pt-BR`` or ``de-Latn-AT`` by its first subtag, unless a script subtag says another writing is meant."""
    first, *subtags = key.split("-")
    entry = _index().get(first)
    if entry is None or len(first) > 3 or not all(subtag.isalnum() and len(subtag) <= 8 for subtag in subtags):
        return None
    scripts = [subtag for subtag in subtags if len(subtag) == 4 and subtag.isalpha()]
    return entry if all(script == entry.script.casefold() for script in scripts) else None


@cache
def _registered(key: str) -> Language | None:
    """A language outside the table, by ISO 639 and BCP 47; the code of one in an unusual script ends in the script."""
    import langcodes

    try:
        tag = langcodes.get(key)
        if not tag.is_valid() or not tag.language or "qaa" <= tag.language <= "qtz":
            return None
        alpha3 = tag.to_alpha3()
    except (langcodes.LanguageTagError, LookupError):
        return None
    script = tag.script or tag.maximize().script or "Latn"
    entry = _index().get(tag.language)
    usual = entry.script if entry is not None else langcodes.get(tag.language).maximize().script
    name = (langcodes.get(tag.language) if script == usual else tag).display_name()
    return Language(
        code=tag.language if script == usual else f"{tag.language}-{script}",
        iso639_3=alpha3,
        iso639_1=tag.language if len(tag.language) == 2 else None,
        panx=None,
        masakhaner=None,
        nllb=f"{alpha3}_{script}",
        m2m100=None,
        mbart50=None,
        name=tag.language if name.startswith("Unknown language") else name,
        script=script,
        units=_units(script),
        right_to_left=script in _RIGHT_TO_LEFT,
        aliases=(),
    )


def language(code: str) -> Language:
    """Look a language up under any of its names.

    :param code: an ISO 639, PAN-X, WikiANN, MasakhaNER, NLLB, M2M-100 or mBART-50 code, an English name, a BCP 47 tag
        (its region is ignored), or a code declared in the file that the environment variable ``XPROJDB_LANGUAGES``
        names. Case does not matter, nor does ``-`` or ``_``.
    :returns: the language.
    :raises UnknownLanguage: when there is none.
    :raises UsageError: when the file of declared languages cannot be read.
    """
    key = _key(code)
    entry = _find(_WIKIPEDIA.get(key, key))
    if entry is not None:
        return entry
    nearest = _nearest(key)
    names = ", ".join(f"{item} ({_index()[item].name})" for item in nearest)
    raise UnknownLanguage(
        f"unknown language {code!r}",
        hint=f"did you mean {names}?"
        if names
        else f"use an ISO 639 code such as 'en', 'lug' or 'deu', or declare it in a file that {DECLARED} names",
        code=code,
        nearest=nearest,
    )


def _find(key: str) -> Language | None:
    path = os.environ.get(DECLARED)
    declared = _declared_in(path).get(key) if path else None
    return declared or _index().get(key) or _by_subtags(key) or _registered(key)


def _nearest(key: str) -> tuple[str, ...]:
    first = key.split("-")[0]
    keys = [first] if first in _index() else difflib.get_close_matches(key, _index(), n=3, cutoff=0.7)
    return tuple(dict.fromkeys(_index()[name].code for name in keys))
