"""The layouts of published corpora, with their faults, read as a plain reader of each layout reads them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xprojdb as xp
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


#: of each layout: the separator, the columns of words and tags, and what stands before words
PLAIN = {
    "masakhaner": (" ", 0, 1, ""),
    "wnut-17": ("\t", 0, 1, ""),
    "wikiann": ("\t", 0, 1, "sw:"),
    "germeval": ("\t", 1, 2, ""),
    "uner": ("\t", 1, 2, ""),
    "hipe": ("\t", 0, 1, ""),
}


def plain_reader(text, separator, word, tag, prefix):
    """Words and tags of a file whose sentences are separated by lines without a word."""
    found, own = [], []
    for line in [*text.split("\n"), ""]:
        cells = line.split(separator)
        # Comments, names of columns and ranges of words; a word # has a tag behind it.
        comment = separator == "\t" and line.startswith(("# ", "#\thttp"))
        if cells[0] == "TOKEN" or comment or cells[0] == "1-2":
            continue
        if len(cells) > tag and cells[tag]:
            own += [(cells[word].removeprefix(prefix), cells[tag])] if cells[word] != prefix else []
        elif own:
            found.append(([name for name, _ in own], [label for _, label in own]))
            own = []
    return found


#: two sentences with a lost word, quotes, adjacent entities and a word that looks like a comment
SAMPLE = [
    Sentence(["Asha", None, '""""', "Mwanza", "日本"], ["B-PER", "O", "O", "B-LOC", "B-LOC"]),
    Sentence(["‘yan", "Dar", "es", "Salaam", "#"], ["O", "B-LOC", "I-LOC", "I-LOC", "O"]),
]


def test_published_layouts_come_out_of_the_database_as_a_plain_reader_reads_them(sqlite_database, tmp_path):
    db, expected = xp.Database(sqlite_database), {}
    for layout, (write, options) in LAYOUTS.items():
        path, english = tmp_path / f"{layout}.tsv", tmp_path / f"{layout}.en.conll"
        path.write_text(write(SAMPLE), encoding="utf-8")
        expected[layout] = plain_reader(path.read_text(encoding="utf-8"), *PLAIN[layout])
        assert expected[layout] == plain(SAMPLE)
        heads = [f"# id = set {number}\n" if layout == "uner" else "" for number in range(len(SAMPLE))]
        english.write_text("".join(f"{head}Mwanza\tB-LOC\nfar\tO\n\n" for head in heads), encoding="utf-8")
        db.import_conll(path, corpus=layout, lang="sw", part="all", **options)
        db.import_conll(english, corpus=layout, lang="en", part="all")
        db.join(layout, ["en", "sw"])
    links, scorers = {"aligner": "equal_words"}, [{"type": "link_mass"}]
    recipe = xp.Recipe(name="all", corpora=list(LAYOUTS), source=["en"], target=["sw"], align=links, scorer=scorers)
    db.run(recipe).export(tmp_path / "out", "conll", ids=True, gold_splits=["all"])
    out = {layout: [] for layout in LAYOUTS}
    for block in (tmp_path / "out" / "sw.train.conll").read_text(encoding="utf-8").strip("\n").split("\n\n"):
        head, _, body = block.partition("\n")
        out[head.removeprefix("# id = ").partition("/")[0]] += plain_reader(body, *PLAIN["wnut-17"])
    assert out == expected
