"""Put published scores beside those of an evaluation or a comparison."""

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
    """A published score and ours.

    :param differences: per method, or per source of the labels, our F1 less the published one, in -1..1.
    """

    corpus: str
    lang: str
    published: PublishedScore
    differences: dict[str, float]


def beside_published(
    comparison: Comparison, scores: Sequence[PublishedScore], dataset: str | None = None
) -> list[PublishedComparison]:
    """The published scores of the compared languages, for each language the highest F1 first.

    :param dataset: the gold data set, as the publications name it. By default the one named like the corpus, or the
        only one of ``scores``.
    :raises UsageError: when no score is of the data set, or none was named and there are several.
    """
    found = []
    for measured in comparison.languages:
        ours = {method: measured.f1(method) for method in comparison.methods}
        found += _beside(scores, _dataset(scores, dataset, measured.corpus), measured.corpus, measured.lang, ours)
    return found


def compared_benchmarks(database: Database, comparison: Comparison) -> list[PublishedComparison]:
    """The scores that come with xprojdb beside a comparison, where its corpora are benchmarks."""
    datasets = dict(_benchmarks(database).values())
    scores = load_benchmark_scores() if datasets else []
    found = []
    for measured in comparison.languages:
        ours = {method: measured.f1(method) for method in comparison.methods}
        if measured.corpus in datasets:
            found += _beside(scores, datasets[measured.corpus], measured.corpus, measured.lang, ours)
    return found


def evaluated_benchmarks(database: Database, measured: Sequence[LanguageScore]) -> list[PublishedComparison]:
    """The scores that come with xprojdb beside an evaluation, where its corpora are benchmarks.

    The differences are by the source of the labels: a language, or several joined by ``+``.
    """
    benchmarks = _benchmarks(database)
    scores = load_benchmark_scores() if benchmarks else []
    ours: dict[tuple[int, str], dict[str, float]] = {}
    for each in measured:
        key = (each.projection.corpus_id, each.projection.target)
        ours.setdefault(key, {})[each.projection.source] = each.total[0].f1
    found = []
    for (corpus_id, lang), f1s in ours.items():
        if corpus_id in benchmarks:
            name, dataset = benchmarks[corpus_id]
            found += _beside(scores, dataset, name, lang, f1s)
    return found


def _benchmarks(database: Database) -> dict[int, tuple[str, str]]:
    """The corpora that are benchmarks: their names and those of the benchmarks, by key."""
    query = select_rows(corpus.c.id, corpus.c.name, corpus.c.benchmark).where(corpus.c.benchmark.is_not(None))
    with database.read() as connection:
        return {key: (name, dataset) for key, name, dataset in connection.execute(query)}


def _beside(
    scores: Sequence[PublishedScore], dataset: str, corpus_name: str, lang: str, ours: Mapping[str, float]
) -> list[PublishedComparison]:
    """The scores of one language of a data set, the highest F1 first.

    :param ours: F1 by method or source.
    """
    found = [score for score in select(scores, dataset=dataset) if _code(score.lang) == _code(lang)]
    return [
        PublishedComparison(corpus_name, lang, score, {name: f1 - score.f1 for name, f1 in ours.items()})
        for score in sorted(found, key=lambda score: -score.f1)
    ]


def _dataset(scores: Sequence[PublishedScore], named: str | None, corpus: str) -> str:
    known = sorted({score.dataset for score in scores})
    if named is None and len(known) == 1:
        return known[0]
    wanted = named or corpus
    if wanted not in known:
        raise UsageError(
            f"there are no published scores of the data set {wanted!r}",
            hint=f"choose with --dataset: {', '.join(known) or 'the files hold none'}",
            dataset=wanted,
            known=known,
        )
    return wanted


def _code(lang: str) -> str:
    """The code that xprojdb stores; a language that its table does not have keeps what it is called."""
    try:
        return language(lang).code
    except UnknownLanguage:
        return lang
