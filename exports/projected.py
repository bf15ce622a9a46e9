"""Cut the labels that a recipe projected out of the database, as rows to write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, func, select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, label, outcome, sentence, translation, vote
from xprojdb.engine.plan import Plan
from xprojdb.errors import UsageError
from xprojdb.exports.huggingface import ExportRow
from xprojdb.extras import require
from xprojdb.labels import Span
from xprojdb.steps.combining.voters import TRANSFER
from xprojdb.steps.projection import Consensus, Labelling
from xprojdb.steps.stage import Side, sentence_key

#: the split of sentences that were imported without one
DEFAULT_SPLIT = "train"

_CUSTOMARY = ("PER", "ORG", "LOC", "DATE", "MISC")
_BLOCK = 10_000


def provenance_columns(several: bool = False) -> dict[str, Any]:
    """The columns beside words and tags, with their Arrow types: one score and margin for each entity, in order.

    :param several: the labels are the consensus of several sources: the sentences of all of them, and for each entity
        the languages that voted for it.
    """
    arrow = require("pyarrow", "export")
    numbers, texts = arrow.list_(arrow.float64()), arrow.list_(arrow.string())
    whence = {"sources": texts, "votes": texts} if several else {"source": arrow.string()}
    return {**whence, "scores": numbers, "margins": numbers, "step": arrow.string()}


def choose(plan: Plan, targets: Sequence[str] = (), source: str | None = None) -> list[Labelling]:
    """What to export: one set of labels for each target language, the consensus where the recipe makes one.

    :param targets: language codes; empty: all.
    :param source: the language the labels come from; needed where a target has several that are not combined.
    :raises UsageError: when a target is not one of the plan's, or has several sources and none was chosen.
    """
    together: list[Labelling] = [] if source is not None else [*plan.consensuses]
    possible = together or [each for each in plan.projections if source in (None, each.source)]
    known = sorted({each.target for each in possible})
    for code in targets:
        if code not in known:
            hint = f"it projects onto {', '.join(known) or 'nothing'}"
            raise UsageError(f"the recipe {plan.recipe.name} projects nothing onto {code}", hint=hint, lang=code)
    chosen = [each for each in possible if not targets or each.target in targets]
    for target, group in groupby(sorted(chosen, key=lambda each: each.target), lambda each: each.target):
        sources = sorted({each.source for each in group})
        if len(sources) > 1:
            raise UsageError(
                f"{target} has labels from {', '.join(sources)}",
                hint="choose the source language with --source",
                lang=target,
                sources=tuple(sources),
            )
    return chosen


def splits_of(connection: Connection, labelling: Labelling) -> list[str]:
    """The splits of the finished sentences, in customary order."""
    target, query = _finished(labelling)
    found = connection.execute(query.with_only_columns(func.coalesce(target.c.split, DEFAULT_SPLIT)).distinct())
    customary = ("train", "validation", "test")
    names = set(found.scalars())
    return [name for name in customary if name in names] + sorted(names.difference(customary))


def labels_of(connection: Connection, chosen: Sequence[Labelling]) -> list[str]:
    """The labels that sentences were given, in customary order: PER, ORG, LOC, DATE, MISC, then the others."""
    steps = {each.step.step_id for each in chosen}
    found = set(connection.execute(select(label.c.label).where(label.c.step_id.in_(steps)).distinct()).scalars())
    return [name for name in _CUSTOMARY if name in found] + sorted(found.difference(_CUSTOMARY))


def read_rows(connection: Connection, labelling: Labelling, split: str) -> Iterator[ExportRow]:
    """The finished sentences of a split with their labels, in the order of import.

    A row's id is the name that ``xprojdb explain`` takes: ``CORPUS/LANG/ID``.
    """
    target, query = _finished(labelling)
    through, item = query.selected_columns[0], labelling.covered().item
    columns = (item, through, target.c.id, corpus.c.name, target.c.external_id, target.c.words)
    query = (
        query.with_only_columns(*columns)
        .join(corpus, corpus.c.id == target.c.corpus_id)
        .where(func.coalesce(target.c.split, DEFAULT_SPLIT) == split)
        .order_by(item)
        .limit(_BLOCK)
    )
    cursor = 0
    while rows := bulk.fetch(connection, query.where(item > cursor)):
        yield from _export_rows(connection, labelling, rows)
        cursor = rows[-1][0]


def _export_rows(connection: Connection, labelling: Labelling, rows: Sequence[bulk.Row]) -> Iterator[ExportRow]:
    keys = sorted({row[2] for row in rows})
    labels = _labels(connection, labelling, keys)
    read = _votes if isinstance(labelling, Consensus) else _source
    whence = read(connection, labelling, rows)
    for _, through, key, corpus_name, external_id, words in rows:
        own = labels.get((key, through), ())
        provenance = {
            **_whence(whence.get((key, through), ()), labelling, corpus_name, len(own)),
            "scores": [each[6] for each in own],
            "margins": [each[7] for each in own],
            "step": labelling.step.spec.digest,
        }
        spans = [Span(*each[3:6]) for each in own]
        name = f"{corpus_name}/{labelling.target}/{external_id}"
        yield ExportRow(name, json.loads(words), spans, labelling.target, provenance)


def _whence(found: Sequence[Any], labelling: Labelling, corpus_name: str, entities: int) -> Mapping[str, Any]:
    """The columns that say where a sentence's labels come from.

    :param found: language and id of its source sentences, each with the ordinals of the labels that it voted for.
    """
    names = [lang if lang == TRANSFER else f"{corpus_name}/{lang}/{external_id}" for lang, external_id, _ in found]
    if not isinstance(labelling, Consensus):
        return {"source": names[0]}
    votes = ["+".join(lang for lang, _, ordinals in found if n in ordinals) for n in range(entities)]
    return {"sources": names, "votes": votes}


Whence = dict[tuple[int, int], list[tuple[str, str | None, set[int]]]]


def _source(connection: Connection, labelling: Labelling, rows: Sequence[bulk.Row]) -> Whence:
    """Per sentence and translation, the sentence that the labels come from."""
    assert not isinstance(labelling, Consensus)
    names = _source_names(connection, [row[1] for row in rows], labelling.labelled)
    return {(row[2], row[1]): [(labelling.source, names[row[1]], set())] for row in rows}


def _votes(connection: Connection, labelling: Labelling, rows: Sequence[bulk.Row]) -> Whence:
    """Per sentence, the sources that it has, and what they voted for."""
    assert isinstance(labelling, Consensus)
    stage, keys = labelling.step, [row[2] for row in rows]
    present = stage.read_present(connection, keys)
    voted = _voted(connection, stage.step_id, keys)
    found: Whence = {}
    for number, voter in enumerate(stage.voters):
        sentences, links = (column.tolist() for column in present.of(number))
        names = {0: None} if voter.lang is None else _source_names(connection, sorted(links), voter.side)
        for key, link in zip(sentences, links, strict=True):
            told = (voter.lang or TRANSFER, names[link], voted.get((key, link), set()))
            found.setdefault((key, 0), []).append(told)
    return found


def _voted(connection: Connection, step_id: int, keys: Sequence[int]) -> dict[tuple[int, int], set[int]]:
    """Per sentence and translation, the ordinals of the labels that got its vote."""
    query = select(vote.c.sentence_id, vote.c.translation_id, vote.c.ordinal)
    rows = bulk.fetch(
        connection, query.where(vote.c.step_id == step_id, bulk.among(connection, vote.c.sentence_id, keys))
    )
    found: dict[tuple[int, int], set[int]] = {}
    for key, link, ordinal in rows:
        found.setdefault((key, link), set()).add(ordinal)
    return found


def _source_names(connection: Connection, links: Sequence[int], side: Side) -> dict[int, str | None]:
    """The ids of the sentences on one side of translations, by translation."""
    query = select(translation.c.id, sentence.c.external_id).join(sentence, sentence.c.id == sentence_key(side))
    return dict(bulk.fetch(connection, query.where(bulk.among(connection, translation.c.id, links))))


def _labels(connection: Connection, labelling: Labelling, keys: Sequence[int]) -> dict[tuple[int, int], list[bulk.Row]]:
    """Per sentence and translation, its labels: sentence, translation, ordinal, start, end, label, score, margin."""
    names = ("sentence_id", "translation_id", "ordinal", "start_word", "end_word", "label", "score", "margin")
    query = (
        select(*(label.c[name] for name in names))
        .where(label.c.step_id == labelling.step.step_id, bulk.among(connection, label.c.sentence_id, keys))
        .order_by(label.c.sentence_id, label.c.translation_id, label.c.ordinal)
    )
    found: dict[tuple[int, int], list[bulk.Row]] = {}
    for row in bulk.fetch(connection, query):
        found.setdefault((row[0], row[1]), []).append(row)
    return found


def _finished(labelling: Labelling) -> tuple[Any, Select[Any]]:
    """The sentences that the step is done with, labelled or not, and the alias they go by."""
    target = sentence.alias("exported")
    query, item, key = labelling.covered()
    query = (
        query.join(target, target.c.id == key)
        .join(outcome, (outcome.c.step_id == labelling.step.step_id) & (outcome.c.item_id == item))
        .where(outcome.c.status.in_(("ok", "empty")))
    )
    return target, query
