"""XML tags that carry entities through a translation: ``The <a>Eiffel Tower</a> is in <b>Paris</b>``.

LabelPigeon (arXiv 2603.12021) gives each entity a tag of its own, so that the tag says which entity a span of the
translation is, and no entity need be translated alone. Translators forget to close tags, forget the slash, rename,
double, nest and cross them, and write them with other characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from xprojdb.models.easyproject.markers import FoundMarkers, LostMarker, LostReason, Recovered, check_spans
from xprojdb.text.normalization import normal_form
from xprojdb.text.words import join_words, normalize, split_words

_ESCAPES = str.maketrans({"<": "(", "＜": "(", ">": ")", "＞": ")"})
# Quotation marks and brackets of some languages, which are tags only if they surround the name of one.
_RARE = "〈⟨‹"
_OPEN = rf"(?:&lt;|[<＜{_RARE}])"
_CLOSE = "(?:&gt;|[>＞〉⟩›])"
_NAME = r"[^\s<>＜＞〈〉⟨⟩‹›/／&;]{0,12}"
_TAG = re.compile(
    rf"(?:{_OPEN}\s*)?[/／]\s*(?P<closing>{_NAME})\s*{_CLOSE}|{_OPEN}\s*(?P<name>{_NAME})\s*[/／]?\s*{_CLOSE}"
)
_DEBRIS = re.compile("[<>＜＞]|&[lg]t;")


def tag_name(entity: int) -> str:
    """The name of an entity's tag: ``a`` to ``z``, then ``aa``, ``ab`` and so on.

    :param entity: its ordinal in the sentence, from 0.
    """
    rest, letter = divmod(entity, 26)
    return (tag_name(rest - 1) if rest else "") + chr(ord("a") + letter)


def tagged_text(words: Sequence[str], spans: Sequence[tuple[int, int]], lang: str) -> str:
    """A sentence as running text with a tag around each entity; angle brackets in it become parentheses.

    :param spans: (start, end) word positions, half-open, without overlaps, in any order.
    :param lang: the language of the sentence.
    :raises MarkerError: when spans are empty, overlap, or lie outside the sentence.
    """
    check_spans(len(words), spans)
    before = {start: f"<{tag_name(entity)}>" for entity, (start, _) in enumerate(spans)}
    after = {end: f"</{tag_name(entity)}>" for entity, (_, end) in enumerate(spans)}
    pieces: list[str] = []
    tags: dict[int, str] = {}
    for position in range(len(words) + 1):
        for at, stand_in in ((after, "]"), (before, "[")):
            if position in at:
                tags[len(pieces)] = at[position]
                pieces.append(stand_in)
        pieces += [word.translate(_ESCAPES) for word in words[position : position + 1]]
    # Brackets, unlike tags, are joined to words by the rules of the language.
    text, offsets = join_words(pieces, lang)
    for number, tag in sorted(tags.items(), reverse=True):
        text = text[: offsets[number]] + tag + text[offsets[number] + 1 :]
    return text


def recover_tags(text: str, entities: int, lang: str) -> Recovered:
    """Recover entities from the translation of a tagged sentence.

    A tag is told by its name, whatever its case, width and spaces. An opening tag that is repeated closes the first one
    (the slash was forgotten). A tag of another name closes the innermost tag of an unknown name, and a span without a
    known name belongs to the missing entity if there is exactly one of each. Of a doubled tag the first counts; of
    overlapping spans the shorter one does. Whatever is left of tags is removed.

    :param text: the translation.
    :param entities: how many entities the sentence has.
    :param lang: the language of the translation.
    :returns: its words without tags; the similarity of every span is 1.
    """
    parser = _Parser(lang, {tag_name(entity): entity for entity in range(entities)})
    parser.read(normalize(text))
    named, any_tags = parser.named(), bool(parser.spans)
    kept = dict(_apart(named))
    spans = sorted(FoundMarkers(*span, entity, 1.0) for entity, span in kept.items())
    lost = [
        LostMarker(entity, _reason(any_tags, entity in named, entity in parser.unclosed))
        for entity in range(entities)
        if entity not in kept
    ]
    return Recovered(tuple(parser.words), tuple(spans), tuple(lost))


class _Opened(NamedTuple):
    """An opening tag: its entity, None if the name is unknown; its name; how many words are before it."""

    entity: int | None
    name: str
    start: int


@dataclass(slots=True)
class _Parser:
    """Reads a tagged text from left to right.

    :param entities: the names of tags, and whose they are.
    :ivar spans: closed tags with words in them: the entity, None if the name is unknown, and the words.
    """

    lang: str
    entities: Mapping[str, int]
    words: list[str] = field(default_factory=list)
    spans: list[tuple[int | None, tuple[int, int]]] = field(default_factory=list)
    opened: list[_Opened] = field(default_factory=list)

    def read(self, text: str) -> None:
        end = 0
        for match in _TAG.finditer(text):
            name = normal_form("NFKC", match["closing"] or match["name"] or "").casefold()
            closes = match["closing"] is not None
            if not closes and match[0][0] in _RARE and name not in self.entities:
                continue
            self._say(text[end : match.start()])
            end = match.end()
            if closes or any(tag.name == name for tag in self.opened):
                self._close(name)
            else:
                self.opened.append(_Opened(self.entities.get(name), name, len(self.words)))
        self._say(text[end:])

    def _say(self, text: str) -> None:
        self.words += [word.word for word in split_words(_DEBRIS.sub(" ", text), self.lang)]

    def _close(self, name: str) -> None:
        """End the innermost open tag of this name, or else of an unknown name, or any if this name is unknown."""
        entity = self.entities.get(name)
        places = [place for place, tag in enumerate(self.opened) if tag.name == name]
        places = places or [place for place, tag in enumerate(self.opened) if tag.entity is None or entity is None]
        if not places:
            return
        tag = self.opened.pop(places[-1])
        if tag.start < len(self.words):
            self.spans.append((entity if tag.entity is None else tag.entity, (tag.start, len(self.words))))

    @property
    def unclosed(self) -> set[int]:
        """The entities whose tag is still open."""
        return {tag.entity for tag in self.opened if tag.entity is not None}

    def named(self) -> dict[int, tuple[int, int]]:
        """The span of each entity that has one."""
        named: dict[int, tuple[int, int]] = {}
        for entity, span in sorted(self.spans, key=lambda each: each[1]):
            if entity is not None:
                named.setdefault(entity, span)
        nameless = [span for entity, span in self.spans if entity is None]
        missing = [entity for entity in self.entities.values() if entity not in named]
        if len(nameless) == 1 and len(missing) == 1:
            named[missing[0]] = nameless[0]
        return named


def _apart(named: Mapping[int, tuple[int, int]]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Spans that do not overlap, shorter ones first."""
    taken: set[int] = set()
    for entity, (start, end) in sorted(named.items(), key=lambda each: (each[1][1] - each[1][0], each[1], each[0])):
        if taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            yield entity, (start, end)


def _reason(any_tags: bool, found: bool, unclosed: bool) -> LostReason:
    if found:
        return LostReason.OVERLAP
    if unclosed:
        return LostReason.UNCLOSED
    return LostReason.NO_TAG if any_tags else LostReason.NO_BRACKETS
