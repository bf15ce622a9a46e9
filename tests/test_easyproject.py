"""Entities travel inside translations: with a translator that errs as translators do, and with a trained model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from toy_translator import WORDS, toy_translation, toy_translator

from xprojdb.models.easyproject.labelled_translation import LabelledSentence, LostEntity, easyproject
from xprojdb.models.easyproject.markers import CURLY, LostReason, MarkerError
from xprojdb.models.translators.seq2seq import Seq2Seq
from xprojdb.models.translators.translator import Seq2SeqTranslator, Translated
from xprojdb.text.spans import Span, spans_from_tags


class Dictionary:
    """Translates word by word, then spoils what it made.

    :param spoil: what becomes of a translation.
    """

    def __init__(self, spoil: Callable[[str], str] = str) -> None:
        self.spoil = spoil
        self.seen: list[str] = []

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        self.seen += sentences
        back = {german: english for english, german in WORDS.items()}
        values = [toy_translation(text) if source == "en" else _by(back, text) for text in sentences]
        assert {source, target} == {"en", "de"}
        return [Translated(self.spoil(text)) for text in values]


def _by(words: dict[str, str], text: str) -> str:
    spaced = text.replace("[", "[ ").replace("]", " ]").split()
    return " ".join(words.get(word, word) for word in spaced).replace("[ ", "[").replace(" ]", "]")


def _labelled(text: str) -> LabelledSentence:
    """Words with tags, as ``Anna/B-PER``."""
    parts = [word.partition("/") for word in text.split()]
    return LabelledSentence([word for word, _, _ in parts], spans_from_tags([tag or "O" for _, _, tag in parts]))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SENTENCE = "the mayor met Anna/B-PER Berg/I-PER in Turin/B-LOC today"


def test_entities_are_carried_into_the_translation() -> None:
    translator = Dictionary()
    result = easyproject([_labelled(SENTENCE), _labelled("the old boat")], translator, "en", "de")
    assert result[0].marked == "das amt traf [Anna Berg] bei [Turin] heute"
    assert result[0].words == _words("das amt traf Anna Berg bei Turin heute")
    assert result[0].spans == (Span(3, 5, "PER"), Span(6, 7, "LOC"))
    assert (result[0].entities, result[0].complete) == ((0, 1), True)
    assert (result[1].words, result[1].spans, result[1].complete) == (("das", "alt", "boot"), (), True)
    assert len(translator.seen) == len(set(translator.seen))


def test_entities_that_change_places_keep_their_labels() -> None:
    swapped = Dictionary(lambda text: text.replace("[Anna Berg] bei [Turin]", "[Turin] bei [Anna Berg]"))
    result = easyproject([_labelled(SENTENCE)], swapped, "en", "de")[0]
    assert result.spans == (Span(3, 4, "LOC"), Span(5, 7, "PER"))
    assert result.entities == (1, 0)


@pytest.mark.parametrize(
    ("spoil", "spans", "lost"),
    [
        (lambda text: text.replace("[Turin]", "Turin"), [Span(3, 5, "PER")], [(1, LostReason.UNLIKE)]),
        (lambda text: text.replace("[", "").replace("]", ""), [], [(0, "no-brackets"), (1, "no-brackets")]),
        (lambda text: text.replace("[Turin]", "[Turin"), [Span(3, 5, "PER")], [(1, LostReason.UNLIKE)]),
        (lambda text: text.replace("[Turin]", "［Turin］"), [Span(3, 5, "PER"), Span(6, 7, "LOC")], []),
        (lambda text: text if text == "Turin" else "", [], [(0, "no-brackets"), (1, "no-brackets")]),
    ],
)
def test_what_is_lost_is_told(spoil: Callable[[str], str], spans: list[Span], lost: list[tuple[int, str]]) -> None:
    result = easyproject([_labelled(SENTENCE)], Dictionary(spoil), "en", "de")[0]
    assert list(result.spans) == spans
    assert list(result.lost) == [LostEntity(entity, LostReason(reason)) for entity, reason in lost]
    assert result.complete == (not lost)
    assert not {"[", "]", "［", "］"} & set(result.words)


def test_brackets_of_the_text_are_no_markers() -> None:
    result = easyproject([_labelled("the [ old ] boat met Lin/B-PER")], Dictionary(), "en", "de")[0]
    assert result.words == ("das", "(", "old", ")", "boot", "traf", "Lin")
    assert result.spans == (Span(6, 7, "PER"),)


def test_other_markers_can_be_chosen() -> None:
    result = easyproject([_labelled("Lin/B-PER sees Oslo/B-LOC")], _Copy(), "en", "de", markers=CURLY)[0]
    assert result.marked == "{Lin} sees {Oslo}"
    assert result.spans == (Span(0, 1, "PER"), Span(2, 3, "LOC"))


class _Copy:
    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:  # noqa: ARG002
        return [Translated(text) for text in sentences]


def test_an_empty_sentence_is_translated_by_nobody() -> None:
    translator = Dictionary()
    assert easyproject([LabelledSentence([], [])], translator, "en", "de")[0].words == ()
    assert translator.seen == []


def test_spans_that_overlap_are_refused() -> None:
    sentence = LabelledSentence(["Anna", "Berg"], [Span(0, 2, "PER"), Span(1, 2, "LOC")])
    with pytest.raises(MarkerError) as raised:
        easyproject([sentence], Dictionary(), "en", "de")
    assert raised.value.reason == "spans"


@pytest.mark.slow
def test_a_trained_model_carries_entities() -> None:
    translator = Seq2SeqTranslator(Seq2Seq(str(toy_translator()), device="cpu"))
    sentences = [
        _labelled(SENTENCE),
        _labelled("Lin/B-PER sold the red boat in Oslo/B-LOC"),
        _labelled("the old bread"),
    ]
    result = easyproject(sentences, translator, "en", "de")
    for carried, sentence in zip(result, sentences, strict=True):
        assert carried.words == tuple(toy_translation(" ".join(sentence.words)).split())
        assert (carried.spans, carried.complete) == (tuple(sentence.spans), True)
