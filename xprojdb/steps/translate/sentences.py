"""Sentences that a step writes in another language, and the translations that connect them to their originals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import sentence, translation
from xprojdb.digest import canonical_json
from xprojdb.steps.inputs import within
from xprojdb.steps.stage import Row, Rows
from xprojdb.text.words import join_words, normalize, split_words

_SENTENCE = (
    "id", "corpus_id", "lang", "n_words", "split", "external_id", "parent_id", "step_id", "words", "text", "offsets",
)  # fmt: skip
_TRANSLATION = (
    "rendering_id", "corpus_id", "original_lang", "rendering_lang", "step_id", "kind", "original_id",
)  # fmt: skip


Kind = Literal["machine", "back"]


class Original(NamedTuple):
    """A sentence to translate.

    :param of: the sentence it renders, if a step made it.
    :param text: its text as imported or written, if known.
    """

    id: int
    corpus_id: int
    lang: str
    split: str | None
    external_id: str | None
    of: int | None
    words: list[str]
    text: str | None

    @property
    def running(self) -> str:
        """Its text, or its words joined as running text."""
        return self.text if self.text is not None else join_words(self.words, self.lang)[0]


class Rendering(NamedTuple):
    """The translation of an original.

    :param original: the sentence it renders.
    :param words: its words, empty if there was nothing to translate.
    :param text: its text as the translator wrote it; None if only the words are known.
    """

    original: Original
    words: Sequence[str]
    text: str | None
    offsets: Sequence[int] | None


def read_originals(connection: Connection, items: Sequence[int]) -> list[Original]:
    """Read sentences in key order.

    :param items: their keys, ascending.
    """
    names = ("id", "corpus_id", "lang", "split", "external_id", "parent_id", "words", "text")
    query = select(*(sentence.c[name] for name in names)).where(within(connection, sentence.c.id, items))
    rows = bulk.fetch(connection, query.order_by(sentence.c.id))
    return [Original._make((*before, json.loads(words), text)) for *before, words, text in rows]


def rendering_of(original: Original, text: str, lang: str) -> Rendering:
    """Split a translation into words, keeping their offsets.

    :param lang: the language of the translation.
    """
    text = normalize(text)
    words = split_words(text, lang)
    return Rendering(original, [word.word for word in words], text, [word.start for word in words])


def rendering_rows(renderings: Sequence[Rendering], lang: str, step_id: int, name: str, kind: Kind) -> list[Rows]:
    """Rows for ``sentence`` and ``translation``, whose new keys number the renderings.

    :param lang: the language of the renderings.
    :param name: the name of the step, which forms the external id of a rendering together with that of its original.
    :param kind: a rendering of kind ``back`` translates the sentence its original renders, in the same language.
    """
    sentences = [(new, *_sentence(rendering, lang, name, step_id)) for new, rendering in enumerate(renderings)]
    links = [(new, *_link(rendering, lang, step_id, kind)) for new, rendering in enumerate(renderings)]
    return [
        Rows(sentence, _SENTENCE, sentences, new_keys=("id",)),
        Rows(translation, _TRANSLATION, links, new_keys=("rendering_id",)),
    ]


def _sentence(rendering: Rendering, lang: str, name: str, step_id: int) -> Row:
    original = rendering.original
    offsets = None if rendering.offsets is None else canonical_json(list(rendering.offsets))
    name = f"{original.external_id or original.id}@{name}"
    words = canonical_json(list(rendering.words))
    return (
        original.corpus_id,
        lang,
        len(rendering.words),
        original.split,
        name,
        original.id,
        step_id,
        words,
        rendering.text,
        offsets,
    )


def _link(rendering: Rendering, lang: str, step_id: int, kind: Kind) -> Row:
    parent = rendering.original
    original, original_lang = (parent.of, lang) if kind == "back" else (parent.id, parent.lang)
    return parent.corpus_id, original_lang, lang, step_id, kind, original
