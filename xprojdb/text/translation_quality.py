"""Detect failed translations, from which wrong labels would be projected.

Every check aims for precision rather than recall. A fluent text in the wrong language is only detected if it is in
another script or in English (three out of five English sentences are detected; of 36 000 human sentences in eight
other languages, none is mistaken for English).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Literal

from xprojdb.text.languages import Language, language

Reason = Literal["empty", "copy", "repetition", "wrong-script", "wrong-language", "too-long", "too-short"]

_SCRIPTS = {
    "Arab": ("ARABIC",),
    "Armn": ("ARMENIAN",),
    "Beng": ("BENGALI",),
    "Cyrl": ("CYRILLIC",),
    "Deva": ("DEVANAGARI",),
    "Ethi": ("ETHIOPIC",),
    "Geor": ("GEORGIAN",),
    "Grek": ("GREEK",),
    "Gujr": ("GUJARATI",),
    "Guru": ("GURMUKHI",),
    "Hang": ("HANGUL", "CJK"),
    "Hans": ("CJK", "IDEOGRAPHIC", "BOPOMOFO"),
    "Hant": ("CJK", "IDEOGRAPHIC", "BOPOMOFO"),
    "Hebr": ("HEBREW",),
    "Jpan": ("HIRAGANA", "KATAKANA", "CJK", "IDEOGRAPHIC", "KATAKANA-HIRAGANA"),
    "Khmr": ("KHMER",),
    "Knda": ("KANNADA",),
    "Laoo": ("LAO",),
    "Latn": ("LATIN",),
    "Mlym": ("MALAYALAM",),
    "Mymr": ("MYANMAR",),
    "Orya": ("ORIYA",),
    "Sinh": ("SINHALA",),
    "Taml": ("TAMIL",),
    "Telu": ("TELUGU",),
    "Thai": ("THAI",),
}
"""ISO 15924 → the first words of the Unicode names of its letters."""
_WIDE = {"CJK": 3.0, "IDEOGRAPHIC": 3.0, "HIRAGANA": 2.0, "KATAKANA": 2.0, "HANGUL": 2.0, "ETHIOPIC": 1.5}
"""The number of Latin letters that correspond to one letter of a script."""
_PUNCTUATION = (
    "\\s!-/:-@\\[-`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u0589\u05be\u060c\u061b\u061f\u0964\u0965"
    "\u1361-\u1368\u2010-\u206f\u3000-\u3004\u3008-\u3020\u30fb\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_JOINERS = ".,@/:'’&-"
#: not \w, which leaves out the vowel signs of Indian scripts
_WORD = re.compile(rf"[^{_PUNCTUATION}]+(?:[{_JOINERS}][^{_PUNCTUATION}]+)*")
_UNKEPT = re.compile(rf"[\d{_JOINERS}]")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: lower-case parts of names
_PARTICLES = _listed("al bin da das de del della den der di do dos du el ibn la le ter van ten von y zu")
#: words of English that no other language in the table has, apart from its descendants
_ENGLISH = _listed("the of and with that from which this these have been were their would they when")
_ALSO_ENGLISH = _ENGLISH | _listed("a is in to for on be it as at by are he she we you was not or an but i his her its")
_ENGLISH_LIKE = frozenset({"en", "pcm", "sco"})
_LONGEST_PERIOD = 32


def reason(source_text: str, text: str, source: str, target: str) -> Reason | None:
    """Explain why a translation is unusable.

    - ``empty``: the source has words, but the translation has none.
    - ``copy``: it repeats the words of the source, of which at least two should have been translated; a line of names,
      numbers and addresses may stay unchanged.
    - ``repetition``: it repeats a word or phrase over and over, unlike the source.
    - ``wrong-script``: most letters, apart from names in the source, are not in the script of the target language.
    - ``wrong-language``: it has the function words of an English text, although another language was requested.
    - ``too-long``, ``too-short``: it is about three or four times longer or shorter than a translation would be.

    :param source_text, text: running text.
    :param source, target: languages, as any code.
    :returns: the first reason that applies, or None.
    """
    left, right = language(source), language(target)
    before, after = _words(source_text), _words(text)
    if not after:
        return "empty" if before or not text.strip() else None
    if left != right and not {left.code, right.code} <= _ENGLISH_LIKE and _copied(before, after):
        return "copy"
    if _loops(text, right) and not _loops(source_text, left):
        return "repetition"
    if _foreign(before, after, right):
        return "wrong-script"
    if right.code not in _ENGLISH_LIKE and _english(after):
        return "wrong-language"
    return _out_of_proportion(before, after)


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if any(map(str.isalnum, word))]


def _copied(before: Sequence[str], after: Sequence[str]) -> bool:
    if [word.casefold() for word in before] != [word.casefold() for word in after]:
        return False
    return sum(map(_translatable, before)) >= 2 or _shouted(before)


def _translatable(word: str) -> float:
    """The confidence that a word would be translated, unlike names, numbers, addresses and single letters.

    In scripts without capitals, which would mark names, more words are needed.
    """
    if _UNKEPT.search(word) or word in _PARTICLES:
        return 0.0
    if word.lower() == word.upper():
        return max(0.5, len(word) / 8)
    return float(word.islower() and len(word) > 1)


def _shouted(words: Sequence[str]) -> bool:
    """Whether a sentence is a headline in capitals, long enough to be more than a name."""
    letters = [word for word in words if len(word) > 1 and not _UNKEPT.search(word)]
    return len(letters) >= 6 and all(word.isupper() for word in letters)


def _loops(text: str, entry: Language) -> bool:
    """Whether words (or characters, in a language without spaces) are repeated over and over."""
    words = [word.casefold() for word in _words(text)]
    if _again(words, 4, 8) or _again(words, 3, 18):
        return True
    if entry.units == "character":
        return _again([letter for word in words for letter in word], 4, 16)
    return any(len(word) >= 20 and not word.isdigit() and _again(word, 4, 20) for word in words)


def _again(units: Sequence[str], times: int, most: int) -> bool:
    """Whether a sequence of units is repeated in a row.

    :param times: the minimum number of repetitions.
    :param most: the minimum number of repeated units in total.
    """
    for period in range(1, min(_LONGEST_PERIOD, len(units) // times) + 1):
        run = 0
        for at in range(period, len(units)):
            run = run + 1 if units[at] == units[at - period] else 0
            if run + period >= max(most, times * period):
                return True
    return False


def _foreign(before: Sequence[str], after: Sequence[str], entry: Language) -> bool:
    """Whether most letters are in another script. Latin names may be copied from the source into any text."""
    scripts = _SCRIPTS.get(entry.script)
    if scripts is None:
        return False
    copied = {word for word in before if word.isascii()}
    own = other = 0.0
    for word in after:
        for letter in filter(str.isalpha, word):
            script = _script(letter)
            if script in scripts:
                own += _WIDE.get(script, 1.0)
            elif script and not (word in copied or word.isupper()):
                other += _WIDE.get(script, 1.0)
    return other > own


@cache
def _script(letter: str) -> str:
    """The first word of a letter's Unicode name; empty for letters without a script, such as mathematical ones."""
    first, *others = unicodedata.name(letter, "").split(" ")
    if first in ("FULLWIDTH", "HALFWIDTH") and others:
        first = others[0]
    return first if first in _SCRIPT_NAMES or first == "LATIN" else ""


_SCRIPT_NAMES = frozenset(word for words in _SCRIPTS.values() for word in words)


def _english(words: Sequence[str]) -> bool:
    folded = [word.casefold() for word in words]
    held = sum(word in _ALSO_ENGLISH for word in folded)
    return len(_ENGLISH.intersection(folded)) >= 2 and held >= 0.3 * len(words)


def _out_of_proportion(before: Sequence[str], after: Sequence[str]) -> Reason | None:
    said, written = _weight(before), _weight(after)
    if written > 3 * said + 40:
        return "too-long"
    if said > 4 * written + 40:
        return "too-short"
    return None


def _weight(words: Sequence[str]) -> float:
    """The length of words, measured in Latin letters."""
    return sum(_WIDE.get(_script(letter), 1.0) if letter.isalpha() else 1.0 for word in words for letter in word)
