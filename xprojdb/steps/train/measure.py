"""Measure: train and measure the models of a study. Its items are their train steps."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sqlalchemy import Connection, Select, select

from xprojdb.arrays import Ints
from xprojdb.db.tables import model_score, study_cell
from xprojdb.steps.labelling import mapping_of
from xprojdb.steps.params import StepParams, left_out
from xprojdb.steps.spec import StepSpec, load_spec
from xprojdb.steps.stage import Bitext, ItemKind, Outcome, Result, Rows, Stage
from xprojdb.steps.train.entities import count_entities, find_entities
from xprojdb.steps.train.items import LabelledPair, LabelledSentence
from xprojdb.steps.train.learning import Learner, is_trained, read_head
from xprojdb.steps.train.measured import read_test_pairs, read_tests
from xprojdb.steps.train.pairs import pair_rows, predict_labels
from xprojdb.steps.train.params import TrainParams, languages_of, states_of
from xprojdb.training.head import Head

_COLUMNS = ("step_id", "train_id", "lang", "items", "correct", "predicted", "gold", "score", "counts")


@dataclass(frozen=True, kw_only=True)
class MeasureParams(StepParams):
    """Parameters of a measure step.

    :param tests: the digest of the test items of each language.
    """

    kind: ClassVar[str] = "measure"
    task: str
    corpora: tuple[str, ...]
    split: str
    limit: int | None
    seed: int
    labels: Mapping[str, Any] | None = left_out(None)
    tests: Mapping[str, str]


class _Test(NamedTuple):
    """The test items of a language."""

    sentences: list[LabelledSentence]
    pairs: list[LabelledPair]


class Measure(Stage):
    """Train the models of a study, and measure each on the languages it did not learn from."""

    kind = MeasureParams.kind
    version = 1
    block = 4
    item_kind = ItemKind.STEPS

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.params = MeasureParams.from_params(spec.params)
        self.learner = Learner()
        self._tests: dict[str, _Test] = {}

    @property
    def title(self) -> str:
        return f"train and measure {self.params.task} on {', '.join(sorted(self.params.tests))}"

    def unmade(self, counts: Sequence[int]) -> int:  # noqa: ARG002
        return 0

    def close(self) -> None:
        self._tests = {}

    def items(self, pair: Bitext) -> Select[tuple[int]]:  # noqa: ARG002
        return select(study_cell.c.train_id).where(study_cell.c.measure_id == self.step_id).distinct()

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        rows = [tables for item in items for tables in self._measured(connection, item)]
        return Result([Outcome(item, "ok") for item in items], rows)

    def _measured(self, connection: Connection, item: int) -> list[Rows]:
        spec = load_spec(connection, item)
        rows = []
        if is_trained(connection, item):
            head = read_head(connection, item, spec)
        else:
            head, trained = self.learner.train(connection, item, spec)
            rows.append(trained)
        scores = [
            self._score(connection, item, spec, head, lang)
            for lang in sorted(set(self.params.tests) - set(languages_of(spec)))
        ]
        return [*rows, Rows(model_score, _COLUMNS, scores)]

    def _score(self, connection: Connection, item: int, spec: StepSpec, head: Head, lang: str) -> tuple[Any, ...]:
        test, states = self._test(connection, lang), self.learner.states(states_of(spec))
        if self.params.task == "ner":
            predicted_spans = find_entities(head, states, [example.words for example in test.sentences])
            counts = count_entities([example.spans for example in test.sentences], predicted_spans)
        else:
            rows = pair_rows(test.pairs, states, TrainParams.from_params(spec.params).arm)
            counts = right_counts(head, rows, [example.label for example in test.pairs])
        correct, predicted, gold = counts.sum(0, dtype=np.int64).tolist()
        score = 200 * correct / (predicted + gold) if predicted + gold else 0.0
        return (self.step_id, item, lang, len(counts), correct, predicted, gold, score, pack(counts))

    def _test(self, connection: Connection, lang: str) -> _Test:
        if lang not in self._tests:
            params = self.params
            choice = (params.corpora, lang, params.split, params.limit, params.seed)
            if params.task == "ner":
                self._tests[lang] = _Test(read_tests(connection, *choice, mapping_of(self.spec)), [])
            else:
                self._tests[lang] = _Test([], read_test_pairs(connection, *choice))
        return self._tests[lang]


def right_counts(head: Head, rows: Any, labels: Sequence[str]) -> Ints:
    """For each pair, whether it is correct, and 1 twice, so that F1 is the accuracy."""
    places = predict_labels(head, rows)
    right = [head.classes[place] == label for place, label in zip(places.tolist(), labels, strict=True)]
    ones = np.ones(len(labels), np.int32)
    return np.stack([np.array(right, np.int32), ones, ones], axis=1).reshape(-1, 3)


def pack(counts: Ints) -> bytes:
    """Compress counts for storage."""
    return zlib.compress(np.ascontiguousarray(counts, "<i4").tobytes(), 6)


def unpack(packed: bytes) -> Ints:
    """The inverse of :func:`pack`: (items, 3)."""
    return np.frombuffer(zlib.decompress(packed), "<i4").reshape(-1, 3)
