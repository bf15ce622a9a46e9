"""Pairs refuse what cannot be; Pharaoh strings are read as a naive parser reads them."""

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import PairBatch, links_from_pharaoh, scored_links_from_pharaoh


def test_pack_makes_ragged_arrays():
    pairs = PairBatch.pack(
        [(3, 2, [(0, 2)], [(0, 1), (2, 0)]), (0, 4, [], []), (1, 1, [(0, 1), (0, 1)], [(0, 0)])], [[0.5, 1], [], [0]]
    )
    assert len(pairs) == 3
    assert pairs.source_words.tolist() == [3, 0, 1]
    assert pairs.target_words.tolist() == [2, 4, 1]
    assert pairs.entity_ptr.tolist() == [0, 1, 1, 3]
    assert pairs.entity_end.tolist() == [2, 1, 1]
    assert pairs.link_ptr.tolist() == [0, 2, 2, 3]
    assert pairs.link_target.tolist() == [1, 0, 0]
    assert pairs.link_score.tolist() == [0.5, 1.0, 0.0]
    assert len(PairBatch.pack([])) == 0


@pytest.mark.parametrize(
    ("item", "what", "value"),
    [
        ((2, 2, [], [(0, 0), (2, 0)]), "link", (2, 0)),
        ((2, 2, [], [(0, 2)]), "link", (0, 2)),
        ((2, 2, [], [(-1, 0)]), "link", (-1, 0)),
        ((2, 2, [], [(1, 1), (0, 0), (1, 1)]), "repeated link", (1, 1)),
        ((2, 2, [(0, 3)], []), "entity", (0, 3)),
        ((2, 2, [(1, 1)], []), "entity", (1, 1)),
        ((2, 2, [(-1, 1)], []), "entity", (-1, 1)),
        ((0, 2, [(0, 1)], []), "entity", (0, 1)),
        ((2, 0, [(0, 1)], [(0, 0)]), "link", (0, 0)),
        ((-1, 2, [], []), "words", (-1, 2)),
    ],
)
def test_impossible_pairs_are_refused(item, what, value):
    with pytest.raises(MatchingError) as caught:
        PairBatch.pack([(1, 1, [(0, 1)], [(0, 0)]), item])
    assert (caught.value.pair, caught.value.what, caught.value.value) == (1, what, value)
    assert caught.value.hint


@pytest.mark.parametrize("score", [np.nan, np.inf, -0.5])
def test_link_scores_are_finite_and_not_negative(score):
    with pytest.raises(MatchingError) as caught:
        PairBatch.pack([(1, 1, [], [(0, 0)]), (1, 2, [], [(0, 0), (0, 1)])], [[0.5], [0.5, score]])
    assert (caught.value.pair, caught.value.what) == (1, "link_score")


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("entity_ptr", [0, 2, 1], "entity_ptr"),
        ("entity_ptr", [0, 1], "entity_ptr"),
        ("link_ptr", [0, 1, 9], "link_ptr"),
        ("link_ptr", [1, 1, 1], "link_ptr"),
        ("target_words", [1], "target_words"),
        ("link_target", [0, 0], "link_target"),
        ("link_source", [0.5], "link_source"),
        ("link_score", [0.5, 0.5], "link_score"),
        ("source_words", [[1, 1]], "source_words"),
    ],
)
def test_arrays_that_contradict_each_other_are_refused(field, value, what):
    arrays = {
        "source_words": [1, 1],
        "target_words": [1, 1],
        "entity_ptr": [0, 1, 1],
        "entity_start": [0],
        "entity_end": [1],
        "link_ptr": [0, 1, 1],
        "link_source": [0],
        "link_target": [0],
    }
    PairBatch(**arrays)
    with pytest.raises(MatchingError) as caught:
        PairBatch(**arrays | {field: value})
    assert caught.value.what == what


def test_read_only_arrays_are_taken():
    frozen = np.frombuffer(np.array([0], np.int32).tobytes(), np.int32)
    pairs = PairBatch([1], [1], [0, 0], [], [], [0, 1], frozen, frozen)
    assert pairs.link_source.flags.writeable


def test_pharaoh_equals_a_naive_parser():
    random = np.random.default_rng(3)
    links = [
        [tuple(random.integers(0, 10 ** random.integers(1, 6), 2)) for _ in range(random.integers(0, 6))]
        for _ in range(2000)
    ]
    strings = [" ".join(f"{x}-{y}" for x, y in row) for row in links]
    strings[5:8] = ["  1-2   3-4 ", "\t0-0\t", "2147483647-0"]
    links[5:8] = [[(1, 2), (3, 4)], [(0, 0)], [(2147483647, 0)]]
    ptr, source, target = links_from_pharaoh(strings)
    assert ptr.tolist() == np.cumsum([0] + [len(row) for row in links]).tolist()
    assert list(zip(source.tolist(), target.tolist(), strict=True)) == [link for row in links for link in row]


def test_an_empty_batch_of_strings():
    ptr, source, _ = links_from_pharaoh([])
    assert (ptr.tolist(), source.tolist()) == ([0], [])
    assert links_from_pharaoh(["", ""])[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "0-",
        "-1",
        "0-1-2",
        "0-1,2-3",
        "a-b",
        "0 -1",
        "0--1",
        "1-2\n3-4",
        "é-1",
        "0-2147483648",
        "0-99999999999",
        "0-0:0.5",
        "\ud800",
    ],
)
def test_malformed_strings_are_named(text):
    with pytest.raises(MatchingError) as caught:
        links_from_pharaoh(["0-0", "1-1 0-3", text, "0-0"])
    assert (caught.value.item, caught.value.value) == (2, text)


def test_scores_are_read_as_decimals():
    written = ["1", "0.5", ".25", "0.", "3e-05", "1E+2", "12.5e1", "0.30000001"]
    ptr, source, target, score = scored_links_from_pharaoh(
        ["", " ".join(f"{n}-7:{text}" for n, text in enumerate(written))]
    )
    assert ptr.tolist() == [0, 0, len(written)]
    assert source.tolist() == list(range(len(written)))
    assert set(target) == {7}
    assert score.tolist() == pytest.approx([float(text) for text in written], rel=1e-6)


@pytest.mark.parametrize("text", ["0-0", "0-0:", "0-0:.", "0-0:-1", "0-0:1e", "0-0:1.2.3", "0-0:nan", "0-0 :1"])
def test_malformed_scores_are_named(text):
    with pytest.raises(MatchingError) as caught:
        scored_links_from_pharaoh(["0-0:1", text])
    assert (caught.value.item, caught.value.value) == (1, text)


def test_links_below_a_score_are_left_out():
    items = [(3, 3, [(0, 1)], [(0, 0), (1, 2)]), (2, 2, [], []), (2, 2, [(1, 2)], [(0, 1), (1, 0), (1, 1)])]
    pairs = PairBatch.pack(items, [[0.3, 0.29], [], [0.9, 0.1, 0.31]])
    strong = pairs.above(0.3)
    assert strong.link_ptr.tolist() == [0, 1, 1, 3]
    assert list(zip(strong.link_source.tolist(), strong.link_target.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 1)]
    assert strong.entity_ptr.tolist() == pairs.entity_ptr.tolist()
    assert pairs.above(0.0) is pairs
    assert PairBatch.pack(items).above(0.5).link_ptr.tolist() == [0, 2, 2, 5]
