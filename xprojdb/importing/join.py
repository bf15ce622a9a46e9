"""Join the sentences of a corpus that have the same id in two languages, as human translations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, Select, exists, func, insert, literal, or_, select, union_all

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, sentence, source_file, translation
from xprojdb.errors import UsageError
from xprojdb.steps.spec import GOLD, find_step, register_step

LanguagePair = tuple[str, str]
#: keys of sentences per statement, whose links are sorted in memory
BLOCK = 50_000


def link_corpus(connection: Connection, name: str, langs: Sequence[str]) -> int:
    """Link each pair of the languages, the earlier one as the original. Needs a write transaction.

    Sentences are joined by id, never by position; a sentence without a counterpart is left alone. Existing links are
    kept, whatever their direction.

    :param langs: two or more different languages, in order.
    :returns: how many links are new.
    :raises UsageError: when the corpus or one of the languages does not exist.
    """
    corpus_id = connection.execute(select(corpus.c.id).where(corpus.c.name == name)).scalar()
    if corpus_id is None:
        raise UsageError(f"there is no corpus {name}", hint="xprojdb status lists them", corpus=name)
    sentences = _count_sentences(connection, corpus_id)
    _check_languages(sentences, name, langs)
    step_id = register_step(connection, GOLD)
    links = _count_links(connection, corpus_id, step_id)
    pairs = [pair for pair in combinations(langs, 2) if not _complete(pair, sentences, links)]
    if not pairs:
        return 0
    bulk.refresh_statistics(connection, sentence)
    return sum(_link(connection, corpus_id, step_id, pairs, keys) for keys in _blocks(connection, corpus_id, pairs))


def _blocks(connection: Connection, corpus_id: int, pairs: Sequence[LanguagePair]) -> Iterator[tuple[int, int]]:
    """Consecutive ranges of keys that cover all originals, so that one block is sorted at a time."""
    originals = (sentence.c.corpus_id == corpus_id, sentence.c.lang.in_({original for original, _ in pairs}))
    first, last = connection.execute(select(func.min(sentence.c.id), func.max(sentence.c.id)).where(*originals)).one()
    for low in range(first, last + 1, BLOCK):
        yield low, low + BLOCK - 1


def _link(
    connection: Connection, corpus_id: int, step_id: int, pairs: Sequence[LanguagePair], keys: tuple[int, int]
) -> int:
    """Link the originals of a range of keys; returns how many links are new."""
    # Ordered by original, so that the translations of one sentence are adjacent and its words are encoded once.
    unlinked = union_all(*(_unlinked(corpus_id, step_id, pair, keys) for pair in pairs)).subquery()
    query = select(unlinked).order_by(unlinked.c.original_id, unlinked.c.rendering_id)
    columns = ("corpus_id", "original_lang", "rendering_lang", "step_id", "kind", "original_id", "rendering_id")
    statement = insert(translation).from_select(columns, query)
    # Without this option, psycopg loses the count.
    return int(connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount)


def first_unlinked(connection: Connection, corpus_id: int, part: tuple[str, str], lang: str) -> str | None:
    """The first sentence of a file that is not linked to one in another language.

    :param part: the file's language and its part.
    :param lang: the other language.
    :returns: the sentence's id in the corpus, or None if all are linked.
    """
    step_id = find_step(connection, GOLD)
    sentences = _count_sentences(connection, corpus_id)
    pair = part[0], lang
    if sentences[pair[0]] <= sentences[lang] and _complete(
        pair, sentences, _count_links(connection, corpus_id, step_id)
    ):
        return None
    forth = exists().where(
        translation.c.original_id == sentence.c.id,
        translation.c.step_id == step_id,
        translation.c.rendering_lang == lang,
    )
    back = exists().where(
        translation.c.rendering_id == sentence.c.id,
        translation.c.step_id == step_id,
        translation.c.original_lang == lang,
    )
    query = (
        select(sentence.c.external_id)
        .join(source_file, source_file.c.id == sentence.c.source_file_id)
        .where(source_file.c.corpus_id == corpus_id, source_file.c.lang == part[0], source_file.c.part == part[1])
        .where(~forth, ~back)
        .order_by(sentence.c.id)
    )
    return connection.execute(query.limit(1)).scalar()


def _unlinked(corpus_id: int, step_id: int, pair: LanguagePair, keys: tuple[int, int]) -> Select[Any]:
    """The missing rows of ``translation`` between two languages, for originals in a range of keys."""
    left, right, old = sentence.alias(), sentence.alias(), translation.alias()
    forth = (old.c.original_id == left.c.id) & (old.c.rendering_id == right.c.id)
    back = (old.c.original_id == right.c.id) & (old.c.rendering_id == left.c.id)
    linked = [exists().where(way, old.c.step_id == step_id) for way in (forth, back)]
    return (
        select(
            literal(corpus_id).label("corpus_id"),
            left.c.lang.label("original_lang"),
            right.c.lang.label("rendering_lang"),
            literal(step_id).label("step_id"),
            literal("human").label("kind"),
            left.c.id.label("original_id"),
            right.c.id.label("rendering_id"),
        )
        .join(right, (right.c.corpus_id == corpus_id) & (right.c.external_id == left.c.external_id))
        # Not the bare column: SQLite would use its index to scan the whole corpus for each range.
        .where(left.c.id.between(*keys), left.c.corpus_id + 0 == corpus_id, left.c.lang == pair[0])
        .where(right.c.lang == pair[1], ~or_(*linked))
    )


def _count_sentences(connection: Connection, corpus_id: int) -> Mapping[str, int]:
    """How many sentences could be linked, by language."""
    query = (
        select(sentence.c.lang, func.count(sentence.c.external_id))
        .where(sentence.c.corpus_id == corpus_id)
        .group_by(sentence.c.lang)
    )
    return {lang: count for lang, count in connection.execute(query) if count}


def _count_links(connection: Connection, corpus_id: int, step_id: int | None) -> Mapping[frozenset[str], int]:
    """How many human translations there are between two languages, in either direction."""
    sides = translation.c.original_lang, translation.c.rendering_lang
    query = (
        select(*sides, func.count())
        .where(translation.c.corpus_id == corpus_id, translation.c.step_id == step_id)
        .group_by(*sides)
    )
    counts: dict[frozenset[str], int] = {}
    for left, right, count in connection.execute(query):
        counts[frozenset((left, right))] = counts.get(frozenset((left, right)), 0) + count
    return counts


def _complete(pair: LanguagePair, sentences: Mapping[str, int], links: Mapping[frozenset[str], int]) -> bool:
    """Whether every sentence of the smaller side is linked; since ids are unique, none can have two links."""
    return links.get(frozenset(pair), 0) == min(sentences[lang] for lang in pair)


def _check_languages(sentences: Mapping[str, int], name: str, langs: Sequence[str]) -> None:
    for lang in langs:
        if lang not in sentences:
            raise UsageError(
                f"the corpus {name} has no sentences in {lang}",
                hint=f"its languages: {', '.join(sorted(sentences)) or 'none at all'}",
                corpus=name,
                lang=lang,
            )
    if len(set(langs)) < max(len(langs), 2):
        raise UsageError(
            "linking needs two or more different languages", hint="name them, such as --langs en,de", langs=tuple(langs)
        )
