"""Evaluate projected labels against the gold labels of the same sentences, and store the scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from xprojdb.db import Database
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import campaign, evaluation
from xprojdb.digest import canonical_json
from xprojdb.errors import UsageError
from xprojdb.evaluation.bootstrap import Interval, bootstrap_interval
from xprojdb.evaluation.gold import read_sentences, with_gold
from xprojdb.evaluation.span_metrics import SpanCounts, SpanScore, concatenate, count_spans
from xprojdb.planning.labellings import Labelling
from xprojdb.steps.spec import GOLD, find_step
from xprojdb.steps.vanished import check_corpora, check_steps

#: the row of all labels together
TOTAL = "all"
_COLUMNS = evaluation.c
_KEY = ("step_id", "gold_step_id", "corpus_id", "source_langs", "lang", "split", "labels")


@dataclass(frozen=True)
class LanguageScore:
    """The scores of a projection or a consensus.

    :param sentences: the number of sentences with gold labels that the step has processed.
    :param left_out: sentences with gold labels that the step has not processed, or failed on.
    :param labels: the score and the interval of its F1 for each label, and ``"all"`` for the micro average.
    """

    projection: Labelling
    sentences: int
    left_out: int
    labels: dict[str, tuple[SpanScore, Interval]]

    @property
    def total(self) -> tuple[SpanScore, Interval]:
        """The score of all labels together."""
        return self.labels[TOTAL]


def evaluate_projections(
    database: Database,
    projections: Sequence[Labelling],
    *,
    resamples: int = 1000,
    seed: int = 0,
    gold_step: int | None = None,
) -> list[LanguageScore]:
    """Score projections and consensuses against the imported gold labels, and store the scores.

    Entity precision, recall and F1 as in seqeval, with a percentile bootstrap interval over sentences. Gold
    labels are mapped like projected ones, so that dropped labels count on neither side.

    :param resamples: the number of bootstrap resamples.
    :param seed: the random seed; the same seed gives the same intervals.
    :param gold_step: the step whose entities are gold; None for the imported ones.
    :returns: the scores of projections whose target has gold labels.
    :raises UsageError: when no target has gold labels.
    :raises GroundMoved: when a step or a corpus was deleted in the meantime; nothing is stored then.
    """
    with database.read() as connection:
        scores = []
        for projection in projections:
            counts = read_counts(connection, projection, gold_step)
            if len(counts):
                left_out = _count_gold(connection, projection, gold_step) - len(counts)
                scores.append(LanguageScore(projection, len(counts), left_out, _scores(counts, resamples, seed)))
        sets = list(connection.execute(select(campaign.c.name).order_by(campaign.c.id)).scalars())
    if not scores:
        hint = "import gold labels for the target language, and run the recipe"
        if sets and gold_step is None:
            hint = f"name a set of labels with --gold: there are {', '.join(sets)}"
        raise UsageError("no projected sentence has gold labels to compare with", hint=hint)
    with database.write() as connection:
        check_corpora(connection, {score.projection.corpus_id for score in scores})
        check_steps(connection, (score.projection.step.spec for score in scores), "run the recipe again, then evaluate")
        run_id = begin_run(connection, "evaluate")
        for score in scores:
            _store(connection, score, run_id, resamples, seed, gold_step)
        end_run(connection, run_id, "done", {"evaluations": len(scores)})
    return scores


def read_counts(connection: Connection, projection: Labelling, gold_step: int | None = None) -> SpanCounts:
    """Span counts of every projected sentence with gold labels, in the order of their translations."""
    return concatenate(
        [
            count_spans((gold, predicted) for _, gold, predicted in block)
            for block in read_sentences(connection, projection, gold_step=gold_step)
        ]
    )


def _count_gold(connection: Connection, projection: Labelling, gold_step: int | None) -> int:
    """Count the sentences with gold labels, whether the step has processed them or not."""
    every = with_gold(connection, projection, gold_step).subquery()
    return int(connection.execute(select(func.count()).select_from(every)).scalar_one())


def _scores(counts: SpanCounts, resamples: int, seed: int) -> dict[str, tuple[SpanScore, Interval]]:
    labels = {
        name: (score, bootstrap_interval(counts, label=name, resamples=resamples, seed=seed))
        for name, score in counts.scores().items()
    }
    labels[TOTAL] = (counts.micro(), bootstrap_interval(counts, resamples=resamples, seed=seed))
    return labels


def _store(
    connection: Connection, score: LanguageScore, run_id: int, resamples: int, seed: int, gold_step: int | None
) -> None:
    key = _key(connection, score.projection, gold_step)
    connection.execute(delete(evaluation).where(*(_COLUMNS[name] == value for name, value in key.items())))
    rows = [
        {**key, **values, "sentences": score.sentences, "resamples": resamples, "seed": seed, "run_id": run_id}
        for values in _rows(score)
    ]
    connection.execute(insert(evaluation), rows)


def _key(connection: Connection, projection: Labelling, gold_step: int | None) -> dict[str, Any]:
    mapping = projection.mapping
    values = (
        projection.step.step_id,
        find_step(connection, GOLD) if gold_step is None else gold_step,
        projection.corpus_id,
        projection.source,
        projection.target,
        ",".join(projection.splits),
        canonical_json(mapping.to_json()) if mapping else "",
    )
    return dict(zip(_KEY, values, strict=True))


def _rows(score: LanguageScore) -> Iterator[dict[str, Any]]:
    for name, (measured, interval) in score.labels.items():
        yield {
            "label": name,
            "correct": measured.tp,
            "predicted": measured.predicted,
            "gold": measured.gold,
            "precision": measured.precision,
            "recall": measured.recall,
            "f1": measured.f1,
            "f1_low": interval.low,
            "f1_high": interval.high,
        }
