"""The competitors of a joint match: the entities of all sources of a sentence, each with its candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from xprojdb.arrays import Floats, Ints, Longs
from xprojdb.matching.arrays import offsets
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.derived_labels import DerivedLabel, derived_labels
from xprojdb.steps.combine.voters import Present, SeveralSources, Voter
from xprojdb.steps.inputs import LabelledSpans, read_entities, runs
from xprojdb.steps.project.match import ProjectMatch
from xprojdb.steps.project.stage import read_sides
from xprojdb.steps.spec import find_step


class Competing(NamedTuple):
    """The entities and candidates of T sentences, for :func:`xprojdb.matching.combination.joint.joint`.

    :param entity_ptr: (T+1,) offsets of the entities of each sentence.
    :param source: (E,) index of each entity's source.
    :param voter: (E,) index of its voter.
    :param translation: (E,) the translation it was projected through; 0 for transfer.
    :param ordinal: (E,) its ordinal in its source sentence.
    :param entity: (C,) the entity of each candidate, counted from 0 to E.
    :param label: (C,) label codes, negative where the entity has no label on the candidate.
    :param score: (C,) the weighted mean of the scores.
    :param names: the labels behind the codes.
    """

    entity_ptr: Longs
    source: Ints
    voter: Longs
    translation: Longs
    ordinal: Longs
    entity: Longs
    candidates: Candidates
    label: Ints
    score: Floats
    names: Sequence[str]


class _Part(NamedTuple):
    """The entities and candidates of one voter; ``rule`` and the two flags after it serve derived labels."""

    voter: int
    source: int
    sentence: Longs
    translation: Longs
    ordinal: Longs
    label: list[str]
    entity_ptr: Longs
    candidates: Candidates
    score: Floats
    rule: DerivedLabel | None
    capitalised: Sequence[bool]
    lower: Sequence[Sequence[bool]]


def read_competing(stage: SeveralSources, connection: Connection, keys: Longs, present: Present) -> Competing:
    """Read the entities and candidates of all sources of some sentences.

    :param keys: (T,) keys of the sentences, ascending.
    """
    read = [_read(stage, connection, number, present) for number in range(len(stage.voters))]
    parts = [part for part in read if part is not None]
    if not parts:
        return _nothing(len(keys))
    first = offsets([len(part.label) for part in parts])
    sentence, source, voter, translation, ordinal = _entities(parts)
    order = np.lexsort((ordinal, source, sentence))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    entity = np.concatenate([rank[n + _own(part)] for n, part in zip(first.tolist(), parts, strict=False)])
    start, end = (np.concatenate([getattr(part.candidates, name) for part in parts]) for name in ("start", "end"))
    row = np.lexsort((end, start, entity))
    entity_ptr = runs(sentence[order], keys)
    candidates = _candidates(entity_ptr, entity[row], start[row], end[row])
    names = _names(parts)
    label = np.concatenate([_codes(part, names) for part in parts])[row]
    score = np.concatenate([part.score for part in parts])[row]
    about = (source[order].astype(np.int32), voter[order], translation[order], ordinal[order])
    return Competing(entity_ptr, *about, entity[row], candidates, label, score, names)


def _entities(parts: Sequence[_Part]) -> tuple[Longs, Longs, Longs, Longs, Longs]:
    """Sentence, source, voter, translation and ordinal of all entities, one part after the other."""
    counts = [len(part.label) for part in parts]
    source, voter = (np.repeat([getattr(part, name) for part in parts], counts) for name in ("source", "voter"))
    columns = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("sentence", "translation", "ordinal")
    )
    sentence, translation, ordinal = columns
    return sentence, source, voter, translation, ordinal


def _candidates(entity_ptr: Longs, entity: Longs, start: Ints, end: Ints) -> Candidates:
    """Build the candidates from columns that are sorted already, with entities numbered from 0 to E."""
    at = np.searchsorted(entity_ptr, entity, "right") - 1
    within = (entity - entity_ptr[at]).astype(np.int32)
    ptr = np.searchsorted(at, np.arange(len(entity_ptr))).astype(np.int64)
    return Candidates(ptr, within, start, end, np.ones(len(entity), np.uint8))


def _names(parts: Sequence[_Part]) -> list[str]:
    """All labels that entities have or can be given."""
    becomes = {part.rule.becomes for part in parts if part.rule is not None} - {None}
    return sorted({label for part in parts for label in part.label} | {str(name) for name in becomes})


def _nothing(sentences: int) -> Competing:
    none, few = np.empty(0, np.int64), np.empty(0, np.int32)
    ptr = np.zeros(sentences + 1, np.int64)
    candidates = Candidates(ptr, few, few, few, np.empty(0, np.uint8))
    return Competing(ptr, few, none, none, none, none, candidates, few, np.empty(0), ())


def _own(part: _Part) -> Longs:
    """(C,) the entity of each candidate of a voter."""
    pair = np.repeat(np.arange(len(part.candidates.ptr) - 1), np.diff(part.candidates.ptr))
    return part.entity_ptr[pair] + part.candidates.entity


def _codes(part: _Part, names: Sequence[str]) -> Ints:
    codes = np.array([names.index(label) for label in part.label], np.int32)
    lower = np.array([flag for flags in part.lower for flag in flags], np.bool_)
    lower_ptr = offsets([len(flags) for flags in part.lower])
    capitalised = np.array(part.capitalised, np.bool_)
    return derived_labels(
        part.entity_ptr, part.candidates, codes, capitalised, lower_ptr, lower, part.rule, tuple(names)
    )


def _read(stage: SeveralSources, connection: Connection, number: int, present: Present) -> _Part | None:
    voter = stage.voters[number]
    if voter.lang is None:
        return _read_transfer(stage, connection, number, present)
    project = _bound(connection, voter, stage.input_ids[voter.role])
    items = np.sort(present.of(number)[1]).tolist()
    entities = read_entities(connection, project.input_ids["entities"], items, voter.side, project.mapping)
    if not entities.label:
        return None
    keys = np.unique(entities.item)
    candidates, fused = project.read_candidates(connection, items, keys, entities)
    score = fused / sum(project.weights.values())
    labelled = (entities.sentence, entities.item, entities.ordinal, entities.label)
    words = _letters(connection, project, keys, entities)
    return _Part(number, voter.source, *labelled, runs(entities.item, keys), candidates, score, project.derived, *words)


def _read_transfer(stage: SeveralSources, connection: Connection, number: int, present: Present) -> _Part | None:
    """Treat the spans of a target-language tagger as certain; it has no other candidates."""
    keys = present.of(number)[0]
    ballot = stage.read_ballot(connection, keys.tolist(), present)
    mine = np.flatnonzero(ballot.voter == number)
    if not len(mine):
        return None
    sentence = ballot.sentence[mine]
    ptr = runs(sentence, keys)
    entity = (np.arange(len(mine)) - np.repeat(ptr[:-1], np.diff(ptr))).astype(np.int32)
    spans = (ballot.start[mine], ballot.end[mine], np.ones(len(mine), np.uint8))
    labels = [ballot.label[row] for row in mine.tolist()]
    labelled = (sentence, ballot.translation[mine], ballot.ordinal[mine], labels)
    source = stage.voters[number].source
    return _Part(number, source, *labelled, ptr, Candidates(ptr, entity, *spans), ballot.score[mine], None, (), ())


def _letters(
    connection: Connection, project: ProjectMatch, keys: Longs, entities: LabelledSpans
) -> tuple[list[bool], list[list[bool]]]:
    """Whether each entity starts with a capitalised word, and whether each target word is lower case."""
    if project.derived is None:
        return [], []
    words = read_sides(connection, keys.tolist(), project.labelled)
    begins = zip(entities.item.tolist(), entities.start.tolist(), strict=True)
    capitalised = [any(map(str.isupper, words[key][0][start])) for key, start in begins]
    return capitalised, [[word.islower() for word in words[key][1]] for key in keys.tolist()]


def _bound(connection: Connection, voter: Voter, step_id: int) -> ProjectMatch:
    """The project step of a voter, bound to the ids of its inputs."""
    project = ProjectMatch(voter.spec)
    inputs = {role: find_step(connection, spec) for role, spec in voter.spec.inputs.items()}
    project.bind(step_id, {role: key for role, key in inputs.items() if key is not None})
    return project
