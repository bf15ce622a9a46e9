"""The data set card: ``README.md`` with the front matter that the Hub reads and what readers need to know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xprojdb.evaluation.bootstrap import Interval
from xprojdb.evaluation.span_metrics import SpanScore
from xprojdb.exports.card.front_matter import front_matter
from xprojdb.exports.card.licenses import UNFAMILIAR, common_license, conflicts, family_of, plain_name
from xprojdb.exports.card.markdown import fenced, inline, table
from xprojdb.exports.card.model_licenses import CardModel
from xprojdb.exports.card.step_sentences import stage_sentences
from xprojdb.exports.errors import ExportError
from xprojdb.exports.manifest import Manifest

HAND_WRITTEN_START = "<!-- hand-written:start -->"
HAND_WRITTEN_END = "<!-- hand-written:end -->"
INVITATION = "\nText between the two comments around this line is kept when the card is made again.\n"

# Identifiers that the Hub accepts as a license; anything else is "other", with its name beside it.
_HUB_LICENCES = frozenset(
    {"apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "gpl-2.0", "gpl-3.0", "lgpl-3.0", "lgpl-lr", "unknown"}
    | {"odbl", "odc-by", "pddl", "cc", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nd-4.0"}
    | {"cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-2.0"}
    | {"cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"}
)
_SIZES = ((10**3, "1K"), (10**4, "10K"), (10**5, "100K"), (10**6, "1M"), (10**7, "10M"), (10**8, "100M"), (10**9, "1B"))


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

    def are_gold(self, config: str, split: str) -> bool:
        """Whether a split holds labels of people alone."""
        return self.gold is not None and (config, split) in self.gold.parts


def render_card(context: CardContext, manifest: Manifest, old: str | None = None) -> str:
    """The whole text of the card.

    ``functools.partial(render_card, context)`` is what :func:`xprojdb.exports.formats.huggingface.write_dataset` takes.

    :param context: what to say.
    :param manifest: what was written.
    :param old: the text of an existing card, whose hand-written part is kept.
    :raises ExportError: when the markers around the hand-written part of the existing card do not pair up.
    """
    sections = (
        [f"# {inline(context.title)}", inline(context.summary)],
        kept_text(old),
        _languages(context),
        _sizes(manifest),
        _labels(manifest),
        _gold(context, manifest),
        _steps(context, manifest),
        _choice(context),
        _reliability(context),
        _scores(context),
        _limits(context),
        sources_section(context.sources),
        models_section(context.models),
        _reproduction(context, manifest),
    )
    body = "\n\n".join(block for section in sections for block in section)
    return f"{front_matter(manifest, _hub_fields(context, manifest))}\n{body}\n"


def hand_written(card: str) -> str | None:
    """The text that somebody has written into a card, or None.

    :raises ExportError: when the markers around it do not pair up.
    """
    text = _preserved(card)
    return None if text.strip() == INVITATION.strip() else text


def with_hand_written(card: str, text: str) -> str:
    """The same card with a different hand-written part.

    :param card: created by :func:`render_card`.
    :param text: as returned by :func:`hand_written`.
    """
    before, start, rest = card.partition(HAND_WRITTEN_START)
    return before + start + text + HAND_WRITTEN_END + rest.partition(HAND_WRITTEN_END)[2]


def _hub_fields(context: CardContext, manifest: Manifest) -> dict[str, Any]:
    extended = [f"extended|{source.hub_id or 'other'}" for source in context.sources]
    return {
        "pretty_name": context.title,
        "annotations_creators": _annotators(context, manifest),
        "language_creators": list(context.language_creators),
        "language": list(context.languages),
        **license_fields(_license(context)),
        "multilinguality": ["multilingual" if len(context.languages) > 1 else "monolingual"],
        "size_categories": [_size_category(manifest.sentences)],
        "source_datasets": list(dict.fromkeys(extended)) or ["original"],
        "task_categories": ["token-classification"],
        "task_ids": ["named-entity-recognition"],
    }


def _annotators(facts: CardContext, manifest: Manifest) -> list[str]:
    gold = facts.gold
    built = ["machine-generated"] if _has_projected(facts, manifest) else []
    return built + ([] if gold is None else ["expert-generated" if gold.reviewed else "found"])


def _has_projected(facts: CardContext, manifest: Manifest) -> bool:
    return any(not facts.are_gold(config, name) for config, splits in manifest.configs.items() for name in splits)


def _size_category(sentences: int) -> str:
    lower = None
    for limit, name in _SIZES:
        if sentences < limit:
            return f"{lower}<n<{name}" if lower else f"n<{name}"
        lower = name
    return "n>1B"


def _license(context: CardContext) -> str:
    """The license of the data set, if it can be determined."""
    if context.license:
        return context.license
    return common_license({source.name: source.license for source in context.sources})


def license_fields(license: str) -> dict[str, str]:
    """A license as the front matter of the Hub has it."""
    name = plain_name(license)
    if name in _HUB_LICENCES or name == "other":
        return {"license": name}
    return {"license": "other", "license_name": license}


def _languages(context: CardContext) -> Iterator[str]:
    yield "## Languages"
    yield table(("Code", "Language"), context.languages.items())


def _sizes(manifest: Manifest) -> Iterator[str]:
    yield "## Size"
    rows = [
        (config, name, part.sentences, part.tokens, sum(part.entities.values()))
        for config, splits in manifest.configs.items()
        for name, part in splits.items()
    ]
    yield table(("Configuration", "Split", "Sentences", "Tokens", "Entities"), rows)


def _labels(manifest: Manifest) -> Iterator[str]:
    yield "## Labels"
    yield "The number of entities with each label, and their share of the total. Tags are IOB2."
    rows = [
        (config, name, *_shares(part.entities, manifest.labels))
        for config, splits in manifest.configs.items()
        for name, part in splits.items()
    ]
    yield table(("Configuration", "Split", *manifest.labels), rows)


def _shares(entities: Mapping[str, int], labels: Sequence[str]) -> list[str]:
    total = sum(entities.values()) or 1
    return [f"{entities[label]:,} ({entities[label] / total:.0%})" for label in labels]


def _gold(facts: CardContext, manifest: Manifest) -> Iterator[str]:
    gold = facts.gold
    if gold is None:
        return
    yield "## Gold labels"
    whose = "what reviewers decided" if gold.reviewed else "labels that people made, as they were imported"
    name = "reviewed" if gold.reviewed else "gold"
    if gold.parts:
        yield f"These splits hold gold: {whose}. Their rows say `{name}` in the column `annotation`."
        rows = [
            (config, split, manifest.configs[config][split].sentences)
            for config, split in gold.parts
            if split in manifest.configs.get(config, {})
        ]
        yield table(("Configuration", "Split", "Sentences"), rows)
    if gold.beside:
        yield f"Rows of other splits that say `{name}` in the column `annotation` have {whose}, too."
    if _has_projected(facts, manifest):
        yield "All other labels are projected ones: silver, which no person has checked."


def _steps(context: CardContext, manifest: Manifest) -> Iterator[str]:
    if not _has_projected(context, manifest):
        return
    yield "## How the labels were made"
    whose = "the projected" if context.gold else "these"
    yield f"No person has checked {whose} labels. They were produced in these stages:"
    sentences = stage_sentences((step.kind, step.params) for step in context.steps)
    yield "\n".join(f"{place}. {sentence}" for place, sentence in enumerate(sentences, start=1))
    yield "These steps produced them; their digests identify exactly what was done:"
    yield table(
        ("Step", "Model", "Parameters", "Digest"),
        [
            (step.kind, " @ ".join(filter(None, (step.model, step.revision))), _compact(step.params), step.digest[:12])
            for step in context.steps
        ],
    )


def _compact(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in params.items())


def _choice(context: CardContext) -> Iterator[str]:
    if context.choice:
        yield "## How the sentences were chosen"
        yield "\n".join(f"- {inline(sentence)}" for sentence in context.choice)


def _limits(context: CardContext) -> Iterator[str]:
    if context.limits:
        yield "## Known limits"
        yield "\n".join(f"- {inline(sentence)}" for sentence in context.limits)


def _reliability(context: CardContext) -> Iterator[str]:
    if not context.reliability:
        return
    yield "## Reliability of the probabilities"
    yield "Labels with gold beside them, by the probability that they are right: how many of them are."
    for own in context.reliability:
        yield f"{inline(own.lang)}: learned from {own.labels:,} labels, expected calibration error {own.error:.3f}."
        rows = [
            (f"{chance:.2f}", f"{right:.2f}", "█" * round(20 * right) or "·", count)
            for chance, right, count in own.bins
        ]
        yield table(("Probability", "Right", "", "Labels"), rows)


def _bar(share: float) -> str:
    return "█" * round(20 * share) or "·"


def _scores(context: CardContext) -> Iterator[str]:
    yield "## Scores against gold"
    if not context.scores:
        yield "These labels have not been compared with gold labels."
        return
    yield "Exact matches of span and label, in percent."
    rows = [
        (
            row.lang,
            row.gold,
            *(f"{100 * value:.1f}" for value in (row.score.precision, row.score.recall, row.score.f1)),
            percent_interval(row.interval),
        )
        for row in context.scores
    ]
    yield table(("Language", "Gold", "Precision", "Recall", "F1", "Interval of F1"), rows)


def percent_interval(interval: Interval | None) -> str:
    """An interval in percent, or nothing."""
    if interval is None:
        return ""
    return f"{100 * interval.low:.1f}–{100 * interval.high:.1f} ({100 * interval.confidence:.0f} %)"


def sources_section(sources: Sequence[CardSource]) -> Iterator[str]:
    """The corpora, and what their licenses ask for."""
    yield "## Sources and licenses"
    yield table(
        ("Source", "Version", "License", "Address"),
        [(source.name, source.version or "", source.license or "unknown", source.url or "") for source in sources],
    )
    for source in sources:
        restricts = family_of(source.license).restricts
        if restricts:
            yield f"> **{inline(source.name)}**: its license{_named(source.license)} {restricts}"
    for conflict in conflicts({source.name: source.license for source in sources}):
        yield f"> **Incompatible licenses**: {inline(conflict)}"
    for source in sources:
        if source.citation:
            yield f"To cite {inline(source.name)}:\n\n{fenced(source.citation)}"


def models_section(models: Sequence[CardModel]) -> Iterator[str]:
    """The models, and what their licenses ask for."""
    if not models:
        return
    yield "## Models"
    yield table(
        ("Model", "Revision", "License", "To cite"),
        [(model.name, model.revision or "", model.license or "unknown", model.citation or "") for model in models],
    )
    for model in models:
        family = family_of(model.license)
        if model.license and family.restricts and family is not UNFAMILIAR:
            caveat = "Whether this applies to a model's output is disputed: decide before using it commercially."
            yield f"> **{inline(model.name)}**: its license{_named(model.license)} {family.restricts} {caveat}"
        elif not model.license:
            yield f"> **{inline(model.name)}**: its license is not known to xprojdb. See its page for what it allows."


def _named(license: str | None) -> str:
    return f" ({inline(license)})" if license and plain_name(license) not in ("unknown", "other") else ""


def _reproduction(context: CardContext, manifest: Manifest) -> Iterator[str]:
    yield "## How to reproduce it"
    yield f"Recipe digest: `{manifest.recipe_digest}`. Checksums of all files are in `xprojdb-export.json`."
    if context.command:
        yield fenced(context.command)
    if context.recipe:
        yield fenced(context.recipe, "toml")


def kept_text(old: str | None) -> Iterator[str]:
    """The hand-written part of the existing card, or an invitation to write one."""
    yield f"{HAND_WRITTEN_START}{INVITATION if old is None else _preserved(old)}{HAND_WRITTEN_END}"


def _preserved(old: str) -> str:
    starts, ends = old.count(HAND_WRITTEN_START), old.count(HAND_WRITTEN_END)
    if starts == ends == 0:
        return INVITATION
    text, end_marker, _ = old.partition(HAND_WRITTEN_START)[2].partition(HAND_WRITTEN_END)
    if (starts, ends) != (1, 1) or not end_marker:
        raise ExportError(
            "the markers around the hand-written part of the existing card do not pair up",
            hint=f"keep {HAND_WRITTEN_START} and {HAND_WRITTEN_END} once each, in this order",
            starts=starts,
            ends=ends,
        )
    return text
