"""Find a sentence by name, with its words and gold entities."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, select

from xprojdb.db.tables import corpus, entity, outcome, sentence
from xprojdb.errors import UsageError
from xprojdb.steps.spec import GOLD, find_step
from xprojdb.text.languages import UnknownLanguage, language
from xprojdb.text.spans import Span
from xprojdb.text.words import phrase

#: more digits than a key can have
_LONGEST_KEY = 19


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence with its gold entities; ``gold`` is None if it was imported without labels."""

    id: int
    corpus: str
    lang: str
    external_id: str | None
    words: list[str]
    gold: list[Span] | None

    @property
    def name(self) -> str:
        """The name that :func:`find_sentence` takes: ``CORPUS/LANG/ID``, or the key of a sentence without an id."""
        return str(self.id) if self.external_id is None else f"{self.corpus}/{self.lang}/{self.external_id}"

    def phrase(self, start: int, end: int) -> str:
        """The words of a span, as they are written in the language."""
        return phrase(self.words[start:end], self.lang)


def find_sentence(connection: Connection, name: str) -> int:
    """The key of a sentence.

    :param name: ``CORPUS/LANG/ID``, or the key itself.
    :raises UsageError: when there is none.
    """
    key = _by_key(connection, name) if name.isdecimal() else sentence_named(connection, name)
    if key is None:
        raise UsageError(
            f"there is no sentence {name!r}",
            hint="name it as CORPUS/LANG/ID, such as news/de/test-17, or by its id in the table sentence",
            sentence=name,
        )
    return key


def _by_key(connection: Connection, name: str) -> int | None:
    key = int(name) if len(name) < _LONGEST_KEY else -1
    sentence_id: int | None = connection.execute(select(sentence.c.id).where(sentence.c.id == key)).scalar()
    return sentence_id


def sentence_named(connection: Connection, name: str) -> int | None:
    """The key of the sentence ``CORPUS/LANG/ID``, or None."""
    corpora = connection.execute(select(corpus.c.id, corpus.c.name).order_by(corpus.c.id)).all()
    # Names of corpora and ids of sentences may contain slashes; language codes do not.
    for corpus_id, called in corpora:
        if name.startswith(f"{called}/"):
            lang, _, external_id = name.removeprefix(f"{called}/").partition("/")
            query = select(sentence.c.id).where(sentence.c.corpus_id == corpus_id, sentence.c.lang == _stored(lang))
            key: int | None = connection.execute(query.where(sentence.c.external_id == external_id)).scalar()
            if key is not None:
                return key
    return None


def _stored(lang: str) -> str:
    """The code under which sentences of a language are stored, which may have been imported by another."""
    try:
        return language(lang).code
    except UnknownLanguage:
        return lang


def read_text(connection: Connection, key: int) -> Text:
    """Read a sentence by its key."""
    columns = (sentence.c.id, sentence.c.lang, sentence.c.external_id, sentence.c.words)
    query = select(*columns, corpus.c.name).join(corpus, corpus.c.id == sentence.c.corpus_id)
    row = connection.execute(query.where(sentence.c.id == key)).one()
    gold_step = find_step(connection, GOLD)
    labelled = select(outcome.c.item_id).where(outcome.c.step_id == gold_step, outcome.c.item_id == key)
    gold = None
    if connection.execute(labelled).first() is not None:
        gold = [span for _, span in read_entities(connection, gold_step or 0, key)]
    return Text(row.id, row.name, row.lang, row.external_id, json.loads(row.words), gold)


def read_entities(connection: Connection, step_id: int, key: int) -> list[tuple[int, Span]]:
    """The entities of a sentence in a step, each with its ordinal."""
    columns = (entity.c.ordinal, entity.c.start_word, entity.c.end_word, entity.c.label)
    query = select(*columns).where(entity.c.step_id == step_id, entity.c.sentence_id == key).order_by(entity.c.ordinal)
    return [(ordinal, Span(*span)) for ordinal, *span in connection.execute(query)]
