"""Heads: trained the same each time, kept as they are, and refused when they are not what was stored."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from xprojdb.training.errors import DamagedModel, TrainingError
from xprojdb.training.fitting import Examples, FitSettings, _Fitting, fit_head
from xprojdb.training.head import Head

CLASSES = ("x", "y", "z")


def examples(count: int = 300, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, count)
    rows = rng.normal(size=(count, 6)) + np.eye(3)[classes] @ rng.normal(size=(3, 6)) * 2
    return Examples(rows.astype(np.float16), classes)


def accuracy(head: Head, held: Examples) -> float:
    return float((head.log_probabilities(held.rows).argmax(1) == held.classes).mean())


@pytest.mark.parametrize("kind", ["mlp", "linear"])
def test_it_learns(kind) -> None:
    data = examples()
    fitted = fit_head(data, CLASSES, FitSettings(head=kind, hidden=16, steps=100, batch=64, rate=0.01))
    assert accuracy(fitted.head, data) > 0.8
    assert fitted.losses[0] > fitted.losses[-1]
    assert fitted.steps == 100


def test_twice_it_is_the_same_and_another_seed_is_another() -> None:
    settings = FitSettings(hidden=8, steps=20, batch=64)
    about = {name: name for name in "abcdefgh"}
    one, two = (fit_head(examples(), CLASSES, settings, about).head.to_bytes() for _ in range(2))
    other = fit_head(examples(), CLASSES, FitSettings(hidden=8, steps=20, batch=64, seed=1), about).head.to_bytes()
    assert one == two != other


def test_threads_of_others_are_left_alone() -> None:
    from threadpoolctl import threadpool_info

    before = [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()]
    fit_head(examples(), CLASSES, FitSettings(hidden=8, steps=2))
    assert [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()] == before


@pytest.mark.parametrize("hidden", [0, 8])
def test_it_computes_what_torch_does(hidden: int) -> None:
    nn, data = torch.nn, examples(40)
    kind = FitSettings(head="mlp" if hidden else "linear", hidden=8)
    fitting = _Fitting(data, CLASSES, kind, {})
    linear = [nn.Linear(*weights.shape[::-1]) for weights, _ in fitting.net.layers]
    for layer, (weights, bias) in zip(linear, fitting.net.layers, strict=True):
        layer.load_state_dict({"weight": torch.from_numpy(weights), "bias": torch.from_numpy(bias)})
    net = nn.Sequential(*([linear[0], nn.GELU(approximate="tanh"), linear[1]] if hidden else linear))
    rows = torch.from_numpy((data.rows.astype(np.float32) - fitting.mean) / fitting.scale)
    with torch.inference_mode():
        right = torch.log_softmax(net(rows), -1).numpy()
    np.testing.assert_allclose(fitting.head().log_probabilities(data.rows), right, atol=1e-5)


def test_it_is_read_as_it_was_written() -> None:
    head = fit_head(examples(), CLASSES, FitSettings(hidden=8, steps=5), {"encoder": "e"}).head
    packed = head.to_bytes()
    read = Head.from_bytes(packed, hashlib.sha256(packed).hexdigest())
    assert (read.classes, read.about["encoder"]) == (CLASSES, "e")
    np.testing.assert_array_equal(read.log_probabilities(examples().rows), head.log_probabilities(examples().rows))


def test_changed_weights_are_refused() -> None:
    packed = fit_head(examples(), CLASSES, FitSettings(hidden=8, steps=5)).head.to_bytes()
    with pytest.raises(DamagedModel) as refused:
        Head.from_bytes(packed[:-1] + b"\0\0", hashlib.sha256(packed).hexdigest())
    assert refused.value.reason == "digest"
    with pytest.raises(DamagedModel) as refused:
        Head.from_bytes(b"no safetensors at all")
    assert refused.value.reason == "unreadable"


def test_vectors_of_another_encoder_are_refused() -> None:
    head = fit_head(examples(), CLASSES, FitSettings(hidden=8, steps=5)).head
    with pytest.raises(DamagedModel) as refused:
        head.log_probabilities(np.zeros((2, 9), np.float16))
    assert (refused.value.reason, refused.value.width, refused.value.given) == ("other-encoder", 6, 9)


def test_nothing_to_learn_from_is_told() -> None:
    with pytest.raises(TrainingError) as refused:
        fit_head(Examples(np.zeros((0, 6), np.float16), np.zeros(0, np.int64)), CLASSES, FitSettings())
    assert refused.value.reason == "empty"


def test_a_loss_that_is_no_number_is_told() -> None:
    data = examples()
    rows = data.rows.copy()
    rows[3] = np.nan
    with pytest.raises(TrainingError) as refused:
        fit_head(Examples(rows, data.classes), CLASSES, FitSettings(hidden=8, steps=20))
    assert refused.value.reason == "loss"


def test_words_of_no_weight_teach_nothing() -> None:
    data = examples()
    wrong = data.classes.copy()
    wrong[:100] = (wrong[:100] + 1) % 3
    weights = np.ones(300, np.float32)
    weights[:100] = 0
    settings = FitSettings(hidden=16, steps=150, batch=64, rate=0.01)
    head = fit_head(Examples(data.rows, wrong, weights), CLASSES, settings).head
    assert accuracy(head, data) > accuracy(fit_head(Examples(data.rows, wrong), CLASSES, settings).head, data)


@pytest.mark.parametrize("settings", [{"truncation": 0.7}, {"smoothing": 0.1}])
def test_losses_for_noisy_labels_learn_too(settings) -> None:
    data = examples()
    fitted = fit_head(data, CLASSES, FitSettings(hidden=16, steps=150, batch=64, rate=0.01, **settings))
    assert accuracy(fitted.head, data) > 0.8
