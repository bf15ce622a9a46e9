"""Links equal those of the awesome-align package (0.1.7), link for link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from model_checkpoints import e5_encoder, e5_folder, word_pairs

from xprojdb.models.aligners.encoder import EncoderAligner, link_units
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.encoders.encoder import SubwordVectors

modeling = pytest.importorskip(
    "awesome_align.modeling", reason="compares with the awesome-align package: pip install awesome-align==0.1.7"
)
torch = pytest.importorskip("torch")
PAD, CLS, SEP, WORD = 1, 0, 2, 9
METHODS = [("softmax", 0.001), ("softmax", 0.1), ("entmax15", 0.0)]


@pytest.fixture(autouse=True)
def special_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PAD_ID": PAD, "CLS_ID": CLS, "SEP_ID": SEP}.items():
        monkeypatch.setattr(modeling, name, value)


def reference_links(method: str, threshold: float, left: Sequence[Any], right: Sequence[Any]) -> list[np.ndarray]:
    """Index pairs that the package's head links, for float tensors (sub-words, hidden) without special tokens."""
    states = [framed(side) for side in (left, right)]
    ids = [framed_ids(side) for side in (left, right)]
    head = modeling.BertGuideHead(None)
    links = head(*states, *ids, extraction=method, softmax_threshold=threshold)[:, 0, 1:-1, 1:-1]
    return [np.argwhere(matrix.numpy()) for matrix in links]


def framed(side: Sequence[Any]) -> Any:
    padded = torch.nn.utils.rnn.pad_sequence([torch.as_tensor(v) for v in side], batch_first=True)
    return torch.nn.functional.pad(padded, (0, 0, 1, 1))


def framed_ids(side: Sequence[Any]) -> Any:
    ids = torch.full((len(side), max(map(len, side)) + 2), PAD)
    for row, vectors in zip(ids, side, strict=True):
        row[0], row[1 : len(vectors) + 1], row[len(vectors) + 1] = CLS, WORD, SEP
    return ids


def units(vectors: np.ndarray) -> SubwordVectors:
    return SubwordVectors(vectors, np.arange(len(vectors), dtype=np.int32))


@pytest.mark.parametrize(("method", "threshold"), METHODS)
@pytest.mark.parametrize("scale", [0.3, 2.0])
def test_random_vectors(method: str, threshold: float, scale: float) -> None:
    random = np.random.default_rng(23)
    left, right = (
        [(scale * random.normal(size=(random.integers(1, 14), 12))).astype(np.float32) for _ in range(300)]
        for _ in range(2)
    )
    params = AlignerParams(method=method, min_probability=threshold)
    result = link_units([units(v) for v in left], [units(v) for v in right], params)
    for links, expected in zip(result, reference_links(method, threshold, left, right), strict=True):
        np.testing.assert_array_equal(links.pairs, expected)


def test_scores_are_geometric_means_of_both_softmaxes() -> None:
    random = np.random.default_rng(4)
    left, right = random.normal(size=(5, 6)).astype(np.float32), random.normal(size=(4, 6)).astype(np.float32)
    (links,) = link_units([units(left)], [units(right)], AlignerParams(method="softmax", min_probability=0.0))
    raised = np.exp(left.astype(np.float64) @ right.T.astype(np.float64))
    expected = np.sqrt(raised / raised.sum(0) * raised / raised.sum(1, keepdims=True))
    np.testing.assert_allclose(links.scores, expected.ravel(), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "threshold"), METHODS)
def test_real_sentences(method: str, threshold: float) -> None:
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(e5_folder(), add_pooling_layer=False).eval()
    tokenizer = AutoTokenizer.from_pretrained(e5_folder())
    states, words = [], []
    for sentence in (words for pair in word_pairs() for words in pair):
        inputs = tokenizer(sentence, is_split_into_words=True, return_tensors="pt")
        with torch.inference_mode():
            states.append(model(**inputs, output_hidden_states=True).hidden_states[7][0, 1:-1])
        words.append(inputs.word_ids()[1:-1])
    linked = reference_links(method, threshold, states[::2], states[1::2])
    expected = [
        sorted({(left[i], right[j]) for i, j in cells.tolist()})
        for left, right, cells in zip(words[::2], words[1::2], linked, strict=True)
    ]
    params = AlignerParams(method=method, layer=7, pooling="subword", min_probability=threshold)
    ours = EncoderAligner(e5_encoder(), params).align(word_pairs())
    assert [list(map(tuple, links.pairs.tolist())) for links in ours] == expected
