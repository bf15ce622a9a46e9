"""The network of a head: every loss, gradient and step is what torch computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xprojdb.training.network import AdamW, Network, loss, one_cycle

functional = torch.nn.functional


def by_torch(net: Network, rows: np.ndarray, right: np.ndarray, weights: np.ndarray | None, **options: float) -> Any:
    """The loss and the gradients of a network without dropout."""
    arrays = [torch.tensor(array, requires_grad=True) for array in net.parameters]
    hidden = torch.from_numpy(rows)
    if len(arrays) == 4:
        hidden = functional.gelu(functional.linear(hidden, *arrays[:2]), approximate="tanh")
    scores = functional.linear(hidden, *arrays[-2:])
    places = torch.from_numpy(right)
    if options.get("soft") and weights is not None:
        shares = torch.from_numpy(weights)[:, None]
        first = functional.one_hot(torch.zeros_like(places), 3)
        total = functional.cross_entropy(scores, shares * functional.one_hot(places, 3) + (1 - shares) * first)
        total.backward()
        return float(total.detach()), [array.grad.numpy() for array in arrays]
    if options.get("truncation"):
        chances = scores.softmax(-1).gather(1, places[:, None])[:, 0]
        losses = (1 - chances ** options["truncation"]) / options["truncation"]
    else:
        smoothing = options.get("smoothing", 0.0)
        losses = functional.cross_entropy(scores, places, reduction="none", label_smoothing=smoothing)
    shares = torch.ones(len(rows)) if weights is None else torch.from_numpy(weights)
    total = (losses * shares).sum() / shares.sum()
    total.backward()
    return float(total.detach()), [array.grad.numpy() for array in arrays]


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 5]),
    st.booleans(),
    st.sampled_from([{}, {"smoothing": 0.2}, {"truncation": 0.7}, {"soft": True}]),
)
def test_losses_and_gradients(seed: int, hidden: int, weighted: bool, options: dict[str, float]) -> None:
    rng = np.random.default_rng(seed)
    rows, right = rng.normal(size=(7, 4)).astype(np.float32), rng.integers(0, 3, 7)
    weights = rng.uniform(0.1, 1, 7).astype(np.float32) if weighted else None
    net = Network(4, hidden, 3, 0.0, rng)
    value, gradient = loss(net.scores(rows), right, weights, **options)
    expected, gradients = by_torch(net, rows, right, weights, **options)
    assert value == pytest.approx(expected, rel=1e-4, abs=1e-5)
    for own, other in zip(net.gradients(gradient), gradients, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("steps", [2, 3, 10, 57])
def test_steps(steps: int) -> None:
    rng = np.random.default_rng(steps)
    start = rng.normal(size=(3, 2)).astype(np.float32)
    own, other = start.copy(), torch.tensor(start, requires_grad=True)
    ours = AdamW([own], rate=0.03, decay=0.1, steps=steps)
    theirs = torch.optim.AdamW([other], lr=0.03, weight_decay=0.1)
    cycle = torch.optim.lr_scheduler.OneCycleLR(theirs, 0.03, total_steps=steps)
    for step in range(steps):
        rate, momentum = one_cycle(step, steps, 0.03)
        group = theirs.param_groups[0]
        assert (rate, momentum) == pytest.approx((group["lr"], group["betas"][0]))
        gradient = rng.normal(size=(3, 2)).astype(np.float32)
        ours.step([gradient])
        other.grad = torch.from_numpy(gradient)
        theirs.step()
        if step + 1 < steps:
            cycle.step()
    np.testing.assert_allclose(own, other.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_dropout_leaves_the_mean_and_its_share() -> None:
    net = Network(3, 400, 400, 0.3, np.random.default_rng(0))
    net.layers[1] = (np.eye(400, dtype=np.float32), np.zeros(400, np.float32))
    rows = np.ones((200, 3), np.float32)
    dropped = net.scores(rows)
    net.dropout = 0.0
    whole = net.scores(rows)
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert dropped.sum() == pytest.approx(whole.sum(), rel=0.03)
