"""Languages: their names in benchmarks and translation models, and how they are written.

A table holds languages whose names differ between benchmarks or models, or that have special writing systems.
Any other ISO 639 code or BCP 47 tag is looked up in the registries of the library ``langcodes``. Languages missing
from both can be declared in a file, see :func:`declared_languages`.
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
#: exceptions to ISO 639-1 (MADLAD) and ISO 639-3 (Apertium)
_MADLAD = {"he": "iw", "nb": "no", "tl": "fil"}
_APERTIUM = {"bs": "hbs", "hr": "hbs", "ms": "zlm", "sr": "hbs"}
#: codes of Wikipedia, and thus WikiANN, that have another meaning or none in ISO 639 (where als is Tosk Albanian)
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
    """No language has this code or name; the field ``nearest`` holds similar codes."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language with all its names in benchmarks and models.

    :param code: the code that xprojdb stores: that of PAN-X, MasakhaNER 2.0, ISO 639-1 or ISO 639-3, in this order.
    :param iso639_3: ISO 639-3, the macrolanguage where there is one (``ara``, ``swa``, ``zho``).
    :param iso639_1: ISO 639-1, or None.
    :param panx: the code in XTREME's PAN-X, or None outside its 40 languages.
    :param masakhaner: the code in MasakhaNER 2.0, or None outside its 20 languages.
    :param nllb: the NLLB and FLORES-200 code, such as ``deu_Latn``, or None.
    :param m2m100: the M2M-100 code, or None.
    :param mbart50: the mBART-50 code, such as ``de_DE``, or None.
    :param name: the English name.
    :param script: ISO 15924, such as ``Latn``.
    :param units: the tokens of PAN-X: words, or characters (Chinese, Japanese, Thai).
    :param right_to_left: whether the script is written from right to left.
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
        """The code in MADLAD-400's language tokens, such as ``<2iw>`` for Hebrew, whether or not a model has it."""
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
    """Read the languages declared in a TOML file, one table per code.

    A table ``[xyz]`` has a ``name``. Optional keys: ``script`` (ISO 15924, by default ``Latn``), ``right_to_left`` and
    ``units`` (``word`` or ``character``; both follow from the script), ``aliases`` (a list of further codes), and
    ``nllb``, ``m2m100``, ``mbart50`` if a model has a token for the language.

    :raises UsageError: when the file cannot be read or has an unknown key; the field ``file`` names it.
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
        raise ValueError(f"{code!r} has {unknown[0]!r}" if unknown else f"{code!r} is not a code")
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
    """Find ``pt-BR`` or ``de-Latn-AT`` by its first subtag, unless a subtag asks for another script."""
    first, *subtags = key.split("-")
    entry = _index().get(first)
    if entry is None or len(first) > 3 or not all(subtag.isalnum() and len(subtag) <= 8 for subtag in subtags):
        return None
    scripts = [subtag for subtag in subtags if len(subtag) == 4 and subtag.isalpha()]
    return entry if all(script == entry.script.casefold() for script in scripts) else None


@cache
def _registered(key: str) -> Language | None:
    """A language outside the table, by ISO 639 and BCP 47; in an unusual script, its code ends with the script."""
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
    """Look up a language under any of its names.

    :param code: an ISO 639, PAN-X, WikiANN, MasakhaNER, NLLB, M2M-100 or mBART-50 code, an English name, a BCP 47 tag
        (its region is ignored), or a code declared in the file named by the environment variable ``XPROJDB_LANGUAGES``.
        Case does not matter, nor does ``-`` or ``_``.
    :returns: the language.
    :raises UnknownLanguage: when there is no such language.
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
        else f"use an ISO 639 code such as 'en', 'lug' or 'deu', or declare it in a file and set {DECLARED}",
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
