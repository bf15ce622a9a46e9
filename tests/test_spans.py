import random
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from xprojdb.errors import UsageError
from xprojdb.text.label_schemes import MAPPINGS, SCHEMES, UnknownLabel, label_mapping, label_scheme
from xprojdb.text.spans import Span, SpanError, TagError, is_tag, spans_from_tags, tags_from_spans

TAGS = ["O", *(f"{prefix}-{label}" for prefix in "BIES" for label in ("PER", "LOC"))]


def by_seqeval(tags):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(Span(first, last + 1, label) for label, first, last in get_entities(tags))


@given(st.lists(st.sampled_from(TAGS), max_size=12))
def test_broken_tags_are_repaired_as_seqeval_does(tags):
    assert spans_from_tags(tags) == by_seqeval(tags)


def test_bilou_letters_are_those_of_bioes():
    assert spans_from_tags(["B-PER", "I-PER", "L-PER", "U-LOC"]) == spans_from_tags(
        ["B-PER", "I-PER", "E-PER", "S-LOC"]
    )


def test_labels_may_hold_hyphens():
    assert spans_from_tags(["B-ORG-sub", "I-ORG-sub"]) == (Span(0, 2, "ORG-sub"),)


@st.composite
def sentences(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 12), min_size=2)))
    labels = draw(st.lists(st.sampled_from(["PER", "LOC", None]), min_size=len(cuts) - 1, max_size=len(cuts) - 1))
    return 12, tuple(Span(a, b, label) for a, b, label in zip(cuts, cuts[1:], labels, strict=False) if label)


@given(sentences())
def test_iob2_round_trip(sentence):
    n_words, spans = sentence
    assert spans_from_tags(tags_from_spans(n_words, spans), "iob2", strict=True) == spans


def as_iob1(n_words, spans):
    tags = ["O"] * n_words
    for span in spans:
        touches = any(other.end == span.start and other.label == span.label for other in spans)
        tags[span.start : span.end] = [f"I-{span.label}"] * (span.end - span.start)
        if touches:
            tags[span.start] = f"B-{span.label}"
    return tags


def as_bioes(n_words, spans):
    tags = ["O"] * n_words
    for start, end, label in spans:
        inside = [f"I-{label}"] * (end - start - 2)
        tags[start:end] = [f"S-{label}"] if end - start == 1 else [f"B-{label}", *inside, f"E-{label}"]
    return tags


@given(sentences())
def test_strict_reading_accepts_what_each_encoding_writes(sentence):
    n_words, spans = sentence
    assert spans_from_tags(as_iob1(n_words, spans), "iob1", strict=True) == spans
    assert spans_from_tags(as_bioes(n_words, spans), "bioes", strict=True) == spans
    assert spans_from_tags(as_bioes(n_words, spans), "auto", strict=True) == spans


@given(st.lists(st.sampled_from(TAGS), max_size=8), st.sampled_from(["iob2", "iob1", "bioes"]))
def test_strict_reading_accepts_nothing_else(tags, encoding):
    write = {"iob2": tags_from_spans, "iob1": as_iob1, "bioes": as_bioes}[encoding]
    well_formed = write(len(tags), spans_from_tags(tags)) == tags
    try:
        spans_from_tags(tags, encoding, strict=True)
    except TagError:
        assert not well_formed
    else:
        assert well_formed


@pytest.mark.parametrize(
    ("tags", "encoding", "position", "reason"),
    [
        (["O", "I-PER"], "auto", 1, "inside-after-outside"),
        (["B-LOC", "I-PER"], "iob2", 1, "inside-after-other-type"),
        (["B-PER", "E-PER"], "iob2", 1, "encoding"),
        (["O", "B-PER"], "iob1", 1, "needless-begin"),
        (["B-PER", "O"], "bioes", 1, "unfinished"),
        (["S-PER", "B-PER"], "auto", 1, "unfinished"),
        (["S-PER", "I-PER"], "bioes", 1, "inside-after-outside"),
    ],
)
def test_strict_faults(tags, encoding, position, reason):
    with pytest.raises(TagError) as caught:
        spans_from_tags(tags, encoding, strict=True)
    assert (caught.value.position, caught.value.tag, caught.value.reason) == (position, tags[position], reason)


@pytest.mark.parametrize(
    ("tag", "reason"), [("NNP", "prefix"), ("B", "empty-type"), ("I-", "empty-type"), ("", "prefix")]
)
@pytest.mark.parametrize("strict", [True, False])
def test_what_is_no_tag_is_never_repaired(tag, reason, strict):
    assert not is_tag(tag)
    with pytest.raises(TagError) as caught:
        spans_from_tags(["O", tag], strict=strict)
    assert (caught.value.position, caught.value.reason) == (1, reason)


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        ([Span(0, 2, "PER"), Span(1, 3, "PER")], "overlap"),
        ([Span(0, 4, "PER")], "range"),
        ([Span(-1, 1, "PER")], "range"),
        ([Span(1, 1, "PER")], "range"),
    ],
)
def test_spans_that_tags_cannot_write(spans, reason):
    with pytest.raises(SpanError) as caught:
        tags_from_spans(3, spans)
    assert caught.value.reason == reason and caught.value.span == spans[-1]


def test_a_label_outside_its_scheme():
    scheme = label_scheme("conll")
    scheme.check([Span(0, 1, "PER"), Span(1, 2, "MISC")])
    with pytest.raises(UnknownLabel) as caught:
        scheme.check([Span(0, 1, "PERS")])
    assert (caught.value.label, caught.value.scheme, caught.value.nearest) == ("PERS", "conll", "PER")


@pytest.mark.parametrize("name", sorted(MAPPINGS.keys() - {"identity"}))
def test_a_mapping_covers_its_scheme_and_reaches_the_other(name):
    source, target = name.split("->")
    table = dict(MAPPINGS[name].table)
    assert table.keys() == set(label_scheme(source).labels)
    assert {label for label in table.values() if label} == set(label_scheme(target).labels)


def test_ontonotes_to_conll():
    spans = [Span(0, 1, "GPE"), Span(1, 2, "DATE"), Span(2, 4, "WORK_OF_ART"), Span(4, 5, "PERSON")]
    assert label_mapping("ontonotes->conll").apply(spans) == (Span(0, 1, "LOC"), Span(2, 4, "MISC"), Span(4, 5, "PER"))
    assert label_mapping("ontonotes->masakhaner").apply(spans)[1] == Span(1, 2, "DATE")


@pytest.mark.parametrize("name", [name for name in MAPPINGS if "->" in name])
def test_a_built_in_mapping_covers_its_source_and_stays_in_its_target(name):
    source, target = name.split("->")
    spans = [Span(i, i + 1, label) for i, label in enumerate(SCHEMES[source].labels)]
    mapped = MAPPINGS[name].apply(spans)
    assert mapped
    SCHEMES[target].check(mapped)
    with pytest.raises(UnknownLabel):
        MAPPINGS[name].apply([Span(0, 1, "NOPE")])


def test_identity_and_tables_in_place():
    spans = (Span(0, 1, "A"), Span(1, 2, "B"))
    assert label_mapping("identity").apply(spans) == spans
    assert label_mapping({"A": "X", "B": None}).apply(spans) == (Span(0, 1, "X"),)
    assert label_mapping({"A": "X"}, others="keep").apply(spans) == (Span(0, 1, "X"), Span(1, 2, "B"))
    assert label_mapping({"A": "X"}, others="drop").apply(spans) == (Span(0, 1, "X"),)
    with pytest.raises(UnknownLabel) as caught:
        label_mapping({"A": "X"}).apply(spans)
    assert caught.value.label == "B"


def test_json_does_not_depend_on_the_order_of_a_table():
    items = [("A", "X"), ("B", None), ("C", "Y")]
    shuffled = random.Random(1).sample(items, 3)
    assert str(label_mapping(dict(items)).to_json()) == str(label_mapping(dict(shuffled)).to_json())


def test_unknown_names():
    with pytest.raises(UsageError) as caught:
        label_scheme("conl")
    assert "conll" in caught.value.known
    with pytest.raises(UsageError):
        label_mapping("conll->nothing")


def test_gold_of_the_scheme_that_labels_become_is_left_as_it_is() -> None:
    gold = (Span(0, 1, "PER"), Span(1, 2, "MISC"), Span(2, 3, "LOC"), Span(3, 4, "GPE"))
    kept = label_mapping("ontonotes->conll").apply_to_gold(gold)
    assert [span.label for span in kept] == ["PER", "MISC", "LOC", "LOC"]
    kept = label_mapping("ontonotes->wikiann").apply_to_gold(gold)
    assert [span.label for span in kept] == ["PER", "LOC", "LOC"]
    chosen = label_mapping({"PER": "PER"}, others="drop")
    assert chosen.apply_to_gold(gold) == chosen.apply(gold)
