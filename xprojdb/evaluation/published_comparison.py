"""Compare the scores of an evaluation or a comparison with published scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select as select_rows

from xprojdb.db import Database
from xprojdb.db.tables import corpus
from xprojdb.errors import UsageError
from xprojdb.evaluation.compare import Comparison
from xprojdb.evaluation.evaluate import LanguageScore
from xprojdb.evaluation.published import PublishedScore, load_benchmark_scores, select
from xprojdb.text.languages import UnknownLanguage, language


@dataclass(frozen=True, slots=True)
class PublishedComparison:
    """A published score next to ours.

    :param differences: our F1 minus the published F1, in -1..1, by method or by source of the labels.
    """

    corpus: str
    lang: str
    published: PublishedScore
    differences: dict[str, float]


def published_comparisons(
    comparison: Comparison, scores: Sequence[PublishedScore], dataset: str | None = None
) -> list[PublishedComparison]:
    """The published scores for the compared languages, with the highest F1 of each language first.

    :param dataset: the gold data set, as named in the publications. By default the one with the name of the corpus, or
        the only one in ``scores``.
    :raises UsageError: when there are no scores for the data set, or there are several and none was chosen.
    """
    rows = []
    for compared in comparison.languages:
        ours = {method: compared.f1(method) for method in comparison.methods}
        rows += _language_rows(scores, _dataset(scores, dataset, compared.corpus), compared.corpus, compared.lang, ours)
    return rows


def compared_benchmarks(database: Database, comparison: Comparison) -> list[PublishedComparison]:
    """Compare with the built-in scores, for corpora that are benchmarks."""
    datasets = dict(_benchmarks(database).values())
    scores = load_benchmark_scores() if datasets else []
    rows = []
    for compared in comparison.languages:
        ours = {method: compared.f1(method) for method in comparison.methods}
        if compared.corpus in datasets:
            rows += _language_rows(scores, datasets[compared.corpus], compared.corpus, compared.lang, ours)
    return rows


def evaluated_benchmarks(database: Database, language_scores: Sequence[LanguageScore]) -> list[PublishedComparison]:
    """Compare an evaluation with the built-in scores, for corpora that are benchmarks.

    The differences are by source of the labels: a language, or several joined by ``+``.
    """
    benchmarks = _benchmarks(database)
    scores = load_benchmark_scores() if benchmarks else []
    ours: dict[tuple[int, str], dict[str, float]] = {}
    for score in language_scores:
        key = (score.projection.corpus_id, score.projection.target)
        ours.setdefault(key, {})[score.projection.source] = score.total[0].f1
    rows = []
    for (corpus_id, lang), f1s in ours.items():
        if corpus_id in benchmarks:
            name, dataset = benchmarks[corpus_id]
            rows += _language_rows(scores, dataset, name, lang, f1s)
    return rows


def _benchmarks(database: Database) -> dict[int, tuple[str, str]]:
    """The corpora that are benchmarks: their name and that of the benchmark, by key."""
    query = select_rows(corpus.c.id, corpus.c.name, corpus.c.benchmark).where(corpus.c.benchmark.is_not(None))
    with database.read() as connection:
        return {key: (name, dataset) for key, name, dataset in connection.execute(query)}


def _language_rows(
    scores: Sequence[PublishedScore], dataset: str, corpus_name: str, lang: str, ours: Mapping[str, float]
) -> list[PublishedComparison]:
    """The published scores for one language of a data set, the highest F1 first.

    :param ours: F1 by method or source.
    """
    matches = [score for score in select(scores, dataset=dataset) if _code(score.lang) == _code(lang)]
    return [
        PublishedComparison(corpus_name, lang, score, {name: f1 - score.f1 for name, f1 in ours.items()})
        for score in sorted(matches, key=lambda score: -score.f1)
    ]


def _dataset(scores: Sequence[PublishedScore], named: str | None, corpus: str) -> str:
    datasets = sorted({score.dataset for score in scores})
    if named is None and len(datasets) == 1:
        return datasets[0]
    name = named or corpus
    if name not in datasets:
        raise UsageError(
            f"there are no published scores for the data set {name!r}",
            hint=f"choose with --dataset: {', '.join(datasets) or 'the files contain none'}",
            dataset=name,
            known=datasets,
        )
    return name


def _code(lang: str) -> str:
    """The code that xprojdb stores; languages missing from its table keep their name."""
    try:
        return language(lang).code
    except UnknownLanguage:
        return lang
