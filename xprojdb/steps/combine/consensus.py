"""The consensus of several sources about some sentences, by vote or by a joint match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from xprojdb.arrays import Floats, Ints, Longs
from xprojdb.matching.combination.joint import JointRule, joint
from xprojdb.matching.combination.sources import ConsensusSpans, Sources
from xprojdb.matching.combination.votes import vote
from xprojdb.steps.combine.adjustments import read_adjustment
from xprojdb.steps.combine.competition import read_competing
from xprojdb.steps.combine.params import ConsensusRule
from xprojdb.steps.combine.voters import Present, SeveralSources
from xprojdb.steps.inputs import runs


class Agreed(NamedTuple):
    """A consensus about a batch of sentences, and the rows that voted for it.

    :param names: the labels behind its codes.
    :param spoke: the sentences for which at least one source has an entity.
    :param voter: (R,) for each row that can vote, the index of its voter.
    :param translation: (R,) the translation it was projected through; 0 for none.
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
    """Find the consensus of the sources about some sentences of a corpus.

    :param keys: (T,) keys of the sentences, ascending.
    :param weight: (S,) weights of the sources.
    :param rule: see also :class:`xprojdb.matching.combination.joint.JointRule` and :func:`read_adjustment`.
    """
    sources = Sources(present.flags(keys, len(stage.sources)), weight)
    if rule.method == "joint":
        return _joint(stage, connection, corpus_id, keys, present, sources, rule)
    ballot = stage.read_ballot(connection, keys.tolist(), present)
    names, codes = coded(ballot.label)
    spans = (ballot.start, ballot.end, codes, ballot.score)
    consensus = vote(sources, runs(ballot.sentence, keys), ballot.source, *spans, rule.min_support)
    spoke = set(ballot.sentence.tolist())
    return Agreed(consensus, names, spoke, ballot.voter, ballot.translation, ballot.ordinal, codes)


def _joint(
    stage: SeveralSources,
    connection: Connection,
    corpus_id: int,
    keys: Longs,
    present: Present,
    sources: Sources,
    rule: ConsensusRule,
) -> Agreed:
    competing = read_competing(stage, connection, keys, present)
    adjust = read_adjustment(stage, connection, corpus_id, keys, competing.candidates, rule)
    settings = _joint_rule(rule)
    scored = (competing.candidates, competing.label, competing.score)
    consensus = joint(sources, competing.entity_ptr, competing.source, *scored, adjust, settings)
    entity = competing.entity
    spoke = set(keys[np.diff(competing.entity_ptr) > 0].tolist())
    about = (competing.voter[entity], competing.translation[entity], competing.ordinal[entity])
    return Agreed(consensus, competing.names, spoke, *about, competing.label)


def _joint_rule(rule: ConsensusRule) -> JointRule:
    assert rule.min_score is not None, "a joint rule sets all of these"
    assert rule.power is not None
    assert rule.other_label is not None
    return JointRule(rule.min_support, rule.min_score, rule.power, rule.other_label)


def coded(labels: Sequence[str]) -> tuple[list[str], Ints]:
    """The distinct labels in alphabetical order, and the index of each label among them."""
    names = sorted(set(labels))
    place = {name: code for code, name in enumerate(names)}
    return names, np.array([place[label] for label in labels], np.int32)


def votes_of(agreed: Agreed) -> list[npt.NDArray[Any]]:
    """Columns of the votes, by span: voter, translation, entity, start, end, label, share."""
    consensus = agreed.consensus
    span = np.repeat(np.arange(len(consensus)), np.diff(consensus.vote_ptr))
    row = consensus.vote_row
    lineage = (agreed.voter[row], agreed.translation[row], agreed.ordinal[row])
    return [*lineage, consensus.start[span], consensus.end[span], agreed.row_label[row], consensus.contribution]
