"""The sources of a sentence, their weights, and the result of combining them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Flags, Floats, Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import flat, offsets


@dataclass(frozen=True, slots=True)
class Sources:
    """S sources of labels for T target sentences.

    A source that is missing for a sentence does not vote against anything: shares and thresholds are relative to the
    weight of the sources that are present. A source that is present and has no span does vote against.

    :param present: (T, S) whether a source has the sentence.
    :param weight: (S,) non-negative weight of each source.
    :raises MatchingError: when shapes differ, or a weight is negative or not finite.
    """

    present: Flags
    weight: Floats

    def __post_init__(self) -> None:
        present, weight = np.asarray(self.present, np.bool_), np.asarray(self.weight, np.float64)
        if present.ndim != 2 or weight.shape != present.shape[1:]:
            message = f"presence has shape {present.shape}, weights have shape {weight.shape}"
            hint = "presence must be (sentences, sources), weights (sources,)"
            raise MatchingError(message, hint=hint, what="present", value=present.shape)
        bad = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
        if len(bad):
            value = float(weight[bad[0]])
            message = f"the weight of source {bad[0]} is {value}"
            raise MatchingError(
                message, hint="weights must be finite and not negative", what="weight", source=int(bad[0]), value=value
            )
        object.__setattr__(self, "present", np.ascontiguousarray(present))
        object.__setattr__(self, "weight", np.ascontiguousarray(weight))

    @classmethod
    def equal(cls, present: npt.ArrayLike) -> Sources:
        """Sources that all have the weight 1."""
        flags = np.asarray(present, np.bool_)
        return cls(flags, np.ones(flags.shape[-1]))

    def totals(self) -> Floats:
        """(T,) the total weight of the sources present in each sentence."""
        result: Floats = (self.present * self.weight).sum(1)
        return result

    def check_rows(self, ptr: Longs, source: Ints) -> Ints:
        """Check the sources of rows; returns (R,) the sentence of each row.

        :param ptr: (T+1,) offsets of each sentence's rows.
        :param source: (R,) the source of each row.
        :raises MatchingError: when a row's source is unknown or missing for its sentence; ``sentence`` and ``value``
            (the source) identify it.
        """
        sentence = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
        if len(ptr) - 1 != len(self.present):
            message = f"rows of {len(ptr) - 1} sentences, presence of {len(self.present)}"
            hint = "pass the rows and the presence of the same batch"
            raise MatchingError(message, hint=hint, what="ptr", sentence=None, value=len(ptr) - 1)
        inside = (source >= 0) & (source < self.present.shape[1])
        valid = inside & self.present[sentence, np.where(inside, source, 0)] if self.present.size else inside
        bad = np.flatnonzero(~valid)
        if len(bad):
            raise MatchingError(
                f"sentence {sentence[bad[0]]}: source {source[bad[0]]} is not present",
                hint="a source that labels a sentence must be present there",
                what="source",
                sentence=int(sentence[bad[0]]),
                value=int(source[bad[0]]),
            )
        return sentence.astype(np.int32)


@dataclass(frozen=True, slots=True)
class ConsensusSpans:
    """K spans that several sources agreed on, by sentence from left to right, and their V votes.

    :param ptr: (T+1,) offsets of the spans of each target sentence.
    :param start: (K,) first target word.
    :param end: (K,) one past the last target word.
    :param label: (K,) label code.
    :param value: (K,) how well the span is supported; see the function that computed it.
    :param margin: (K,) value minus that of the best overlapping alternative when it was chosen, including other labels
        of the same span, or minus the threshold if no alternative exceeds that. Never negative.
    :param vote_ptr: (K+1,) offsets of the votes of each span.
    :param vote_row: (V,) the input row that voted, ascending by source within a span.
    :param vote_source: (V,) its source.
    :param contribution: (V,) what it added to the value.
    """

    ptr: Longs
    start: Ints
    end: Ints
    label: Ints
    value: Floats
    margin: Floats
    vote_ptr: Longs
    vote_row: Longs
    vote_source: Ints
    contribution: Floats

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True)
class Spans:
    """The U distinct spans of R rows, by sentence, start and end.

    :param ptr: (T+1,) offsets of the spans of each sentence.
    :param start: (U,) first target word.
    :param end: (U,) one past the last target word.
    :param of: (R,) the span of each row.
    """

    ptr: Longs
    start: Ints
    end: Ints
    of: Longs


def distinct_spans(ptr: Longs, start: Ints, end: Ints) -> Spans:
    """Find the distinct spans of rows, such as candidates.

    :param ptr: (T+1,) offsets of each sentence's rows.
    :param start: (R,) first target word.
    :param end: (R,) one past the last target word.
    :raises MatchingError: when a span is empty or starts before the sentence.
    """
    start, end = flat("start", start, np.int32), flat("end", end, np.int32)
    bad = np.flatnonzero((start < 0) | (start >= end))
    if len(bad):
        value = (int(start[bad[0]]), int(end[bad[0]]))
        hint = "a span must be a non-empty half-open range of target words"
        raise MatchingError(
            f"row {bad[0]}: {value} is not a span", hint=hint, what="span", row=int(bad[0]), value=value
        )
    sentence = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    order = np.lexsort((end, start, sentence))
    columns = np.stack([sentence, start, end])[:, order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (columns[:, 1:] != columns[:, :-1]).any(0)
    of = np.empty(len(order), np.int64)
    of[order] = np.cumsum(new) - 1
    first = columns[:, new]
    spans_ptr = np.searchsorted(first[0], np.arange(len(ptr))).astype(np.int64)
    return Spans(spans_ptr, first[1].astype(np.int32), first[2].astype(np.int32), of)


@dataclass(frozen=True, slots=True)
class Ballots:
    """The B distinct labelled spans of R rows, by sentence, start, end and label.

    :param sentence: (B,) the target sentence.
    :param start: (B,) first target word.
    :param end: (B,) one past the last target word.
    :param label: (B,) label code.
    :param of: (R,) the ballot of each row.
    """

    sentence: Longs
    start: Ints
    end: Ints
    label: Ints
    of: Longs


def assemble(
    sentences: int, chosen: Longs, at: Ballots, value: Floats, margin: Floats, votes: tuple[Longs, Longs, Ints, Floats]
) -> ConsensusSpans:
    """Sort chosen ballots and their votes.

    :param chosen: (K,) ballots, in any order.
    :param value: (K,) their values.
    :param margin: (K,) their margins.
    :param votes: ballot, row, source and contribution of every vote; votes for ballots not chosen are dropped.
    """
    order = np.lexsort((at.start[chosen], at.sentence[chosen]))
    chosen = chosen[order]
    place = np.full(len(at.start), -1, np.int64)
    place[chosen] = np.arange(len(chosen))
    ballot, row, source, contribution = votes
    by = np.lexsort((source, place[ballot]))
    by = by[place[ballot][by] >= 0]
    ptr = np.searchsorted(at.sentence[chosen], np.arange(sentences + 1)).astype(np.int64)
    vote_ptr = offsets(np.bincount(place[ballot][by], minlength=len(chosen)))
    columns = (at.start[chosen], at.end[chosen], at.label[chosen], value[order], margin[order])
    return ConsensusSpans(ptr, *columns, vote_ptr, row[by], source[by], contribution[by])
