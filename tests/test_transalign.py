"""TransAlign: a translation model's encoder, against transformers itself, and as an aligner of a recipe."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from projection_sample import import_sample, labels
from toy_translator import WORDS, toy_translation, toy_translator

from xprojdb.config.recipe import RecipeError, parse_recipe
from xprojdb.db import Database
from xprojdb.errors import ModelError, UsageError
from xprojdb.execution.run import run_plan
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.transalign import TransAligner, TranslationEncoder
from xprojdb.models.translators.language_tokens import LanguageMissing
from xprojdb.planning.planner import plan_recipe

ENGLISH = ["the mayor met Anna", "Okafor sees the old house in Turin", "red bread", "today"]


@cache
def encoder() -> TranslationEncoder:
    return TranslationEncoder(str(toy_translator()))


def reference(text: str, lang: str, layer: int) -> Any:
    """What transformers gives for a sentence without the special tokens, one word at a time being tokenised."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(toy_translator())
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(toy_translator()).eval().get_encoder()
    tokenizer.src_lang = lang
    ids = [piece for word in text.split() for piece in tokenizer(word, add_special_tokens=False).input_ids]
    framed = tokenizer.build_inputs_with_special_tokens(ids)
    with torch.inference_mode():
        states = model(input_ids=torch.tensor([framed]), output_hidden_states=True).hidden_states[layer][0]
    return states[1:-1].numpy(), framed


@pytest.mark.slow
@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("lang", ["en", "de"])
def test_vectors_are_those_of_the_model_with_the_language_token(lang: str, layer: int) -> None:
    texts = ENGLISH if lang == "en" else [toy_translation(text) for text in ENGLISH]
    other = "de" if lang == "en" else "en"
    result = encoder().subword_vectors([text.split() for text in texts], layer, lang, other)
    for text, units in zip(texts, result, strict=True):
        expected, framed = reference(text, lang, layer)
        assert len(units.words) == len(framed) - 2
        np.testing.assert_allclose(units.vectors, expected, atol=2e-5)


@pytest.mark.slow
def test_the_language_token_matters() -> None:
    (ours,) = encoder().subword_vectors([["Anna", "Berg"]], 1, "en", "de")
    (theirs,) = encoder().subword_vectors([["Anna", "Berg"]], 1, "de", "en")
    assert np.abs(ours.vectors - theirs.vectors).max() > 1e-3


@pytest.mark.parametrize("pooling", ["word", "subword"])
def test_a_toy_language_is_aligned_word_by_word(pooling: str) -> None:
    aligner = TransAligner(encoder(), AlignerParams(method="argmax", pooling=pooling), ("en", "de"), layer=1)
    pairs = [(text.split(), toy_translation(text).split()) for text in ENGLISH]
    result = aligner.align([*pairs, ([], ["haus"])])
    assert not len(result[-1].pairs)
    right = sum((links.pairs[:, 0] == links.pairs[:, 1]).sum() for links in result)
    assert right >= 0.7 * sum(len(left) for left, _ in pairs)


def test_long_sentences_are_read_in_windows() -> None:
    words = [*WORDS] * 8
    (units,) = encoder().subword_vectors([words], 1, "en", "de")
    assert sorted(set(units.words.tolist())) == list(range(len(words)))
    assert np.isfinite(units.vectors).all()


def test_a_recipe_names_it(sqlite_database: Database, write_conll: Callable[..., Path]) -> None:
    import_sample(sqlite_database, write_conll, {"en": ["Okafor/B-PER sees Turin/B-LOC"], "de": ["Okafor sieht Turin"]})
    top = 'name = "toy"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    settings = f'[align]\naligner = "transalign"\nmodel = "{toy_translator()}"\nmethod = "argmax"\n[[scorer]]\n'
    plan = plan_recipe(sqlite_database, parse_recipe(top + settings))
    spec = plan.stages[0].spec
    assert (spec.params["original"], spec.params["rendering"], spec.params["layer"]) == ("en", "de", None)
    report = run_plan(sqlite_database, plan)
    assert report.failed == 0 and report.steps[0].title.startswith("align with the encoder of ")
    assert {row[1:] for row in labels(sqlite_database)} == {(0, 1, "PER"), (2, 3, "LOC")}


def test_a_language_the_model_lacks() -> None:
    with pytest.raises(LanguageMissing) as caught:
        encoder().subword_vectors([["a"]], 1, "en", "pcm")
    assert caught.value.language == "pcm"


def test_a_layer_the_model_lacks() -> None:
    with pytest.raises(UsageError) as caught:
        encoder().subword_vectors([["a"]], 9, "en", "de")
    assert (caught.value.layer, caught.value.layers) == (9, 1)


def test_a_model_that_does_not_translate() -> None:
    from model_checkpoints import e5_folder

    with pytest.raises(ModelError):
        TranslationEncoder(str(e5_folder()))


def test_a_recipe_without_a_model() -> None:
    text = 'name = "n"\ncorpora = ["c"]\nsource = ["en"]\ntarget = ["de"]\n[align]\naligner = "transalign"\n'
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text)
    assert caught.value.key == "align.model"
