"""Split text into words and join words into text, keeping the offset of every word."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise, zip_longest
from typing import NamedTuple

from xprojdb.text.languages import Language, UnknownLanguage, language
from xprojdb.text.normalization import normal_form

# All combining marks except variation selectors lie below this; scanning all of Unicode would take ten times longer.
_LAST_MARK = 0x1F000
_VARIATION_SELECTORS = "\U000e0100-\U000e01ef"
# Soft hyphen, zero-width (non-)joiner and word joiner are invisible and belong to the word around them.
_INVISIBLE = "\u00ad\u200c\u200d\u2060"
_APOSTROPHES = "'’"
#: how many pieces of text are remembered with their words, and how long they may be
_KNOWN_PIECES, _KNOWN_LENGTH = 2**14, 24
# Signs inside the words of some languages, between letters: EU:n, צה"ל, oʻzbek in its usual spelling.
_INNER_SIGNS = {"fi": ":", "he": '"״׳', "sv": ":", "uz": "‘", "yi": '"״׳'}
# Hausa 'y is a letter that can start words: 'yan, ‘yar; Luo words can end in ng'.
_FIRST_SIGNS = {"hau": r"[‘’'ʼ](?=[Yy]\w)"}
_LAST_SIGNS = {"luo": r"(?:(?<=[Nn]g)['’ʼ](?!\w))?"}
# A quotation mark doubled by a CSV export, or two single ones that stand for a double one.
_REPEATED_QUOTE = re.compile(r'"{2,}|\'{2}|`{2}')
# Armenian places question, emphasis and exclamation marks inside words: Ինչպե՞ս is one word.
_ARMENIAN_MARKS = "\u055b\u055c\u055e"
_HYPHENS = "-\u2010\u2011"
# Han, kana, Thai: written without spaces, with one token per character in PAN-X.
_CHARACTERS = (
    "\u0e00-\u0e7f\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# Languages that attach an elided article to the next word: l'Europe is two words.
_ELIDING = frozenset({"ca", "fr", "it", "oc"})
_CLITICS = r"(?:s|re|m|ll|ve|d)(?!\w)"
_ENGLISH_CLITIC = re.compile(rf"(?i:[{_APOSTROPHES}]{_CLITICS}|n[{_APOSTROPHES}]t)")
_NO_SPACE_BEFORE = frozenset(",.;:!?…)]}،؛؟।॥။።፣፤፥፦፧։、。，．：；！？）］｝」』》〉】")
_NO_SPACE_AFTER = frozenset("([{¿¡（［｛「『《〈【")
_CLOSES = {
    '"': '"',
    "'": "'",
    "”": "“„”",
    "“": "„",
    "’": "‘‚’",
    "‘": "‚",
    "»": "«»",
    "«": "»",
    "›": "‹›",
    "‹": "›",
}
_OPENERS = frozenset("\"'“„‘‚«‹")
# French separates these from the previous word, and the opening quote from the next word.
_FRENCH_SPACED = frozenset(";:!?»")
_CURRENCY = frozenset("$£€¥₦₵₹₱₩₫₺฿")
# Written 5 % rather than 5%.
_SPACED_PERCENT = frozenset({"cs", "da", "de", "es", "fi", "fr", "lt", "lv", "nb", "nn", "sk", "sl", "sv"})
# Written »so« rather than «so».
_INWARD_QUOTES = frozenset({"da", "de", "hr", "sl"})


class Word(NamedTuple):
    """A word and its position: ``text[start:end] == word``, counted in code points."""

    word: str
    start: int
    end: int


def normalize(text: str) -> str:
    """Normalise a text to NFC, the form of all stored text."""
    return normal_form("NFC", text)


@cache
def _marks() -> str:
    """The combining marks as ranges for a character class, since the standard library's ``\\w`` leaves them out."""
    ranges: list[list[int]] = []
    for point in range(0x300, min(_LAST_MARK, sys.maxunicode)):
        if unicodedata.category(chr(point))[0] != "M":
            continue
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + _VARIATION_SELECTORS


def _joiners(code: str) -> str:
    """Characters allowed inside a word of a language, as alternatives of a regular expression, each before a letter."""
    always = [f"[{_HYPHENS}_&·@]", r"(?<=\d)[.,:](?=\d)"]
    if code in _ELIDING:
        return "|".join([f"(?<=ujourd)[{_APOSTROPHES}](?=hui)", *always])
    if code in _INNER_SIGNS:
        always.append(rf"(?<=[^\W\d])[{_INNER_SIGNS[code]}](?=[^\W\d])")
    after = f"(?!{_CLITICS})" if code == "en" else ""
    return "|".join([f"[{_APOSTROPHES}]{after}", *always])


@cache
def _pattern(code: str, by_character: bool) -> re.Pattern[str]:
    inside = f"[{_marks()}{_INVISIBLE}{_ARMENIAN_MARKS if code == 'hy' else ''}]"
    letter = rf"(?![{_CHARACTERS}])[^\W_]" if by_character else r"[^\W_]"
    run = f"(?:(?:{letter}){inside}*)+{_LAST_SIGNS.get(code, '')}"
    first = rf"(?:(?<!\w){_FIRST_SIGNS[code]})?" if code in _FIRST_SIGNS else ""
    initials = r"(?:(?<!\w)[^\W\d_]\.){2,}"
    alternatives = [initials, f"{first}{run}(?:(?:{_joiners(code)}){run})*"]
    if by_character:
        alternatives.insert(0, f"[{_CHARACTERS}]{inside}*")
    if code in _ELIDING:
        alternatives[-1] += f"(?:[{_APOSTROPHES}](?=\\w))?"
    if code == "en":
        alternatives.insert(0, f"(?<=\\w)[{_APOSTROPHES}]{_CLITICS}")
    return re.compile("|".join([*alternatives, rf"[^\s\w]{inside}*", "_"]))


def _resolve(code: str | Language) -> Language:
    return code if isinstance(code, Language) else language(code)


def split_words(text: str, code: str | Language) -> list[Word]:
    """Split text into words with rules.

    A word is a run of letters, digits and marks, with single hyphens and apostrophes inside; every other character is a
    word of its own. English ``'s`` and elided articles (``l'``, ``dell'``) are words. If tokens are characters
    (Chinese, Japanese, Thai), every Han, kana or Thai letter with its marks is a word, and other scripts stay
    whole. Burmese, Khmer and Lao are only split at spaces.

    :param text: the text in NFC (see :func:`normalize`), so that offsets refer to the stored text.
    :param code: the language, as any code.
    :returns: the words in order; invisible formatting characters between words are left out.
    :raises UnknownLanguage: when the code is not in the table.
    """
    entry = _resolve(code)
    by_character = entry.units == "character"
    words: list[tuple[str, int, int]] = []
    at = 0
    # No pattern matches white space or looks beyond it.
    for piece in text.split():
        at = text.index(piece, at)
        if piece.isalnum() and not by_character:
            words.append((piece, at, at + len(piece)))
        else:
            split = _split_known if len(piece) <= _KNOWN_LENGTH else _split_piece
            words += [(word, at + start, at + end) for word, start, end in split(piece, entry.code, by_character)]
        at += len(piece)
    return list(map(Word._make, words))


def _split_piece(piece: str, code: str, by_character: bool) -> list[tuple[str, int, int]]:
    """The words of a text without white space, with their positions."""
    matches = _pattern(code, by_character).finditer(piece)
    return [(match[0], match.start(), match.end()) for match in matches if _is_visible(match[0])]


#: for words with punctuation, which recur
_split_known = lru_cache(_KNOWN_PIECES)(_split_piece)


def _is_visible(word: str) -> bool:
    return len(word) > 1 or word.isalnum() or unicodedata.category(word) not in ("Cf", "Cc")


def join_words(words: Sequence[str], code: str | Language, *, verbatim: bool = False) -> tuple[str, list[int]]:
    """Join words into running text, for example for a translator: no space before a comma, none inside brackets.

    French has spaces before ``;``, ``:``, ``!``, ``?`` and inside quotes. Chinese, Japanese and Thai only have spaces
    between words in other scripts. :func:`split_words` splits the result into the same words again, if they are words
    as it defines them. Quotation marks that are doubled in the data, as by CSV, are written once.

    :param words: non-empty words.
    :param code: the language, as any code.
    :param verbatim: keep doubled quotation marks.
    :returns: the text, and the offset of each word: ``text[offset : offset + len(word)] == word``, except for doubled
        quotation marks.
    :raises UnknownLanguage: when the code is not in the table.
    """
    entry = _resolve(code)
    if not verbatim:
        words = ['"' if _REPEATED_QUOTE.fullmatch(word) else word for word in words]
    quotes: list[str] = []
    pieces: list[str] = []
    offsets: list[int] = []
    length, glued = 0, True
    for word, ahead in zip_longest(words, words[1:], fillvalue=""):
        before, after = _glue(word, entry.code, quotes, pieces[-1] if pieces else "", ahead)
        space = not (glued or before) and not (entry.units == "character" and not _needs_space(pieces[-1], word))
        pieces.extend((" ", word) if space else (word,))
        offsets.append(length + space)
        length += space + len(word)
        glued = after
    return "".join(pieces), offsets


def spaces_before(words: Sequence[str], code: str) -> list[str]:
    """What stands before each word where people read them: a space, but none in languages without spaces.

    :param code: the language, as any code; words of an unknown one are separated by spaces.
    :returns: a string for each word; before the first, nothing.
    """
    try:
        by_character = language(code).units == "character"
    except UnknownLanguage:
        by_character = False
    if not by_character:
        return [" " if at else "" for at in range(len(words))]
    return ["", *(" " if _needs_space(*pair) else "" for pair in pairwise(words))][: len(words)]


def phrase(words: Sequence[str], code: str) -> str:
    """Words as people read them; see :func:`spaces_before`."""
    return "".join(space + word for space, word in zip(spaces_before(words, code), words, strict=True))


def _needs_space(left: str, right: str) -> bool:
    """Whether two words in a character-based language would merge, which only happens in other scripts."""
    return bool(re.fullmatch(rf"(?![{_CHARACTERS}])\w", left[-1]) and re.fullmatch(rf"(?![{_CHARACTERS}])\w", right[0]))


def _glue(word: str, code: str, quotes: list[str], last: str, ahead: str) -> tuple[bool, bool]:
    """Whether a word attaches to the previous and to the next word; tracks open quotes.

    :param last: the previous word, or empty.
    :param ahead: the next word, or empty.
    """
    if word in _CLOSES or word in _OPENERS:
        closing = _closes(word, code, quotes)
        spaced = code == "fr" and word in "«»"
        return closing and not spaced, not closing and not spaced
    if code == "en" and _ENGLISH_CLITIC.fullmatch(word):
        return True, False
    if word == "%":
        return last[-1:].isdigit() and code not in _SPACED_PERCENT, False
    if word in _CURRENCY:
        return False, ahead[:1].isdigit() and not last[-1:].isdigit()
    elided = code in _ELIDING and word[-1] in _APOSTROPHES
    apart = code == "fr" and word[0] in _FRENCH_SPACED
    return word[0] in _NO_SPACE_BEFORE and not apart, word in _NO_SPACE_AFTER or elided


def _closes(quote: str, code: str, quotes: list[str]) -> bool:
    if quotes and quotes[-1] in _CLOSES.get(quote, ""):
        quotes.pop()
        return True
    if quote in _OPENERS or (quote in "»›" and code in _INWARD_QUOTES):
        quotes.append(quote)
        return False
    return True
