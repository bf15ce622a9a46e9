"""What every project step shares: its labels, the rule for derived words, and why an entity has no label."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from xprojdb.db.tables import label, sentence, translation
from xprojdb.matching.arrays import Floats, Ints, Longs
from xprojdb.matching.derived_labels import DerivedLabel, derived_label
from xprojdb.matching.scores.term_consistency import folded, term
from xprojdb.steps.fit.surface_forms import read_majority
from xprojdb.steps.inputs import LabelledSpans, read_columns, read_keys, read_side_words, within
from xprojdb.steps.labelling import LabellingParams, mapping_of
from xprojdb.steps.params import left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Row, Rows, Side, Stage, other, sentence_key

_COLUMNS = (
    "step_id", "sentence_id", "translation_id", "ordinal", "start_word", "end_word", "label", "score", "margin",
    "entity_ordinal",
)  # fmt: skip
#: the reason code of an entity that the rule for derived words drops
DERIVED = "derived"


class Labels(NamedTuple):
    """The labels of a batch, K in all, in the order (translation, start).

    :param entity: (K,) row of the entity that each comes from.
    :param start: (K,) first word.
    :param end: (K,) one past the last word.
    :param score: (K,) of the span.
    :param margin: (K,) score less that of the entity's best span not chosen.
    :param label: the labels.
    """

    entity: Longs
    start: Ints
    end: Ints
    score: Floats
    margin: Floats
    label: list[str]

    def only(self, kept: Sequence[bool]) -> Labels:
        """Those that are marked."""
        return self.rows(np.flatnonzero(np.array(kept, np.bool_)))

    def rows(self, rows: Longs) -> Labels:
        """Some of them, in that order."""
        names = [self.label[n] for n in rows.tolist()]
        places = (self.entity[rows], self.start[rows], self.end[rows])
        return Labels(*places, self.score[rows], self.margin[rows], names)


class Reasons:
    """Why entities have no label: codes, each with the ordinals of the entities, in the outcome of their translation.

    As text, ``"comp-src:0,2 length:1"``.
    """

    def __init__(self) -> None:
        self._found: dict[int, dict[str, list[int]]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, item: int, code: str, ordinal: int) -> None:
        """Entity ``ordinal`` of a translation has no label, because of ``code``."""
        self._found.setdefault(item, {}).setdefault(code, []).append(ordinal)

    def codes(self, item: int) -> set[str]:
        """The codes of a translation."""
        return set(self._found.get(item, ()))

    def told(self, item: int) -> str | None:
        """What the outcome of a translation says."""
        found = sorted(self._found.get(item, {}).items())
        return " ".join(f"{code}:{','.join(map(str, sorted(ordinals)))}" for code, ordinals in found) or None

    def completed(self, outcome: Outcome, labelled: bool) -> Outcome:
        """An outcome and what is known here of its entities; without any label left, it is filtered."""
        if outcome.item not in self._found:
            return outcome
        told = self.told(outcome.item)
        status = outcome.status if labelled else "filtered"
        return Outcome(outcome.item, status, " ".join(part for part in (outcome.reason, told) if part))


def reason_codes(reason: str) -> list[str]:
    """The codes of an outcome's reason, without what they are about."""
    return [code.partition(":")[0] for code in reason.split()]


def entity_reason(reason: str | None, ordinal: int) -> str | None:
    """The code that the reason of an outcome gives for one entity."""
    for told in (reason or "").split():
        code, _, about = told.partition(":")
        if str(ordinal) in about.split(","):
            return code
    return None


@dataclass(frozen=True, kw_only=True)
class RelabellingParams(LabellingParams):
    """What the parameters of every project step have.

    :param adjective: the rule of ``DerivedLabel``, as JSON: what a label ``becomes``, and which labels it is ``from``.
    :param label_consistency: a label becomes what more than this share of the labels on the same words are, as its
        input ``forms`` has counted them.
    """

    kind: ClassVar[str] = "project"
    adjective: Mapping[str, Any] | None = left_out(None)
    label_consistency: float | None = left_out(None)


class ProjectStage(Stage):
    """A step that labels the unlabelled side of translations."""

    block = 10_000
    #: the scorers whose candidates it chooses from, with their weights
    weights: Mapping[str, float] = {}

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        params = RelabellingParams.from_params(spec.params)
        self.labelled: Side = params.labelled
        self.mapping = mapping_of(spec)
        self.derived = _derived(params.adjective)
        self.label_consistency = params.label_consistency
        self._majority: dict[int, dict[str, str]] = {}

    def close(self) -> None:
        self._majority.clear()

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {} if self.label_consistency is None else {"forms": translation.c.corpus_id}

    def relabelled(self, connection: Connection, entities: LabelledSpans, found: Labels, reasons: Reasons) -> Labels:
        """Apply the rule for derived words, then that of one label for the same words, where a recipe has them.

        :param reasons: is told which entities the first rule dropped.
        """
        if self.derived is not None and found.label:
            found = self._derived_labels(connection, entities, found, reasons)
        if self.label_consistency is not None and found.label:
            found = self._agreed_labels(connection, entities, found)
        return found

    def majority(self, connection: Connection, items: Sequence[int]) -> list[Mapping[str, str]]:
        """The label of each form that has one, for the corpus of each translation; without the rule, of none.

        :param items: keys of translations, ascending.
        """
        if self.label_consistency is None:
            return [{}] * len(items)
        corpora = read_keys(connection, items, translation.c.corpus_id)
        for corpus_id in set(corpora) - self._majority.keys():
            known = read_majority(connection, self.input_ids["forms"], corpus_id, self.label_consistency)
            self._majority[corpus_id] = known
        return [self._majority[corpus_id] for corpus_id in corpora]

    def _agreed_labels(self, connection: Connection, entities: LabelledSpans, found: Labels) -> Labels:
        keys = entities.item[found.entity].tolist()
        items = sorted(set(keys))
        known = dict(zip(items, self.majority(connection, items), strict=True))
        words = dict(zip(items, read_side_words(connection, items, other(self.labelled)), strict=True))
        places = zip(keys, found.start.tolist(), found.end.tolist(), found.label, strict=True)
        labels = [known[key].get(term(folded(words[key][a:b]), 0, b - a), name) for key, a, b, name in places]
        return found._replace(label=labels)

    def _derived_labels(
        self, connection: Connection, entities: LabelledSpans, found: Labels, reasons: Reasons
    ) -> Labels:
        keys = entities.item[found.entity]
        words = read_sides(connection, np.unique(keys).tolist(), self.labelled)
        labels = [
            self._label(words[key], int(entities.start[e]), start, end, given)
            for key, e, start, end, given in zip(
                keys.tolist(), found.entity.tolist(), found.start.tolist(), found.end.tolist(), found.label, strict=True
            )
        ]
        kept = [given is not None for given in labels]
        for e in found.entity[~np.array(kept, np.bool_)].tolist():
            reasons.add(int(entities.item[e]), DERIVED, int(entities.ordinal[e]))
        return found._replace(label=[given or "" for given in labels]).only(kept)

    def _label(self, words: tuple[list[str], list[str]], first: int, start: int, end: int, given: str) -> str | None:
        source, target = words
        capitalised = any(map(str.isupper, source[first]))
        return derived_label(given, capitalised, target[start:end], self.derived)

    def label_rows(self, entities: LabelledSpans, found: Labels) -> Rows:
        """The rows of the table ``label``."""
        return Rows(label, _COLUMNS, self._rows(entities, found))

    def _rows(self, entities: LabelledSpans, found: Labels) -> Iterator[Row]:
        item = entities.item[found.entity]
        ordinal = np.arange(len(item)) - np.searchsorted(item, item)
        before = (entities.sentence[found.entity], item, ordinal, found.start, found.end)
        after = (found.score, found.margin, entities.ordinal[found.entity])
        numbers = [[column.tolist() for column in part] for part in (before, after)]
        return zip(repeat(self.step_id), *numbers[0], found.label, *numbers[1], strict=False)


def in_order(entities: LabelledSpans, found: Labels) -> Labels:
    """The labels in the order (translation, start), whatever order they come in."""
    return found.rows(np.lexsort((found.start, entities.item[found.entity])))


def read_sides(connection: Connection, items: Sequence[int], labelled: Side) -> dict[int, tuple[list[str], list[str]]]:
    """The words of translations, by key: of the labelled side, and of the other.

    :param items: keys of translations, ascending.
    """
    source, target = sentence.alias("source"), sentence.alias("target")
    query = (
        select(translation.c.id, source.c.words, target.c.words)
        .join(source, source.c.id == sentence_key(labelled))
        .join(target, target.c.id == sentence_key(other(labelled)))
        .where(within(connection, translation.c.id, items))
    )
    rows: Iterable[tuple[int, str, str]] = zip(*read_columns(connection, query, 3), strict=True)
    return {key: (json.loads(left), json.loads(right)) for key, left, right in rows}


def _derived(given: Mapping[str, Any] | None) -> DerivedLabel | None:
    return None if given is None else DerivedLabel(given["becomes"], frozenset(given["from"]))
