"""Labels as character offsets: what annotation tools write comes in as labels of words."""

import json

import pytest
import span_formats
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from span_formats import Sample

from xprojdb.readers import Notes, ReadError, format_of, read
from xprojdb.text.spans import Span

SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
WORDS = ["Mara", "rests", "Zürich", "🙂🙂", "日本", "a", "ẹ̀kọ́"]


@st.composite
def samples(draw):
    words = draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=8))
    spans, at = [], 0
    while at < len(words):
        end = draw(st.integers(at + 1, len(words)))
        if draw(st.booleans()):
            spans.append((at, end, draw(st.sampled_from(["PER", "LOC", "WORK_OF_ART"]))))
        at = end
    return Sample(words, spans)


CORPORA = st.lists(samples(), min_size=1, max_size=5).filter(lambda every: any(sample.spans for sample in every))
NAMES = {
    "doccano": ("span-json", span_formats.doccano),
    "doccano-labels": ("span-json", lambda every: span_formats.doccano(every, "labels")),
    "doccano-entities": ("span-json", span_formats.doccano_entities),
    "prodigy": ("span-json", span_formats.prodigy),
    "label-studio": ("label-studio", span_formats.label_studio),
    "webanno": ("webanno", span_formats.webanno),
    "conllu": ("conllu", span_formats.conllu),
}


def put(folder, content, name="export.txt"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def load(path, format="auto", notes=None, lang="en", **options):
    return list(read(path, lang, format, notes, **options))


def fault(path, format="auto", **options):
    with pytest.raises(ReadError) as caught:
        load(path, format, **options)
    assert caught.value.file == str(path)
    return caught.value


@pytest.mark.parametrize("name", NAMES)
@SETTINGS
@given(every=CORPORA)
def test_what_a_plain_writer_wrote_comes_back(tmp_path, name, every):
    from unicodedata import normalize

    format, write = NAMES[name]
    path = put(tmp_path, write(every))
    assert format_of(path) == format
    records = load(path)
    assert [record.external_id for record in records] == [str(number) for number in range(1, len(every) + 1)]
    for record, sample in zip(records, every, strict=True):
        assert record.text == normalize("NFC", sample.text)
        assert record.offsets is not None
        for word, start in zip(record.words, record.offsets, strict=True):
            assert record.text[start : start + len(word)] == word
        shown = [(" ".join(record.words[s.start : s.end]), s.label) for s in record.entities]
        plain = [(" ".join(sample.words[a:b]), label) for a, b, label in sample.spans]
        if format in ("webanno", "conllu", "label-studio") or name == "prodigy":
            assert record.words == tuple(normalize("NFC", word) for word in sample.words)
            assert record.entities == tuple(Span(*span) for span in sample.spans)
        assert [text.replace(" ", "") for text, _ in shown] == [normalize("NFC", t).replace(" ", "") for t, _ in plain]
        assert [label for _, label in shown] == [label for _, label in plain]


@SETTINGS
@given(every=CORPORA)
def test_brat_comes_back_line_by_line(tmp_path, every):
    text, rows = span_formats.brat(every)
    put(tmp_path, text, "doc.txt")
    path = put(tmp_path, rows, "doc.ann")
    assert format_of(path) == "brat"
    notes = Notes()
    records = load(path, notes=notes)
    assert [record.external_id for record in records] == [f"doc.{line}" for line in range(1, len(every) + 1)]
    assert [record.line for record in records] == list(range(1, len(every) + 1))
    assert [[span.label for span in record.entities] for record in records] == [
        [label for *_, label in sample.spans] for sample in every
    ]
    assert notes.count("other-annotation") == 1


TEXT = "Mara left Zürich."


def spans(*found, text=TEXT, **more):
    return json.dumps({"text": text, "label": [list(span) for span in found], **more}) + "\n"


def test_a_span_that_cuts_a_word_is_refused_with_its_place_or_snapped(tmp_path):
    path = put(tmp_path, spans((0, 4, "PER")) + spans((10, 14, "LOC"), id=7))
    error = fault(path)
    assert (error.reason, error.line, error.span, error.id) == ("span-cuts-word", 2, (10, 14, "LOC"), "7")
    assert "--snap" in error.hint
    notes = Notes()
    records = load(path, notes=notes, snap=True)
    assert records[1].entities == (Span(2, 3, "LOC"),)
    assert notes.count("snapped-span") == 1


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([(0, 99, "PER")], "span-outside"),
        ([(-1, 4, "PER")], "span-outside"),
        ([(4, 4, "PER")], "span-outside"),
        ([(4, 5, "PER")], "span-empty"),
        ([(0, 9, "A"), (5, 16, "B")], "span-overlap"),
        ([(0, 4, "First Name")], "label"),
        ([(0, 4, "")], "label"),
        ([(0, 4)], "type"),
        ([("0", 4, "PER")], "type"),
        ([(True, 4, "PER")], "type"),
        ([(0, 4, 7)], "type"),
    ],
)
def test_spans_that_cannot_be(tmp_path, found, reason):
    path = put(tmp_path, spans() + spans(*found))
    assert (fault(path, "span-json").reason, fault(path, "span-json").line) == (reason, 2)


def test_white_space_at_the_ends_of_a_span_cuts_nothing(tmp_path):
    (record,) = load(put(tmp_path, spans((0, 5, "PER"), (9, 16, "LOC"))))
    assert record.entities == (Span(0, 1, "PER"), Span(2, 3, "LOC"))


def test_overlapping_spans_on_demand(tmp_path):
    notes = Notes()
    path = put(tmp_path, spans((0, 4, "PER"), (0, 9, "EVENT"), (0, 9, "EVENT"), (10, 16, "LOC")))
    (record,) = load(path, notes=notes, nested="outer")
    assert record.entities == (Span(0, 2, "EVENT"), Span(2, 3, "LOC"))
    assert {code: note.count for code, note in notes} == {"nested-span": 1, "double-span": 1}


def test_two_layers_are_the_whole_of_spans_nested_once(tmp_path):
    found = [(0, 9, "ORG"), (0, 4, "PER"), (5, 9, "ROLE"), (10, 16, "LOC")]
    path, layers = put(tmp_path, spans(*found) + spans()), {}
    for nested in ("outer", "inner"):
        notes = Notes()
        layers[nested] = [set(record.entities) for record in load(path, notes=notes, nested=nested)]
        assert [note.count for _, note in notes] == [2]
    assert layers["outer"] == [{Span(0, 2, "ORG"), Span(2, 3, "LOC")}, set()]
    assert layers["inner"] == [{Span(0, 1, "PER"), Span(1, 2, "ROLE")}, set()]


def test_offsets_of_texts_that_are_not_in_nfc_or_have_space_around_them(tmp_path):
    text = "\n  E\u0301va left Zu\u0308rich\t."
    results = [(text.index("E"), text.index("left") - 1, "PER"), (text.index("Z"), text.index("\t"), "LOC")]
    (record,) = load(put(tmp_path, spans(*results, text=text)))
    assert record.words == ("Éva", "left", "Zürich", ".")
    assert record.entities == (Span(0, 1, "PER"), Span(2, 3, "LOC"))


def test_texts_of_several_lines(tmp_path):
    path = put(tmp_path, spans((0, 4, "PER"), (10, 14, "LOC"), text="Mara left\nOslo\n\nlate", id="d"))
    (whole,) = load(path)
    assert whole.entities == (Span(0, 1, "PER"), Span(2, 3, "LOC"))
    parts = load(path, split_lines=True)
    assert [(part.external_id, part.text) for part in parts] == [("d.1", "Mara left"), ("d.2", "Oslo"), ("d.4", "late")]
    assert [part.entities for part in parts] == [(Span(0, 1, "PER"),), (Span(0, 1, "LOC"),), ()]
    crossing = put(tmp_path, spans((5, 14, "LOC"), text="Mara left\nOslo"))
    assert fault(crossing, split_lines=True).reason == "span-lines"


def test_answers_of_prodigy(tmp_path):
    rows = [
        {"text": "Mara rests", "spans": [{"start": 0, "end": 4, "label": "PER"}], "answer": "accept"},
        {"text": "No.", "answer": "reject"},
        {"text": "Nobody rests", "answer": "accept"},
        {"text": "Hm", "spans": [], "answer": "ignore"},
    ]
    notes = Notes()
    records = load(put(tmp_path, "".join(json.dumps(row) + "\n" for row in rows)), notes=notes)
    assert [record.entities for record in records] == [(Span(0, 1, "PER"),), ()]
    assert {code: (note.count, note.line) for code, note in notes} == {"answer-reject": (1, 2), "answer-ignore": (1, 4)}


def test_white_space_tokens_and_spans_by_token(tmp_path):
    row = {
        "text": "Mara  rests",
        "tokens": [{"start": 0, "end": 4}, {"start": 4, "end": 6}, {"start": 6, "end": 11}],
        "spans": [{"token_start": 2, "token_end": 2, "label": "X"}],
    }
    (record,) = load(put(tmp_path, row))
    assert (record.words, record.entities) == (("Mara", "rests"), (Span(1, 2, "X"),))


def test_two_fields_with_labels_are_asked_about(tmp_path):
    row = {"text": TEXT, "label": [[0, 4, "PER"]], "entities": [[10, 16, "LOC"]]}
    error = fault(put(tmp_path, row), "span-json")
    assert (error.reason, error.field) == ("labels-field", "label")
    (record,) = load(put(tmp_path, row), "span-json", labels_field="label")
    assert record.entities == (Span(0, 1, "PER"),)


def test_no_labels_at_all(tmp_path):
    assert fault(put(tmp_path, {"text": TEXT}), "span-json").reason == "missing-field"


def task(*results, text="🙂 Mara rests", **more):
    return {"id": 3, "data": {"text": text}, "annotations": [{"completed_by": 1, "result": list(results), **more}]}


def result(start, end, text, label="PER"):
    return {"type": "labels", "value": {"start": start, "end": end, "text": text, "labels": [label]}}


def test_label_studio_offsets_of_javascript(tmp_path):
    notes = Notes()
    (record,) = load(put(tmp_path, [task(result(3, 7, "Mara"))]), notes=notes)
    assert record.entities == (Span(1, 2, "PER"),)
    assert notes.count("utf-16") == 1
    assert fault(put(tmp_path, [task(result(4, 8, "Mara"))])).reason == "span-text"


def test_label_studio_people_and_what_they_cancelled(tmp_path):
    first, second = task(result(2, 6, "Mara")), task(result(2, 6, "Mara", "ORG"))
    second["annotations"][0]["completed_by"] = {"id": 2, "email": "b@example.org"}
    both = {**first, "annotations": first["annotations"] + second["annotations"]}
    cancelled = task(was_cancelled=True)
    assert fault(put(tmp_path, [both])).reason == "annotators"
    notes = Notes()
    records = load(put(tmp_path, [both, cancelled]), notes=notes, annotator="b@example.org")
    assert [record.entities for record in records] == [(Span(1, 2, "ORG"),), None]
    assert {code: note.count for code, note in notes} == {"other-annotator": 1, "cancelled": 1, "unannotated": 1}


def test_label_studio_other_results_are_counted(tmp_path):
    notes = Notes()
    choice = {"type": "choices", "value": {"choices": ["good"]}}
    (record,) = load(put(tmp_path, [task(choice, result(2, 6, "Mara"))]), notes=notes)
    assert (record.entities, notes.count("other-result")) == ((Span(1, 2, "PER"),), 1)


HEAD = "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.Person|kind\n#T_SP=x.y.NamedEntity|identifier|value\n"
HEAD += "#T_RL=x.y.Relation|type|BT_x.y.NamedEntity\n\n\n"


def test_webanno_parts_of_words_layers_and_relations(tmp_path):
    rows = "#Text=Mara-like\n1-1\t0-9\tMara-like\t_\t_\t_\t_\t_\t\n1-1.1\t0-4\tMara\t*\t*\tPER\t_\t_\t\n\n"
    path = put(tmp_path, HEAD + rows)
    error = fault(path)
    assert (error.reason, error.line) == ("span-cuts-word", 9)
    notes = Notes()
    (record,) = load(path, notes=notes, snap=True)
    assert (record.entities, notes.count("snapped-span")) == ((Span(0, 1, "PER"),), 1)
    assert fault(path, layer="Person").reason == "label"
    assert fault(path, layer="Nothing").reason == "layer"


def test_conllu_without_tags_is_refused(tmp_path):
    path = put(tmp_path, "1\tMara\t_\t_\t_\t_\t_\t_\t_\tNER=B-PER\n", "a.conllu")
    assert fault(path).reason == "no-tags"
    assert load(path, key="NER")[0].entities == (Span(0, 1, "PER"),)
    assert load(path, labelled=False)[0].entities is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("T1\tPER 0 4;5 9\tMara left", "span-parts"),
        ("T1\tPER 0 4\tOtto", "span-text"),
        ("nonsense", "brat"),
    ],
)
def test_annotations_of_brat_that_cannot_be(tmp_path, row, reason):
    put(tmp_path, "Mara left Oslo\n", "d.txt")
    error = fault(put(tmp_path, f"T9\tLOC 10 14\tOslo\n{row}\n", "d.ann"))
    assert (error.reason, error.line) == (reason, 2)


def test_brat_without_its_text(tmp_path):
    path = put(tmp_path, "T1\tPER 0 4\tMara\n", "d.ann")
    with pytest.raises(ReadError) as caught:
        load(path)
    assert (caught.value.reason, caught.value.file) == ("missing", str(tmp_path / "d.txt"))
