import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xprojdb.errors import UsageError
from xprojdb.models.aligners.equal_words import EqualWordsAligner, EqualWordsParams
from xprojdb.text.normalization import fold

WORDS = st.lists(st.sampled_from(["Ana", "ana", "Turín", "Turin", "12", "die", ".", "город", "東"]), max_size=8)


def links(left, right, **params):
    (link,) = EqualWordsAligner(EqualWordsParams(**params)).align([(left.split(), right.split())])
    return {(*pair, round(score, 3)) for pair, score in zip(link.pairs.tolist(), link.scores.tolist(), strict=True)}


def test_names_and_numbers_are_linked_and_nothing_else():
    assert links("Ana die 12 boats .", "12 die ANÁ .") == {(0, 2, 1.0), (2, 0, 1.0)}


def test_all_words():
    assert links("die a .", ". die", words="all") == {(0, 1, 1.0), (2, 0, 1.0)}


def test_scripts_without_capitals_have_names_too():
    assert links("東京 met", "x 東京") == {(0, 1, 1.0)}


def test_a_word_that_recurs_goes_to_the_nearest_place():
    assert links("Ana x x x Ana", "Ana y y Ana y") == {(0, 0, 1.0), (4, 3, 0.8)}
    assert links("Ana x x x Ana", "y y y Ana y") == {(4, 3, 0.8)}
    assert links("Ana x Ana Bo", "Bo Ana", repeats="skip") == {(3, 0, 1.0)}


@settings(deadline=None)
@given(WORDS, WORDS, st.sampled_from(["nearest", "skip"]))
def test_links_are_one_to_one_between_equal_words(left, right, repeats):
    (link,) = EqualWordsAligner(EqualWordsParams("all", repeats)).align([(left, right)])
    pairs = link.pairs.tolist()
    assert pairs == sorted(pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(fold(left[i]) == fold(right[j]) for i, j in pairs)
    assert ((link.scores > 0) & (link.scores <= 1)).all()
    if repeats == "nearest":
        ours, theirs = [fold(word) for word in left], [fold(word) for word in right]
        assert len(pairs) == sum(min(ours.count(word), theirs.count(word)) for word in set(ours))


@pytest.mark.parametrize(("param", "value"), [("words", "some"), ("repeats", "first")])
def test_impossible_values(param, value):
    with pytest.raises(UsageError) as caught:
        EqualWordsParams(**{param: value})
    assert (caught.value.param, caught.value.value) == (param, value)
