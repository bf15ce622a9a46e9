import pytest

from xprojdb.text.languages import UnknownLanguage, language, languages

# fmt: off
PANX = [
    "af", "ar", "bg", "bn", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja",
    "jv", "ka", "kk", "ko", "ml", "mr", "ms", "my", "nl", "pt", "ru", "sw", "ta", "te", "th", "tl", "tr", "ur", "vi",
    "yo", "zh",
]
MASAKHANER2 = [
    "bam", "bbj", "ewe", "fon", "hau", "ibo", "kin", "lug", "luo", "mos",
    "nya", "pcm", "sna", "swa", "tsn", "twi", "wol", "xho", "yor", "zul",
]
XNLI = ["ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh"]
# fmt: on


def key(name):
    return name.casefold().replace("_", "-")


def test_every_benchmark_language_is_there():
    assert sorted(entry.panx for entry in languages() if entry.panx) == PANX
    assert sorted(entry.masakhaner for entry in languages() if entry.masakhaner) == MASAKHANER2


def test_no_name_means_two_languages():
    seen = {}
    for entry in languages():
        for name in {key(name) for name in entry.names()}:
            assert seen.setdefault(name, entry) is entry, name


@pytest.mark.parametrize("entry", languages(), ids=lambda entry: entry.code)
def test_every_name_finds_its_language(entry):
    for name in entry.names():
        assert language(name) is entry
        assert language(name.upper()) is entry


def test_stored_codes_follow_one_rule():
    for entry in languages():
        assert entry.code == (entry.panx or entry.masakhaner or entry.iso639_1 or entry.iso639_3)
        assert len(entry.iso639_3) == 3


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("swa", "sw"),
        ("swh_Latn", "sw"),
        ("yor", "yo"),
        ("lg", "lug"),
        ("pt-BR", "pt"),
        ("zh-Hans-CN", "zh"),
        ("zh_CN", "zh"),
        ("fr_XX", "fr"),
        ("no", "nb"),
        ("german", "de"),
        ("nigerian pidgin", "pcm"),
        ("iw", "he"),
    ],
)
def test_names(name, code):
    assert language(name).code == code


def test_model_codes():
    assert (language("sw").nllb, language("sw").m2m100, language("sw").mbart50) == ("swh_Latn", "sw", "sw_KE")
    assert (language("pcm").nllb, language("pcm").m2m100, language("pcm").mbart50) == (None, None, None)
    assert (language("nso").m2m100, language("nb").m2m100) == ("ns", "no")


def test_codes_of_models_are_those_of_their_tokenizers():
    pytest.importorskip("transformers")
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M100
    from transformers.models.mbart50.tokenization_mbart50 import FAIRSEQ_LANGUAGE_CODES as MBART50
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

    known = languages()
    assert {entry.m2m100 for entry in known if entry.m2m100} == set(M2M100["m2m100"])
    assert {entry.mbart50 for entry in known if entry.mbart50} == set(MBART50)
    assert {entry.nllb for entry in known if entry.nllb} <= set(NLLB)


@pytest.mark.parametrize("code", [*PANX, *XNLI, *MASAKHANER2])
def test_every_benchmark_language_has_codes_of_translation_models(code):
    entry = language(code)
    assert entry.nllb is not None or entry.code in ("bbj", "pcm"), "NLLB lacks these two"
    assert entry.madlad and len(entry.apertium) == 3


def test_codes_that_go_their_own_way():
    assert [language(code).madlad for code in ("he", "tl", "nb", "bam", "de")] == ["iw", "fil", "no", "bm", "de"]
    assert [language(code).apertium for code in ("hr", "ms", "en", "swa")] == ["hbs", "zlm", "eng", "swa"]


def test_writing():
    assert [code for code in PANX if language(code).units == "character"] == ["ja", "th", "zh"]
    assert [code for code in PANX if language(code).right_to_left] == ["ar", "fa", "he", "ur"]
    for entry in languages():
        assert entry.nllb is None or entry.nllb.endswith(entry.script)


@pytest.mark.parametrize(("name", "nearest"), [("Germn", "de"), ("sr-Latn", "sr"), ("deu-latm", "de")])
def test_an_unknown_language_names_one_like_it(name, nearest):
    with pytest.raises(UnknownLanguage) as caught:
        language(name)
    assert caught.value.code == name and caught.value.nearest[0] == nearest


@pytest.mark.parametrize("name", ["", "q9", "-", "english language of england"])
def test_unknown_languages(name):
    with pytest.raises(UnknownLanguage):
        language(name)
