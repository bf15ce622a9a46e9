"""From text to words and back, with the place of every word in the text kept."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from typing import NamedTuple

from xprojdb.text.languages import Language, language

# All combining marks but the variation selectors lie below this; a scan of all of Unicode would take ten times longer.
_LAST_MARK = 0x1F000
_VARIATION_SELECTORS = "\U000e0100-\U000e01ef"
# Soft hyphen, zero-width (non-)joiner and word joiner are invisible and belong to the word around them.
_INVISIBLE = "\u00ad\u200c\u200d\u2060"
_APOSTROPHES = "'’"
# Signs that stand inside a word of one language, each between letters: EU:n, צה"ל, oʻzbek in its usual spelling.
_INNER_SIGNS = {"fi": ":", "he": '"״׳', "sv": ":", "uz": "‘", "yi": '"״׳'}
# Hausa 'y is a letter of its own, which begins words: 'yan, ‘yar; Luo ends words in ng'.
_FIRST_SIGNS = {"hau": r"[‘’'ʼ](?=[Yy]\w)"}
_LAST_SIGNS = {"luo": r"(?:(?<=[Nn]g)['’ʼ](?!\w))?"}
# A sign that an export to CSV doubled, or two single ones that stand for a double one.
_REPEATED_QUOTE = re.compile(r'"{2,}|\'{2}|`{2}')
# Armenian puts the marks of questions, stress and calls over a vowel of the word: Ինչպե՞ս is one word.
_ARMENIAN_MARKS = "\u055b\u055c\u055e"
_HYPHENS = "-\u2010\u2011"
# Han, kana, Thai: written without spaces, and with a token a character in PAN-X.
_CHARACTERS = (
    "\u0e00-\u0e7f\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# Languages that write an elided article together with the word it belongs to: l'Europe is two words.
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
# French parts these from the word before them, and the opening quote from the word behind it.
_FRENCH_SPACED = frozenset(";:!?»")
_CURRENCY = frozenset("$£€¥₦₵₹₱₩₫₺฿")
# 5 %, and not 5%.
_SPACED_PERCENT = frozenset({"cs", "da", "de", "es", "fi", "fr", "lt", "lv", "nb", "nn", "sk", "sl", "sv"})
# Written »so« rather than «so».
_INWARD_QUOTES = frozenset({"da", "de", "hr", "sl"})


class Word(NamedTuple):
    """A word and where it stands: ``text[start:end] == word``, counted in code points."""

    word: str
    start: int
    end: int


def normalize(text: str) -> str:
    """Bring a text into the one Unicode form, NFC, that all stored text has."""
    return unicodedata.normalize("NFC", text)


@cache
def _marks() -> str:
    """The combining marks, as ranges for a character class: ``\\w`` of the standard library leaves them out."""
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
    """What may stand inside a word of this language: alternatives of a regular expression, each before a letter."""
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
    """Split text into words by rule.

    A word is a run of letters, digits and marks, with single hyphens and apostrophes inside it; every other mark is a
    word of its own. English ``'s`` and elided articles (``l'``, ``dell'``) are words. Where tokens are characters
    (Chinese, Japanese, Thai), every Han, kana or Thai letter is one together with its marks, and other scripts stay
    whole. Burmese, Khmer and Lao are split at spaces only.

    :param text: in NFC (see :func:`normalize`), so that offsets mean the stored text.
    :param code: the language, by any code.
    :returns: the words in order; invisible formatting characters between words belong to none.
    :raises UnknownLanguage: when the code is not in the table.
    """
    entry = _resolve(code)
    matches = _pattern(entry.code, entry.units == "character").finditer(text)
    return [Word(match[0], match.start(), match.end()) for match in matches if _is_visible(match[0])]


def _is_visible(word: str) -> bool:
    return len(word) > 1 or word.isalnum() or unicodedata.category(word) not in ("Cf", "Cc")


def join_words(words: Sequence[str], code: str | Language, *, verbatim: bool = False) -> tuple[str, list[int]]:
    """Write words as running text, as a translator wants it: no space before a comma, none inside brackets.

    French has one before ``;``, ``:``, ``!``, ``?`` and inside its quotes. Chinese, Japanese and Thai have none but
    between words of other scripts. What is written here is split back into the same words by :func:`split_words`, if
    they are words of its kind. A quotation mark that the data has doubled, as CSV does, is written once.

    :param words: non-empty words.
    :param code: the language, by any code.
    :param verbatim: write doubled quotation marks as they are, too.
    :returns: the text, and where each word starts in it: ``text[offset : offset + len(word)] == word``, but for doubled
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


def _needs_space(left: str, right: str) -> bool:
    """Whether two words of a character language would run into one: only those of other scripts."""
    return bool(re.fullmatch(rf"(?![{_CHARACTERS}])\w", left[-1]) and re.fullmatch(rf"(?![{_CHARACTERS}])\w", right[0]))


def _glue(word: str, code: str, quotes: list[str], last: str, ahead: str) -> tuple[bool, bool]:
    """Whether a word sticks to the one before it and to the one after it; keeps the quotes that are open.

    :param last: the word before it, or nothing.
    :param ahead: the word after it, or nothing.
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
