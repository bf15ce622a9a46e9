"""TMX and XLIFF: translation units of two languages, read as two files that are parallel."""

import gzip
import tracemalloc
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xprojdb.readers import Notes, ReadError, format_of, read

TMX = """<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en-US"><prop type="x">no text</prop></header><body>
<tu tuid="u1"><note>about it</note>
<tuv xml:lang="en-US"><seg>Mara <bpt i="1">&lt;b&gt;</bpt>rests<ept i="1">&lt;/b&gt;</ept> &amp; waits.</seg></tuv>
<tuv xml:lang="DE-de"><seg>Mara ruht <hi>und</hi> wartet.</seg></tuv></tu>
<tu tuid="u2"><tuv xml:lang="en"><seg>Nobody.</seg></tuv></tu>
<tu tuid="u3"><tuv xml:lang="en"><seg> </seg></tuv><tuv xml:lang="de"><seg>Leer</seg></tuv></tu>
<tu><tuv lang="en"><seg>Yes.</seg></tuv><tuv lang="en-GB"><seg>Aye.</seg></tuv><tuv lang="de"><seg>Ja.</seg></tuv>
<tuv lang="tlh-x"><seg>HIja'</seg></tuv></tu>
</body></tmx>
"""
XLIFF1 = """<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file source-language="en" target-language="de" original="a"><body>
<trans-unit id="1"><source>Mara <g id="1">rests</g><x id="2"/>.</source><target>Mara ruht.</target>
<alt-trans><source>Otto</source><target>Otto!</target></alt-trans></trans-unit>
<trans-unit id="2"><source>Later</source></trans-unit></body></file>
<file source-language="en" target-language="de" original="b"><body>
<trans-unit id="1"><source>Yes.</source><target>Ja.</target></trans-unit></body></file></xliff>
"""
XLIFF2 = """<xliff version="2.0" srcLang="en" trgLang="de" xmlns="urn:oasis:names:tc:xliff:document:2.0"><file id="f">
<unit id="7"><segment><source>Mara <pc id="1">rests</pc>.</source><target>Mara ruht.</target></segment>
<ignorable><source> </source></ignorable>
<segment><source>Yes<cp hex="0021"/></source><target>Ja!</target></segment></unit></file></xliff>
"""


def put(folder, content, name="m.xml"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def load(path, lang, notes=None, languages=("en", "de"), **options):
    return list(read(path, lang, notes=notes, languages=languages, **options))


def texts(path, **options):
    """Both languages, by id."""
    return [
        (left.external_id, left.text, right.text)
        for left, right in zip(load(path, "en", **options), load(path, "de", **options), strict=True)
    ]


def fault(path, lang="en", **options):
    with pytest.raises(ReadError) as caught:
        load(path, lang, **options)
    assert caught.value.file == str(path)
    return caught.value


def test_tmx(tmp_path):
    path = put(tmp_path, TMX)
    assert format_of(path) == "memory"
    assert texts(path) == [("u1", "Mara rests & waits.", "Mara ruht und wartet."), (None, "Yes.", "Ja.")]
    assert texts(path, ids=False)[0][0] is None
    notes = Notes()
    records = load(path, "de", notes)
    assert [record.line for record in records] == [4, 9]
    assert {code: (note.count, note.line) for code, note in notes} == {"no-text": (2, 7), "double-text": (1, 9)}
    assert [record.text for record in load(path, "en", languages=("en",))] == [
        "Mara rests & waits.",
        "Nobody.",
        "Yes.",
    ]


def test_xliff_1(tmp_path):
    notes = Notes()
    path = put(tmp_path, XLIFF1)
    assert texts(path) == [("1", "Mara rests.", "Mara ruht."), ("2/1", "Yes.", "Ja.")]
    load(path, "en", notes)
    assert notes.count("no-text") == 1


def test_xliff_2(tmp_path):
    assert texts(put(tmp_path, XLIFF2)) == [("7", "Mara rests.", "Mara ruht."), ("7.2", "Yes!", "Ja!")]


@pytest.mark.parametrize("content", [TMX, XLIFF1])
def test_packed_and_in_utf_16(tmp_path, content):
    plain = texts(put(tmp_path, content))
    assert texts(put(tmp_path, gzip.compress(content.encode()), "m.tmx.gz")) == plain
    assert texts(put(tmp_path, content.replace('<?xml version="1.0"?>', "").encode("utf-16"), "u.tmx")) == plain


BOMB = '<!DOCTYPE tmx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><tmx><body/></tmx>'
OUTSIDE = '<!DOCTYPE tmx [<!ENTITY a SYSTEM "file:///etc/hostname">]><tmx><body>&a;</body></tmx>'


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        (BOMB, "entity", 1),
        (OUTSIDE, "entity", 1),
        (TMX.replace("</tu>", "", 1), "xml", 11),
        (TMX[:400], "xml", 7),
        (TMX.replace("de", "fr").replace("DE-fr", "fr"), "no-language", None),
        (TMX.replace("rests", "re\x01sts"), "xml", 5),
        ("<html><body/></html>", "xml", 1),
    ],
)
def test_faults(tmp_path, content, reason, line):
    path = put(tmp_path, content, "m.tmx")
    error = fault(path)
    assert error.reason == reason
    if line is not None:
        assert error.line == line


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(["Mara <b>", "日本 & so", "a", " "]), st.sampled_from(["]]>", "Ruhe 🙂", "ẹ̀kọ́", ""])),
        min_size=1,
        max_size=8,
    )
)
def test_what_a_plain_writer_wrote_comes_back(tmp_path, pairs):
    from unicodedata import normalize

    body = "".join(
        f'<tu><tuv xml:lang="en"><seg>{escape(a)}</seg></tuv><tuv xml:lang="de"><seg>{escape(b)}</seg></tuv></tu>\n'
        for a, b in pairs
    )
    path = put(tmp_path, f"<tmx><body>{body}</body></tmx>")
    whole = [(None, a.strip(), normalize("NFC", b)) for a, b in pairs if a.strip() and b.strip()]
    if whole:
        assert texts(path) == whole
    else:
        assert fault(path).reason == "empty"


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    unit = '<tu><tuv xml:lang="en"><seg>Mara rests here.</seg></tuv><tuv xml:lang="de"><seg>Ruhe.</seg></tuv></tu>\n'
    path = put(tmp_path, "<tmx><body>" + unit * 40_000 + "</body></tmx>")
    tracemalloc.start()
    try:
        assert sum(1 for _ in read(path, "en", languages=("en", "de"))) == 40_000
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size
    finally:
        tracemalloc.stop()
