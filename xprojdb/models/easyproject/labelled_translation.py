"""Labels that travel inside a translation: EasyProject (Chen et al. 2023, arXiv 2211.15613).

The entities of a sentence are marked with brackets, the sentence is translated, and the brackets are read off the
translation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from xprojdb.models.easyproject.markers import SQUARE, LostReason, Markers, insert, recover
from xprojdb.models.translators.text_tokens import Cut, Translated
from xprojdb.text.spans import Span
from xprojdb.text.words import join_words, normalize, split_words

if TYPE_CHECKING:
    from xprojdb.models.translators.translator import Translator


class LabelledSentence(NamedTuple):
    """Words, and labelled spans of them, which do not overlap."""

    words: Sequence[str]
    spans: Sequence[Span]


class LostEntity(NamedTuple):
    """An entity that is not in the translation.

    :param entity: its place among the spans of the source sentence.
    :param reason: why it was not found.
    """

    entity: int
    reason: LostReason


class Carried(NamedTuple):
    """A sentence that was translated with its entities marked.

    :param marked: the translation as the translator wrote it, markers included.
    :param words: its words, without markers.
    :param spans: the entities found in it, from left to right.
    :param entities: for each of ``spans``, its place among the spans of the source sentence.
    :param lost: the entities that were not found.
    :param cut: ``"input"`` or ``"output"`` when the translator cut it, else empty.
    """

    marked: str
    words: tuple[str, ...]
    spans: tuple[Span, ...]
    entities: tuple[int, ...]
    lost: tuple[LostEntity, ...]
    cut: Cut = ""

    @property
    def complete(self) -> bool:
        """Whether every entity was found; EasyProject trains on no other sentences."""
        return not self.lost


def easyproject(
    sentences: Sequence[LabelledSentence],
    translator: Translator,
    source: str,
    target: str,
    *,
    markers: Markers = SQUARE,
    threshold: float = 0.5,
) -> list[Carried]:
    """Translate labelled sentences with their labels.

    Each entity is also translated alone, which tells which brackets are whose: see ``recover``.

    :param sentences: words and spans in the source language.
    :param translator: one that keeps markers, such as NLLB fine-tuned for it.
    :param source, target: languages, by any code.
    :param markers: what to mark entities with; where the text has such characters, they are written in another way.
    :param threshold: how like an entity's own translation what is in brackets must be: more than this, of 1.
    :returns: what became of each sentence.
    :raises MarkerError: when spans are empty, overlap, or lie outside their sentence.
    """
    marked, entities = texts_of(sentences, source, markers)
    translations = _translate(translator, marked, source, target)
    alone = _translate(translator, [text for texts in entities for text in texts], source, target)
    return [
        _carried(translations[text], sentence.spans, [alone[each].text for each in own], target, markers, threshold)
        for sentence, text, own in zip(sentences, marked, entities, strict=True)
    ]


def texts_of(
    sentences: Sequence[LabelledSentence], source: str, markers: Markers = SQUARE
) -> tuple[list[str], list[list[str]]]:
    """What :func:`easyproject` has translated.

    :returns: each sentence with its entities marked, and its entities, each alone.
    :raises MarkerError: when spans are empty, overlap, or lie outside their sentence.
    """
    marked = [
        join_words(insert(words, [span[:2] for span in spans], markers).words, source)[0] for words, spans in sentences
    ]
    return marked, [[join_words(words[a:b], source)[0] for a, b, _ in spans] for words, spans in sentences]


def _carried(
    made: Translated,
    spans: Sequence[Span],
    translations: Sequence[str],
    target: str,
    markers: Markers,
    threshold: float,
) -> Carried:
    recovered = recover(_words(made.text, target), translations, markers, threshold)
    return Carried(
        made.text,
        recovered.words,
        tuple(Span(found.start, found.end, spans[found.entity].label) for found in recovered.spans),
        tuple(found.entity for found in recovered.spans),
        tuple(LostEntity(entity, reason) for entity, reason in recovered.lost),
        made.cut,
    )


def _translate(translator: Translator, texts: Sequence[str], source: str, target: str) -> dict[str, Translated]:
    """The translation of each text; of nothing it is nothing."""
    wanted = [text for text in dict.fromkeys(texts) if text]
    made = translator.translate(wanted, source, target) if wanted else []
    return {"": Translated(""), **dict(zip(wanted, made, strict=True))}


def _words(text: str, lang: str) -> tuple[str, ...]:
    return tuple(word.word for word in split_words(normalize(text), lang))
