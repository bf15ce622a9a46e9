"""The results of each recipe by corpus and language: counts, outcomes, scores, margins, and F1 where there is gold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, select

from xprojdb.browse.limits import limited
from xprojdb.browse.summaries.counts import Counted, LabelCounts, Scope, StepCounts
from xprojdb.browse.summaries.recipes import FinalStep, KnownRecipe, Recipes, corpus_names, sentence_counts
from xprojdb.db import Database
from xprojdb.db.tables import evaluation
from xprojdb.review.calibration.model import Calibration, latest_calibration


@dataclass(frozen=True, slots=True)
class LanguageOverview:
    """The results of a recipe for one language of a corpus.

    :param outcomes: those of the step, by status.
    :param f1: from the latest evaluation: F1 of all labels, its interval, number of sentences; None without gold.
    :param calibration: the latest calibration of its labels.
    :param sampled: whether only the first labels and outcomes of the step were counted.
    """

    corpus: str
    lang: str
    sources: str
    step: str
    labels: LabelCounts
    outcomes: Counter[str]
    f1: tuple[float, float, float, int] | None
    calibration: Calibration | None
    sampled: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """An overview of a database.

    :param sentences: corpus, language and count.
    :param recipes: the results of each recipe.
    :param outdated: recipes that another version of xprojdb has run.
    """

    sentences: list[tuple[str, str, int]]
    recipes: dict[str, list[LanguageOverview]]
    outdated: list[str]


def read_overview(database: Database, recipes: Recipes, counted: Counted) -> Overview:
    """The overview of a database.

    :raises TooSlow: when counting takes too long.
    """
    loaded = recipes.all()
    outdated = sorted(set(recipes.names()) - {recipe.name for recipe in loaded})
    with limited(database) as connection:
        names = corpus_names(connection)
        sentences = sorted((names[key], lang, count) for key, lang, count in sentence_counts(connection))
        results = {recipe.name: _recipe(connection, recipe, counted, names) for recipe in loaded}
    return Overview(sentences, results, outdated)


def _recipe(
    connection: Connection, recipe: KnownRecipe, counted: Counted, names: dict[int, str]
) -> list[LanguageOverview]:
    return [
        _language(connection, final, counts, names[final.corpus_id])
        for final, counts in counted.recipe(connection, recipe)
    ]


def _language(connection: Connection, final: FinalStep, counts: StepCounts, corpus: str) -> LanguageOverview:
    outcomes: Counter[str] = Counter()
    for (status, _), count in counts.outcomes.items():
        outcomes[status] += count
    return LanguageOverview(
        corpus,
        final.lang,
        final.source,
        final.digest,
        counts.labels.get(Scope.of(final)) or LabelCounts(),
        outcomes,
        _f1(connection, final),
        latest_calibration(connection, final.id, final.lang),
        counts.sampled,
    )


def _f1(connection: Connection, final: FinalStep) -> tuple[float, float, float, int] | None:
    own = evaluation.c
    here = (own.step_id == final.id, own.corpus_id == final.corpus_id, own.lang == final.lang, own.label == "all")
    query = select(own.f1, own.f1_low, own.f1_high, own.sentences).where(*here, own.source_langs == final.source)
    row = connection.execute(query.order_by(own.id.desc()).limit(1)).first()
    return tuple(row) if row is not None else None
