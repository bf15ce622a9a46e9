"""How much a target span gains or loses in a joint match because of its words, whichever source supports it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, select

from xprojdb.arrays import Floats, Longs
from xprojdb.db import bulk
from xprojdb.db.tables import sentence
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.combination.sources import Spans, distinct_spans
from xprojdb.matching.scores.boundary import is_function_word
from xprojdb.matching.scores.term_consistency import term_shares
from xprojdb.steps.combine.params import ConsensusRule
from xprojdb.steps.fit.terms import read_projected, read_terms
from xprojdb.steps.fit.word_frequencies import read_frequencies
from xprojdb.steps.inputs import within
from xprojdb.steps.stage import Stage

#: the roles of the word counts, of the terms, and of the labels that the terms were counted from
FREQUENCIES, TERMS, DRAFT = "frequencies", "terms", "draft"
#: a span gains if more than this share of its other occurrences is labelled
_USUAL = 1 / 3


def read_adjustment(
    stage: Stage,
    connection: Connection,
    corpus_id: int,
    keys: Longs,
    candidates: Candidates,
    rule: ConsensusRule,
) -> Floats | None:
    """Compute an adjustment for each of the candidates' ``distinct_spans``, on the scale of the threshold.

    :param stage: its inputs include ``frequencies``, or ``terms`` and ``draft``, if the rule needs them.
    :param keys: (T,) keys of the sentences, all from one corpus.
    :param rule: what a function word costs as the ``first_word`` or the ``last_word``, and what ``terms`` are worth:
        a span gains two thirds of it when its words are labelled everywhere else they occur, and loses a third when
        they are labelled nowhere else.
    :returns: (U,) values, or None if the rule adjusts nothing.
    """
    edges = (rule.first_word or 0.0, rule.last_word or 0.0)
    worth = (rule.terms or 0.0) if TERMS in stage.input_ids else 0.0
    if not any(edges) and not worth:
        return None
    spans = distinct_spans(candidates.ptr, candidates.start, candidates.end)
    sentences = _words(connection, keys)
    added = np.zeros(len(spans.start))
    if any(edges):
        added -= _edges(stage, connection, corpus_id, sentences, spans, edges, rule.max_frequency or 0.0)
    if worth:
        added += worth * (_shares(stage, connection, corpus_id, keys, sentences, spans) - _USUAL)
    return added


def _words(connection: Connection, keys: Longs) -> list[list[str]]:
    query = select(sentence.c.words).where(within(connection, sentence.c.id, keys.tolist())).order_by(sentence.c.id)
    return [json.loads(words) for (words,) in bulk.fetch(connection, query)]


def _edges(
    stage: Stage,
    connection: Connection,
    corpus_id: int,
    sentences: Sequence[Sequence[str]],
    spans: Spans,
    costs: tuple[float, float],
    most: float,
) -> Floats:
    counts = read_frequencies(connection, stage.input_ids[FREQUENCIES], corpus_id)
    function_words = {
        word: is_function_word(word, counts, most) for word in {word for words in sentences for word in words}
    }
    at = np.repeat(np.arange(len(sentences)), np.diff(spans.ptr)).tolist()
    places = zip(at, spans.start.tolist(), spans.end.tolist(), strict=True)
    flags = [(function_words[sentences[i][start]], function_words[sentences[i][end - 1]]) for i, start, end in places]
    result: Floats = np.array(flags, np.float64).reshape(-1, 2) @ np.array(costs)
    return result


def _shares(
    stage: Stage,
    connection: Connection,
    corpus_id: int,
    keys: Longs,
    sentences: Sequence[Sequence[str]],
    spans: Spans,
) -> Floats:
    terms = read_terms(connection, stage.input_ids[TERMS], corpus_id)
    own = read_projected(connection, stage.input_ids[DRAFT], keys.tolist())
    shares: list[float] = []
    for i, (key, words) in enumerate(zip(keys.tolist(), sentences, strict=True)):
        first, last = spans.ptr[i : i + 2].tolist()
        places = list(zip(spans.start[first:last].tolist(), spans.end[first:last].tolist(), strict=True))
        shares += term_shares(words, own.get(key, set()), places, terms)
    return np.array(shares)
