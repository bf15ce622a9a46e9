"""Markers put around entities and found again, in translations of every kind."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.errors import InputError
from xprojdb.models.easyproject.markers import (
    ANGLE,
    CURLY,
    SQUARE,
    Escaped,
    LostMarker,
    LostReason,
    MarkerError,
    insert,
    recover,
    strip,
)

WORDS = st.lists(st.text("ab[]{}<>(),［】ß", min_size=1, max_size=4), min_size=1, max_size=12)


@st.composite
def labelled_sentences(draw):
    words = draw(WORDS)
    cuts = sorted(draw(st.sets(st.integers(0, len(words)), max_size=8)))
    if draw(st.booleans()):  # adjacent entities
        return words, list(itertools.pairwise(cuts))
    return words, list(zip(cuts[::2], cuts[1::2], strict=False))


def found(text, *translations, **options):
    """The recovered spans as (start, end, entity)."""
    return [span[:3] for span in recover(text.split(), translations, **options).spans]


@pytest.mark.parametrize("markers", [SQUARE, CURLY, ANGLE])
@given(sentence=labelled_sentences())
def test_a_translation_that_changes_nothing_gives_the_same_spans(markers, sentence):
    words, spans = sentence
    marked = insert(words, spans, markers)
    recovered = recover(marked.words, [" ".join(words[a:b]) for a, b in spans], markers)
    assert [span[:2] for span in recovered.spans] == spans
    assert [span.entity for span in recovered.spans] == list(range(len(spans)))
    assert not recovered.lost
    changed = {position for position, _ in marked.escaped}
    assert len(recovered.words) == len(words)
    assert all(recovered.words[n] == word for n, word in enumerate(words) if n not in changed)
    assert all(words[position] == word != recovered.words[position] for position, word in marked.escaped)


def test_markers_stand_around_the_entities_and_between_adjacent_ones():
    marked = insert(["Ann", "of", "York", "left"], [(2, 3), (0, 1), (3, 4)])
    assert " ".join(marked.words) == "[ Ann ] of [ York ] [ left ]"


def test_brackets_in_the_text_are_escaped_and_recorded():
    marked = insert(["[sic]", "Ann"], [(1, 2)])
    assert marked.words == ("(sic)", "[", "Ann", "]")
    assert marked.escaped == (Escaped(0, "[sic]"),)


def test_brackets_in_the_text_are_refused_on_demand():
    with pytest.raises(MarkerError) as error:
        insert(["Ann", "[sic]"], [(0, 1)], escape=False)
    assert (error.value.reason, error.value.position, error.value.value) == ("present", 1, "[sic]")
    assert not insert(["Ann", "[sic]"], [(0, 1)], CURLY, escape=False).escaped


@pytest.mark.parametrize("spans", [[(0, 0)], [(0, 2), (1, 3)], [(2, 4)], [(-1, 1)]])
def test_spans_that_cannot_be_marked_are_refused(spans):
    with pytest.raises(InputError) as error:
        insert(["a", "b", "c"], spans)
    assert error.value.reason == "spans"


@pytest.mark.parametrize(
    ("text", "words", "spans"),
    [
        ("[ a [ b ] c ]", "a b c", [(0, 3), (1, 2)]),  # nested
        ("[ [ a ] ] b", "a b", [(0, 1)]),  # doubled around one
        ("[ a b", "a b", []),  # never closed
        ("a ] b [ c ]", "a b c", [(2, 3)]),  # closed before it is opened
        ("[ a [ b ] c", "a b c", [(1, 2)]),  # the inner pair counts
        ("a [ ] b", "a b", []),  # empty
        ("［a］ 【b c】", "a b c", [(0, 1), (1, 3)]),  # translated
        ("[a] [b], c", "a b , c", [(0, 1), (1, 2)]),  # attached to words
        ("[ a 〕 b", "a b", [(0, 1)]),  # a pair of two kinds
        ("", "", []),
    ],
)
def test_markers_are_taken_out_whatever_became_of_them(text, words, spans):
    assert strip(text.split()) == (tuple(words.split()), tuple(spans))


def test_a_word_with_a_space_inside_stays_one_word():
    assert strip(["[10\u00a0000]"]) == (("10\u00a0000",), ((0, 1),))


def test_moved_entities_are_told_by_their_words():
    assert found("[ Rom ] und [ Anna ]", "Anna", "Rom") == [(0, 1, 1), (2, 3, 0)]


def test_an_assignment_beats_taking_the_best_pair_first():
    # Alone, entity 0 would take span 0, at 0.8, and leave nothing for entity 1.
    assert found("[ aaaaaaaabb ] [ aaaaaaaccc ]", "aaaaaaaaaa", "aaaaaxxxbb") == [(0, 1, 1), (1, 2, 0)]


def test_equal_names_keep_their_order():
    assert found("[ Anna ] sah [ Anna ]", "Anna", "Anna") == [(0, 1, 0), (2, 3, 1)]


def test_a_doubled_entity_is_taken_where_it_comes_first():
    assert found("[ Anna ] ... [ Anna ]", "Anna") == [(0, 1, 0)]


def test_a_lost_marker_does_not_shift_the_others():
    recovered = recover(["Anna", "sah", "[", "Rom", "]"], ["Anna", "Rom"])
    assert recovered.words == ("Anna", "sah", "Rom")
    assert [span[:3] for span in recovered.spans] == [(2, 3, 1)]
    assert recovered.lost == (LostMarker(0, LostReason.UNLIKE),)


@pytest.mark.parametrize(
    ("text", "translations", "lost"),
    [
        ("Anna ging", ["Anna"], [LostMarker(0, LostReason.NO_BRACKETS)]),
        ("[ Anna ]", ["Anna", "Anne"], [LostMarker(1, LostReason.TAKEN)]),
        ("[ Neue [ Zeitung ] ]", ["Neue Zeitung", "Zeitung"], [LostMarker(1, LostReason.OVERLAP)]),
        ("[ Universität ]", ["Rom"], [LostMarker(0, LostReason.UNLIKE)]),
        ("", ["Rom"], [LostMarker(0, LostReason.NO_BRACKETS)]),
    ],
)
def test_what_is_lost_has_a_reason(text, translations, lost):
    assert list(recover(text.split(), translations).lost) == lost


def test_an_entity_whose_span_was_nested_may_have_another_one():
    assert found("[ Neue [ Zeitung ] ] , [ Zeitungen ]", "Neue Zeitung", "Zeitung") == [(0, 2, 0), (3, 4, 1)]


def test_a_similarity_of_exactly_the_threshold_is_not_enough():
    assert found("[ abxy ]", "abcd") == []
    assert found("[ abxy ]", "abcd", threshold=0.49) == [(0, 1, 0)]


@given(text=st.lists(st.sampled_from(["[", "]", "a", "b", "ab", "［", "[a", "b]"]), max_size=12))
def test_spans_never_overlap_and_every_entity_is_found_or_lost(text):
    recovered = recover(text, ["a", "b", "ab"])
    assert all(a.end <= b.start for a, b in itertools.pairwise(recovered.spans))
    assert sorted([s.entity for s in recovered.spans] + [x.entity for x in recovered.lost]) == [0, 1, 2]
    assert not set("".join(recovered.words)) & (SQUARE.opens | SQUARE.closes)
