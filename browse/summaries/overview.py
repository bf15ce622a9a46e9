"""The results of each recipe by corpus and language: counts, outcomes, scores, margins, and F1 where there is gold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import Connection, func, select

from xprojdb.browse.limits import limited
from xprojdb.browse.summaries.recipes import (
    FinalStep,
    KnownRecipe,
    Recipes,
    corpus_names,
    sentence_counts,
    version_of,
)
from xprojdb.db import Database, bulk
from xprojdb.db.tables import evaluation, label, outcome, sentence, translation
from xprojdb.review.calibration.model import Calibration, latest_calibration

#: bars of a histogram
BINS = 20
#: how many labels and outcomes of a step are counted
SAMPLE = 20_000


@dataclass(slots=True)
class LanguageOverview:
    """The results of a recipe for one language of a corpus.

    :param labels: labels by name.
    :param scores, margins: how many labels have a value in each of the BINS intervals.
    :param f1: from the latest evaluation: F1 of all labels, its interval, number of sentences; None without gold.
    :param calibration: the latest calibration of its labels.
    :param sampled: whether only the first labels were counted.
    """

    corpus: str
    lang: str
    sources: str
    step: str
    labels: Counter[str] = field(default_factory=Counter)
    scores: list[int] = field(default_factory=lambda: [0] * BINS)
    margins: list[int] = field(default_factory=lambda: [0] * BINS)
    outcomes: Counter[str] = field(default_factory=Counter)
    f1: tuple[float, float, float, int] | None = None
    calibration: Calibration | None = None
    sampled: bool = False


@dataclass(slots=True)
class Overview:
    """An overview of a database.

    :param sentences: corpus, language and count.
    :param recipes: the results of each recipe.
    """

    sentences: list[tuple[str, str, int]]
    recipes: dict[str, list[LanguageOverview]]


_CACHE: dict[tuple[str, int], Overview] = {}
_LOCK = Lock()


def read_overview(database: Database, recipes: Recipes) -> Overview:
    """The overview of a database, counted once until it changes.

    :raises TooSlow: when counting takes too long.
    """
    loaded = [recipe_ for name in recipes.names() if (recipe_ := recipes.get(name)) is not None]
    with limited(database) as connection:
        key = (database.url, version_of(connection))
        with _LOCK:
            if key not in _CACHE:
                _CACHE.clear()
                _CACHE[key] = Overview(
                    _sentences(connection),
                    {loaded_recipe.name: _recipe(connection, loaded_recipe) for loaded_recipe in loaded},
                )
            return _CACHE[key]


def _sentences(connection: Connection) -> list[tuple[str, str, int]]:
    names = corpus_names(connection)
    return sorted((names[key], lang, count) for key, lang, count in sentence_counts(connection))


def _recipe(connection: Connection, recipe: KnownRecipe) -> list[LanguageOverview]:
    names = corpus_names(connection)
    languages = []
    for final in recipe.finals:
        overview = LanguageOverview(names[final.corpus_id], final.lang, final.source, final.digest)
        _count_labels(connection, final, overview)
        overview.f1 = _f1(connection, final, final.source)
        overview.outcomes = _outcomes(connection, final)
        overview.calibration = latest_calibration(connection, final.id, final.lang)
        languages.append(overview)
    return languages


def _count_labels(connection: Connection, final: FinalStep, overview: LanguageOverview) -> None:
    own = label.c
    first = select(own.label, own.score, own.margin, own.sentence_id, own.translation_id)
    first = first.where(own.step_id == final.id).limit(SAMPLE)
    inner = first.subquery()
    here = select(inner.c.label, inner.c.score, inner.c.margin).join(sentence, sentence.c.id == inner.c.sentence_id)
    if final.receiving is not None:
        # Other recipes may share this step for labels from other languages.
        source = translation.c.original_lang if final.receiving == "rendering" else translation.c.rendering_lang
        here = here.join(translation, translation.c.id == inner.c.translation_id).where(source == final.source)
    rows = bulk.fetch(connection, here.where(sentence.c.lang == final.lang, sentence.c.corpus_id == final.corpus_id))
    for name, score, margin in rows:
        overview.labels[name] += 1
        overview.scores[_bin(score)] += 1
        overview.margins[_bin(margin)] += 1
    total = select(func.count()).select_from(inner)
    overview.sampled = connection.execute(total).scalar_one() >= SAMPLE


def _bin(value: float) -> int:
    return min(max(int(value * BINS), 0), BINS - 1)


def _outcomes(connection: Connection, final: FinalStep) -> Counter[str]:
    first = select(outcome.c.status).where(outcome.c.step_id == final.id).limit(SAMPLE).subquery()
    query = select(first.c.status, func.count()).group_by(first.c.status)
    return Counter(dict(bulk.fetch(connection, query)))


def _f1(connection: Connection, final: FinalStep, source: str) -> tuple[float, float, float, int] | None:
    own = evaluation.c
    here = (own.step_id == final.id, own.corpus_id == final.corpus_id, own.lang == final.lang, own.label == "all")
    query = select(own.f1, own.f1_low, own.f1_high, own.sentences).where(*here, own.source_langs == source)
    row = connection.execute(query.order_by(own.id.desc()).limit(1)).first()
    return tuple(row) if row is not None else None
