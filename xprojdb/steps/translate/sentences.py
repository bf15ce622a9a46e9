"""Sentences that a step writes in another language, and the translations that join them to their originals."""

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
    """A sentence that is to be translated.

    :param of: the sentence that it renders, when a step made it.
    :param text: as it was imported or written, when that is known.
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
        """Its text, or its words as one writes them."""
        return self.text if self.text is not None else join_words(self.words, self.lang)[0]


class Rendering(NamedTuple):
    """What an original became.

    :param original: the sentence it was made from.
    :param words: its words, none where there was nothing to say.
    :param text: as the translator wrote it; None when the words are all that is known.
    """

    original: Original
    words: Sequence[str]
    text: str | None
    offsets: Sequence[int] | None


def read_originals(connection: Connection, items: Sequence[int]) -> list[Original]:
    """Sentences, in key order.

    :param items: their keys, ascending.
    """
    names = ("id", "corpus_id", "lang", "split", "external_id", "parent_id", "words", "text")
    query = select(*(sentence.c[name] for name in names)).where(within(connection, sentence.c.id, items))
    rows = bulk.fetch(connection, query.order_by(sentence.c.id))
    return [Original._make((*before, json.loads(words), text)) for *before, words, text in rows]


def rendering_of(original: Original, text: str, lang: str) -> Rendering:
    """Split a translation into words, with their places in it kept.

    :param lang: the language it is in.
    """
    text = normalize(text)
    words = split_words(text, lang)
    return Rendering(original, [word.word for word in words], text, [word.start for word in words])


def rendering_rows(made: Sequence[Rendering], lang: str, step_id: int, name: str, kind: Kind) -> list[Rows]:
    """Rows of ``sentence`` and ``translation``, whose new keys count the renderings.

    :param lang: the language they are in.
    :param name: of the step; with the original's id it makes the id of a rendering.
    :param kind: a rendering of kind ``back`` is a translation of what its original renders, in the same language.
    """
    sentences = [(new, *_sentence(each, lang, name, step_id)) for new, each in enumerate(made)]
    links = [(new, *_link(each, lang, step_id, kind)) for new, each in enumerate(made)]
    return [
        Rows(sentence, _SENTENCE, sentences, new_keys=("id",)),
        Rows(translation, _TRANSLATION, links, new_keys=("rendering_id",)),
    ]


def _sentence(made: Rendering, lang: str, name: str, step_id: int) -> Row:
    given = made.original
    offsets = None if made.offsets is None else canonical_json(list(made.offsets))
    name = f"{given.external_id or given.id}@{name}"
    words = canonical_json(list(made.words))
    return given.corpus_id, lang, len(made.words), given.split, name, given.id, step_id, words, made.text, offsets


def _link(made: Rendering, lang: str, step_id: int, kind: Kind) -> Row:
    given = made.original
    original, original_lang = (given.of, lang) if kind == "back" else (given.id, given.lang)
    return given.corpus_id, original_lang, lang, step_id, kind, original
