"""How many sentences, labels and outcomes each list filter would select."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from xprojdb.browse.limits import limited
from xprojdb.browse.summaries.counts import BINS, Counted, LabelCounts, Scope, StepCounts
from xprojdb.browse.summaries.recipes import FinalStep, KnownRecipe, corpus_names, sentence_counts
from xprojdb.db import Database
from xprojdb.steps.project.stage import reason_codes

Values = list[tuple[str, int]]
#: where intervals of margins and scores end, in bins
_EDGES = (2, 6, 10, 14)


@dataclass(frozen=True, slots=True)
class Band:
    """Labels whose margin or score is in an interval; None: without end."""

    low: float | None
    high: float | None
    count: int

    @property
    def title(self) -> str:
        if self.low is None:
            return f"below {self.high:g}"
        return f"{self.low:g} – {self.high:g}" if self.high is not None else f"{self.low:g} and above"


@dataclass(frozen=True, slots=True)
class Facets:
    """Values with their counts, the most frequent first.

    :param langs: sentences by language.
    :param labels: labels of the recipe.
    :param outcomes: items of the recipe's final steps.
    :param reasons: for those outcomes.
    :param margins, scores: labels of the recipe by their value.
    :param sampled: whether labels, splits and outcomes were only counted among the first.
    """

    corpora: Values
    langs: Values
    splits: Values
    labels: Values
    outcomes: Values
    reasons: Values
    margins: list[Band]
    scores: list[Band]
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
        margins=_bands(steps, lambda labels: labels.margins),
        scores=_bands(steps, lambda labels: labels.scores),
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


def _bands(
    steps: Sequence[tuple[FinalStep, StepCounts]], measure: Callable[[LabelCounts], Sequence[int]]
) -> list[Band]:
    here = [labels for final, counts in steps if (labels := counts.labels.get(Scope.of(final)))]
    edges = [None, *(edge / BINS for edge in _EDGES), None]
    places = [0, *_EDGES, BINS]
    return [
        Band(low, high, sum(sum(measure(labels)[first:last]) for labels in here))
        for low, high, first, last in zip(edges, edges[1:], places, places[1:], strict=False)
        if here
    ]


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
