"""Translate labelled sentences with their labels: EasyProject (Chen et al. 2023, arXiv 2211.15613), with brackets
around the entities, and LabelPigeon (arXiv 2603.12021), with XML tags.

The entities of a sentence are marked, the sentence is translated, and the entities are recovered from the markers in
the translation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from xprojdb.models.easyproject.markers import SQUARE, LostReason, Markers, Recovered, insert, recover
from xprojdb.models.easyproject.xml_tags import recover_tags, tagged_text
from xprojdb.models.translators.text_tokens import Cut, Translated
from xprojdb.text.spans import Span
from xprojdb.text.words import join_words, normalize, split_words

if TYPE_CHECKING:
    from xprojdb.models.translators.translator import Translator


class LabelledSentence(NamedTuple):
    """Words with non-overlapping labelled spans."""

    words: Sequence[str]
    spans: Sequence[Span]


class LostEntity(NamedTuple):
    """An entity that is missing from the translation.

    :param entity: its index among the spans of the source sentence.
    :param reason: why it is missing.
    """

    entity: int
    reason: LostReason


class Carried(NamedTuple):
    """A sentence translated with its entities marked.

    :param marked: the translator's output, including markers.
    :param words: its words, without markers.
    :param spans: the entities found in it, from left to right.
    :param entities: for each of ``spans``, its index among the spans of the source sentence.
    :param lost: the entities that were not found.
    :param cut: ``"input"`` or ``"output"`` if the translator truncated it, otherwise empty.
    """

    marked: str
    words: tuple[str, ...]
    spans: tuple[Span, ...]
    entities: tuple[int, ...]
    lost: tuple[LostEntity, ...]
    cut: Cut = ""

    @property
    def complete(self) -> bool:
        """Whether every entity was found; EasyProject only trains on such sentences."""
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

    Each entity is also translated on its own, to match brackets with entities; see ``recover``.

    :param sentences: words and spans in the source language.
    :param translator: a translator that keeps markers, such as NLLB fine-tuned for this.
    :param source, target: languages, as any code.
    :param markers: the characters that mark entities; if the text already has them, they are escaped.
    :param threshold: the similarity that a bracketed phrase and the entity's own translation must exceed.
    :returns: the translation of each sentence.
    :raises MarkerError: when spans are empty, overlap, or lie outside their sentence.
    """
    marked, entities = texts_of(sentences, source, markers)
    translations = _translate(translator, marked, source, target)
    alone = _translate(translator, [text for texts in entities for text in texts], source, target)
    return [
        _carried(
            translations[text],
            sentence.spans,
            [alone[entity_text].text for entity_text in own],
            target,
            markers,
            threshold,
        )
        for sentence, text, own in zip(sentences, marked, entities, strict=True)
    ]


def texts_of(
    sentences: Sequence[LabelledSentence], source: str, markers: Markers = SQUARE
) -> tuple[list[str], list[list[str]]]:
    """The texts that :func:`easyproject` translates.

    :returns: each sentence with its entities marked, and the entities of each sentence.
    :raises MarkerError: when spans are empty, overlap, or lie outside their sentence.
    """
    marked = [
        join_words(insert(words, [span[:2] for span in spans], markers).words, source)[0] for words, spans in sentences
    ]
    return marked, [[join_words(words[a:b], source)[0] for a, b, _ in spans] for words, spans in sentences]


def labelpigeon(
    sentences: Sequence[LabelledSentence], translator: Translator, source: str, target: str
) -> list[Carried]:
    """Translate labelled sentences with their labels, each entity in an XML tag of its own; see ``recover_tags``.

    :param sentences: words and spans in the source language.
    :param translator: a translator that keeps tags, such as NLLB fine-tuned for this.
    :param source, target: languages, as any code.
    :returns: the translation of each sentence.
    :raises MarkerError: when spans are empty, overlap, or lie outside their sentence.
    """
    texts = tagged_texts(sentences, source)
    translations = _translate(translator, texts, source, target)
    return [
        _of(translations[text], spans, recover_tags(translations[text].text, len(spans), target))
        for (_, spans), text in zip(sentences, texts, strict=True)
    ]


def tagged_texts(sentences: Sequence[LabelledSentence], source: str) -> list[str]:
    """The texts that :func:`labelpigeon` translates.

    :raises MarkerError: when spans are empty, overlap, or lie outside their sentence.
    """
    return [tagged_text(words, [span[:2] for span in spans], source) for words, spans in sentences]


def _carried(
    translated: Translated,
    spans: Sequence[Span],
    translations: Sequence[str],
    target: str,
    markers: Markers,
    threshold: float,
) -> Carried:
    return _of(translated, spans, recover(_words(translated.text, target), translations, markers, threshold))


def _of(translated: Translated, spans: Sequence[Span], recovered: Recovered) -> Carried:
    return Carried(
        translated.text,
        recovered.words,
        tuple(Span(match.start, match.end, spans[match.entity].label) for match in recovered.spans),
        tuple(match.entity for match in recovered.spans),
        tuple(LostEntity(entity, reason) for entity, reason in recovered.lost),
        translated.cut,
    )


def _translate(translator: Translator, texts: Sequence[str], source: str, target: str) -> dict[str, Translated]:
    """Translate each distinct text; the translation of the empty text is empty."""
    distinct = [text for text in dict.fromkeys(texts) if text]
    translated = translator.translate(distinct, source, target) if distinct else []
    return {"": Translated(""), **dict(zip(distinct, translated, strict=True))}


def _words(text: str, lang: str) -> tuple[str, ...]:
    return tuple(word.word for word in split_words(normalize(text), lang))
