import pytest

from xprojdb.errors import UsageError
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


@pytest.mark.parametrize(("name", "nearest"), [("Germn", "de"), ("englsh", "en"), ("germann", "de")])
def test_an_unknown_language_names_one_like_it(name, nearest):
    with pytest.raises(UnknownLanguage) as caught:
        language(name)
    assert caught.value.code == name and caught.value.nearest[0] == nearest


@pytest.mark.parametrize("name", ["", "q9", "-", "english language of england"])
def test_unknown_languages(name):
    with pytest.raises(UnknownLanguage):
        language(name)


# fmt: off
WIKIANN = [
    "ace", "af", "als", "am", "an", "ang", "ar", "arc", "arz", "as", "ast", "ay", "az", "ba", "bar", "bat-smg",
    "be", "be-x-old", "bg", "bh", "bn", "bo", "br", "bs", "ca", "cbk-zam", "cdo", "ce", "ceb", "ckb", "co", "crh",
    "cs", "csb", "cv", "cy", "da", "de", "diq", "dv", "el", "eml", "en", "eo", "es", "et", "eu", "ext", "fa", "fi",
    "fiu-vro", "fo", "fr", "frr", "fur", "fy", "ga", "gan", "gd", "gl", "gn", "gu", "hak", "he", "hi", "hr", "hsb",
    "hu", "hy", "ia", "id", "ig", "ilo", "io", "is", "it", "ja", "jbo", "jv", "ka", "kk", "km", "kn", "ko", "ksh",
    "ku", "ky", "la", "lb", "li", "lij", "lmo", "ln", "lt", "lv", "map-bms", "mg", "mhr", "mi", "min", "mk", "ml",
    "mn", "mr", "ms", "mt", "mwl", "my", "mzn", "nap", "nds", "ne", "nl", "nn", "no", "nov", "oc", "or", "os", "pa",
    "pdc", "pl", "pms", "pnb", "ps", "pt", "qu", "rm", "ro", "ru", "rw", "sa", "sah", "scn", "sco", "sd", "sh",
    "si", "simple", "sk", "sl", "so", "sq", "sr", "su", "sv", "sw", "szl", "ta", "te", "tg", "th", "tk", "tl", "tr",
    "tt", "ug", "uk", "ur", "uz", "vec", "vep", "vi", "vls", "vo", "wa", "war", "wuu", "xmf", "yi", "yo", "zea",
    "zh", "zh-classical", "zh-min-nan", "zh-yue",
]
# fmt: on


def test_every_language_of_wikiann_is_known():
    assert len(WIKIANN) == 176
    assert all(language(code).name for code in WIKIANN)


@pytest.mark.parametrize("code", ["ace_Arab", "arb_Latn", "kas_Deva", "taq_Tfng", "zho_Hant", "bjn_Arab", "ltg_Latn"])
def test_a_language_in_another_script_is_one_of_its_own(code):
    entry = language(code)
    assert entry.nllb == code
    assert entry.script == code[-4:]
    assert language(entry.code) == entry


@pytest.mark.parametrize(
    ("code", "known"), [("swh", "sw"), ("cmn_Hans", "zh"), ("pes", "fa"), ("zlm_Latn", "ms"), ("zh-min-nan", "nan")]
)
def test_codes_of_translation_models_and_of_wikipedia(code, known):
    assert language(code).code == known


def test_the_direction_follows_from_the_script():
    assert language("nqo").right_to_left
    assert language("kas_Arab").right_to_left
    assert not language("kas_Deva").right_to_left


def test_a_language_of_ones_own(tmp_path, monkeypatch):
    file = tmp_path / "languages.toml"
    file.write_text('[vala]\nname = "Valarin"\nscript = "Arab"\naliases = ["val-x"]\n', encoding="utf-8")
    monkeypatch.setenv("XPROJDB_LANGUAGES", str(file))
    entry = language("val-X")
    assert (entry.code, entry.name, entry.right_to_left, entry.units) == ("vala", "Valarin", True, "word")
    assert language("de").code == "de"


@pytest.mark.parametrize("text", ["[vala]\ndirection = 1", "[vala", 'vala = "x"', '["../x"]\nname = "y"'])
def test_a_faulty_file_of_languages_is_named(tmp_path, monkeypatch, text):
    file = tmp_path / "languages.toml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("XPROJDB_LANGUAGES", str(file))
    with pytest.raises(UsageError) as caught:
        language("vala")
    assert caught.value.fields["file"] == str(file)
