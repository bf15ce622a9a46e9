"""What a card says, apart from the counts, which come from the export itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xprojdb.evaluation.bootstrap import Interval
from xprojdb.evaluation.span_metrics import SpanScore
from xprojdb.exports.card.model_licenses import CardModel


@dataclass(frozen=True)
class CardSource:
    """A corpus that provides sentences or labels.

    :param name: such as ``"Europarl-NER"``.
    :param version: release or revision.
    :param license: identifier or name; ``None`` if it is unknown.
    :param citation: how to cite it.
    :param url: where it is published.
    :param hub_id: its name on the Hub, if it is published there.
    """

    name: str
    version: str | None = None
    license: str | None = None
    citation: str | None = None
    url: str | None = None
    hub_id: str | None = None


@dataclass(frozen=True)
class CardStep:
    """A step that contributed to the labels.

    :param kind: such as ``"align"``.
    :param digest: its content digest.
    :param model: the model it used, if any.
    :param revision: of the model.
    :param params: its parameters, as JSON values.
    """

    kind: str
    digest: str
    model: str | None = None
    revision: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CardScore:
    """The labels of one language compared with gold labels.

    :param lang: language code.
    :param gold: the gold corpus and split.
    :param score: entity precision, recall and F1.
    :param interval: of F1.
    """

    lang: str
    gold: str
    score: SpanScore
    interval: Interval | None = None


@dataclass(frozen=True)
class Reliability:
    """How well the probabilities of a language tell which labels are right.

    :param labels: how many they were learned from.
    :param error: expected calibration error, each label judged by what was learned from the others.
    :param bins: mean probability, share that is right, and how many labels.
    """

    lang: str
    labels: int
    error: float
    bins: Sequence[tuple[float, float, int]]


@dataclass(frozen=True)
class CardQuality:
    """How good the translations of a direction are.

    :param direction: its languages.
    :param translations: how many there are.
    :param means: of each score; None for one that was not computed.
    """

    direction: str
    translations: int
    means: Sequence[float | None]


@dataclass(frozen=True)
class GoldFacts:
    """Labels that people made.

    :param parts: configuration and split of those that hold nothing else.
    :param beside: whether sentences of other splits have some in place of projected ones.
    :param reviewed: they are what reviewers decided, and not labels that were imported.
    """

    parts: Sequence[tuple[str, str]]
    beside: bool = False
    reviewed: bool = False


@dataclass(frozen=True)
class CardContext:
    """What the card says, apart from the counts, which come from the export itself.

    :param title: name of the data set.
    :param summary: one or two sentences.
    :param languages: English name by language code, as the Hub writes the code (ISO 639-1, else 639-3).
    :param sources: corpora, in the order of mention.
    :param steps: from the first to the last.
    :param scores: against gold, where there is any.
    :param command: the command that reproduces the data set.
    :param recipe: text of the recipe.
    :param license: of the data set; if missing, derived from those of the sources if possible, otherwise ``other``.
    :param models: the models used by the steps.
    :param choice: how sentences were selected, one sentence each; empty: all of them were exported.
    :param limits: what readers should know before trusting the labels, one sentence each.
    :param language_creators: where the sentences come from: ``"found"``, ``"expert-generated"``,
        ``"machine-generated"``.
    :param gold: labels that people made, where there are some.
    :param reliability: how well probabilities tell which labels are right, where they were asked for.
    :param quality: how good translations are, where they were scored.
    """

    title: str
    summary: str
    languages: Mapping[str, str]
    sources: Sequence[CardSource]
    steps: Sequence[CardStep]
    scores: Sequence[CardScore] = ()
    command: str | None = None
    recipe: str | None = None
    license: str | None = None
    language_creators: Sequence[str] = ("found",)
    models: Sequence[CardModel] = ()
    choice: Sequence[str] = ()
    limits: Sequence[str] = ()
    gold: GoldFacts | None = None
    reliability: Sequence[Reliability] = ()
    quality: Sequence[CardQuality] = ()

    def are_gold(self, config: str, split: str) -> bool:
        """Whether a split holds labels of people alone."""
        return self.gold is not None and (config, split) in self.gold.parts
