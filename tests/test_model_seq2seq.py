"""Translation models: what they write, how probable they find phrases, and how each family is told a language."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from toy_translator import NAMES, WORDS, toy_translation, toy_translator, train_pieces

from xprojdb.errors import ModelError, UsageError
from xprojdb.models.translators.language_tokens import LanguageMissing, prompt_for
from xprojdb.models.translators.seq2seq import Seq2Seq
from xprojdb.models.translators.translator import Seq2SeqTranslator, TranslatorParams
from xprojdb.text.languages import UnknownLanguage

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def model() -> Seq2Seq:
    return Seq2Seq(str(toy_translator()), device="cpu")


SENTENCES = [
    "the mayor met Anna Berg",
    "Lin sold bread",
    "the old boat",
    "[Anna Berg] sees [Turin] today",
    "the old boat",
]


@pytest.mark.slow
def test_sentences_are_translated(model: Seq2Seq) -> None:
    translations = Seq2SeqTranslator(model).translate(SENTENCES, "en", "de")
    assert translations == [(toy_translation(text), "") for text in SENTENCES]


def test_the_target_language_decides(model: Seq2Seq) -> None:
    translator = Seq2SeqTranslator(model)
    assert translator.translate(["das rot haus"], "deu", "eng") == [("the red house", "")]
    assert translator.translate(["the red house"], "en", "en") == [("the red house", "")]


@pytest.mark.parametrize("beams", [1, 3])
def test_batches_change_nothing(model: Seq2Seq, beams: int) -> None:
    single = Seq2Seq(str(toy_translator()), device="cpu", batch_tokens=1)
    texts = list(dict.fromkeys(SENTENCES))
    expected = [single.generate([text], "en", "de", beams=beams)[0] for text in texts]
    assert model.generate(texts, "en", "de", beams=beams) == expected


def test_a_translation_at_its_limit_is_cut_and_said_to_be(model: Seq2Seq) -> None:
    translator = Seq2SeqTranslator(model, TranslatorParams(beams=1, ratio=0.5, extra=0))
    short, long = translator.translate(["the old red boat met the old mayor", "the old red boat"], "en", "de")
    assert (short.cut, long.cut) == ("output", "output")
    assert 0 < len(long.text) < len(short.text) < len(toy_translation("the old red boat met the old mayor"))


def test_a_source_too_long_is_cut_and_said_to_be(model: Seq2Seq) -> None:
    result = model.generate(["the boat " * 60, "the boat"], "en", "de")
    assert [entry.cut for entry in result] == ["input", ""]


def test_nothing_is_translated_to_nothing(model: Seq2Seq) -> None:
    assert Seq2SeqTranslator(model).translate([], "en", "de") == []
    assert model.probabilities([], [], "en", "de").shape == (0,)


def _reference(model: Seq2Seq, given: str, phrase: str, source: str, target: str) -> float:
    """The geometric mean of the probabilities of the phrase's sub-words and its end, from transformers' own loss."""
    tokenizer = model._tokenizer
    tokenizer.src_lang, tokenizer.tgt_lang = source, target
    batch = tokenizer(given, text_target=phrase, return_tensors="pt")
    labels = batch.pop("labels")
    labels[0, 0] = -100
    previous = torch.tensor([[2, tokenizer.get_lang_id(target), *labels[0, 1:-1].tolist()]])
    with torch.inference_mode():
        loss = model._model(**batch, decoder_input_ids=previous, labels=labels).loss
    return float(torch.exp(-loss))


def test_probabilities_are_those_of_the_models_own_loss(model: Seq2Seq) -> None:
    rng = random.Random(4)
    words = [*WORDS, *NAMES]
    joins = [" ".join(rng.choices(words, k=rng.randint(1, 5))) for _ in range(20)]
    phrases = [" ".join(rng.choices([*WORDS.values(), *NAMES], k=rng.randint(1, 6))) for _ in range(20)]
    phrases[:5] = [toy_translation(text) for text in joins[:5]]
    result = model.probabilities(joins, phrases, "en", "de")
    expected = [_reference(model, a, b, "en", "de") for a, b in zip(joins, phrases, strict=True)]
    np.testing.assert_allclose(result, expected, rtol=1e-4)
    assert result[:5].min() > 0.8 > 0.5 > result[5:].max()


def test_a_language_that_the_model_lacks_is_named(model: Seq2Seq) -> None:
    with pytest.raises(LanguageMissing) as raised:
        model.generate(["hello"], "en", "bam")
    assert (raised.value.language, raised.value.model_id) == ("bam", str(toy_translator()))
    with pytest.raises(UnknownLanguage):
        model.generate(["hello"], "en", "klingon")


def _tokens(*known: str, **more: Any) -> Any:
    ids = {token: 10 + place for place, token in enumerate(known)}
    return SimpleNamespace(convert_tokens_to_ids=lambda token: ids.get(token, 3), unk_token_id=3, **more)


def test_each_family_is_told_the_language_its_own_way() -> None:
    nllb, mbart = _tokens("eng_Latn", "deu_Latn"), _tokens("en_XX", "de_DE")
    assert prompt_for("m2m_100", nllb, "en", "de", "m") == ("", "eng_Latn", "deu_Latn", 11)
    assert prompt_for("mbart", mbart, "en", "de", "m") == ("", "en_XX", "de_DE", 11)
    assert prompt_for("t5", _tokens(), "en", "de", "m").prefix == "translate English to German: "
    assert prompt_for("t5", _tokens("<2en>", "<2de>"), "en", "de", "m").prefix == "<2de> "
    assert prompt_for("marian", _tokens(supported_language_codes=[]), "en", "de", "m") == ("", None, None, None)
    assert prompt_for("marian", _tokens(supported_language_codes=[">>deu<<"]), "en", "de", "m").prefix == ">>deu<< "
    for token, code in ((">>swh<<", "sw"), (">>cmn_Hans<<", "zh"), (">>pes<<", "fa"), (">>zlm_Latn<<", "ms")):
        assert prompt_for("marian", _tokens(supported_language_codes=[token]), "en", code, "m").prefix == f"{token} "


@pytest.mark.parametrize(
    ("family", "tokens"),
    [("t5", _tokens("<2en>")), ("marian", _tokens(supported_language_codes=[">>fra<<"])), ("mbart", _tokens("en_XX"))],
)
def test_each_family_says_which_language_it_lacks(family: str, tokens: Any) -> None:
    with pytest.raises(LanguageMissing) as raised:
        prompt_for(family, tokens, "en", "de", "m")
    assert raised.value.language == "de"


def test_nllb_tokens_come_from_its_own_tokenizer() -> None:
    tokenizer = transformers.NllbTokenizer(src_lang="eng_Latn", tgt_lang="deu_Latn")
    prompt = prompt_for("m2m_100", tokenizer, "yor", "swa", "nllb")
    assert prompt == ("", "yor_Latn", "swh_Latn", tokenizer.convert_tokens_to_ids("swh_Latn"))
    tokenizer.src_lang = prompt.source
    assert tokenizer.convert_ids_to_tokens(tokenizer("").input_ids) == ["yor_Latn", "</s>"]


_SMALL = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
    "max_position_embeddings": 32,
}


def _marian(folder: Path) -> Path:
    """A random Marian model with a SentencePiece model for each side."""
    pieces: dict[str, None] = dict.fromkeys(["</s>", "<unk>"])
    for name, words in (("source", list(WORDS)), ("target", list(WORDS.values()))):
        proto, own = train_pieces([f"{word} {word}" for word in words], 70)
        (folder / f"{name}.spm").write_bytes(proto)
        pieces |= dict.fromkeys(piece for piece in own if piece != "<s>")
    pieces["<pad>"] = None
    (folder / "vocab.json").write_text(json.dumps({piece: place for place, piece in enumerate(pieces)}))
    files = [str(folder / name) for name in ("source.spm", "target.spm", "vocab.json")]
    transformers.MarianTokenizer(*files, source_lang="en", target_lang="de").save_pretrained(folder)
    pad = len(pieces) - 1
    special = {"pad_token_id": pad, "eos_token_id": 0, "decoder_start_token_id": pad, "forced_eos_token_id": 0}
    torch.manual_seed(0)
    config = transformers.MarianConfig(vocab_size=len(pieces), **_SMALL, **special)
    transformers.MarianMTModel(config).save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore:Recommended")
def test_marian_reads_the_target_with_the_targets_pieces(tmp_path: Path) -> None:
    model = Seq2Seq(str(_marian(tmp_path)), device="cpu")
    batch = model._tokenizer(["the red boat"], text_target=["das rot boot"], return_tensors="pt")
    with torch.inference_mode():
        expected = float(torch.exp(-model._model(**batch).loss))
    result = model.probabilities(["the red boat", "old"], ["das rot boot", "alt"], "en", "de")
    assert result[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.filterwarnings("ignore:Recommended")
def test_an_end_that_the_checkpoint_forces_hides_no_cut(tmp_path: Path) -> None:
    """Marian and mBART write their end at the limit, wherever the sentence stands."""
    model = Seq2Seq(str(_marian(tmp_path)), device="cpu")
    result = model.generate(["the red boat"], "en", "de", beams=1, ratio=1.0, extra=3)[0]
    assert result.text
    assert result.cut == "output"


def test_mbart_is_told_the_languages_by_its_tokens(tmp_path: Path) -> None:
    vocabulary = [(piece, 0.0) for piece in ("<s>", "<pad>", "</s>", "<unk>", *(f"▁{x}" for x in "abcd"), *"abcd")]
    tokenizer = transformers.MBart50Tokenizer(vocab=vocabulary, src_lang="en_XX", tgt_lang="de_DE")
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = transformers.MBartConfig(vocab_size=len(tokenizer), decoder_start_token_id=2, **_SMALL)
    transformers.MBartForConditionalGeneration(config).save_pretrained(tmp_path)
    model = Seq2Seq(str(tmp_path), device="cpu")
    french = tokenizer.convert_tokens_to_ids("fr_XX")
    assert model.prompt("eng", "fra") == ("", "en_XX", "fr_XX", french)
    tokenizer.src_lang, tokenizer.tgt_lang = "en_XX", "fr_XX"
    batch = tokenizer(["ab c"], text_target=["cab d"], return_tensors="pt")
    labels = batch.pop("labels")
    previous = torch.tensor([[2, *labels[0, :-1].tolist()]])
    assert previous[0, 1] == french
    labels[0, 0] = -100
    with torch.inference_mode():
        expected = float(torch.exp(-model._model(**batch, decoder_input_ids=previous, labels=labels).loss))
    assert model.probabilities(["ab c"], ["cab d"], "en", "fr")[0] == pytest.approx(expected, rel=1e-4)


def _t5(folder: Path) -> Path:
    import tokenizers

    pieces = {piece: place for place, piece in enumerate(["<pad>", "</s>", "<unk>", *"abcdefg"])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(pieces, unk_token="<unk>"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(3)
    config = transformers.T5Config(
        vocab_size=10, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    transformers.T5ForConditionalGeneration(config).eval().save_pretrained(folder)
    return folder


def test_a_family_without_language_tokens_counts_every_subword(tmp_path: Path) -> None:
    model = Seq2Seq(str(_t5(tmp_path)), device="cpu")
    with torch.inference_mode():
        source = torch.tensor([model._tokenizer("translate English to German: a b").input_ids])
        loss = model._model(input_ids=source, labels=torch.tensor([[5, 6, 7, 1]])).loss
    result = model.probabilities(["a b", "a"], ["c d e", "c"], "en", "de")
    assert result[0] == pytest.approx(float(torch.exp(-loss)), rel=1e-4)
    assert model.generate(["a"], "en", "de", beams=1)[0].cut in ("", "output")


def test_a_model_that_does_not_translate_is_refused(tmp_path: Path) -> None:
    transformers.BertConfig(vocab_size=8, hidden_size=4, num_attention_heads=2).save_pretrained(tmp_path)
    with pytest.raises(ModelError) as raised:
        Seq2Seq(str(tmp_path))
    assert (raised.value.model_id, raised.value.reason) == (str(tmp_path), "architecture")


@pytest.mark.parametrize("params", [{"beams": 0}, {"ratio": 0.0}, {"extra": -1}])
def test_impossible_parameters_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        TranslatorParams(**params)
