"""XML tags put around entities and found again, in translations of every kind (LabelPigeon)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_translator import in_tags, toy_translation, toy_translator

from xprojdb.models.easyproject.labelled_translation import LabelledSentence, LostEntity, labelpigeon
from xprojdb.models.easyproject.markers import LostReason, MarkerError
from xprojdb.models.easyproject.xml_tags import recover_tags, tag_name, tagged_text
from xprojdb.models.translators.seq2seq import Seq2Seq
from xprojdb.models.translators.translator import Seq2SeqTranslator, Translated
from xprojdb.text.spans import Span

PLAIN = "the mayor met Anna Berg in Turin today"
MARKED = "the mayor met <a>Anna Berg</a> in <b>Turin</b> today"
BOTH = [(3, 5, 0), (6, 7, 1)]


def found(text: str, entities: int = 2, lang: str = "en") -> list[tuple[int, int, int]]:
    """The recovered spans as (start, end, entity)."""
    return [(span.start, span.end, span.entity) for span in recover_tags(text, entities, lang).spans]


@st.composite
def labelled(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, int]]]:
    words = draw(st.lists(st.sampled_from(["Anna", "Turin", "saw", "(", ",", "日", "a", "b"]), min_size=1, max_size=12))
    cuts = sorted(draw(st.sets(st.integers(0, len(words)), max_size=8)))
    if draw(st.booleans()):  # adjacent entities
        return words, list(itertools.pairwise(cuts))
    return words, list(zip(cuts[::2], cuts[1::2], strict=False))


@given(sentence=labelled())
def test_a_translation_that_changes_nothing_gives_the_same_spans(
    sentence: tuple[list[str], list[tuple[int, int]]],
) -> None:
    words, spans = sentence
    recovered = recover_tags(tagged_text(words, spans, "en"), len(spans), "en")
    assert recovered.words == tuple(words)
    assert [(span.start, span.end) for span in recovered.spans] == spans
    assert [span.entity for span in recovered.spans] == list(range(len(spans)))
    assert not recovered.lost


def test_tags_stand_close_around_the_entities() -> None:
    words = ["Anna", "Berg", ",", "(", "Turin", ")", "left", "."]
    assert tagged_text(words, [(4, 5), (0, 2)], "en") == "<b>Anna Berg</b>, (<a>Turin</a>) left."
    assert tagged_text(["日", "本", "は"], [(0, 2)], "ja") == "<a>日本</a>は"
    assert tagged_text(["3", "<", "4", "Oslo"], [(3, 4)], "en") == "3 (4 <a>Oslo</a>"


def test_every_entity_has_a_name_of_its_own() -> None:
    names = [tag_name(entity) for entity in range(800)]
    assert (names[0], names[25], names[26], names[27], names[702]) == ("a", "z", "aa", "ab", "aaa")
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "text",
    [
        MARKED,
        "the mayor met <A> Anna Berg </A> in < b >Turin< / b > today",
        "the mayor met ＜ａ＞Anna Berg＜／ａ＞ in ‹b›Turin‹/b› today",
        "the mayor met &lt;a&gt;Anna Berg&lt;/a&gt; in <b>Turin</b> today",
        "the mayor met <a>Anna Berg<a> in <b>Turin<b/> today",
        "the mayor met <a>Anna Berg/a> in <b>Turin</b> today",
        "the mayor met <a>Anna Berg</> in <b>Turin</b> today",
        "the mayor met <a>Anna Berg</а> in <b>Turin</b> today",
        "the mayor met <а>Anna Berg</a> in <b>Turin</b> today",
        "the mayor met <name>Anna Berg</name> in <b>Turin</b> today",
        "the mayor met <a>Anna Berg</a> in <b>Turin</b> <b>today</b>",
        "the mayor met <a>Anna Berg</a> in <b>Turin</b> today</c>",
        "the mayor met <a>Anna Berg</a><a></a> in <b>Turin</b> today <a",
    ],
)
def test_tags_are_found_however_they_are_written(text: str) -> None:
    recovered = recover_tags(text, 2, "en")
    assert [word for word in recovered.words if word != "a" or "<a" not in text[-2:]] == PLAIN.split()
    assert [(span.start, span.end, span.entity) for span in recovered.spans] == BOTH
    assert not recovered.lost


@pytest.mark.parametrize(
    ("text", "spans", "lost"),
    [
        ("<b>Turin</b> met <a>Anna</a>", [(0, 1, 1), (2, 3, 0)], []),
        ("Anna met Turin", [], [(0, "no-brackets"), (1, "no-brackets")]),
        ("<a>Anna</a> met Turin", [(0, 1, 0)], [(1, "no-tag")]),
        ("<a>Anna</a> met <b></b> Turin", [(0, 1, 0)], [(1, "no-tag")]),
        ("<a>Anna</a> met <b>Turin", [(0, 1, 0)], [(1, "unclosed")]),
        ("<a>Anna <b>Turin</b></a>", [(1, 2, 1)], [(0, "overlap")]),
        ("<a>Anna <b>met</a> in Turin</b>", [(0, 2, 0)], [(1, "overlap")]),
        # Two spans and two entities without names: which is whose is not known.
        ("<x>Anna</x> met <y>Turin</y>", [], [(0, "no-tag"), (1, "no-tag")]),
        ("", [], [(0, "no-brackets"), (1, "no-brackets")]),
    ],
)
def test_what_is_lost_has_a_reason(text: str, spans: list[tuple[int, int, int]], lost: list[tuple[int, str]]) -> None:
    recovered = recover_tags(text, 2, "en")
    assert [(span.start, span.end, span.entity) for span in recovered.spans] == spans
    assert [(entry.entity, entry.reason) for entry in recovered.lost] == [(e, LostReason(reason)) for e, reason in lost]


def test_quotation_marks_are_no_tags() -> None:
    assert recover_tags("‹Haus› met <a>Lin</a>", 1, "de").words == ("‹", "Haus", "›", "met", "Lin")
    assert found("〈日〉<a>本</a>", 1, "ja") == [(3, 4, 0)]


@given(st.text(alphabet="ab<>/＜＞ ‹›&lt;gx", max_size=40))
def test_spans_never_overlap_and_every_entity_is_found_or_lost(text: str) -> None:
    recovered = recover_tags(text, 3, "en")
    assert sorted([span.entity for span in recovered.spans] + [entry.entity for entry in recovered.lost]) == [0, 1, 2]
    assert all(left.end <= right.start for left, right in itertools.pairwise(recovered.spans))
    assert all(0 <= span.start < span.end <= len(recovered.words) for span in recovered.spans)
    assert not {"<", ">", "＜", "＞"} & set("".join(recovered.words))


class Spoiled:
    """Returns each text in capitals, spoiled.

    :param spoil: what becomes of it.
    """

    def __init__(self, spoil: Callable[[str], str] = str) -> None:
        self.spoil = spoil
        self.seen: list[str] = []

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:  # noqa: ARG002
        self.seen += sentences
        return [Translated(self.spoil(text.upper())) for text in sentences]


SENTENCE = LabelledSentence(PLAIN.split(), [Span(3, 5, "PER"), Span(6, 7, "LOC")])


def test_entities_are_carried_and_none_is_translated_alone() -> None:
    translator = Spoiled()
    carried, plain = labelpigeon([SENTENCE, LabelledSentence(["an", "old", "boat"], [])], translator, "en", "de")
    assert translator.seen == [MARKED, "an old boat"]
    assert carried.words == tuple(PLAIN.upper().split())
    assert (carried.spans, carried.entities, carried.complete) == (
        SENTENCE.spans and tuple(SENTENCE.spans),
        (0, 1),
        True,
    )
    assert (plain.words, plain.spans, plain.complete) == (("AN", "OLD", "BOAT"), (), True)


def test_what_a_translator_loses_is_told() -> None:
    (carried,) = labelpigeon([SENTENCE], Spoiled(lambda text: text.replace("<B>", "")), "en", "de")
    assert carried.spans == (Span(3, 5, "PER"),)
    assert carried.lost == (LostEntity(1, LostReason.NO_TAG),)


def test_spans_that_overlap_are_refused() -> None:
    with pytest.raises(MarkerError):
        labelpigeon([LabelledSentence(["a", "b"], [Span(0, 2, "X"), Span(1, 2, "Y")])], Spoiled(), "en", "de")


@pytest.mark.slow
def test_a_trained_model_carries_entities_in_tags() -> None:
    translator = Seq2SeqTranslator(Seq2Seq(str(toy_translator(xml=True)), device="cpu"))
    boat = LabelledSentence(["Lin", "sold", "the", "red", "boat", "in", "Oslo"], [Span(0, 1, "PER"), Span(6, 7, "LOC")])
    sentences = [SENTENCE, boat, LabelledSentence(["the", "old", "bread"], [])]
    for carried, sentence in zip(labelpigeon(sentences, translator, "en", "de"), sentences, strict=True):
        assert carried.words == tuple(toy_translation(" ".join(sentence.words)).split())
        assert (carried.spans, carried.complete) == (tuple(sentence.spans), True)
    marked = in_tags("das amt traf [Anna Berg] bei [Turin] heute")
    assert labelpigeon([SENTENCE], translator, "en", "de")[0].marked.replace(" ", "") == marked.replace(" ", "")
