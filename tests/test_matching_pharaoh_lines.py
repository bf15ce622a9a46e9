"""Files of links, read many lines at once: what they say is what a reader of one line at a time finds."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xprojdb.matching.pharaoh.lines import LinkLines, link_texts, read_link_lines
from xprojdb.models.aligners.word_links import Links, format_links
from xprojdb.readers.parallel.alignments import read_alignments
from xprojdb.readers.records import ReadError

LINK = re.compile(r"(\d{1,6})-(\d{1,6})(?::(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?))?", re.ASCII)

word = st.one_of(st.integers(0, 12), st.integers(0, 999_999)).map(str)
decimal = st.one_of(
    st.floats(0, 1).map(lambda score: f"{score:.4g}"),
    st.floats(0, 1).map(repr),
    st.sampled_from(
        ["0", "1", "1.", "0.40", "00.5", "1e0", "3E-05", "0.3e+0", "5e-324", "1e-30", "0." + "0" * 20 + "1"]
    ),
)
link = st.tuples(word, word, st.one_of(st.just(""), decimal.map(":".__add__))).map(lambda it: f"{it[0]}-{it[1]}{it[2]}")
line = st.lists(link, max_size=6).flatmap(
    lambda links: st.sampled_from([" ", "  ", "\t", " \u00a0"]).map(lambda s: s.join(links))
)
broken = st.sampled_from(
    ["0-", "-1", "a-0", "0-0:", "0-0:1.5", "0-0:.5", "0-0:-1", "1234567-0", "0-0:1e", "0-0:nan", "٣-0"]
)


def expected(text: str) -> list[tuple[int, int, float]]:
    """The links of a line, by the definition."""
    results: dict[tuple[int, int], float] = {}
    for part in text.split():
        match = LINK.fullmatch(part)
        assert match is not None and (match[3] is None or float(match[3]) <= 1)
        cell = int(match[1]), int(match[2])
        results[cell] = max(float(match[3] or 1), results.get(cell, 0.0))
    return [(*cell, score) for cell, score in sorted(results.items())]


def stored(links: list[tuple[int, int, float]]) -> str:
    pairs = np.array([cell[:2] for cell in links], np.int32).reshape(-1, 2)
    return format_links(Links(pairs, np.array([cell[2] for cell in links], np.float32)))


def read(path: Path, text: str) -> list[tuple[LinkLines, int]]:
    path.write_text(text, encoding="utf-8")
    return [(block.links, block.first) for block in read_alignments(path)]


@pytest.mark.slow
@given(st.lists(line, min_size=1, max_size=8))
@settings(deadline=None, max_examples=300)
def test_lines_are_stored_as_when_read_one_by_one(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    [(links, first)] = read(tmp_path_factory.mktemp("links") / "x", "\n".join(lines) + "\n")
    assert (first, len(links.ptr)) == (1, len(lines) + 1)
    assert link_texts(links) == [stored(expected(text)) for text in lines]
    swap = np.arange(len(lines)) % 2 == 0
    turned = [sorted((b, a, score) for a, b, score in expected(text)) for text in lines]
    storeds = [stored(turned[n] if swap[n] else expected(text)) for n, text in enumerate(lines)]
    assert link_texts(links.swapped(swap)) == storeds


@given(st.lists(line, max_size=5), st.lists(link, max_size=2), broken)
@settings(deadline=None)
def test_a_malformed_line_is_named(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], links: list[str], wrong: str
) -> None:
    text = "\n".join([*lines, " ".join([*links, wrong]), *lines]) + "\n"
    with pytest.raises(ReadError) as caught:
        read(tmp_path_factory.mktemp("links") / "x", text)
    assert (caught.value.reason, caught.value.line) == ("pharaoh", len(lines) + 1)


def test_plain_lines_are_read_in_one_piece() -> None:
    links = read_link_lines("1-0:0.5 0-1\n\n0-0:3e-05\n", 3)
    assert links is not None
    assert (links.ptr.tolist(), links.left.tolist(), links.right.tolist()) == ([0, 2, 2, 3], [0, 1, 0], [1, 0, 0])
    assert links.score.tolist() == [1.0, 0.5, float(np.float32(3e-05))]
    assert read_link_lines("0-0:0.1234567890123456789\n", 1) is None


@pytest.mark.parametrize("end", ["\n", ""])
def test_blocks_say_where_they_begin(tmp_path: Path, end: str) -> None:
    content = read(tmp_path / "x", "\n".join(["0-0"] * 12_345) + end)
    counts = [len(links.ptr) - 1 for links, _ in content]
    assert max(counts) == 5_000
    assert [first for _, first in content] == [1 + sum(counts[:n]) for n in range(len(counts))]
    assert sum(counts) == 12_345
