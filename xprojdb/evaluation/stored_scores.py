"""The stored scores of a projection and its gold labels in memory, for tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from xprojdb.arrays import Flags, Floats, Ints, Longs
from xprojdb.db import bulk
from xprojdb.db.tables import translation
from xprojdb.evaluation.gold import read_gold, with_gold
from xprojdb.matching.arrays import offsets
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.derived_labels import DROPPED, derived_labels
from xprojdb.matching.scores.links import to_fixed
from xprojdb.matching.scores.term_consistency import folded, term
from xprojdb.matching.solvers.solve import Solver, solve
from xprojdb.planning.labellings import Projection
from xprojdb.steps.inputs import LabelledSpans, read_entities, read_side_words, runs
from xprojdb.steps.project.match import ProjectMatch, placed, spread
from xprojdb.steps.project.stage import read_sides
from xprojdb.steps.stage import other, require_done, sentence_key
from xprojdb.text.spans import Span

CountsByLabel = npt.NDArray[np.uint16]


class SentenceCounts(NamedTuple):
    """The correct and predicted spans of N sentences, each (N,)."""

    correct: CountsByLabel
    predicted: CountsByLabel


@dataclass(frozen=True, slots=True)
class StoredScores:
    """The N sentences of a projection with gold labels and scores; P of them have entities.

    :param source: (N,) key of the labelled sentence.
    :param target: (N,) key of the target sentence.
    :param gold: (N,) the number of gold spans.
    :param position: (P,) indices of the sentences with entities.
    :param entity_ptr: (P+1,) offsets of their entities.
    :param candidates: C candidates.
    :param parts: (C,) stored scores by scorer, 0 where a scorer has none.
    :param retained: (C,) false for candidates that the rule for derived words would drop if chosen.
    :param correct: (C,) whether gold has the candidate, with its label.
    """

    projection: Projection
    source: Longs
    target: Longs
    gold: Longs
    position: Longs
    entity_ptr: Longs
    candidates: Candidates
    parts: Mapping[str, Floats]
    retained: Flags
    correct: Flags

    def solve(self, fused: Floats, fixed: Longs, threshold: float, solver: Solver) -> SentenceCounts:
        """Match like the project step, and count.

        :param fused: (C,) weighted sums of scores.
        :param fixed: (C,) the same as fixed-point numbers.
        """
        step = self.projection.step
        assert isinstance(step, ProjectMatch)
        usable = np.where(fused > threshold, fixed, 0)
        chosen = solve(self.entity_ptr, self.candidates, usable, solver, step.count, step.time_limit).chosen
        chosen = chosen[self.retained[chosen]]
        where = self.position[np.searchsorted(self.candidates.ptr, chosen, "right") - 1]
        return SentenceCounts(_counted(where[self.correct[chosen]], self), _counted(where, self))

    def fuse(self, weights: Mapping[str, float], powers: Mapping[str, float]) -> tuple[Floats, Longs]:
        """The weighted sum of the scores, each raised to a power, also as fixed-point numbers."""
        fused = np.zeros(len(self.candidates))
        for name, weight in weights.items():
            part, power = self.parts[name], powers.get(name, 1.0)
            fused += weight * (part if power == 1 else part**power)
        return fused, to_fixed(fused)


def _counted(where: Longs, scores: StoredScores) -> CountsByLabel:
    # In a small type, because these are kept for every point of the grid.
    return np.bincount(where, minlength=len(scores.gold)).astype(np.uint16)


def load_scores(connection: Connection, projection: Projection, gold_step: int | None = None) -> StoredScores | None:
    """Read what tuning a projection needs; None if no sentence has both gold labels and scores.

    :param gold_step: the step whose entities are gold; None for the imported ones.
    """
    step = projection.step
    assert isinstance(step, ProjectMatch)
    items, source, target = _sentences(connection, projection, step, gold_step)
    if not len(items):
        return None
    entities = read_entities(connection, step.input_ids["entities"], items.tolist(), step.labelled, step.mapping)
    keys = np.unique(entities.item)
    places, parts = spread(*zip(*step.read_scores(connection, items.tolist()), strict=True))
    candidates = placed(places, keys, entities)
    majority = step.majority(connection, keys.tolist())
    entity_ptr, names, codes = runs(entities.item, keys), *_coded(entities, step, majority)
    labels = _candidate_labels(connection, step, entities, keys, entity_ptr, candidates, names, codes)
    labels = _agreed(connection, step, keys, candidates, labels, majority, names)
    gold = _gold(connection, step, target, gold_step)
    position = np.searchsorted(items, keys)
    correct = _is_gold(gold, position, candidates, labels, names)
    counts = np.array([len(spans) for spans in gold], np.int64)
    scores = dict(zip(step.weights, parts, strict=True))
    return StoredScores(
        projection, source, target, counts, position, entity_ptr, candidates, scores, labels != DROPPED, correct
    )


def _sentences(
    connection: Connection, projection: Projection, step: ProjectMatch, gold_step: int | None
) -> tuple[Longs, Longs, Longs]:
    """The keys of translations, and of their source and target sentences."""
    query = with_gold(connection, projection, gold_step)
    for number, (role, item) in enumerate(step.needs().items()):
        query = require_done(query, f"input{number}", step.input_ids[role], item)  # type: ignore[arg-type, assignment]
    keys = query.order_by(translation.c.id).subquery()
    rows = bulk.fetch(
        connection,
        select(keys.c.id, sentence_key(step.labelled), keys.c.sentence_id)
        .join(translation, translation.c.id == keys.c.id)
        .order_by(keys.c.id),
    )
    columns = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 3).T
    return columns[0], columns[1], columns[2]


def _coded(
    entities: LabelledSpans, step: ProjectMatch, majority: Sequence[Mapping[str, str]]
) -> tuple[tuple[str, ...], Ints]:
    """The names of all possible labels, and the code of each entity's label."""
    becomes = {step.derived.becomes} if step.derived and step.derived.becomes else set()
    agreed = {name for labels in majority for name in labels.values()}
    names = tuple(sorted(set(entities.label) | becomes | agreed))
    places = {name: code for code, name in enumerate(names)}
    return names, np.array([places[label] for label in entities.label], np.int32)


def _candidate_labels(
    connection: Connection,
    step: ProjectMatch,
    entities: LabelledSpans,
    keys: Longs,
    entity_ptr: Longs,
    candidates: Candidates,
    names: tuple[str, ...],
    codes: Ints,
) -> Ints:
    if step.derived is None:
        pair = np.repeat(np.arange(len(keys)), np.diff(candidates.ptr))
        own: Ints = codes[entity_ptr[pair] + candidates.entity]
        return own
    words = read_sides(connection, keys.tolist(), step.labelled)
    firsts = zip(entities.item.tolist(), entities.start.tolist(), strict=True)
    capitalised = np.array([any(map(str.isupper, words[item][0][start])) for item, start in firsts], np.bool_)
    targets = [words[key][1] for key in keys.tolist()]
    lower = np.array([word.islower() for target in targets for word in target], np.bool_)
    lower_ptr = offsets([len(target) for target in targets])
    return derived_labels(entity_ptr, candidates, codes, capitalised, lower_ptr, lower, step.derived, names)


def _agreed(
    connection: Connection,
    step: ProjectMatch,
    keys: Longs,
    candidates: Candidates,
    labels: Ints,
    majority: Sequence[Mapping[str, str]],
    names: Sequence[str],
) -> Ints:
    """Replace labels by the majority label of the same words, where there is one."""
    if step.label_consistency is None:
        return labels
    codes = {name: code for code, name in enumerate(names)}
    texts = [folded(words) for words in read_side_words(connection, keys.tolist(), other(step.labelled))]
    pair = np.repeat(np.arange(len(keys)), np.diff(candidates.ptr)).tolist()
    places = zip(pair, candidates.start.tolist(), candidates.end.tolist(), strict=True)
    agreed = [codes.get(majority[i].get(term(texts[i], a, b), ""), DROPPED) for i, a, b in places]
    change = (labels != DROPPED) & (np.array(agreed, np.int32) != DROPPED)
    return np.where(change, np.array(agreed, np.int32), labels)


def _gold(connection: Connection, step: ProjectMatch, target: Longs, gold_step: int | None) -> list[set[Span]]:
    """The gold spans of each sentence, mapped like projected labels."""
    gold = read_gold(connection, np.unique(target).tolist(), gold_step)
    spans = (gold.get(key, []) for key in target.tolist())
    return [set(step.mapping.apply_to_gold(span) if step.mapping else span) for span in spans]


def _is_gold(
    gold: Sequence[set[Span]], position: Longs, candidates: Candidates, labels: Ints, names: Sequence[str]
) -> Flags:
    """Which candidates are gold spans, compared as numbers."""
    codes = {name: code for code, name in enumerate(names)}
    gold_rows = [
        (n, *span[:2], codes[span.label]) for n, spans in enumerate(gold) for span in spans if span.label in codes
    ]
    rows = np.array(gold_rows, np.int64).reshape(-1, 4)
    radix = 1 + max(int(candidates.end.max(initial=0)), int(rows[:, 2].max(initial=0)))
    where = np.repeat(position, np.diff(candidates.ptr))
    columns = np.stack([where, candidates.start, candidates.end, labels]).astype(np.int64)
    in_gold = np.isin(_number(columns, radix, len(names)), _number(rows.T, radix, len(names)))
    flags: Flags = in_gold & (labels != DROPPED)
    return flags


def _number(columns: Longs, radix: int, names: int) -> Longs:
    sentence, start, end, code = columns
    numbers: Longs = ((sentence * radix + start) * radix + end) * names + code
    return numbers
