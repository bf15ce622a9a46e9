"""Articles and clitics that taggers include in entities and gold annotations leave out, by language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from xprojdb.text.spans import Span


class EdgeWords(NamedTuple):
    """Words that are no part of a name at its edges, as they are split and in lower case.

    :param leading: those at its start: articles, alone or with a preposition.
    :param trailing: those at its end: clitics, such as the genitive 's, and articles that follow their noun.
    """

    leading: frozenset[str]
    trailing: frozenset[str]


@cache
def edge_words(lang: str) -> EdgeWords:
    """The words of a language; none for languages that are not in the table, most of which have no articles.

    :param lang: a stored code (:func:`xprojdb.text.languages.language`).
    """
    return _table().get(lang, EdgeWords(frozenset(), frozenset()))


@cache
def _table() -> dict[str, EdgeWords]:
    text = resources.files("xprojdb.text").joinpath("edge_words.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return {code: EdgeWords(frozenset(first.split()), frozenset(last.split())) for code, first, last in rows}


def trim_span(words: Sequence[str], span: Span, edges: EdgeWords) -> Span | None:
    """Remove such words from the edges of a span; returns None if nothing is left.

    :param words: the sentence. Only words that are equal to those of ``edges`` are removed: in a text with capitals,
        *La Rioja* and *The Hague* are whole.
    """
    start, end, label = span
    while start < end and words[start] in edges.leading:
        start += 1
    while start < end and words[end - 1] in edges.trailing:
        end -= 1
    return Span(start, end, label) if start < end else None
