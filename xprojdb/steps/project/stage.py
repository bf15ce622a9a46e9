"""The base of project steps: their labels, the rule for derived words, and the reasons for missing labels."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from xprojdb.arrays import Floats, Ints, Longs
from xprojdb.db.tables import label, sentence, translation
from xprojdb.matching.derived_labels import DerivedLabel, derived_label
from xprojdb.matching.scores.term_consistency import folded, term
from xprojdb.steps.fit.surface_forms import read_majority
from xprojdb.steps.inputs import LabelledSpans, read_columns, read_keys, read_side_words, within
from xprojdb.steps.labelling import LabellingParams, mapping_of
from xprojdb.steps.params import left_out
from xprojdb.steps.quality.stage import QUALITY, read_quality
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, Row, Rows, Side, Stage, other, sentence_key

#: the columns of labels
LABEL_COLUMNS = (
    "step_id", "sentence_id", "translation_id", "ordinal", "start_word", "end_word", "label", "score", "margin",
    "entity_ordinal",
)  # fmt: skip
#: the reason code of an entity dropped by the rule for derived words
DERIVED = "derived"


class Labels(NamedTuple):
    """The K labels of a batch, in the order (translation, start).

    :param entity: (K,) row of the entity behind each label.
    :param start: (K,) first word.
    :param end: (K,) one past the last word.
    :param score: (K,) score of the span.
    :param margin: (K,) score minus that of the entity's best span that was not chosen.
    :param label: the labels.
    """

    entity: Longs
    start: Ints
    end: Ints
    score: Floats
    margin: Floats
    label: list[str]

    def only(self, mask: Sequence[bool]) -> Labels:
        """Keep the marked labels."""
        return self.rows(np.flatnonzero(np.array(mask, np.bool_)))

    def rows(self, rows: Longs) -> Labels:
        """Select labels by row, in the given order."""
        names = [self.label[n] for n in rows.tolist()]
        places = (self.entity[rows], self.start[rows], self.end[rows])
        return Labels(*places, self.score[rows], self.margin[rows], names)


class Reasons:
    """Why entities have no label: codes with the ordinals of the entities, stored in the outcome of a translation.

    As text, ``"comp-src:0,2 length:1"``.
    """

    def __init__(self) -> None:
        self._codes: dict[int, dict[str, list[int]]] = {}

    def __bool__(self) -> bool:
        return bool(self._codes)

    def add(self, item: int, code: str, ordinal: int) -> None:
        """Record that entity ``ordinal`` of a translation has no label because of ``code``."""
        self._codes.setdefault(item, {}).setdefault(code, []).append(ordinal)

    def codes(self, item: int) -> set[str]:
        """The codes of a translation."""
        return set(self._codes.get(item, ()))

    def describe(self, item: int) -> str | None:
        """The reasons of a translation as text, or None."""
        codes = sorted(self._codes.get(item, {}).items())
        return " ".join(f"{code}:{','.join(map(str, sorted(ordinals)))}" for code, ordinals in codes) or None

    def completed(self, outcome: Outcome, labelled: bool) -> Outcome:
        """Add the reasons recorded here to an outcome; if no label is left, it becomes filtered."""
        if outcome.item not in self._codes:
            return outcome
        codes = self.describe(outcome.item)
        status = outcome.status if labelled else "filtered"
        return Outcome(outcome.item, status, " ".join(part for part in (outcome.reason, codes) if part))


def reason_codes(reason: str) -> list[str]:
    """The codes of an outcome's reason, without their details."""
    return [code.partition(":")[0] for code in reason.split()]


def entity_reason(reason: str | None, ordinal: int) -> str | None:
    """The code that the reason of an outcome gives for one entity."""
    for part in (reason or "").split():
        code, _, about = part.partition(":")
        if str(ordinal) in about.split(","):
            return code
    return None


@dataclass(frozen=True, kw_only=True)
class RelabellingParams(LabellingParams):
    """Parameters that every project step has.

    :param adjective: the rule for derived words: from which labels (``from``) to which (``becomes``).
    :param label_consistency: a label changes to that of the same words elsewhere if more than this share of them
        agree; the input ``forms`` counts them.
    :param min_quality: what the translations must reach, by score; the input ``quality`` has the scores.
    """

    kind: ClassVar[str] = "project"
    adjective: Mapping[str, Any] | None = left_out(None)
    label_consistency: float | None = left_out(None)
    min_quality: Mapping[str, float] | None = left_out(None)


class ProjectStage(Stage):
    """A step that labels the unlabelled side of translations."""

    block = 10_000
    #: the scorers whose candidates the step chooses from, with their weights
    weights: Mapping[str, float] = {}

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        params = RelabellingParams.from_params(spec.params)
        self.labelled: Side = params.labelled
        self.mapping = mapping_of(spec)
        self.derived = _derived(params.adjective)
        self.min_quality = params.min_quality or {}
        self.label_consistency = params.label_consistency
        self._majority: dict[int, dict[str, str]] = {}

    def close(self) -> None:
        self._majority.clear()

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        forms = {} if self.label_consistency is None else {"forms": translation.c.corpus_id}
        return {**({QUALITY: translation.c.id} if QUALITY in self.spec.inputs else {}), **forms}

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        poor = self._poor(connection, items)
        if not poor:
            return self.project(connection, items)
        good = [item for item in items if item not in poor]
        result = self.project(connection, good) if good else Result([])
        filtered = [Outcome(item, "filtered", f"{QUALITY}:{why}") for item, why in poor.items()]
        return Result(sorted([*result.outcomes, *filtered]), result.rows)

    @abstractmethod
    def project(self, connection: Connection, items: Sequence[int]) -> Result:
        """Label a batch of translations that are good enough; see :meth:`process`."""

    def _poor(self, connection: Connection, items: Sequence[int]) -> dict[int, str]:
        """The translations that fall short of a threshold, and which one."""
        if not self.min_quality:
            return {}
        scores = read_quality(connection, self.input_ids[QUALITY], items)
        short = {item: scores[item].below(self.min_quality) for item in items}
        return {item: why for item, why in short.items() if why is not None}

    def relabelled(self, connection: Connection, entities: LabelledSpans, labels: Labels, reasons: Reasons) -> Labels:
        """Apply the rule for derived words, then the rule for label consistency, if the recipe has them.

        :param reasons: receives the entities that the first rule dropped.
        """
        if self.derived is not None and labels.label:
            labels = self._derived_labels(connection, entities, labels, reasons)
        if self.label_consistency is not None and labels.label:
            labels = self._agreed_labels(connection, entities, labels)
        return labels

    def majority(self, connection: Connection, items: Sequence[int]) -> list[Mapping[str, str]]:
        """The majority labels of forms, for the corpus of each translation; empty without the rule.

        :param items: keys of translations, ascending.
        """
        if self.label_consistency is None:
            return [{}] * len(items)
        corpora = read_keys(connection, items, translation.c.corpus_id)
        for corpus_id in set(corpora) - self._majority.keys():
            labels = read_majority(connection, self.input_ids["forms"], corpus_id, self.label_consistency)
            self._majority[corpus_id] = labels
        return [self._majority[corpus_id] for corpus_id in corpora]

    def _agreed_labels(self, connection: Connection, entities: LabelledSpans, projected: Labels) -> Labels:
        keys = entities.item[projected.entity].tolist()
        items = sorted(set(keys))
        majority = dict(zip(items, self.majority(connection, items), strict=True))
        words = dict(zip(items, read_side_words(connection, items, other(self.labelled)), strict=True))
        places = zip(keys, projected.start.tolist(), projected.end.tolist(), projected.label, strict=True)
        labels = [majority[key].get(term(folded(words[key][a:b]), 0, b - a), name) for key, a, b, name in places]
        return projected._replace(label=labels)

    def _derived_labels(
        self, connection: Connection, entities: LabelledSpans, projected: Labels, reasons: Reasons
    ) -> Labels:
        keys = entities.item[projected.entity]
        words = read_sides(connection, np.unique(keys).tolist(), self.labelled)
        labels = [
            self._label(words[key], int(entities.start[e]), start, end, name)
            for key, e, start, end, name in zip(
                keys.tolist(),
                projected.entity.tolist(),
                projected.start.tolist(),
                projected.end.tolist(),
                projected.label,
                strict=True,
            )
        ]
        mask = [name is not None for name in labels]
        for e in projected.entity[~np.array(mask, np.bool_)].tolist():
            reasons.add(int(entities.item[e]), DERIVED, int(entities.ordinal[e]))
        return projected._replace(label=[name or "" for name in labels]).only(mask)

    def _label(self, words: tuple[list[str], list[str]], first: int, start: int, end: int, name: str) -> str | None:
        source, target = words
        capitalised = any(map(str.isupper, source[first]))
        return derived_label(name, capitalised, target[start:end], self.derived)

    def label_rows(self, entities: LabelledSpans, labels: Labels) -> Rows:
        """Rows for the table ``label``."""
        return Rows(label, LABEL_COLUMNS, self._rows(entities, labels))

    def _rows(self, entities: LabelledSpans, labels: Labels) -> Iterator[Row]:
        item = entities.item[labels.entity]
        ordinal = np.arange(len(item)) - np.searchsorted(item, item)
        before = (entities.sentence[labels.entity], item, ordinal, labels.start, labels.end)
        after = (labels.score, labels.margin, entities.ordinal[labels.entity])
        numbers = [[column.tolist() for column in part] for part in (before, after)]
        return zip(repeat(self.step_id), *numbers[0], labels.label, *numbers[1], strict=False)


def in_order(entities: LabelledSpans, labels: Labels) -> Labels:
    """Sort labels by translation and start."""
    return labels.rows(np.lexsort((labels.start, entities.item[labels.entity])))


def read_sides(connection: Connection, items: Sequence[int], labelled: Side) -> dict[int, tuple[list[str], list[str]]]:
    """Read the words of translations, by key: those of the labelled side, and those of the other side.

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


def _derived(rule: Mapping[str, Any] | None) -> DerivedLabel | None:
    return None if rule is None else DerivedLabel(rule["becomes"], frozenset(rule["from"]))
