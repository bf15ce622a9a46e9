"""How many sentences, labels and outcomes each list filter would select."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from xprojdb.browse.limits import limited
from xprojdb.browse.summaries.counts import Counted, Scope, StepCounts
from xprojdb.browse.summaries.recipes import FinalStep, KnownRecipe, corpus_names, sentence_counts
from xprojdb.db import Database
from xprojdb.steps.project.stage import reason_codes

Values = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Facets:
    """Values with their counts, the most frequent first.

    :param langs: sentences by language.
    :param labels: labels of the recipe.
    :param outcomes: items of the recipe's final steps.
    :param reasons: for those outcomes.
    :param sampled: whether labels, splits and outcomes were only counted among the first.
    """

    corpora: Values
    langs: Values
    splits: Values
    labels: Values
    outcomes: Values
    reasons: Values
    sampled: bool


def read_facets(database: Database, counted: Counted, recipe: KnownRecipe | None) -> Facets:
    """The facets of a recipe, or only of the imported sentences.

    :raises TooSlow: when they take too long.
    """
    with limited(database) as connection:
        corpora, langs = _sentences(connection)
        splits = counted.splits(connection)
        steps = counted.recipe(connection, recipe) if recipe else []
    outcomes, reasons = _outcomes(steps)
    return Facets(
        corpora=_sorted(corpora),
        langs=_sorted(langs),
        splits=_sorted(Counter({"–" if name is None else name: count for name, count in splits.names.items()})),
        labels=_sorted(_labels(steps)),
        outcomes=_sorted(outcomes),
        reasons=_sorted(reasons),
        sampled=splits.sampled or any(counts.sampled for _, counts in steps),
    )


def _sentences(connection: Connection) -> tuple[Counter[str], Counter[str]]:
    corpora: Counter[str] = Counter()
    langs: Counter[str] = Counter()
    names = corpus_names(connection)
    for corpus_id, lang, count in sentence_counts(connection):
        corpora[names[corpus_id]] += count
        langs[lang] += count
    return corpora, langs


def _labels(steps: Sequence[tuple[FinalStep, StepCounts]]) -> Counter[str]:
    labels: Counter[str] = Counter()
    for final, counts in steps:
        here = counts.labels.get(Scope.of(final))
        labels.update(here.names if here else {})
    return labels


def _outcomes(steps: Sequence[tuple[FinalStep, StepCounts]]) -> tuple[Counter[str], Counter[str]]:
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    # Several final steps of a plan may be one step, for several languages.
    for counts in {final.id: counts for final, counts in steps}.values():
        for (status, reason), count in counts.outcomes.items():
            outcomes[status] += count
            for code in reason_codes(reason or ""):
                reasons[code] += count
    return outcomes, reasons


def _sorted(counts: Counter[str]) -> Values:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
