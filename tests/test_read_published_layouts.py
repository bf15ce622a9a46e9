"""The layouts of published corpora, with their faults, read as a plain reader of each layout reads them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xprojdb.readers import Notes, read
from xprojdb.text.spans import tags_from_spans

WORDS = ["Asha", "anaishi", "Mwanza", '""""', "2024", "#", ":", "O", "‘yan", "-", "3:2", "日本"]


@dataclass(frozen=True)
class Sentence:
    """Words, where None is a line that has lost its word, with their tags."""

    words: list[str | None]
    tags: list[str]


@st.composite
def sentences(draw):
    words = draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=9))
    tags, at = [], 0
    while at < len(words):
        size = draw(st.integers(1, min(3, len(words) - at)))
        label = draw(st.sampled_from([None, None, "LOC", "PER"]))
        tags += ["O"] * size if label is None else [f"B-{label}", *[f"I-{label}"] * (size - 1)]
        at += size
    lost = [draw(st.integers(0, 9)) == 0 and tag == "O" and at > 0 for at, tag in enumerate(tags)]
    return Sentence([None if gone else word for gone, word in zip(lost, words, strict=True)], tags)


CORPORA = st.lists(sentences(), min_size=2, max_size=8).filter(
    lambda every: {"O"} < {tag for sentence in every for tag in sentence.tags}
)


def rows(sentence):
    return zip(sentence.words, sentence.tags, strict=True)


def masakhaner(every):
    return "\n".join("".join(f"{word or ''} {tag}\n" for word, tag in rows(one)) for one in every)


def wnut(every):
    return "\t\n".join("".join(f"{word or ''}\t{tag}\n" for word, tag in rows(one)) for one in every)


def wikiann(every):
    return "\n".join("".join(f"sw:{word or ''}\t{tag}\n" for word, tag in rows(one)) for one in every)


def germeval(every):
    out = ""
    for number, one in enumerate(every):
        out += f"#\thttp://example.org/{number}\t[2012-01-01]\t\n"
        out += "".join(f"{at}\t{word or ''}\t{tag}\tO\n" for at, (word, tag) in enumerate(rows(one), 1)) + "\n"
    return out


def uner(every):
    out = ""
    for number, one in enumerate(every):
        out += f"# sent_id = set {number}\n# text = no matter\n1-2\tzum\t_\t_\t_\n"
        out += "".join(f"{at}\t{word or ''}\t{tag}\t-\tann\n" for at, (word, tag) in enumerate(rows(one), 1)) + "\n"
    return out


def hipe(every):
    out = "TOKEN\tNE-COARSE-LIT\tNE-NESTED\tMISC\n"
    for number, one in enumerate(every):
        out += f"# language = de\n# segment_iiif_link = {number}\n"
        out += "".join(f"{word or ''}\t{tag}\tO\tNoSpaceAfter\n" for word, tag in rows(one)) + "\n"
    return out


LAYOUTS = {
    "masakhaner": (masakhaner, {}),
    "wnut-17": (wnut, {}),
    "wikiann": (wikiann, {}),
    "germeval": (germeval, {"column": 2}),
    "uner": (uner, {}),
    "hipe": (hipe, {"column": "NE-COARSE-LIT"}),
}


def plain(every):
    """Words and tags of each sentence, without the lines that have no word."""
    kept = [[(word, tag) for word, tag in rows(one) if word is not None] for one in every]
    return [([word for word, _ in one], [tag for _, tag in one]) for one in kept]


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(every=CORPORA)
def test_words_and_tags_in_are_words_and_tags_out(tmp_path, layout, every):
    write, options = LAYOUTS[layout]
    path = tmp_path / "corpus.tsv"
    path.write_text(write(every), encoding="utf-8")
    notes = Notes()
    records = list(read(path, "sw", "conll", notes, **options))
    expected = plain(every)
    assert [list(record.words) for record in records] == [words for words, _ in expected]
    spans = [tags_from_spans(len(record.words), record.entities) for record in records]
    # A line that is left out may be the only O between two entities of one type, which stay two.
    assert spans == [tags for _, tags in expected]
    assert notes.count("wordless-line") == sum(word is None for one in every for word in one.words)
