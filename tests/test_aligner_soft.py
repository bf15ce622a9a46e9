"""The soft links: every link with its probability, against a naive reference."""

from __future__ import annotations

import numpy as np
import pytest

from xprojdb.errors import UsageError
from xprojdb.models.aligners.encoder import link_units
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.encoders.encoder import SubwordVectors


def _units(vectors: np.ndarray) -> SubwordVectors:
    return SubwordVectors(vectors, np.arange(len(vectors), dtype=np.int32))


def _naive(left: np.ndarray, right: np.ndarray, temperature: float, threshold: float) -> dict[tuple[int, int], float]:
    results = {}
    cosine = [[float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for b in right] for a in left]
    raised = np.exp(np.array(cosine) / temperature)
    for i in range(len(left)):
        for j in range(len(right)):
            probability = np.sqrt(raised[i, j] / raised[i].sum() * raised[i, j] / raised[:, j].sum())
            if probability > threshold:
                results[i, j] = float(probability)
    return results


@pytest.mark.parametrize(("temperature", "threshold"), [(0.04, 0.01), (0.2, 0.0), (0.5, 0.2)])
def test_soft_links_equal_the_formula(temperature: float, threshold: float) -> None:
    random = np.random.default_rng(3)
    sizes = random.integers(1, 12, (30, 2))
    left = [random.normal(size=(n, 8)).astype(np.float32) for n, _ in sizes]
    right = [random.normal(size=(m, 8)).astype(np.float32) for _, m in sizes]
    params = AlignerParams(method="soft", temperature=temperature, min_probability=threshold)
    links = link_units([_units(v) for v in left], [_units(v) for v in right], params)
    for result, one, other in zip(links, left, right, strict=True):
        expected = _naive(one, other, temperature, threshold)
        assert {tuple(pair) for pair in result.pairs.tolist()} == set(expected)
        for pair, score in zip(result.pairs.tolist(), result.scores.tolist(), strict=True):
            assert score == pytest.approx(expected[tuple(pair)], abs=1e-4)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_must_be_positive(temperature: float) -> None:
    with pytest.raises(UsageError) as caught:
        AlignerParams(method="soft", temperature=temperature)
    assert caught.value.param == "temperature"
