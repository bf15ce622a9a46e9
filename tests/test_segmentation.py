"""Words over the units of Chinese, Japanese and Thai data sets, and links of words as links of units."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xprojdb.errors import MissingExtra
from xprojdb.models.aligners.segmented import UnitAligner, links_of_units
from xprojdb.models.aligners.word_links import Links
from xprojdb.text.segmentation import segment, segmenter_revision, words_of
from xprojdb.text.words import split_words

SEGMENTERS = {"zh": "jieba", "ja": "fugashi", "th": "pythainlp"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        ("zh", "王小明在北京大学工作。", ["王小明", "在", "北京大学", "工作", "。"]),
        ("ja", "東京で働いています。", ["東京", "で", "働い", "て", "い", "ます", "。"]),
        ("th", "เขาทำงานที่กรุงเทพมหานคร", ["เขา", "ทำงาน", "ที่", "กรุงเทพมหานคร"]),
        ("zh", "我用New York地图2024年", ["我用", "New", "York", "地图", "2024", "年"]),
    ],
)
def test_characters_become_words(code, text, words):
    pytest.importorskip(SEGMENTERS[code])
    units = [word.word for word in split_words(text, code)]
    assert words_of(units, segment(units, code)) == words


ALPHABET = "王北京大学。，ab1 のカナใกล้กรุง"


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(ALPHABET, min_size=1, max_size=3), max_size=9), st.sampled_from(sorted(SEGMENTERS)))
def test_groups_cover_all_units_in_order(units, code):
    pytest.importorskip(SEGMENTERS[code])
    groups = segment(units, code)
    assert [unit for group in groups for unit in group] == list(range(len(units)))
    assert all(groups)


@given(st.lists(st.integers(1, 3), max_size=5), st.lists(st.integers(1, 3), max_size=5), st.data())
def test_links_of_words_hold_for_all_their_units(left, right, data):
    ours, theirs = groups(left), groups(right)
    cells = [(i, j) for i in range(len(ours)) for j in range(len(theirs))]
    chosen = sorted(data.draw(st.sets(st.sampled_from(cells)))) if cells else []
    scores = np.linspace(0.1, 1, len(chosen)).astype(np.float32)
    result = links_of_units(Links(np.array(chosen, np.int32).reshape(-1, 2), scores), ours, theirs)
    expected = {
        (unit, other): score
        for (i, j), score in zip(chosen, scores.tolist(), strict=True)
        for unit in ours[i]
        for other in theirs[j]
    }
    assert [tuple(pair) for pair in result.pairs.tolist()] == sorted(expected)
    assert result.scores.tolist() == [expected[cell] for cell in sorted(expected)]


def groups(sizes):
    ends = np.cumsum(sizes, dtype=int).tolist()
    return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]


class FirstToFirst:
    """Links the first words, and keeps what it was told."""

    def align(self, pairs):
        self.told = list(pairs)
        one = Links(np.zeros((1, 2), np.int32), np.array([0.75], np.float32))
        return [one if all(pair) else Links(one.pairs[:0], one.scores[:0]) for pair in pairs]


def test_an_aligner_is_told_words_and_gives_links_of_units():
    pytest.importorskip("jieba")
    inner = FirstToFirst()
    links = UnitAligner(inner, None, "zh").align([(["Peking", "liegt"], [*"北京在"]), ([], [*"北京"])])
    assert inner.told == [(["Peking", "liegt"], ["北京", "在"]), ([], ["北京"])]
    assert links[0].pairs.tolist() == [[0, 0], [0, 1]] and links[0].scores.tolist() == [0.75, 0.75]
    assert not len(links[1].pairs)


def test_languages_of_words_need_no_segmenter():
    assert segmenter_revision("de") is segmenter_revision("ko") is segmenter_revision("my") is None


def test_the_revision_names_versions():
    pytest.importorskip("jieba")
    assert segmenter_revision("zho_Hans").startswith("jieba 0")


@pytest.mark.parametrize(("code", "module"), SEGMENTERS.items())
def test_without_a_segmenter(monkeypatch, code, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra) as caught:
        segmenter_revision(code)
    assert (caught.value.module, caught.value.extra) == (module, "cjk")
