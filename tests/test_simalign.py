"""Links equal those of the simalign package (0.4), link for link."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from model_checkpoints import e5_encoder, e5_folder, word_pairs

from xprojdb.models.aligners.encoder import EncoderAligner, link_units
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.encoders.encoder import SubwordVectors

simalign = pytest.importorskip("simalign", reason="compares with the simalign package: pip install simalign==0.4")
Reference = simalign.SentenceAligner
METHODS = {"argmax": "inter", "itermax": "itermax", "mwmf": "mwmf"}


def reference_matrix(method: str, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    similarity = Reference.get_similarity(left, right)
    if method == "mwmf":
        return Reference.get_max_weight_match(similarity)
    if method == "itermax":
        return Reference.iter_max(similarity)
    forward, backward = Reference.get_alignment_matrix(similarity)
    return forward * backward


def units(vectors: np.ndarray) -> SubwordVectors:
    return SubwordVectors(vectors, np.arange(len(vectors), dtype=np.int32))


def random_sides(seed: int, spread: float) -> Callable[[], np.ndarray]:
    random = np.random.default_rng(seed)
    common = random.normal(size=12)

    def side() -> np.ndarray:
        return (common + spread * random.normal(size=(random.integers(1, 14), 12))).astype(np.float32)

    return side


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("spread", [0.2, 3.0])
def test_random_vectors(method: str, spread: float) -> None:
    side = random_sides(11, spread)
    left, right = [side() for _ in range(300)], [side() for _ in range(300)]
    result = link_units([units(v) for v in left], [units(v) for v in right], AlignerParams(method=method))
    for left_vectors, right_vectors, links in zip(left, right, result, strict=True):
        expected = np.argwhere(reference_matrix(method, left_vectors, right_vectors) > 0)
        np.testing.assert_array_equal(links.pairs, expected)


@pytest.mark.parametrize("method", METHODS)
def test_scores_are_similarities(method: str) -> None:
    side = random_sides(5, 1.0)
    left, right = side(), side()
    (links,) = link_units([units(left)], [units(right)], AlignerParams(method=method))
    similarity = Reference.get_similarity(left, right)
    assert links.scores.dtype == np.float32
    np.testing.assert_allclose(links.scores, similarity[tuple(links.pairs.T)], rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("pooling", "token_type"), [("word", "word"), ("subword", "bpe")])
def test_real_sentences(pooling: str, token_type: str) -> None:
    theirs = Reference(model=str(e5_folder()), token_type=token_type, matching_methods="mai", layer=7)
    expected = [theirs.get_word_aligns(left, right) for left, right in word_pairs()]
    for method, name in METHODS.items():
        ours = EncoderAligner(e5_encoder(), AlignerParams(method=method, layer=7, pooling=pooling)).align(word_pairs())
        assert [list(map(tuple, links.pairs.tolist())) for links in ours] == [links[name] for links in expected]
