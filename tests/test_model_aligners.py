"""Aligners: parameters, pooling, odd words, and results that do not depend on the batch."""

from __future__ import annotations

import numpy as np
import pytest
from model_checkpoints import tiny_checkpoint

from xprojdb.arrays import Singles
from xprojdb.errors import UsageError
from xprojdb.models.aligners.encoder import EncoderAligner, link_units
from xprojdb.models.aligners.encoder_params import METHODS, AlignerParams
from xprojdb.models.aligners.similarity import batches
from xprojdb.models.encoders.encoder import Encoder, SubwordVectors
from xprojdb.steps.align.encoder import EncoderConfig, aligner_params

RED_BOAT = ["a", "red", "boat"]
BOAT_IS_RED = ["the", "boat", "is", "red"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return Encoder(str(tiny_checkpoint(tmp_path_factory.mktemp("tiny"))), device="cpu")


def params(method: str, pooling: str = "word", transform: str = "none") -> AlignerParams:
    return AlignerParams(method=method, layer=2, pooling=pooling, min_probability=0.01, transform=transform)


def random_units(random: np.random.Generator) -> SubwordVectors:
    count = random.integers(0, 12)
    words = np.sort(random.integers(0, 6, count)).astype(np.int32)
    return SubwordVectors(random.normal(size=(count, 5)).astype(np.float32), words)


@pytest.mark.parametrize("method", METHODS)
def test_links_do_not_depend_on_the_batch(method: str) -> None:
    random = np.random.default_rng(2)
    left, right = [random_units(random) for _ in range(200)], [random_units(random) for _ in range(200)]
    together = link_units(left, right, params(method))
    for one, other, links in zip(left, right, together, strict=True):
        (alone,) = link_units([one], [other], params(method))
        np.testing.assert_array_equal(alone.pairs, links.pairs)
        # A sum of another order may differ by the last bits of a number near 1.
        np.testing.assert_allclose(alone.scores, links.scores, rtol=1e-5, atol=2**-22)


@pytest.mark.parametrize("method", METHODS)
def test_words_are_linked_when_any_of_their_subwords_are_and_keep_the_best_score(method: str) -> None:
    random = np.random.default_rng(8)
    several = 0
    for _ in range(200):
        left, right = random_units(random), random_units(random)
        own = [SubwordVectors(side.vectors, np.arange(len(side.words), dtype=np.int32)) for side in (left, right)]
        (pieces,) = link_units([own[0]], [own[1]], params(method))
        best: dict[tuple[int, int], float] = {}
        for (i, j), score in zip(pieces.pairs.tolist(), pieces.scores.tolist(), strict=True):
            pair = (int(left.words[i]), int(right.words[j]))
            best[pair] = max(score, best.get(pair, 0.0))
        (links,) = link_units([left], [right], params(method))
        assert list(map(tuple, links.pairs.tolist())) == sorted(best)
        np.testing.assert_allclose(links.scores, [best[pair] for pair in sorted(best)], rtol=1e-6)
        several += len(pieces.pairs) > len(links.pairs)
    assert several > 5


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["word", "subword"])
@pytest.mark.parametrize("method", METHODS)
def test_empty_sentences_and_empty_words_have_no_links(encoder: Encoder, method: str, pooling: str) -> None:
    aligner = EncoderAligner(encoder, params(method, pooling))
    pairs = [([], ["boat"]), (["boat"], []), ([], []), ([""], ["boat"]), (["boat", "", "ox"], ["", "boat"])]
    *nothing, some = aligner.align(pairs)
    assert [links.pairs.shape for links in nothing] == [(0, 2)] * 4
    assert len(some.pairs) > 0
    assert 1 not in some.pairs[:, 0]
    assert 0 not in some.pairs[:, 1]


@pytest.mark.parametrize("method", METHODS)
def test_types_and_order(encoder: Encoder, method: str) -> None:
    (links,) = EncoderAligner(encoder, params(method)).align([(RED_BOAT, BOAT_IS_RED)])
    assert (links.pairs.dtype, links.scores.dtype) == (np.int32, np.float32)
    assert len(links.pairs) == len(links.scores) > 0
    assert links.pairs.tolist() == sorted(links.pairs.tolist())
    assert 0 <= links.scores.min() <= links.scores.max() <= 1 + 1e-6


def test_same_sentence_on_both_sides_links_word_by_word(encoder: Encoder) -> None:
    words = ["the", "red", "house", "and", "a", "boat"]
    (links,) = EncoderAligner(encoder, params("itermax")).align([(words, words)])
    assert links.pairs.tolist() == [[at, at] for at in range(6)]


def test_more_pairs_than_one_block(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(["boat"] * (1 + at % 3), ["house", "ox"]) for at in range(20)]
    aligner = EncoderAligner(encoder, params("argmax"))
    whole = aligner.align(pairs)
    monkeypatch.setattr("xprojdb.models.aligners.encoder._PAIRS_AT_ONCE", 7)
    for one, other in zip(whole, aligner.align(pairs), strict=True):
        np.testing.assert_array_equal(one.pairs, other.pairs)


def _less_mean(vectors: Singles) -> Singles:
    less: Singles = vectors - vectors.mean(0)
    return less


def test_transform_sees_the_vectors_that_are_aligned(encoder: Encoder) -> None:
    pair = (RED_BOAT, BOAT_IS_RED)
    (by_name,) = EncoderAligner(encoder, params("softmax", transform="centre")).align([pair])
    fitted = EncoderAligner(encoder, params("softmax"), transforms=(_less_mean, _less_mean))
    (by_hand,) = fitted.align([pair])
    (plain,) = EncoderAligner(encoder, params("softmax")).align([pair])
    np.testing.assert_array_equal(by_name.scores, by_hand.scores)
    assert plain.scores.tolist() != by_name.scores.tolist()


def test_the_defaults_are_those_of_recipes() -> None:
    assert EncoderConfig.variant == "encoder"
    assert AlignerParams(**aligner_params(EncoderConfig())) == AlignerParams()
    assert AlignerParams() == AlignerParams("soft", 7, "word", 0.01)


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("method", "itrmax"),
        ("pooling", "sub"),
        ("transform", "x"),
        ("min_probability", 1.5),
        ("layer", -1),
    ],
)
def test_impossible_params_are_refused(param: str, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        AlignerParams(**{param: value})
    assert (caught.value.param, caught.value.value) == (param, value)
    assert caught.value.known


def test_batches_hold_every_pair_once_within_the_budget() -> None:
    random = np.random.default_rng(6)
    rows, columns = random.integers(1, 40, 300), random.integers(1, 40, 300)
    result = list(batches(rows, columns, cells=3000))
    assert sorted(np.concatenate(result).tolist()) == list(range(300))
    assert all(len(batch) == 1 or len(batch) * rows[batch].max() * columns[batch].max() <= 3000 for batch in result)
    assert [len(batch) for batch in batches(np.array([100, 100]), np.array([100, 100]), cells=10)] == [1, 1]
