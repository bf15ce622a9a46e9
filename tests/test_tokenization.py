import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xprojdb.errors import MissingExtra, UsageError
from xprojdb.languages import languages
from xprojdb.tokenization import tokenization
from xprojdb.words import join_words, normalize, split_words

CODES = st.sampled_from([entry.code for entry in languages()])


@settings(deadline=None)
@given(st.text(), CODES)
def test_offsets_of_moses_words_recover_them(text, code):
    pytest.importorskip("sacremoses")
    text = normalize(text)
    end = 0
    for word, start, stop in tokenization("moses").split(text, code):
        assert text[start:stop] == word and word and start >= end
        end = stop


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])), max_size=8), CODES)
def test_words_joined_by_moses_are_where_the_offsets_say(words, code):
    pytest.importorskip("sacremoses")
    text, offsets = tokenization("moses").join(words, code)
    assert [text[offset : offset + len(word)] for offset, word in zip(offsets, words, strict=True)] == words


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        ("en", "Dr. Ada's plan (5%).", ["Dr.", "Ada", "'s", "plan", "(", "5", "%", ")", "."]),
        ("de", "Er rief „Halt!“ usw. am 3. Mai.", None),
        ("fr", "Qu'est-ce que l'île d'Yeu ?", ["Qu'", "est-ce", "que", "l'", "île", "d'", "Yeu", "?"]),
    ],
)
def test_moses(code, text, words):
    pytest.importorskip("sacremoses")
    moses = tokenization("moses")
    found = moses.split(text, code)
    if words is not None:
        assert [word.word for word in found] == words
    assert moses.join([word.word for word in found], code) == (text, [word.start for word in found])


@pytest.mark.parametrize(("code", "text"), [("th", "กี่คน"), ("my", "မြန်မာ။"), ("he", 'צה"ל'), ("hy", "Ինչպե՞ս")])
def test_scripts_that_moses_tears_apart_go_by_the_rules(code, text):
    pytest.importorskip("sacremoses")
    assert tokenization("moses").split(text, code) == split_words(text, code)


def test_the_rules_are_those_of_words():
    rules = tokenization("rules")
    assert (rules.split, rules.join) == (split_words, join_words)


def test_an_unknown_tokenization():
    with pytest.raises(UsageError) as caught:
        tokenization("mosse")
    assert caught.value.known == ("rules", "moses")


def test_without_sacremoses(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacremoses", None)
    with pytest.raises(MissingExtra) as caught:
        tokenization("moses")
    assert caught.value.extra == "moses"
