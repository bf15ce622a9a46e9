"""Translations that are none are told from those that are merely short, or full of names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.text.translation_quality import reason

ENGLISH = "The mayor of the old town met Anna Berg by the harbour, and they talked for hours."

GOOD = [
    (ENGLISH, "Die Bürgermeisterin der Altstadt traf Anna Berg am Hafen, und sie sprachen stundenlang.", "en", "de"),
    (ENGLISH, "Мэр старого города встретила Анну Берг в гавани, и они говорили часами.", "en", "ru"),
    (ENGLISH, "旧城的市长在港口会见了安娜·贝格，他们谈了好几个小时。", "en", "zh"),
    (ENGLISH, "旧市街の市長は港でアンナ・ベルグに会い、二人は何時間も話した。", "en", "ja"),
    (ENGLISH, "نائب المدينة القديمة التقت Anna Berg عند الميناء وتحدثتا لساعات.", "en", "ar"),
    (ENGLISH, "구시가지의 시장은 항구에서 안나 베르그를 만나 몇 시간 동안 이야기했다.", "en", "ko"),
    (ENGLISH, "የአሮጌው ከተማ ከንቲባ አና በርግን በወደቡ አገኟት፤ ለሰዓታትም ተነጋገሩ።", "en", "am"),
    ("Anna Berg , Oslo , 14.2.2021", "Anna Berg , Oslo , 14.2.2021", "en", "de"),
    ("LONDON 1996-08-30", "LONDON 1996-08-30", "en", "sw"),
    ("अन्ना बर्ग, ओस्लो", "अन्ना बर्ग, ओस्लो", "hi", "mr"),
    (ENGLISH, "पुराने शहर की महापौर बंदरगाह पर Anna Berg से मिलीं और वे घंटों बातें करती रहीं।", "en", "hi"),
    (ENGLISH, "นายกเทศมนตรีของเมืองเก่าพบกับแอนนา เบิร์กที่ท่าเรือ และพวกเขาคุยกันหลายชั่วโมง", "en", "th"),
    ("Simon van der Meer", "Simon van der Meer", "nl", "en"),
    ("write to lin@example.org", "écrivez à lin@example.org", "en", "fr"),
    ("Facebook, Microsoft and IBM", "Facebook, Microsoft и IBM", "en", "ru"),
    ("ha ha ha ha ha ha ha ha ha", "хa ха ха ха ха ха ха ха ха", "en", "ru"),
    ("No, no, no!", "Nein, nein, nein!", "en", "de"),
    ("…", "…", "en", "de"),
    ("Yes.", "Sí.", "en", "es"),
    ("the old boat", "the old boat", "en", "en"),
    ("I have no idea what you mean", "Me I no sabi wetin you mean", "en", "pcm"),
]

BAD = [
    (ENGLISH, "", "en", "de", "empty"),
    (ENGLISH, " . ", "en", "de", "empty"),
    (ENGLISH, ENGLISH, "en", "de", "copy"),
    (ENGLISH, ENGLISH.upper(), "en", "yo", "copy"),
    ("the old boat", "the old boat.", "en", "de", "copy"),
    (
        "旧城的市长在港口会见了安娜，他们谈了好几个小时。",
        "旧城的市长在港口会见了安娜，他们谈了好几个小时。",
        "zh",
        "ja",
        "copy",
    ),
    ("पुराने शहर की महापौर ने अन्ना को देखा", "पुराने शहर की महापौर ने अन्ना को देखा", "hi", "mr", "copy"),
    ("旧城的市长", "旧城的市长", "zh", "en", "wrong-script"),
    ("SOCCER - JAPAN WIN AGAIN AND CHINA LOSE", "SOCCER - JAPAN WIN AGAIN AND CHINA LOSE", "en", "de", "copy"),
    (ENGLISH, "Die Stadt und die Stadt und die Stadt und die Stadt und die Stadt", "en", "de", "repetition"),
    (ENGLISH, "ja ja ja ja ja ja ja ja ja ja", "en", "de", "repetition"),
    (ENGLISH, "旧城的市长旧城的市长旧城的市长旧城的市长旧城的市长", "en", "zh", "repetition"),
    (ENGLISH, "Der Bürgernananananananananananana", "en", "de", "repetition"),
    (ENGLISH, "Мэр старого города встретила Анну Берг в гавани.", "en", "de", "wrong-script"),
    (ENGLISH, "Die Bürgermeisterin der Altstadt traf Anna Berg am Hafen.", "en", "ru", "wrong-script"),
    (ENGLISH, "旧城的市长在港口会见了安娜·贝格。", "en", "ko", None),
    (ENGLISH, "شهردار شهر قدیمی با آنا برگ در بندر دیدار کرد.", "en", "he", "wrong-script"),
    (ENGLISH, "The mayor of the town met with Anna Berg at that harbour.", "de", "yo", "wrong-language"),
    ("Yes.", "Ja, und zwar " + " ".join(f"wort{n}" for n in range(20)), "en", "de", "too-long"),
    (ENGLISH, "Ja.", "en", "de", "too-short"),
]


@pytest.mark.parametrize(("source_text", "text", "source", "target"), GOOD)
def test_a_translation_is_let_through(source_text: str, text: str, source: str, target: str) -> None:
    assert reason(source_text, text, source, target) is None


@pytest.mark.parametrize(("source_text", "text", "source", "target", "code"), BAD)
def test_what_is_no_translation_has_a_reason(
    source_text: str, text: str, source: str, target: str, code: str | None
) -> None:
    assert reason(source_text, text, source, target) == code


_PHRASES = st.lists(
    st.sampled_from(["haus", "boot", "rot", "alt", "bei", "heute", "brot", "traf", "gab"]), min_size=1, max_size=6
)


@given(_PHRASES, st.integers(20, 40))
def test_a_phrase_over_and_over_is_repetition(phrase: list[str], times: int) -> None:
    assert reason(ENGLISH, " ".join(phrase * times), "en", "de") == "repetition"


@given(_PHRASES, st.integers(20, 40))
def test_what_the_source_repeats_may_be_repeated(phrase: list[str], times: int) -> None:
    assert reason(" ".join(["go", "on"] * times), " ".join(phrase * times), "en", "de") != "repetition"


@pytest.mark.slow
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["en", "de", "zh", "th", "ar", "am"]))
def test_every_text_has_an_answer(source_text: str, text: str, target: str) -> None:
    result = reason(source_text, text, "fr", target)
    if not text.strip():
        assert result == "empty"
    if any(map(str.isalpha, text)):
        assert result != "empty"


@given(st.text(min_size=1, max_size=60))
def test_nothing_is_a_copy_in_its_own_language(text: str) -> None:
    assert reason(text, text, "en", "en") != "copy"
