"""Test items: the first gold sentences or pairs of a split in a fixed order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, outcome, sentence, sentence_pair
from xprojdb.steps.spec import GOLD, find_step
from xprojdb.steps.train.items import LabelledPair, LabelledSentence, ScoredSpan, as_pair, labelled, read_spans
from xprojdb.text.label_schemes import LabelMapping


def rank(seed: int, text: str) -> bytes:
    """The rank of an item in the order of a seed; samples are prefixes of that order."""
    return hashlib.blake2b(f"{seed}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def of_split(column: ColumnElement[Any], splits: Sequence[str]) -> list[ColumnElement[bool]]:
    """The condition that a split is one of ``splits``; no condition if there are none."""
    return [column.in_(list(splits))] if splits else []


def gold_sentences(corpora: Sequence[str], lang: str, splits: Sequence[str], gold: int | None) -> Select[Any]:
    """Select keys and words of imported sentences with gold annotation, which may be empty.

    :param gold: the key of the gold step.
    """
    query = (
        select(sentence.c.id, sentence.c.words)
        .join(corpus, corpus.c.id == sentence.c.corpus_id)
        .join(outcome, (outcome.c.step_id == gold) & (outcome.c.item_id == sentence.c.id))
        .where(corpus.c.name.in_(list(corpora)), sentence.c.lang == lang, sentence.c.step_id.is_(None))
        .where(*of_split(sentence.c.split, splits))
    )
    return query.order_by(sentence.c.id)


class _Gold:
    """An item with gold labels."""

    translation_id = 0

    def __init__(self, key: int, step_id: int) -> None:
        self.sentence_id, self.label_step_id = key, step_id


def read_tests(
    connection: Connection,
    corpora: Sequence[str],
    lang: str,
    split: str,
    limit: int | None,
    seed: int,
    mapping: LabelMapping | None,
) -> list[LabelledSentence]:
    """Read the gold test sentences of a language, in the order of their rank."""
    gold = find_step(connection, GOLD)
    chosen = measured_keys(connection, corpora, lang, split, limit, seed)
    if gold is None or not chosen:
        return []
    spans = read_spans(connection, [_Gold(key, gold) for key, _ in chosen])
    return [labelled(words, spans.get(key, ()), mapping, {}) for key, words in chosen]


def measured_keys(
    connection: Connection, corpora: Sequence[str], lang: str, split: str, limit: int | None, seed: int
) -> list[tuple[int, tuple[str, ...]]]:
    """Keys and words of the gold sentences that measure a language, in the order of their rank."""
    rows = bulk.fetch(connection, gold_sentences(corpora, lang, (split,), find_step(connection, GOLD)))
    chosen = sorted(rows, key=lambda row: rank(seed, row[1]))[:limit]
    return [(key, tuple(json.loads(words))) for key, words in chosen]


def gold_spans(connection: Connection, keys: Sequence[int], gold: int) -> dict[int, list[ScoredSpan]]:
    """Read the gold spans of sentences."""
    return read_spans(connection, [_Gold(key, gold) for key in keys])


def pairs_of(corpora: Sequence[str], lang: str, splits: Sequence[str]) -> Select[Any]:
    """Select keys, premises, hypotheses, labels and ids of pairs."""
    columns = [sentence_pair.c[name] for name in ("id", "premise", "hypothesis", "label", "external_id")]
    query = select(*columns).join(corpus, corpus.c.id == sentence_pair.c.corpus_id)
    query = query.where(corpus.c.name.in_(list(corpora)), sentence_pair.c.lang == lang)
    return query.where(*of_split(sentence_pair.c.split, splits)).order_by(sentence_pair.c.id)


def read_test_pairs(
    connection: Connection, corpora: Sequence[str], lang: str, split: str, limit: int | None, seed: int
) -> list[LabelledPair]:
    """Read the test pairs of a language; equal ids give the same pairs in every language."""
    rows = bulk.fetch(connection, pairs_of(corpora, lang, (split,)))
    chosen = sorted(rows, key=lambda row: rank(seed, row[4]))[:limit]
    return [as_pair(*row[1:4]) for row in chosen]
