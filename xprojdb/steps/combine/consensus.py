"""Agree: what several sources together say of some sentences, by vote or by the joint match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from xprojdb.matching.arrays import Floats, Ints, Longs
from xprojdb.matching.combination.joint import JointRule, joint
from xprojdb.matching.combination.sources import ConsensusSpans, Sources
from xprojdb.matching.combination.votes import vote
from xprojdb.steps.combine.adjustments import read_adjustment
from xprojdb.steps.combine.competition import read_competing
from xprojdb.steps.combine.params import ConsensusRule
from xprojdb.steps.combine.voters import Present, SeveralSources
from xprojdb.steps.inputs import runs


class Agreed(NamedTuple):
    """A consensus on a batch of sentences, and what its votes are.

    :param names: the labels that its codes stand for.
    :param spoke: the sentences that a source has an entity for.
    :param voter: (R,) of each row that can vote, the place of its voter.
    :param translation: (R,) the translation it came through; 0 for none.
    :param ordinal: (R,) the ordinal of its entity; -1 for none.
    :param row_label: (R,) the code of its label.
    """

    consensus: ConsensusSpans
    names: Sequence[str]
    spoke: set[int]
    voter: Longs
    translation: Longs
    ordinal: Longs
    row_label: Ints


def agree(
    stage: SeveralSources,
    connection: Connection,
    corpus_id: int,
    keys: Longs,
    present: Present,
    weight: Floats,
    rule: ConsensusRule,
) -> Agreed:
    """The consensus of the sources of some sentences of a corpus.

    :param keys: (T,) of the sentences, ascending.
    :param weight: (S,) of the sources.
    :param rule: see also :class:`xprojdb.matching.combination.joint.JointRule` and :func:`read_adjustment`.
    """
    sources = Sources(present.flags(keys, len(stage.sources)), weight)
    if rule.method == "joint":
        return _joint(stage, connection, corpus_id, keys, present, sources, rule)
    ballot = stage.read_ballot(connection, keys.tolist(), present)
    names, codes = coded(ballot.label)
    spans = (ballot.start, ballot.end, codes, ballot.score)
    found = vote(sources, runs(ballot.sentence, keys), ballot.source, *spans, rule.min_support)
    spoke = set(ballot.sentence.tolist())
    return Agreed(found, names, spoke, ballot.voter, ballot.translation, ballot.ordinal, codes)


def _joint(
    stage: SeveralSources,
    connection: Connection,
    corpus_id: int,
    keys: Longs,
    present: Present,
    sources: Sources,
    rule: ConsensusRule,
) -> Agreed:
    given = read_competing(stage, connection, keys, present)
    adjust = read_adjustment(stage, connection, corpus_id, keys, given.candidates, rule)
    settings = _joint_rule(rule)
    scored = (given.candidates, given.label, given.score)
    found = joint(sources, given.entity_ptr, given.source, *scored, adjust, settings)
    entity = given.entity
    spoke = set(keys[np.diff(given.entity_ptr) > 0].tolist())
    about = (given.voter[entity], given.translation[entity], given.ordinal[entity])
    return Agreed(found, given.names, spoke, *about, given.label)


def _joint_rule(rule: ConsensusRule) -> JointRule:
    assert rule.min_score is not None, "a joint rule has all of these"
    assert rule.power is not None
    assert rule.other_label is not None
    return JointRule(rule.min_support, rule.min_score, rule.power, rule.other_label)


def coded(labels: Sequence[str]) -> tuple[list[str], Ints]:
    """The different labels in alphabetical order, and the place of each given one among them."""
    names = sorted(set(labels))
    place = {name: code for code, name in enumerate(names)}
    return names, np.array([place[label] for label in labels], np.int32)


def votes_of(agreed: Agreed) -> list[npt.NDArray[Any]]:
    """Of each vote: sentence and ordinal of its span, voter, translation, entity, start, end, label, contribution."""
    found = agreed.consensus
    span = np.repeat(np.arange(len(found)), np.diff(found.vote_ptr))
    sentence = np.searchsorted(found.ptr, span, "right") - 1
    row = found.vote_row
    told = (agreed.voter[row], agreed.translation[row], agreed.ordinal[row])
    place = (found.start[span], found.end[span], agreed.row_label[row])
    return [sentence, span - found.ptr[sentence], *told, *place, found.contribution]
