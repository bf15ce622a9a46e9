"""Compare methods on the gold sentences that all of them labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import corpus
from xprojdb.errors import UsageError
from xprojdb.evaluation.bootstrap import Interval, PairedDifference, bootstrap_interval, paired_difference
from xprojdb.evaluation.error_types import ErrorType, count_errors
from xprojdb.evaluation.gold import BLOCK, read_gold, read_projected
from xprojdb.evaluation.methods import Method, Slot, common_sentences, count_covered, find_methods
from xprojdb.evaluation.span_metrics import SpanCounts, SpanScore, concatenate, count_spans
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.spans import Span

#: the row of all labels together, and of all languages together
TOTAL = "all"
#: gold and predicted spans of one sentence
GoldAndPredicted = tuple[tuple[Span, ...], tuple[Span, ...]]


@dataclass(frozen=True, slots=True)
class MethodScore:
    """The score of one method on one set of sentences.

    :param interval: the interval of its F1.
    :param difference: its F1 minus the baseline's, on resamples of the same sentences; None for the baseline itself.
    """

    method: str
    score: SpanScore
    interval: Interval
    difference: PairedDifference | None


@dataclass(frozen=True, slots=True)
class LanguageComparison:
    """The methods on one language of a corpus, or on all languages together (``"all"``).

    :param sentences: the number of sentences with gold labels that every method has processed; only these are compared.
    :param left_out: sentences with gold labels that not all methods meant to label them have processed.
    :param labels: the scores of the methods, in order, for each label and for ``"all"``.
    :param errors: the number of spans by type of error, including ``correct``, for each method.
    """

    corpus: str
    lang: str
    sentences: int
    left_out: int
    labels: dict[str, list[MethodScore]]
    errors: dict[str, dict[str, int]]

    def f1(self, method: str) -> float:
        """A method's micro F1, in 0..1."""
        return next(label.score.f1 for label in self.labels[TOTAL] if label.method == method)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several methods on the same gold sentences.

    :param methods: the methods in the given order, with the digests of their project steps.
    :param baseline: the method the others are compared with.
    :param languages: the languages with something to compare.
    :param total: the sentences of all languages together; None if there is only one language.
    :param not_compared: languages, as ``CORPUS/LANG``, that some method does not label, or without a common sentence.
    """

    methods: dict[str, list[str]]
    baseline: str
    languages: list[LanguageComparison]
    total: LanguageComparison | None
    not_compared: list[str] = field(default_factory=list)


def compare_recipes(
    database: Database,
    names: Sequence[str] = (),
    *,
    best: bool = False,
    labels: Collection[str] = (),
    resamples: int = 1000,
    seed: int = 0,
    gold_step: int | None = None,
) -> Comparison:
    """Compare recipes on the gold sentences that all of them labelled.

    :param names: recipes, optionally with ``:SOURCE`` (see :func:`xprojdb.evaluation.methods.find_methods`);
        all recipes of the database if empty.
    :param best: use the method with the highest F1 as the baseline, instead of the first.
    :param labels: only count these labels (after the recipes' mappings); all if empty.
    :param resamples: the number of bootstrap resamples.
    :param seed: the random seed; the same seed gives the same intervals.
    :param gold_step: the step whose entities are gold; None for the imported ones.
    :raises UsageError: when there are fewer than two methods, no gold sentence was processed by all of them, their
        label mappings lead to different gold labels, or a label does not occur.
    """
    methods = find_methods(database, names)
    shared = [slot for slot in methods[0].slots if all(slot in method.slots for method in methods)]
    with database.read() as connection:
        measured = [_measure(connection, methods, slot, labels, gold_step) for slot in shared]
        compared = [counted for counted in measured if counted.sentences]
        every = _slot_names(connection, methods)
    _check(methods, compared, labels)
    total = _together(compared)
    baseline = _best(total) if best else 0
    done = [f"{counted.corpus}/{counted.lang}" for counted in compared]
    return Comparison(
        {method.name: method.digests for method in methods},
        methods[baseline].name,
        [_scored(counted, methods, baseline, resamples, seed) for counted in compared],
        _scored(total, methods, baseline, resamples, seed) if len(compared) > 1 else None,
        [name for name in every if name not in done],
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """Counts and errors on a set of sentences, one of each per method."""

    corpus: str
    lang: str
    left_out: int
    counts: list[SpanCounts]
    errors: list[Counter[ErrorType]]

    @property
    def sentences(self) -> int:
        return len(self.counts[0])


def _measure(
    connection: Connection, methods: Sequence[Method], slot: Slot, labels: Collection[str], gold_step: int | None
) -> _Measured:
    parts = [method.onto(slot) for method in methods]
    counts: list[list[SpanCounts]] = [[] for _ in parts]
    errors: list[Counter[ErrorType]] = [count_errors(()) for _ in parts]
    for block in _read_blocks(connection, parts, labels, gold_step):
        for number, pairs in enumerate(block):
            counts[number].append(count_spans(pairs))
            errors[number].update(count_errors(pairs))
    joined = [concatenate(count) for count in counts]
    left_out = count_covered(connection, parts, gold_step) - len(joined[0])
    name = connection.execute(select(corpus.c.name).where(corpus.c.id == slot[0])).scalar_one()
    return _Measured(name, slot[1], left_out, joined, errors)


def _read_blocks(
    connection: Connection, methods: Sequence[Method], labels: Collection[str], gold_step: int | None
) -> Iterator[list[list[GoldAndPredicted]]]:
    """For each block of sentences and each method, the gold and predicted spans."""
    for rows in bulk.stream(connection, common_sentences(connection, methods, gold_step), BLOCK):
        sentences = [row[0] for row in rows]
        stored = read_gold(connection, sentences, gold_step)
        gold = [[_selected(stored.get(key, ()), method.mapping, labels) for key in sentences] for method in methods]
        _check_same_gold(methods, sentences, gold)
        block = []
        for number, method in enumerate(methods):
            projected = read_projected(connection, method.step_ids, sentences)
            predicted = [_selected(projected.get((row[0], row[1 + number]), ()), None, labels) for row in rows]
            block.append(list(zip(gold[number], predicted, strict=True)))
        yield block


def _selected(spans: Iterable[Span], mapping: LabelMapping | None, labels: Collection[str]) -> tuple[Span, ...]:
    mapped = spans if mapping is None else mapping.apply_to_gold(tuple(spans))
    return tuple(span for span in mapped if not labels or span.label in labels)


def _check_same_gold(
    methods: Sequence[Method], sentences: Sequence[int], gold: Sequence[Sequence[tuple[Span, ...]]]
) -> None:
    for method, theirs in zip(methods[1:], gold[1:], strict=True):
        for key, one, other in zip(sentences, gold[0], theirs, strict=True):
            if one != other:
                differing = sorted({span.label for span in set(one) ^ set(other)})
                raise UsageError(
                    f"{methods[0].name} and {method.name} map the gold labels differently: {', '.join(differing)}",
                    hint="choose labels that both have with --labels",
                    sentence=key,
                    labels=differing,
                )


def _check(methods: Sequence[Method], compared: Sequence[_Measured], labels: Collection[str]) -> None:
    if not compared:
        names = ", ".join(method.name for method in methods)
        raise UsageError(
            f"no sentence with gold labels was processed by all of {names}",
            hint="run the recipes on the same corpora and target languages, and import gold labels for these",
            methods=tuple(method.name for method in methods),
        )
    occurring = {label for measurement in compared for counts in measurement.counts for label in counts.labels}
    missing = sorted(set(labels) - occurring)
    if missing:
        hint = f"labels that occur: {', '.join(sorted(occurring))}" if occurring else "leave out --labels to see them"
        raise UsageError(f"labels that do not occur: {', '.join(missing)}", hint=hint, labels=missing)


def _slot_names(connection: Connection, methods: Sequence[Method]) -> list[str]:
    names = {row.id: row.name for row in connection.execute(select(corpus.c.id, corpus.c.name))}
    slots = dict.fromkeys(slot for method in methods for slot in method.slots)
    return [f"{names[corpus_id]}/{lang}" for corpus_id, lang in slots]


def _together(parts: Sequence[_Measured]) -> _Measured:
    counts = [concatenate(columns) for columns in zip(*(part.counts for part in parts), strict=True)]
    errors = [sum(columns, Counter[ErrorType]()) for columns in zip(*(part.errors for part in parts), strict=True)]
    return _Measured(TOTAL, TOTAL, sum(part.left_out for part in parts), counts, errors)


def _best(total: _Measured) -> int:
    return max(range(len(total.counts)), key=lambda number: total.counts[number].micro().f1)


def _scored(
    measured: _Measured, methods: Sequence[Method], baseline: int, resamples: int, seed: int
) -> LanguageComparison:
    occurring = sorted({label for counts in measured.counts for label in counts.labels})
    counts = [count.aligned(occurring) for count in measured.counts]
    chosen: list[str | None] = [*occurring, None]
    names = [method.name for method in methods]
    scores = {label or TOTAL: _row(names, counts, baseline, label, resamples, seed) for label in chosen}
    errors = {
        name: {kind.value: counter[kind] for kind in ErrorType}
        for name, counter in zip(names, measured.errors, strict=True)
    }
    return LanguageComparison(measured.corpus, measured.lang, measured.sentences, measured.left_out, scores, errors)


def _row(
    names: Sequence[str], counts: Sequence[SpanCounts], baseline: int, label: str | None, resamples: int, seed: int
) -> list[MethodScore]:
    row = []
    for number, name in enumerate(names):
        score = counts[number].micro() if label is None else counts[number].scores()[label]
        interval = bootstrap_interval(counts[number], label=label, resamples=resamples, seed=seed)
        difference = None
        if number != baseline:
            difference = paired_difference(
                counts[number], counts[baseline], label=label, resamples=resamples, seed=seed
            )
        row.append(MethodScore(name, score, interval, difference))
    return row
