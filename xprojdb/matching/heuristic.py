"""Heuristic projection: the runs of target words linked to an entity (García-Ferrero et al. 2022, arXiv 2210.12623).

For each entity: collect the target words linked to any of its words, split them into runs, join runs with small gaps,
and keep up to ``top_k`` runs of a suitable length. Then, over all entities of the sentence, label the runs in order
of preference, dropping runs that overlap a labelled one. The filters COMP-SRC, COMP-TGT, COMP-INS and RESTR-TGT are
those of arXiv 2505.10507. Every entity that is not projected has a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xprojdb.arrays import Bits, Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import compiled, flat, offsets, stable_order
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.linked_runs import Limits, Reason, Shape, propose
from xprojdb.matching.scores.links import to_fixed


@dataclass(frozen=True, slots=True)
class Heuristic:
    """Parameters of the heuristic projection.

    :param merge_distance: join neighbouring runs with at most this many unlinked words between them.
    :param min_ratio: keep a run if its words / the entity's words is at least this ratio.
    :param strict: require the ratio to be above ``min_ratio``.
    :param max_ratio: require the ratio to be at most this.
    :param top_k: keep this many runs of an entity, the longest first, then the leftmost.
    :param only_i: do not join if the right run starts at a word linked to the entity's first word.
    :param minmax: use one run from the leftmost to the rightmost linked word, instead of splitting and joining.
    :param by_score: label runs in order of alignment score rather than length, the highest first; then the leftmost,
        the shorter, the lower entity.
    :param overwrite: label all runs in the order of the entities, the later ones over the earlier ones, and read the
        entities from the tags of the words; an I- tag that does not continue an entity of its label begins one.
    :param word_by_word: grow runs word by word, in the order of the entity's words and of their links, each run by the
        words next to it, and join them afterwards by their first words. Two runs that have grown to the same first word
        end where the later one does, which can be earlier.
    :param comp_src: drop an entity that has an unlinked word.
    :param comp_tgt: drop an entity whose linked words are not contiguous.
    :param restr_tgt: for an entity of one word, drop runs of several words.
    :param comp_ins: drop all labels of a pair unless there are as many as entities, for each label; for training data.
    :raises MatchingError: when a number is negative or not a number, or the ratios exclude every run; or for
        ``word_by_word`` with ``only_i`` or ``minmax``.
    """

    merge_distance: int = 3
    min_ratio: float = 0.3
    strict: bool = False
    max_ratio: float = 3.0
    top_k: int = 1
    only_i: bool = False
    minmax: bool = False
    by_score: bool = True
    comp_src: bool = False
    comp_tgt: bool = False
    restr_tgt: bool = False
    comp_ins: bool = False
    overwrite: bool = False
    word_by_word: bool = False

    def __post_init__(self) -> None:
        allowed = {
            "merge_distance": self.merge_distance >= 0,
            "min_ratio": 0 <= self.min_ratio < np.inf,
            "max_ratio": self.max_ratio >= self.min_ratio,
            "top_k": self.top_k >= 1,
        }
        for name, good in allowed.items():
            if not good:
                value = getattr(self, name)
                hint = "distances and ratios must be 0 or more, max_ratio at least min_ratio, top_k 1 or more"
                raise MatchingError(f"{name} is {value}", hint=hint, what=name, value=value)
        if self.word_by_word and (self.only_i or self.minmax):
            hint = "choose one of only_i, minmax and word_by_word"
            raise MatchingError("word_by_word has its own way to join runs", hint=hint, what="word_by_word", value=True)


DEFAULT = Heuristic()
REFERENCE = Heuristic(merge_distance=1, min_ratio=0.8, strict=True, max_ratio=np.inf, top_k=1 << 30, by_score=False)
"""The parameters of arXiv 2501.18750: label every run above 0.8 of the entity's length, the longest first."""
REFERENCE_CODE = replace(REFERENCE, overwrite=True, word_by_word=True)
"""The same as the authors' code makes and labels runs: word by word, and later entities over earlier ones."""


@dataclass(frozen=True, slots=True)
class HeuristicProjection:
    """Target spans of E entities.

    :param ptr: (E+1,) offsets: the spans of entity ``e`` are rows ``ptr[e]:ptr[e + 1]``, from left to right.
    :param start: (R,) first target word.
    :param end: (R,) one past the last target word.
    :param reason: (E,) a :class:`Reason` for each entity.
    :param pair_reason: (N,) COMP_INS where that filter dropped all labels of the pair, otherwise PROJECTED.
    """

    ptr: Longs
    start: Ints
    end: Ints
    reason: Bits
    pair_reason: Bits


def heuristic(pairs: PairBatch, rules: Heuristic = DEFAULT, labels: Ints | None = None) -> HeuristicProjection:
    """Project the entities of a batch.

    :param labels: (E,) a number for each entity's label, for ``comp_ins``; by default all have the same label.
    :returns: any number of spans per entity; no two spans of a pair overlap. With ``overwrite``, a span belongs to the
        entity that labelled its first word.
    :raises MatchingError: when ``labels`` has another length.
    """
    columns = (pairs.entity_ptr, pairs.entity_start, pairs.entity_end, pairs.link_ptr, pairs.link_source)
    widest = int(pairs.target_words.max(initial=0))
    shape = Shape(rules.merge_distance, rules.only_i, rules.minmax, rules.comp_src, rules.comp_tgt, rules.word_by_word)
    limits = Limits(rules.min_ratio, rules.strict, rules.max_ratio, rules.top_k, rules.restr_tgt)
    ptr, start, end, links, reason = propose(*columns, pairs.link_target, widest, shape, limits)
    if rules.overwrite:
        ptr, start, end, links = _overwritten(pairs, ptr, start, end, labels)
    size = np.repeat(pairs.entity_end - pairs.entity_start, np.diff(ptr))
    worth = to_fixed(links / (size + (end - start)) if rules.by_score else end - start)
    labelled = _label(pairs.entity_ptr, ptr, start, end, worth, widest)
    pair_reason = np.zeros(len(pairs), np.uint8)
    runs = (
        np.add.reduceat(np.append(labelled, 0), ptr[:-1]) * (np.diff(ptr) > 0) if len(reason) else np.zeros(0, np.int64)
    )
    reason[(runs == 0) & (reason == Reason.PROJECTED)] = Reason.COLLISION
    if rules.comp_ins:
        pair_reason[_unequal(pairs, runs, labels)] = Reason.COMP_INS
        dropped = np.repeat(pair_reason > 0, np.diff(pairs.entity_ptr))
        reason[dropped & (reason == Reason.PROJECTED)] = Reason.COMP_INS
        labelled &= ~np.repeat(dropped, np.diff(ptr))
        runs[dropped] = 0
    return HeuristicProjection(offsets(runs), start[labelled], end[labelled], reason, pair_reason)


def _overwritten(
    pairs: PairBatch, ptr: Longs, start: Ints, end: Ints, labels: Ints | None
) -> tuple[Longs, Ints, Ints, Ints]:
    """The spans that are left when runs are written one over the other.

    :returns: (E+1,) offsets of each entity's spans, their first words, one past their last words, and zeros.
    """
    names = np.zeros(len(ptr) - 1, np.int32) if labels is None else flat("labels", labels, np.int32)
    spans: list[tuple[int, int, int]] = []
    for pair, words in enumerate(pairs.target_words.tolist()):
        owner, begins = np.full(words, -1), np.zeros(words, np.bool_)
        for entity in range(pairs.entity_ptr[pair], pairs.entity_ptr[pair + 1]):
            for run in range(ptr[entity], ptr[entity + 1]):
                owner[start[run] : end[run]], begins[start[run] : end[run]] = entity, False
                begins[start[run]] = True
        spans += _read_tags(owner.tolist(), begins.tolist(), names)
    spans.sort()
    counts = np.bincount([entity for entity, _, _ in spans], minlength=len(names))
    columns = np.array(spans, np.int32).reshape(-1, 3).T
    return offsets(counts), columns[1], columns[2], np.zeros(len(spans), np.int32)


def _read_tags(owner: list[int], begins: list[bool], labels: Ints) -> list[tuple[int, int, int]]:
    """The entity behind the first word, first word and end of each span of words.

    :param owner: the entity that labelled each word last; -1 for none.
    :param begins: whether the word has a B- tag.
    """
    spans: list[tuple[int, int, int]] = []
    before = -1
    for place, entity in enumerate(owner):
        if entity >= 0:
            if before >= 0 and not begins[place] and labels[entity] == labels[before]:
                spans[-1] = (*spans[-1][:2], place + 1)
            else:
                spans.append((entity, place, place + 1))
        before = entity
    return spans


def runs_of_links(pairs: PairBatch, rules: Heuristic = DEFAULT) -> tuple[Longs, Ints, Ints]:
    """Every run that the rules make of an entity's linked words, before any is dropped.

    :returns: (E+1,) offsets of each entity's runs; (R,) their first words; (R,) one past their last words.
    """
    columns = (pairs.entity_ptr, pairs.entity_start, pairs.entity_end, pairs.link_ptr, pairs.link_source)
    widest = int(pairs.target_words.max(initial=0))
    shape = Shape(rules.merge_distance, rules.only_i, rules.minmax, False, False, rules.word_by_word)
    limits = Limits(0.0, False, np.inf, 1 << 30, False)
    ptr, start, end, _, _ = propose(*columns, pairs.link_target, widest, shape, limits)
    return ptr, start, end


def _unequal(pairs: PairBatch, runs: Longs, labels: Ints | None) -> Longs:
    """The pairs in which a label has more or fewer runs than entities."""
    of = np.zeros(len(runs), np.int32) if labels is None else flat("labels", labels, np.int32)
    if len(of) != len(runs):
        hint = "pass a label number for every entity of the batch"
        raise MatchingError(f"{len(of)} labels for {len(runs)} entities", hint=hint, what="labels", value=len(of))
    pair = np.repeat(np.arange(len(pairs)), np.diff(pairs.entity_ptr))
    groups, group = np.unique(np.stack([pair, of], 1), axis=0, return_inverse=True)
    surplus = np.bincount(group.ravel(), runs - 1, len(groups))
    wrong: Longs = np.unique(groups[surplus != 0, 0])
    return wrong


@compiled
def _label(entity_ptr, ptr, start, end, worth, widest):  # type: ignore[no-untyped-def]
    """Which runs are labelled: by worth within each pair, then leftmost, shorter, lower entity, without overlaps."""
    labelled, taken = np.zeros(len(start), np.bool_), np.full(widest, -1, np.int64)
    for i in range(len(entity_ptr) - 1):
        a, b = ptr[entity_ptr[i]], ptr[entity_ptr[i + 1]]
        order = a + stable_order(start[a:b].astype(np.int64) << 31 | end[a:b])
        for r in order[stable_order(-worth[order])]:
            if (taken[start[r] : end[r]] != i).all():
                labelled[r] = True
                taken[start[r] : end[r]] = i
    return labelled
