"""Word segmentation for languages written without spaces, whose data sets consist of characters.

PAN-X has a token per character for Chinese, Japanese and Thai. Aligners need words: they get those that a segmenter
finds, and the links of a word then hold for each of its characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib import metadata
from itertools import pairwise
from typing import Any

from xprojdb.extras import require
from xprojdb.text.languages import language
from xprojdb.text.words import join_words

Pieces = Callable[[str], Iterable[str]]

#: language → segmenter, and the packages whose versions affect its output
_SEGMENTERS = {
    "ja": ("fugashi", ("fugashi", "unidic-lite")),
    "th": ("pythainlp", ("pythainlp",)),
    "yue": ("jieba", ("jieba",)),
    "zh": ("jieba", ("jieba",)),
}
EXTRA = "cjk"


def segmenter_revision(code: str) -> str | None:
    """The segmenter of a language with its versions, such as ``"jieba 0.42.1"``.

    :param code: the language, as any code.
    :returns: None for a language whose units are already words.
    :raises MissingExtra: when the segmenter is not installed.
    """
    entry = language(code)
    if entry.units == "word" or entry.code not in _SEGMENTERS:
        return None
    module, packages = _SEGMENTERS[entry.code]
    require(module, EXTRA)
    if entry.code == "ja":
        require("unidic_lite", EXTRA)
    return ", ".join(f"{package} {metadata.version(package)}" for package in packages)


def segment(units: Sequence[str], code: str) -> list[range]:
    """Group the units of a sentence into words.

    :param units: characters, and words in other scripts.
    :param code: the language, as any code.
    :returns: the units of each word: ranges that cover all units in order, none of them empty.
    :raises MissingExtra: when the segmenter is not installed.
    """
    text, offsets = join_words(units, code, verbatim=True)
    lengths = [len(piece) for piece in _pieces(language(code).code)(text)]
    starts = {0}
    at = 0
    for length in lengths:
        at += length
        starts.add(at)
    # Units in other scripts are separated by spaces: they are words of their own, whatever the segmenter does.
    first = [n for n, offset in enumerate(offsets) if offset in starts or text[offset - 1].isspace()]
    return [range(a, b) for a, b in pairwise([*first, len(units)])]


def words_of(units: Sequence[str], groups: Iterable[range]) -> list[str]:
    """Join groups of units into words."""
    return ["".join(units[unit] for unit in group) for group in groups]


@cache
def _pieces(code: str) -> Pieces:
    """A function that splits a text into pieces, whose concatenation is the text."""
    makers: dict[str, Callable[[], Pieces]] = {"ja": _fugashi, "th": _pythainlp}
    return makers.get(code, _jieba)()


def _jieba() -> Pieces:
    jieba = require("jieba", EXTRA)
    jieba.setLogLevel("WARNING")
    cut: Pieces = jieba.cut
    return cut


def _pythainlp() -> Pieces:
    tokenize = require("pythainlp.tokenize", EXTRA)
    return lambda text: tokenize.word_tokenize(text, engine="newmm", keep_whitespace=True)


def _fugashi() -> Pieces:
    require("unidic_lite", EXTRA)
    tagger = require("fugashi", EXTRA).Tagger()
    return lambda text: _with_spaces(text, tagger(text))


def _with_spaces(text: str, nodes: Iterable[Any]) -> Iterator[str]:
    """MeCab's pieces, including the white space between them, which MeCab leaves out."""
    at = 0
    for node in nodes:
        end = text.index(node.surface, at) + len(node.surface)
        # White space becomes a piece of its own, so that words start at the right place.
        yield text[at : end - len(node.surface)]
        yield node.surface
        at = end
