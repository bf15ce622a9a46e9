import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xprojdb.text.languages import language, languages
from xprojdb.text.words import _is_visible, _pattern, join_words, normalize, phrase, spaces_before, split_words

LANGUAGES = st.sampled_from([entry.code for entry in languages()])


@settings(deadline=None)
@given(st.text(), LANGUAGES)
def test_offsets_recover_every_word(text, code):
    text = normalize(text)
    end = 0
    for word, start, stop in split_words(text, code):
        assert text[start:stop] == word and word and start >= end
        end = stop


@settings(deadline=None)
@given(st.text(), LANGUAGES)
def test_nothing_visible_is_lost(text, code):
    text = normalize(text)
    words = split_words(text, code)
    covered = {i for _, start, stop in words for i in range(start, stop)}
    for i, char in enumerate(text):
        if i not in covered:
            assert char.isspace() or unicodedata.category(char) in ("Cf", "Cc"), char


#: letters, signs inside and beside words, marks, invisible signs, and all kinds of white space
SIGNS = "aBnty1_'’‘ʼ-.,:;\"&@·«n't \t\n\u3000\u00a0\u2003\u200b\u200c\u00ad\u0301京กば\u055e½²\x85\x1c"


@settings(deadline=None)
@given(st.text() | st.text(st.sampled_from(SIGNS), max_size=40), LANGUAGES | st.sampled_from(["en", "fr", "hau", "zh"]))
def test_words_are_what_the_pattern_finds_in_the_whole_text(text, code):
    text, entry = normalize(text), language(code)
    matches = _pattern(entry.code, entry.units == "character").finditer(text)
    whole = [(match[0], *match.span()) for match in matches if _is_visible(match[0])]
    assert split_words(text, code) == whole


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])), max_size=12), LANGUAGES)
def test_joined_words_are_where_the_offsets_say(words, code):
    text, offsets = join_words(words, code)
    assert len(offsets) == len(words)
    assert [text[offset : offset + len(word)] for offset, word in zip(offsets, words, strict=True)] == words
    assert len(text) - sum(map(len, words)) <= max(0, len(words) - 1)


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        ("en", "Ana's plan, at 1,250.5 m.", ["Ana", "'s", "plan", ",", "at", "1,250.5", "m", "."]),
        ("en", "The U.S. team (well-known)", ["The", "U.S.", "team", "(", "well-known", ")"]),
        ("en", "AT&T didn't", ["AT&T", "didn't"]),
        ("fr", "L'île d’Yeu, aujourd'hui", ["L'", "île", "d’", "Yeu", ",", "aujourd'hui"]),
        ("it", "dell'Unione", ["dell'", "Unione"]),
        ("lug", "b'omu Kampala", ["b'omu", "Kampala"]),
        ("hi", "दिल्ली में।", ["दिल्ली", "में", "।"]),
        ("fa", "می\u200cروم", ["می\u200cروم"]),
        ("zh", "北京2024年，ABC", ["北", "京", "2024", "年", "，", "ABC"]),
        ("th", "กี่ BTS", ["กี่", "BTS"]),
        ("de", "3:2 für Köln-Süd!", ["3:2", "für", "Köln-Süd", "!"]),
        ("fi", "EU:n päätös: 12:30", ["EU:n", "päätös", ":", "12:30"]),
        ("he", 'דובר צה"ל אמר', ["דובר", 'צה"ל', "אמר"]),
        ("he", 'הוא אמר "שלום"', ["הוא", "אמר", '"', "שלום", '"']),
        ("hy", "Ինչպե՞ս ես։", ["Ինչպե՞ս", "ես", "։"]),
        ("uz", "o‘zbek ‘tili’", ["o‘zbek", "‘", "tili", "’"]),
        ("en", "a\u200bb \ufeff...", ["a", "b", ".", ".", "."]),
    ],
)
def test_splitting(code, text, words):
    assert [word.word for word in split_words(text, code)] == words


def test_marks_stay_with_their_letter_where_no_single_character_has_them():
    text = normalize("mẹ́rin ọ̀pọ̀")
    assert [word.word for word in split_words(text, "yo")] == text.split(" ")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", 'Ana\'s friend said: "Yes, of course" (twice).'),
        ("fr", "L'île d'Yeu, « la belle » ; où ? Oui, 5 %."),
        ("de", "Er rief: „Halt!“ und »Nein«."),
        ("es", "¿Dónde está [él]? ¡Aquí!"),
        ("en", "It costs $5, or 5% of €9."),
        ("de", "Es kostet 5 € oder 5 %."),
        ("sv", "S:t Erik, EU:s plan"),
        ("zh", "我在北京，New York 2024年。"),
        ("ja", "「東京」へ行くABC。"),
        ("th", "ฉันอยู่ที่กรุงเทพ"),
        ("ar", "نعم، هنا؟"),
    ],
)
def test_splitting_and_joining_gives_the_text_back(code, text):
    joined, offsets = join_words([word.word for word in split_words(text, code)], code)
    assert joined == text
    assert offsets == [word.start for word in split_words(text, code)]


def test_no_words():
    assert join_words([], "en") == ("", [])
    assert split_words(" \n", "en") == []


MIXED = st.text(st.sampled_from("abzéÑ19 .,;:!?'’\"«»()[]-%$€ 北京กา"), max_size=14)


@settings(deadline=None)
@given(MIXED, LANGUAGES)
def test_words_that_are_joined_are_split_into_the_same_words(text, code):
    words = [word.word for word in split_words(normalize(text), code)]
    joined, _ = join_words(words, code)
    assert [word.word for word in split_words(joined, code)] == words


def test_apostrophes_that_are_letters_stay_in_their_word():
    assert [word.word for word in split_words("‘Yan wasa da 'yar sa", "ha")] == ["‘Yan", "wasa", "da", "'yar", "sa"]
    assert [word.word for word in split_words("Chieng' ng'ato", "luo")] == ["Chieng'", "ng'ato"]


def test_a_quotation_mark_that_the_data_doubled_is_written_once():
    words = ["Ati", ":", '""""', "Ni", "meza", '""""', "."]
    assert join_words(words, "rw")[0] == 'Ati: "Ni meza".'
    text, offsets = join_words(words, "rw", verbatim=True)
    assert [text[start : start + len(word)] for word, start in zip(words, offsets, strict=True)] == words


def test_words_are_shown_as_the_language_writes_them():
    assert phrase(list("北京大学"), "zh") == "北京大学"
    assert phrase(["在", "New", "York", "和", "1", "月"], "zh") == "在New York和1月"
    assert phrase(["Die", "Stadt", ",", "dort"], "de") == "Die Stadt , dort"
    assert phrase(["a", "b"], "no-such-language") == "a b"
    assert phrase([], "zh") == phrase([], "de") == ""
    assert spaces_before(["ใ", "น", "x", "y"], "th") == ["", "", "", " "]
