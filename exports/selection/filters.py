"""Filters: what sentences and labels must satisfy to be exported."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from xprojdb.config.tables.export import ALL_SPLITS, ExportTable
from xprojdb.exports.rows.sentences import ProjectedLabel, ProjectedSentence

Test = Callable[[ProjectedSentence], bool]
LabelTest = Callable[[ProjectedLabel], bool]


class Filters:
    """The filters in the order in which they are tried.

    :param table: the filters to apply.
    """

    def __init__(self, table: ExportTable) -> None:
        self._sentence = [(name, test) for name, test in _sentence_tests(table) if test]
        self._label = [(name, test) for name, test in _label_tests(table) if test]
        self._types = frozenset(table.labels)
        self._drop_label = table.on_low_score == "label"
        self._least = table.min_entities or 0

    def apply(self, sentence: ProjectedSentence) -> tuple[ProjectedSentence | None, str]:
        """The sentence as it will be exported, or the name of the filter that rejects it.

        :returns: the sentence with its remaining labels and an empty string, or None and the filter.
        """
        for name, passes in self._sentence:
            if not passes(sentence):
                return None, name
        labels = sentence.labels
        if self._types:
            labels = [label for label in labels if label.label in self._types]
        for name, enough in self._label:
            certain = [label for label in labels if enough(label)]
            if len(certain) < len(labels) and not self._drop_label:
                return None, name
            labels = certain
        if len(labels) < self._least:
            return None, "min_entities"
        return (sentence if labels is sentence.labels else sentence._replace(labels=labels)), ""


def _sentence_tests(table: ExportTable) -> Sequence[tuple[str, Test | None]]:
    corpora, splits, outcomes = (frozenset(names) for names in (table.corpora, table.splits, table.outcomes))
    shortest, longest = table.min_words or 0, table.max_words
    return (
        ("corpora", (lambda sentence: sentence.corpus in corpora) if corpora else None),
        ("splits", (lambda sentence: sentence.split in splits) if splits else None),
        ("gold_splits", (lambda sentence: not is_gold_split(table, sentence.split)) if table.gold_splits else None),
        (
            "outcomes",
            (lambda sentence: not outcomes.isdisjoint(outcomes_of(sentence.outcome, sentence.reason)))
            if outcomes
            else None,
        ),
        ("min_words", (lambda sentence: len(sentence.words) >= shortest) if shortest else None),
        ("max_words", (lambda sentence: len(sentence.words) <= longest) if longest is not None else None),
    )


def is_gold_split(table: ExportTable, split: str) -> bool:
    """Whether a split is one of gold labels alone."""
    return split in table.gold_splits or ALL_SPLITS in table.gold_splits


def outcomes_of(status: str, reason: str | None) -> tuple[str, str]:
    """The names of an outcome: ``STATUS`` and ``STATUS:REASON``."""
    # A reason may be followed by a figure: not-proven-optimal:bound=1.
    code = (reason or "").partition(" ")[0].partition(":")[0]
    return status, f"{status}:{code}"


def _label_tests(table: ExportTable) -> Sequence[tuple[str, LabelTest | None]]:
    score, margin, votes = table.min_score, table.min_margin, table.min_votes
    probability = table.min_probability
    # What people said has no score, and passes.
    return (
        ("min_score", (lambda label: not label.score < score) if score is not None else None),
        ("min_margin", (lambda label: not label.margin < margin) if margin is not None else None),
        ("min_probability", (lambda label: not label.probability < probability) if probability is not None else None),
        (
            "min_votes",
            (lambda label: math.isnan(label.score) or len(label.votes) >= votes) if votes is not None else None,
        ),
    )
