"""A model that CTranslate2 runs writes what it writes in its own framework."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from toy_translator import NAMES, WORDS, toy_translation, toy_translator

from xprojdb.errors import ModelError, UsageError
from xprojdb.models import store
from xprojdb.models.translators.ctranslate import CTranslateParams, CTranslator, converted
from xprojdb.models.translators.language_tokens import LanguageMissing
from xprojdb.models.translators.seq2seq import Seq2Seq

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("ctranslate2")


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XPROJDB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def sentences(count: int) -> list[str]:
    rng = random.Random(8)
    pieces = [*WORDS, *NAMES, *(f"[{name}]" for name in NAMES)]
    return [" ".join(rng.choices(pieces, k=rng.randint(1, 7))) for _ in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [2.0, 0.5])
def test_float32_writes_what_transformers_writes(ratio: float) -> None:
    model, texts = str(toy_translator()), [*sentences(60), "the boat " * 60]
    expected = Seq2Seq(model, device="cpu").generate(texts, "en", "de", beams=1, ratio=ratio, extra=2)
    params = CTranslateParams(beams=1, ratio=ratio, extra=2, compute="float32")
    translations = CTranslator(model, params, "cpu", batch_tokens=100).translate(texts, "en", "de")
    assert translations == expected
    assert {entry.cut for entry in translations} >= ({"output", "input"} if ratio < 1 else {"", "input"})


@pytest.mark.slow
@pytest.mark.parametrize("compute", ["float32", "int8"])
def test_beams_translate_in_both_directions(compute: str) -> None:
    translator = CTranslator(str(toy_translator()), CTranslateParams(compute=compute), "cpu")
    texts = ["the mayor met Anna Berg", "[Anna Berg] sees [Turin] today", "the old boat", "the old boat"]
    assert translator.translate(texts, "en", "de") == [(toy_translation(text), "") for text in texts]
    assert translator.translate(["das rot haus"], "deu", "eng") == [("the red house", "")]
    assert translator.translate([], "en", "de") == []


@pytest.mark.slow
def test_a_model_is_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = str(toy_translator())
    CTranslator(model, CTranslateParams(compute="int8_float32"), "cpu")
    assert any(entry.model_id.startswith("ct2/") and "/int8_float32/" in entry.model_id for entry in store.installed())
    monkeypatch.setattr("xprojdb.models.translators.ctranslate._convert", None)
    CTranslator(model, CTranslateParams(compute="int8_float32"), "cpu")


def test_marian_starts_without_a_token(tmp_path: Path) -> None:
    from test_model_seq2seq import _marian

    model = str(_marian(tmp_path))
    expected = Seq2Seq(model, device="cpu").generate(["the red boat", "old"], "en", "de", beams=1, extra=0)
    params = CTranslateParams(beams=1, extra=0, compute="float32")
    assert CTranslator(model, params, "cpu").translate(["the red boat", "old"], "en", "de") == expected


def test_mbart_starts_with_its_own_token(tmp_path: Path) -> None:
    vocabulary = [(piece, 0.0) for piece in ("<s>", "<pad>", "</s>", "<unk>", *(f"▁{x}" for x in "abcd"), *"abcd")]
    tokenizer = transformers.MBart50Tokenizer(vocab=vocabulary, src_lang="en_XX", tgt_lang="de_DE")
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(0)
    small = {f"{side}_{what}": 2 for side in ("encoder", "decoder") for what in ("layers", "attention_heads")}
    sizes = {"d_model": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 32, **small}
    config = transformers.MBartConfig(vocab_size=len(tokenizer), decoder_start_token_id=2, init_std=0.5, **sizes)
    transformers.MBartForConditionalGeneration(config).save_pretrained(tmp_path)
    expected = Seq2Seq(str(tmp_path), device="cpu").generate(["ab c", "d a"], "en", "fr", beams=1, extra=3)
    folder = converted(str(tmp_path), store.resolve(str(tmp_path)), "float32")
    assert json.loads((folder / "config.json").read_text())["decoder_start_token"] == "</s>"
    params = CTranslateParams(beams=1, extra=3, compute="float32")
    assert CTranslator(str(tmp_path), params, "cpu").translate(["ab c", "d a"], "en", "fr") == expected


@pytest.mark.slow
def test_a_language_that_the_model_lacks_is_named() -> None:
    with pytest.raises(LanguageMissing):
        CTranslator(str(toy_translator()), None, "cpu").translate(["hello"], "en", "bam")


def test_what_the_machine_cannot_compute_is_refused() -> None:
    with pytest.raises(UsageError) as raised:
        CTranslator(str(toy_translator()), CTranslateParams(compute="float16"), "cpu")
    assert raised.value.compute not in raised.value.known


def test_what_cannot_be_converted_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "m2m_100"}')
    with pytest.raises(ModelError) as raised:
        CTranslator(str(tmp_path), None, "cpu")
    assert raised.value.model_id == str(tmp_path)
    assert not [entry for entry in store.installed() if tmp_path.name in entry.model_id]
