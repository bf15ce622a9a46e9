"""The dataset card: ``README.md`` with the front matter that the Hub reads and the facts that a reader needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xprojdb.evaluation.bootstrap import Interval
from xprojdb.evaluation.span_metrics import SpanScore
from xprojdb.exports.card.front_matter import front_matter
from xprojdb.exports.card.licenses import UNFAMILIAR, common_licence, conflicts, family_of, plain_name
from xprojdb.exports.card.markdown import fenced, inline, table
from xprojdb.exports.card.model_licenses import ModelFacts
from xprojdb.exports.card.step_sentences import tell_stages
from xprojdb.exports.errors import ExportError
from xprojdb.exports.manifest import Manifest

HAND_WRITTEN_START = "<!-- hand-written:start -->"
HAND_WRITTEN_END = "<!-- hand-written:end -->"
INVITATION = "\nText between the two comments around this line is kept when the card is made again.\n"

# Identifiers that the Hub accepts as a licence; any other is "other" with a name of its own.
_HUB_LICENCES = frozenset(
    {"apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "gpl-2.0", "gpl-3.0", "lgpl-3.0", "lgpl-lr", "unknown"}
    | {"odbl", "odc-by", "pddl", "cc", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nd-4.0"}
    | {"cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-2.0"}
    | {"cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"}
)
_SIZES = ((10**3, "1K"), (10**4, "10K"), (10**5, "100K"), (10**6, "1M"), (10**7, "10M"), (10**8, "100M"), (10**9, "1B"))


@dataclass(frozen=True)
class SourceFacts:
    """A corpus that sentences or labels come from.

    :param name: such as ``"Europarl-NER"``.
    :param version: release or revision.
    :param licence: identifier or name; ``None`` when it is not known.
    :param citation: how to cite it.
    :param url: where it is published.
    :param hub_id: its name on the Hub, if it is there.
    """

    name: str
    version: str | None = None
    licence: str | None = None
    citation: str | None = None
    url: str | None = None
    hub_id: str | None = None


@dataclass(frozen=True)
class StepFacts:
    """A step that the labels went through.

    :param kind: such as ``"align"``.
    :param digest: its content digest.
    :param model: name of the model, if one was run.
    :param revision: of the model.
    :param params: its parameters, JSON values.
    """

    kind: str
    digest: str
    model: str | None = None
    revision: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoreFacts:
    """The labels of one language held against gold.

    :param lang: language code.
    :param gold: the gold data set and split.
    :param score: entity precision, recall and F1.
    :param interval: of F1.
    """

    lang: str
    gold: str
    score: SpanScore
    interval: Interval | None = None


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
class CardFacts:
    """What the card says beside the counts, which it takes from the export itself.

    :param title: name of the data set.
    :param summary: one or two sentences.
    :param languages: English name by language code, as the Hub writes the code (ISO 639-1, else 639-3).
    :param sources: corpora, in the order of mention.
    :param steps: from the first to the last.
    :param scores: against gold, where there is any.
    :param command: what to type to make the same data set again.
    :param recipe: text of the recipe.
    :param licence: of the data set; left out, it follows from those of the sources where it can, else ``other``.
    :param models: those that the steps ran.
    :param choice: how sentences were chosen, a sentence each; empty: all were taken.
    :param limits: what a reader must know before trusting the labels, a sentence each.
    :param language_creators: where the sentences come from: ``"found"``, ``"expert-generated"``,
        ``"machine-generated"``.
    :param gold: labels that people made, where there are some.
    """

    title: str
    summary: str
    languages: Mapping[str, str]
    sources: Sequence[SourceFacts]
    steps: Sequence[StepFacts]
    scores: Sequence[ScoreFacts] = ()
    command: str | None = None
    recipe: str | None = None
    licence: str | None = None
    language_creators: Sequence[str] = ("found",)
    models: Sequence[ModelFacts] = ()
    choice: Sequence[str] = ()
    limits: Sequence[str] = ()
    gold: GoldFacts | None = None

    def are_gold(self, config: str, split: str) -> bool:
        """Whether a split holds labels of people alone."""
        return self.gold is not None and (config, split) in self.gold.parts


def render_card(facts: CardFacts, manifest: Manifest, old: str | None = None) -> str:
    """The whole text of the card.

    ``functools.partial(render_card, facts)`` is what :func:`xprojdb.exports.formats.huggingface.write_dataset` takes.

    :param facts: what to say.
    :param manifest: what was written.
    :param old: text of an older card, whose hand-written part is kept.
    :raises ExportError: when the comments around the hand-written part of the older card do not pair up.
    """
    sections = (
        [f"# {inline(facts.title)}", inline(facts.summary)],
        _hand_written(old),
        _languages(facts),
        _sizes(manifest),
        _labels(manifest),
        _gold(facts, manifest),
        _steps(facts, manifest),
        _choice(facts),
        _scores(facts),
        _limits(facts),
        _sources(facts),
        _models(facts),
        _reproduction(facts, manifest),
    )
    body = "\n\n".join(block for section in sections for block in section)
    return f"{front_matter(manifest, _hub_fields(facts, manifest))}\n{body}\n"


def hand_written(card: str) -> str | None:
    """The text that somebody wrote into a card, or None when nobody did.

    :raises ExportError: when the comments around it do not pair up.
    """
    text = _kept(card)
    return None if text.strip() == INVITATION.strip() else text


def with_hand_written(card: str, text: str) -> str:
    """The same card with another hand-written part.

    :param card: made by :func:`render_card`.
    :param text: as :func:`hand_written` gives it.
    """
    before, start, rest = card.partition(HAND_WRITTEN_START)
    return before + start + text + HAND_WRITTEN_END + rest.partition(HAND_WRITTEN_END)[2]


def _hub_fields(facts: CardFacts, manifest: Manifest) -> dict[str, Any]:
    extended = [f"extended|{source.hub_id or 'other'}" for source in facts.sources]
    return {
        "pretty_name": facts.title,
        "annotations_creators": _annotators(facts, manifest),
        "language_creators": list(facts.language_creators),
        "language": list(facts.languages),
        **_licence_fields(_licence(facts)),
        "multilinguality": ["multilingual" if len(facts.languages) > 1 else "monolingual"],
        "size_categories": [_size_category(manifest.sentences)],
        "source_datasets": list(dict.fromkeys(extended)) or ["original"],
        "task_categories": ["token-classification"],
        "task_ids": ["named-entity-recognition"],
    }


def _annotators(facts: CardFacts, manifest: Manifest) -> list[str]:
    gold = facts.gold
    made = ["machine-generated"] if _has_projected(facts, manifest) else []
    return made + ([] if gold is None else ["expert-generated" if gold.reviewed else "found"])


def _has_projected(facts: CardFacts, manifest: Manifest) -> bool:
    return any(not facts.are_gold(config, name) for config, splits in manifest.configs.items() for name in splits)


def _size_category(sentences: int) -> str:
    lower = None
    for limit, name in _SIZES:
        if sentences < limit:
            return f"{lower}<n<{name}" if lower else f"n<{name}"
        lower = name
    return "n>1B"


def _licence(facts: CardFacts) -> str:
    """The licence of the data set, when it can be told."""
    if facts.licence:
        return facts.licence
    return common_licence({source.name: source.licence for source in facts.sources})


def _licence_fields(licence: str) -> dict[str, str]:
    name = plain_name(licence)
    if name in _HUB_LICENCES or name == "other":
        return {"license": name}
    return {"license": "other", "license_name": licence}


def _languages(facts: CardFacts) -> Iterator[str]:
    yield "## Languages"
    yield table(("Code", "Language"), facts.languages.items())


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
    yield "Entities of each label, and their share of all; the tags are IOB2."
    rows = [
        (config, name, *_shares(part.entities, manifest.labels))
        for config, splits in manifest.configs.items()
        for name, part in splits.items()
    ]
    yield table(("Configuration", "Split", *manifest.labels), rows)


def _shares(entities: Mapping[str, int], labels: Sequence[str]) -> list[str]:
    total = sum(entities.values()) or 1
    return [f"{entities[label]:,} ({entities[label] / total:.0%})" for label in labels]


def _gold(facts: CardFacts, manifest: Manifest) -> Iterator[str]:
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


def _steps(facts: CardFacts, manifest: Manifest) -> Iterator[str]:
    if not _has_projected(facts, manifest):
        return
    yield "## How the labels were made"
    whose = "the projected" if facts.gold else "these"
    yield f"No person has checked {whose} labels. They were made in these stages:"
    yield "\n".join(f"{place}. {told}" for place, told in enumerate(tell_stages(s.kind for s in facts.steps), start=1))
    yield "And these steps, whose digests say exactly what was done:"
    yield table(
        ("Step", "Model", "Parameters", "Digest"),
        [
            (step.kind, " @ ".join(filter(None, (step.model, step.revision))), _compact(step.params), step.digest[:12])
            for step in facts.steps
        ],
    )


def _compact(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in params.items())


def _choice(facts: CardFacts) -> Iterator[str]:
    if facts.choice:
        yield "## How the sentences were chosen"
        yield "\n".join(f"- {inline(told)}" for told in facts.choice)


def _limits(facts: CardFacts) -> Iterator[str]:
    if facts.limits:
        yield "## Known limits"
        yield "\n".join(f"- {inline(told)}" for told in facts.limits)


def _scores(facts: CardFacts) -> Iterator[str]:
    yield "## Scores against gold"
    if not facts.scores:
        yield "These labels were not held against gold labels."
        return
    yield "Entities with the right words and the right label, in percent."
    rows = [
        (
            row.lang,
            row.gold,
            *(f"{100 * value:.1f}" for value in (row.score.precision, row.score.recall, row.score.f1)),
            _percent_interval(row.interval),
        )
        for row in facts.scores
    ]
    yield table(("Language", "Gold", "Precision", "Recall", "F1", "Interval of F1"), rows)


def _percent_interval(interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f"{100 * interval.low:.1f}–{100 * interval.high:.1f} ({100 * interval.confidence:.0f} %)"


def _sources(facts: CardFacts) -> Iterator[str]:
    yield "## Sources and licences"
    yield table(
        ("Source", "Version", "Licence", "Address"),
        [
            (source.name, source.version or "", source.licence or "unknown", source.url or "")
            for source in facts.sources
        ],
    )
    for source in facts.sources:
        restricts = family_of(source.licence).restricts
        if restricts:
            yield f"> **{inline(source.name)}**: its licence{_named(source.licence)} {restricts}"
    for conflict in conflicts({source.name: source.licence for source in facts.sources}):
        yield f"> **Incompatible licences**: {inline(conflict)}"
    for source in facts.sources:
        if source.citation:
            yield f"To cite {inline(source.name)}:\n\n{fenced(source.citation)}"


def _models(facts: CardFacts) -> Iterator[str]:
    if not facts.models:
        return
    yield "## Models"
    yield table(
        ("Model", "Revision", "Licence", "To cite"),
        [(each.name, each.revision or "", each.licence or "unknown", each.citation or "") for each in facts.models],
    )
    for each in facts.models:
        family = family_of(each.licence)
        if each.licence and family.restricts and family is not UNFAMILIAR:
            told = "Whether that holds for what the model made is disputed: decide before you use it commercially."
            yield f"> **{inline(each.name)}**: its licence{_named(each.licence)} {family.restricts} {told}"
        elif not each.licence:
            yield f"> **{inline(each.name)}**: its licence is not known here. See its page for what it allows."


def _named(licence: str | None) -> str:
    return f" ({inline(licence)})" if licence and plain_name(licence) not in ("unknown", "other") else ""


def _reproduction(facts: CardFacts, manifest: Manifest) -> Iterator[str]:
    yield "## How to make it again"
    yield f"Recipe digest: `{manifest.recipe_digest}`. Checksums of all files are in `xprojdb-export.json`."
    if facts.command:
        yield fenced(facts.command)
    if facts.recipe:
        yield fenced(facts.recipe, "toml")


def _hand_written(old: str | None) -> Iterator[str]:
    yield f"{HAND_WRITTEN_START}{INVITATION if old is None else _kept(old)}{HAND_WRITTEN_END}"


def _kept(old: str) -> str:
    starts, ends = old.count(HAND_WRITTEN_START), old.count(HAND_WRITTEN_END)
    if starts == ends == 0:
        return INVITATION
    text, found, _ = old.partition(HAND_WRITTEN_START)[2].partition(HAND_WRITTEN_END)
    if (starts, ends) != (1, 1) or not found:
        raise ExportError(
            "the comments around the hand-written part of the older card do not pair up",
            hint=f"keep {HAND_WRITTEN_START} and {HAND_WRITTEN_END} once each, in this order",
            starts=starts,
            ends=ends,
        )
    return text
