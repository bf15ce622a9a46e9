"""A translator's name says what it is, which parameters it has, and which revision it is of."""

from __future__ import annotations

from typing import Any

import pytest
from toy_translator import toy_translation, toy_translator

from xprojdb.errors import ModelError, UsageError
from xprojdb.models.servers.chat import SERVED
from xprojdb.steps.translate.variant import (
    Placement,
    canonical_name,
    load_translator,
    translator_options,
    translator_revision,
)


def test_each_kind_has_its_parameters() -> None:
    assert translator_options("hf:m", {"beams": 2}) == {"beams": 2, "ratio": 2.0, "extra": 20, "precision": "float32"}
    assert translator_options("ct2:m") == {"beams": 4, "ratio": 2.0, "extra": 20, "compute": "int8"}
    assert translator_options("apertium") == {}
    assert set(translator_options("openai:m")) == {"prompt", "temperature", "seed", "max_tokens"}


@pytest.mark.parametrize(
    ("name", "values", "param"),
    [
        ("hf:m", {"compute": "int8"}, "compute"),
        ("ct2:m", {"precision": "float16"}, "precision"),
        ("apertium", {"beams": 4}, "beams"),
        ("openai:m", {"url": "http://localhost"}, "url"),
    ],
)
def test_a_parameter_of_another_kind_is_refused(name: str, values: dict[str, Any], param: str) -> None:
    with pytest.raises(UsageError) as raised:
        translator_options(name, values)
    assert raised.value.key == f"options.{param}"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("hf:m", {"beams": 0}),
        ("hf:m", {"precision": "int8"}),
        ("ct2:m", {"compute": "auto"}),
        ("ct2:m", {"ratio": 0}),
        ("openai:m", {"prompt": "translate!"}),
    ],
)
def test_impossible_values_are_refused(name: str, values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        translator_options(name, values)


@pytest.mark.parametrize("name", ["", "hf", "hf:", "openai:", "apertium:eng-spa", "google"])
def test_what_is_no_translator_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        translator_options(name)
    assert raised.value.name == name


def test_names_and_revisions() -> None:
    assert canonical_name("hf:e5-small") == "hf:intfloat/multilingual-e5-small"
    assert canonical_name("openai:e5-small") == "openai:e5-small"
    assert translator_revision("openai:m") == SERVED
    assert translator_revision("openai:m", "2026-01") == "2026-01"


@pytest.mark.slow
def test_a_model_of_the_hub_translates_by_name() -> None:
    name = f"hf:{toy_translator()}"
    revision = translator_revision(name)
    translator = load_translator(name, {"beams": 1}, revision, Placement(device="cpu", batch_tokens=64))
    assert translator.translate(["the old boat"], "en", "de") == [(toy_translation("the old boat"), "")]
    with pytest.raises(ModelError):
        load_translator(name, {}, "sha256:other")
    with pytest.raises(ModelError):
        translator_revision("hf:/nowhere")
