"""Encoders in other precisions: nearly the same vectors, kept in the cache of models, and part of a step's digest."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from model_checkpoints import tiny_checkpoint
from projection_sample import english, german, import_sample

from xprojdb.config.recipe import parse_recipe
from xprojdb.errors import ModelError, UsageError
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.models.store import installed
from xprojdb.planning.planner import plan_recipe

pytest.importorskip("torch")
if find_spec("openvino") is None:
    pytest.skip("openvino is not installed", allow_module_level=True)

SENTENCES = [["the", "boat", "is", "red"], ["house"], ["a", "bee", "or", "ox"], ["boat", "house", "x"]]
RECIPE = 'name = "r"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n[align]\n'


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XPROJDB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


def cosines(folder: Path, precision: str, layer: int) -> np.ndarray:
    vectors = [Encoder(str(folder), "cpu", entry).word_vectors(SENTENCES, layer) for entry in ("float32", precision)]
    exact, coarse = (np.concatenate(sentences) for sentences in vectors)
    return (exact * coarse).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(coarse, axis=1)


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("layer", [1, 3])
def test_eight_bits_give_nearly_the_same_vectors(checkpoint: Path, layer: int) -> None:
    assert cosines(checkpoint, "int8", layer).min() > 0.99


def test_bfloat16_gives_nearly_the_same_vectors(checkpoint: Path) -> None:
    assert cosines(checkpoint, "bfloat16", 2).min() > 0.999


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_a_converted_model_is_kept_and_not_made_again(checkpoint: Path) -> None:
    first = Encoder(str(checkpoint), precision="int8").word_vectors(SENTENCES, 2)
    (model,) = installed()
    result = model.path.stat().st_mtime_ns
    second = Encoder(str(checkpoint), precision="int8").word_vectors(SENTENCES, 2)
    assert model.path.stat().st_mtime_ns == result
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_nothing_tells_its_makers(checkpoint: Path) -> None:
    Encoder(str(checkpoint), precision="int8").word_vectors(SENTENCES, 1)
    assert sys.modules["openvino_telemetry"] is None


def test_eight_bits_are_for_a_cpu(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(UsageError) as caught:
        Encoder(str(checkpoint), "cuda", "int8")
    assert caught.value.fields["device"] == "cuda"


def test_the_precision_is_part_of_the_digest_unless_it_is_float32(sqlite_database, write_conll) -> None:
    import_sample(sqlite_database, write_conll, {"de": german(1), "en": english(1)})
    plans = {
        text: plan_recipe(sqlite_database, parse_recipe(RECIPE + text))
        for text in ("", 'precision = "float32"', 'precision = "int8"')
    }
    digests = {text: {spec.digest for spec in plan.pairs if spec.kind == "align"} for text, plan in plans.items()}
    assert digests[""] == digests['precision = "float32"']
    assert not digests[""] & digests['precision = "int8"']


def test_a_damaged_configuration_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        Encoder(str(tmp_path), precision="int8")
    assert caught.value.fields["model_id"] == str(tmp_path)
