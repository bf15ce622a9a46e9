"""The data set card: ``README.md`` with the front matter that the Hub reads and what readers need to know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xprojdb.evaluation.bootstrap import Interval
from xprojdb.exports.card.facts import CardContext
from xprojdb.exports.card.front_matter import front_matter
from xprojdb.exports.card.hand_written import kept_text
from xprojdb.exports.card.hub_fields import has_projected, hub_fields
from xprojdb.exports.card.markdown import fenced, inline, table
from xprojdb.exports.card.origins import models_section, sources_section
from xprojdb.exports.card.step_sentences import stage_sentences
from xprojdb.exports.manifest import Manifest
from xprojdb.exports.rows.annotations import LabelAnnotation
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.project.revised import RevisedParams


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
        _makers(context, manifest),
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
    return f"{front_matter(manifest, hub_fields(context, manifest))}\n{body}\n"


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


_MADE_BY: Mapping[LabelAnnotation, str] = {
    "projected": "carried over from a labelled sentence in another language",
    "voted": "the outcome of a vote: of several source languages, or of taggers that found what no source has",
    "gold": "made by people and imported",
    "reviewed": "corrected or confirmed by reviewers",
}


def _makers(context: CardContext, manifest: Manifest) -> Iterator[str]:
    if "entities" not in manifest.features:
        return
    kinds = {step.kind for step in context.steps} if has_projected(context, manifest) else set()
    possible: dict[LabelAnnotation, bool] = {
        "projected": bool(kinds) and Combine.kind not in kinds,
        "voted": bool(kinds & {Combine.kind, RevisedParams.kind}),
        "gold": context.gold is not None and not context.gold.reviewed,
        "reviewed": context.gold is not None and context.gold.reviewed,
    }
    yield "The field `annotation` of each of the `entities` says who made the label:"
    yield "\n".join(f"- `{name}`: {_MADE_BY[name]}" for name, occurs in possible.items() if occurs)


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
    if has_projected(facts, manifest):
        yield "All other labels are projected ones: silver, which no person has checked."


def _steps(context: CardContext, manifest: Manifest) -> Iterator[str]:
    if not has_projected(context, manifest):
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


def _reproduction(context: CardContext, manifest: Manifest) -> Iterator[str]:
    yield "## How to reproduce it"
    yield f"Recipe digest: `{manifest.recipe_digest}`. Checksums of all files are in `xprojdb-export.json`."
    if context.command:
        yield fenced(context.command)
    if context.recipe:
        yield fenced(context.recipe, "toml")
