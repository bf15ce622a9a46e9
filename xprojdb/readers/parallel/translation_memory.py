"""TMX 1.4 and XLIFF 1.2 and 2 as a stream; the XML may not declare entities, and nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from xprojdb.readers.notes import Notes
from xprojdb.readers.parallel.plain import plain_record
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.records import ReadError, Record, RecordError, check_text
from xprojdb.readers.xml_stream import XmlStream
from xprojdb.text.languages import UnknownLanguage
from xprojdb.text.languages import language as find_language

# These contain codes of other programs rather than text, or in XLIFF copies of other units.
_CODES = frozenset(
    {"bpt", "ept", "it", "ph", "ut", "sub", "alt-trans", "seg-source", "note", "prop", "notes", "ignorable"}
)
_UNITS = frozenset({"tu", "trans-unit", "segment"})
_ROOT = re.compile(r"<(?:\w+:)?(?:tmx|xliff)[\s>]")
_ROOTS = frozenset({"tmx", "xliff"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOptions:
    """Options for translation memories.

    :param languages: the languages to read, by stored codes; a unit that lacks one of them is left out of all.
    :param ids: use the ids of units for sentences, if they have any.
    """

    languages: tuple[str, ...] = ()
    ids: bool = True


@dataclass(slots=True)
class _Unit:
    line: int
    name: str | None
    texts: dict[str, str] = field(default_factory=dict)
    doubles: int = 0


def read_memory(
    path: Path, language: str, options: MemoryOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Stream the sentences of one language of a TMX or XLIFF file, plain or gzip.

    The language ``en-US`` of a file is ``en``, as everywhere. Units in which a language is missing or blank are left
    out of every language, so that they stay parallel, and counted. Inline codes are left out.

    :param language: of the sentences, by its stored code.
    :raises ReadError: when the file cannot be read, is not XML, declares entities, or does not have the language.
    """
    chosen, counted = options or MemoryOptions(), notes if notes is not None else Notes()
    codes = chosen.languages or (language,)
    parser = _Parser(path, counted)
    has_sentence = False
    for unit in parser.items():
        if unit.doubles:
            counted.add("double-text", "second texts of a language in a unit left out", unit.line, unit.doubles)
        if not all(unit.texts.get(code, "").strip() for code in codes):
            names = " or ".join(codes)
            counted.add("no-text", f"units without a text in {names} left out", unit.line)
            continue
        has_sentence = True
        yield _record(path, unit, language, chosen.ids)
    missing = [code for code in codes if code not in parser.languages]
    if missing:
        hint = f"the languages of the file: {', '.join(sorted(parser.languages | parser.unknown)) or 'none'}"
        raise ReadError.at(path, "no-language", f"there is no text in {' or '.join(missing)}", hint=hint)
    if not has_sentence:
        raise ReadError.at(path, "empty", "no unit has a text in every language", hint="check the languages")


def _record(path: Path, unit: _Unit, language: str, ids: bool) -> Record:
    try:
        name = check_text(unit.name) or None if ids and unit.name is not None else None
        return plain_record(unit.texts[language], language, name, None, unit.line)
    except RecordError as error:
        raise ReadError.at(path, error.reason, error.message, line=unit.line) from error


class _Parser(XmlStream[_Unit]):
    """Converts XML events to units.

    :ivar languages: the stored codes of the languages in the file.
    :ivar unknown: other language names in the file.
    """

    def __init__(self, path: Path, notes: Notes) -> None:
        super().__init__(path)
        self.notes = notes
        self.languages: set[str] = set()
        self.unknown: set[str] = set()
        self.unit: _Unit | None = None
        self.code: str | None = None
        self.text: list[str] | None = None
        self.depth = 0
        self.sides: dict[str, str | None] = {}
        self.rooted = False
        self.files = 0
        self.outer: str | None = None
        self.segments = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        name = name.rpartition(":")[2]
        if not self.rooted:
            self._root(name, attributes)
        elif self.depth or name in _CODES:
            self.depth += 1
        elif name == "file":
            self.files += 1
            self._sides(attributes, "source-language", "target-language")
        elif name == "unit":
            self.outer, self.segments = attributes.get("id"), 0
        elif name in _UNITS:
            self.unit = _Unit(self.line, self._name(name, attributes))
        elif name == "tuv":
            self.code = self._language(attributes.get("xml:lang") or attributes.get("lang"))
        elif name in ("source", "target"):
            self.code = self._language(attributes.get("xml:lang")) or self.sides.get(name)
            self.text = []
        elif name == "seg":
            self.text = []
        elif name == "cp" and self.text is not None:
            self.text.append(_character(attributes.get("hex", "")))

    def _name(self, kind: str, attributes: Mapping[str, str]) -> str | None:
        """The name of a unit: ids of XLIFF are unique in a ``file`` element, and segments are parts of a unit."""
        name = attributes.get("tuid") or attributes.get("id")
        if kind == "segment":
            self.segments += 1
            name = self.outer and (self.outer if self.segments == 1 else f"{self.outer}.{self.segments}")
        return f"{self.files}/{name}" if name and self.files > 1 else name or None

    def _root(self, name: str, attributes: Mapping[str, str]) -> None:
        if name not in _ROOTS:
            hint = "xprojdb reads TMX and XLIFF; convert other XML to a table or JSON lines"
            raise self.error("xml", f"the root element is {name!r}: this is neither TMX nor XLIFF", hint)
        self.rooted = True
        self._sides(attributes, "srcLang", "trgLang")

    def _sides(self, attributes: Mapping[str, str], source: str, target: str) -> None:
        for side, key in (("source", source), ("target", target)):
            if key in attributes:
                self.sides[side] = self._language(attributes[key])

    def _language(self, name: str | None) -> str | None:
        if not name:
            return None
        code = _stored(name)
        if code is None:
            self.unknown.add(name)
        return code

    def data(self, text: str) -> None:
        if self.text is not None and not self.depth:
            self.text.append(text)

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if self.depth:
            self.depth -= 1
        elif name in ("seg", "source", "target"):
            self._store()
        elif name in _UNITS and self.unit is not None:
            self.ready.append(self.unit)
            self.unit = None

    def _store(self) -> None:
        unit, code, text = self.unit, self.code, "".join(self.text or ())
        self.text = None
        if unit is None or code is None:
            return
        self.languages.add(code)
        if code in unit.texts:
            unit.doubles += 1
        else:
            unit.texts[code] = text


@lru_cache(256)
def _stored(name: str) -> str | None:
    try:
        return find_language(name).code
    except UnknownLanguage:
        return None


def _character(code: str) -> str:
    """The character behind XLIFF's ``<cp hex="001A"/>``."""
    try:
        return chr(int(code, 16))
    except (ValueError, OverflowError):
        return ""


def _sniff(head: Head) -> bool:
    return head.text.lstrip().startswith("<") and bool(_ROOT.search(head.text[:4096]))


READER = Reader(
    name="memory",
    title="TMX or XLIFF",
    command="import parallel",
    options=MemoryOptions,
    sniff=_sniff,
    stream=read_memory,
    suffixes=(".tmx", ".xlf", ".xliff"),
    rank=20,
)
