"""Read the labels that a recipe projected from the database, sentence by sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, groupby
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, func, literal, select

from xprojdb.arrays import Longs
from xprojdb.db import bulk
from xprojdb.db.count_cache import CountCache
from xprojdb.db.tables import corpus, label, outcome, sentence, translation, vote
from xprojdb.digest import canonical_json
from xprojdb.errors import UsageError
from xprojdb.exports.gold.labels import Exported, GoldLabels, GoldStep
from xprojdb.exports.gold.reading import read_gold_columns
from xprojdb.exports.rows.annotations import ANNOTATIONS, made_by
from xprojdb.exports.rows.sentences import ProjectedLabel, ProjectedSentence
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.planning.planner import Plan
from xprojdb.steps.combine.gold_set import GOLD_SET
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.combine.voters import TRANSFER
from xprojdb.steps.stage import Side, sentence_key

#: the split of sentences that were imported without one
DEFAULT_SPLIT = "train"

_BLOCK = 10_000


def choose(
    plan: Plan, targets: Sequence[str] = (), source: str | None = None, *, several: bool = False
) -> list[Labelling]:
    """Choose what to export: one set of labels for each target language, the consensus if the recipe makes one.

    :param targets: language codes; empty: all.
    :param source: the language the labels come from; needed where a target has several that are not combined.
    :param several: take every source of a target on its own.
    :raises UsageError: when a target is not in the plan, or has several sources and none was chosen.
    """
    together: list[Labelling] = [] if source is not None or several else [*plan.consensuses]
    possible = together or [projection for projection in plan.projections if source in (None, projection.source)]
    names = sorted({labelling.target for labelling in possible})
    for code in targets:
        if code not in names:
            hint = f"it projects onto {', '.join(names) or 'nothing'}"
            raise UsageError(f"the recipe {plan.recipe.name} projects nothing onto {code}", hint=hint, lang=code)
    chosen = [labelling for labelling in possible if not targets or labelling.target in targets]
    for target, group in groupby(
        sorted(chosen, key=lambda labelling: labelling.target), lambda labelling: labelling.target
    ):
        sources = sorted({labelling.source for labelling in group})
        if len(sources) > 1 and not several:
            raise UsageError(
                f"{target} has labels from {', '.join(sources)}",
                hint="choose the source language with --source",
                lang=target,
                sources=tuple(sources),
            )
    return chosen


def splits_of(connection: Connection, labelling: Exported, counts: CountCache) -> list[str]:
    """The splits of the finished sentences, in customary order."""
    target, query = finished(labelling)
    query = query.with_only_columns(imported_split(target)).distinct()
    name = f"splits {labelling.step.step_id} {labelling.corpus_id} {labelling.source} {labelling.target}"
    name = f"{name} {canonical_json(list(labelling.splits))} {_pairs(labelling)}"
    return in_customary_order(counts.of(name, lambda: sorted(connection.execute(query).scalars())))


def _pairs(labelling: Exported) -> str:
    """The sets of translations behind it, as a text."""
    pairs = getattr(labelling, "pairs", None) or (getattr(labelling, "pair", None),)
    return canonical_json([list(pair) for pair in pairs if pair is not None])


def imported_split(target: Any) -> ColumnElement[str]:
    """The split of a sentence, as it was imported."""
    return func.coalesce(target.c.split, DEFAULT_SPLIT)


def is_begun(connection: Connection, labelling: Labelling) -> bool:
    """Whether the step has finished any sentence."""
    target, query = finished(labelling)
    return connection.execute(query.with_only_columns(target.c.id).limit(1)).first() is not None


def in_customary_order(splits: Iterable[str]) -> list[str]:
    """Train, validation, test, then the others."""
    customary = ("train", "validation", "test")
    names = set(splits)
    return [name for name in customary if name in names] + sorted(names.difference(customary))


def read_sentences(
    connection: Connection,
    labelling: Exported,
    split: str | None = None,
    items: Longs | None = None,
    preferred: GoldStep | None = None,
) -> Iterator[ProjectedSentence]:
    """The finished sentences with their labels, in import order.

    :param split: only this one, as imported.
    :param items: (N,) only these, by the keys of their outcomes, in ascending order.
    :param preferred: whose labels stand in place of projected ones, on the sentences that it has.
    """
    target, query = finished(labelling)
    through, item = query.selected_columns[0], labelling.covered().item
    imported = imported_split(target)
    columns = (corpus.c.name, target.c.external_id, imported, outcome.c.status, outcome.c.reason)
    text = (target.c.words, target.c.text, target.c.offsets)
    query = query.with_only_columns(item, through, target.c.id, *columns, *text)
    query = query.join(corpus, corpus.c.id == target.c.corpus_id).order_by(item).limit(_BLOCK)
    if split is not None:
        query = query.where(imported == split)
    for rows in _blocks(connection, query, item, items):
        yield from _sentences(connection, labelling, rows, preferred)


def _blocks(
    connection: Connection, query: Select[Any], item: ColumnElement[int], items: Longs | None
) -> Iterator[Sequence[_Row]]:
    cursor = 0
    while items is None or cursor < len(items):
        after = item > cursor if items is None else item >= int(items[cursor])
        rows = list(map(_Row._make, bulk.fetch(connection, query.where(after))))
        if not rows:
            return
        if items is None:
            cursor = rows[-1].item
        else:
            selected = np.isin([row.item for row in rows], items, assume_unique=True)
            # Jump to the next selected one, which may be far away.
            cursor = int(np.searchsorted(items, rows[-1].item, side="right"))
            rows = list(compress(rows, selected.tolist()))
        yield rows


class _Row(NamedTuple):
    item: int
    through: int
    sentence_id: int
    corpus: str
    external_id: str
    split: str
    outcome: str
    reason: str | None
    words: str
    text: str | None
    offsets: str | None


def _sentences(
    connection: Connection, labelling: Exported, rows: Sequence[_Row], preferred: GoldStep | None
) -> Iterator[ProjectedSentence]:
    keys = [row.sentence_id for row in rows]
    whole = labelling.step if isinstance(labelling, GoldLabels) else None
    human = whole or preferred
    gold = {} if human is None else _gold(connection, human, keys, labelling)
    if isinstance(labelling, GoldLabels):
        for row in rows:
            yield _sentence(labelling, row, gold[row.sentence_id], labelling.step)
        return
    for label_ in _projected(connection, labelling, rows, keys):
        corrected = gold.get(label_.sentence_id)
        if corrected is None or human is None:
            yield label_
        else:
            yield label_._replace(labels=corrected, annotation=human.annotation)


def _sentence(labelling: GoldLabels, row: _Row, labels: Sequence[ProjectedLabel], step: GoldStep) -> ProjectedSentence:
    item, through, key, name, external_id, split, status, reason, words, text, offsets = row
    where = (name, labelling.target, external_id, split)
    whence: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    parts = (*where, status, reason, *whence, json.loads(words), labels, text, offsets, step.annotation)
    return ProjectedSentence(item, key, through, *parts)


def _gold(
    connection: Connection, step: GoldStep, keys: Sequence[int], labelling: Exported
) -> dict[int, list[ProjectedLabel]]:
    """Per sentence that has some, or was said to have none, its gold labels."""
    gold = read_gold_columns(connection, step, np.array(keys, np.int64), labelling.mapping)
    labels: dict[int, list[ProjectedLabel]] = {key: [] for key in gold.done.tolist()}
    columns = (gold.key.tolist(), gold.start.tolist(), gold.end.tolist(), gold.label)
    for key, start, end, name in zip(*columns, strict=True):
        labels[key].append(ProjectedLabel(start, end, name, math.nan, math.nan, annotation=step.annotation))
    return labels


def _projected(
    connection: Connection, labelling: Labelling, rows: Sequence[_Row], keys: Sequence[int]
) -> Iterator[ProjectedSentence]:
    labels = _labels(connection, labelling, keys)
    read = _votes if isinstance(labelling, Consensus) else _source
    whence = read(connection, labelling, rows)
    combined = isinstance(labelling, Consensus)
    for item, through, key, name, external_id, split, status, reason, words, text, offsets in rows:
        own = labels.get((key, through), ())
        whence_of = whence.get((key, through), ())
        sources = [lang if lang == TRANSFER else f"{name}/{lang}/{source_id}" for lang, source_id, _ in whence_of]
        if combined:
            own = [
                own_label._replace(votes=tuple(lang for lang, _, ordinals in whence_of if n in ordinals))
                for n, own_label in enumerate(own)
            ]
        langs = tuple(lang for lang, _, _ in whence_of)
        where = (name, labelling.target, external_id, split)
        yield ProjectedSentence(
            item, key, through, *where, status, reason, tuple(sources), langs, json.loads(words), own, text, offsets
        )


Whence = dict[tuple[int, int], list[tuple[str, str | None, set[int]]]]


def _source(connection: Connection, labelling: Labelling, rows: Sequence[_Row]) -> Whence:
    """The source sentence of the labels, by sentence and translation."""
    assert not isinstance(labelling, Consensus)
    names = _source_names(connection, [row.through for row in rows], labelling.labelled)
    return {(row.sentence_id, row.through): [(labelling.source, names[row.through], set())] for row in rows}


def _votes(connection: Connection, labelling: Labelling, rows: Sequence[_Row]) -> Whence:
    """The sources of each sentence, and what they voted for."""
    assert isinstance(labelling, Consensus)
    stage, keys = labelling.step, [row.sentence_id for row in rows]
    present = stage.read_present(connection, keys)
    voted = _voted(connection, stage, keys)
    origins: Whence = {}
    for number, voter in enumerate(stage.voters):
        sentences, links = (column.tolist() for column in present.of(number))
        names = {0: None} if voter.lang is None else _source_names(connection, sorted(links), voter.side)
        for key, link in zip(sentences, links, strict=True):
            origin = (voter.lang or TRANSFER, names[link], voted.get((key, link), set()))
            origins.setdefault((key, 0), []).append(origin)
    return origins


def _voted(connection: Connection, stage: Combine, keys: Sequence[int]) -> dict[tuple[int, int], set[int]]:
    """The ordinals of the labels that sources voted for, by sentence and translation."""
    query = select(vote.c.sentence_id, vote.c.translation_id, vote.c.ordinal)
    query = query.where(vote.c.step_id == stage.step_id, bulk.among(connection, vote.c.sentence_id, keys))
    rows = bulk.fetch(connection, query.where(vote.c.voter_step_id != stage.input_ids.get(GOLD_SET, 0)))
    ordinals: dict[tuple[int, int], set[int]] = {}
    for key, link, ordinal in rows:
        ordinals.setdefault((key, link), set()).add(ordinal)
    return ordinals


def _source_names(connection: Connection, links: Sequence[int], side: Side) -> dict[int, str | None]:
    """The ids of the sentences on one side of translations, by translation."""
    query = select(translation.c.id, sentence.c.external_id).join(sentence, sentence.c.id == sentence_key(side))
    return dict(bulk.fetch(connection, query.where(bulk.among(connection, translation.c.id, links))))


def _labels(
    connection: Connection, labelling: Labelling, keys: Sequence[int]
) -> dict[tuple[int, int], list[ProjectedLabel]]:
    """The labels, by sentence and translation."""
    names, made = (
        ("sentence_id", "translation_id", "start_word", "end_word", "label", "score", "margin"),
        made_by(labelling),
    )
    query = (
        select(*(label.c[name] for name in names), made if isinstance(made, ColumnElement) else literal(made))
        .where(label.c.step_id == labelling.step.step_id, bulk.among(connection, label.c.sentence_id, keys))
        .order_by(label.c.sentence_id, label.c.translation_id, label.c.ordinal)
    )
    labels: dict[tuple[int, int], list[ProjectedLabel]] = {}
    for key, link, start, end, name, score, margin, number in bulk.fetch(connection, query):
        own = ProjectedLabel(start, end, name, score, margin, annotation=ANNOTATIONS[number])
        labels.setdefault((key, link), []).append(own)
    return labels


def finished(labelling: Exported) -> tuple[Any, Select[Any]]:
    """The sentences that the step is done with, labelled or not, and the alias they go by."""
    target = sentence.alias("exported")
    query, item, key = labelling.covered()
    query = (
        query.join(target, target.c.id == key)
        .join(outcome, (outcome.c.step_id == labelling.step.step_id) & (outcome.c.item_id == item))
        .where(outcome.c.status.in_(("ok", "empty")))
    )
    return target, query
