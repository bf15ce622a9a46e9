"""The NER score equals its formula, written out, whatever the labels of the tagger."""

from __future__ import annotations

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates, ngrams
from xprojdb.matching.scores.tagger_probability import ner, tag_columns


def _naive(
    candidates: Candidates,
    pairs: PairBatch,
    label: list[int],
    begin: list[np.ndarray],
    inside: list[np.ndarray],
    alpha: float,
    least: float,
    any_label: bool,
) -> list[float]:
    results = []
    for i in range(len(pairs)):
        for c in range(candidates.ptr[i], candidates.ptr[i + 1]):
            own = label[pairs.entity_ptr[i] + candidates.entity[c]]
            kinds = range(begin[i].shape[1]) if any_label else [own] if own >= 0 else []
            words = range(candidates.start[c] + 1, candidates.end[c])
            means = [
                np.mean([begin[i][candidates.start[c]][k], *(inside[i][word][k] for word in words)]) for k in kinds
            ]
            score = alpha ** (candidates.end[c] - candidates.start[c] - 1) * max(means, default=0.0)
            results.append(score if score >= least else 0.0)
    return results


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_it_is_the_mean_probability_raised_by_length(seed: int) -> None:
    random = np.random.default_rng(seed)
    kinds, sizes = int(random.integers(1, 4)), random.integers(0, 7, random.integers(1, 6)).tolist()
    spans = [[(0, 1), (1, 3), (3, 4)][: random.integers(0, 4)] for _ in sizes]
    pairs = PairBatch.pack([(5, size, own, []) for size, own in zip(sizes, spans, strict=True)])
    candidates = ngrams(pairs, int(random.integers(1, 8)))
    label = random.integers(-1, kinds, len(pairs.entity_start))
    begin, inside = ([random.random((size, kinds)) ** 3 for size in sizes] for _ in range(2))
    alpha, least, any_label = float(random.uniform(0.8, 1.3)), float(random.choice([0.0, 0.05, 0.3])), bool(seed % 2)
    result = ner(pairs, candidates, label, np.concatenate(begin), np.concatenate(inside), alpha, least, any_label)
    expected = _naive(candidates, pairs, label.tolist(), begin, inside, alpha, least, any_label)
    assert result.tolist() == pytest.approx(expected, abs=1e-12)


def test_beginnings_are_read_as_the_encoding_means_them() -> None:
    labels, begin, inside = tag_columns(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
    assert labels == ("LOC", "PER")
    assert begin.T.tolist() == [[0, 0, 0, 1, 0], [0, 1, 0, 0, 0]]
    assert inside.T.tolist() == [[0, 0, 0, 0, 1], [0, 0, 1, 0, 0]]
    one = tag_columns(["B-LOC", "I-LOC", "I-PER", "O"])
    assert one.begin.T.tolist() == [[1, 1, 0, 0], [0, 0, 1, 0]]
    assert one.inside.T.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
    bioes = tag_columns(["O", "B-LOC", "I-LOC", "E-LOC", "S-LOC"])
    assert (bioes.begin.T.tolist(), bioes.inside.T.tolist()) == ([[0, 1, 0, 0, 1]], [[0, 0, 1, 1, 0]])


def test_renamed_labels_are_known_under_both_names() -> None:
    result = tag_columns(["O", "B-GPE", "I-GPE", "B-LOC", "I-LOC"], {"GPE": "LOC"})
    assert result.labels == ("GPE", "LOC")
    assert result.begin.T.tolist() == [[0, 1, 0, 0, 0], [0, 1, 0, 1, 0]]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"begin": np.zeros((3, 2))}, "begin"),
        ({"inside": np.full((4, 2), np.nan)}, "inside"),
        ({"label": [0]}, "label"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], what: str) -> None:
    pairs = PairBatch.pack([(3, 4, [(0, 1), (1, 2)], [])])
    values = {"label": [0, 1], "begin": np.zeros((4, 2)), "inside": np.zeros((4, 2))} | change
    with pytest.raises(MatchingError) as raised:
        ner(pairs, ngrams(pairs, 2), np.array(values["label"]), values["begin"], values["inside"])
    assert raised.value.what == what
