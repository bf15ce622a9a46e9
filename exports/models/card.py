"""The card of a model: what it was trained on, how good it is, and what the licenses of all behind it ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.exports.card.facts import CardScore, CardSource
from xprojdb.exports.card.front_matter import to_yaml
from xprojdb.exports.card.hand_written import kept_text
from xprojdb.exports.card.hub_fields import license_fields
from xprojdb.exports.card.licenses import PERMISSIVE, common_license, family_of
from xprojdb.exports.card.markdown import fenced, inline, table
from xprojdb.exports.card.model_licenses import CardModel
from xprojdb.exports.card.origins import models_section, sources_section
from xprojdb.exports.card.render import percent_interval

_USE = """from transformers import pipeline

tagger = pipeline("token-classification", model="{folder}", trust_remote_code=True, aggregation_strategy="simple")
tagger(["words", "of", "a", "sentence"], is_split_into_words=True, delimiter=" ")"""


@dataclass(frozen=True)
class TrainingSetFacts:
    """A training set of one language.

    :param splits: the splits it was drawn from.
    :param labels: who made its labels: ``gold``, or the steps behind the projected ones.
    :param digest: of the step that drew it, which covers its words and labels.
    """

    lang: str
    corpora: Sequence[str]
    splits: Sequence[str]
    labels: str
    sentences: int
    words: int
    entities: int
    digest: str


@dataclass(frozen=True)
class ModelFacts:
    """What the card says.

    :param name: of the training recipe, or the digest that the model was asked for by.
    :param languages: English name by code, of the languages it was trained on.
    :param settings: the parameters of the training, by name.
    :param checked: the sentences on which the folder finds the same entities as xprojdb.
    :param longest: sub-words that the encoder can read.
    """

    name: str
    digest: str
    sha256: str
    languages: Mapping[str, str]
    labels: Sequence[str]
    sets: Sequence[TrainingSetFacts]
    scores: Sequence[CardScore]
    sources: Sequence[CardSource]
    models: Sequence[CardModel]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    recipe: str | None
    checked: int
    longest: int


def render_model_card(facts: ModelFacts, old: str | None = None) -> str:
    """The whole text of the card.

    :param old: the text of an existing card, whose hand-written part is kept.
    :raises ExportError: when the markers around the hand-written part of the existing card do not pair up.
    """
    sections = (
        [f"# {inline(facts.name)}", inline(_summary(facts))],
        kept_text(old),
        _use(facts),
        _training(facts),
        _scores(facts),
        sources_section(facts.sources),
        models_section(facts.models),
        _reproduction(facts),
    )
    body = "\n\n".join(block for section in sections for block in section)
    return f"---\n{to_yaml(_front_matter(facts))}---\n\n{body}\n"


def _summary(facts: ModelFacts) -> str:
    tuned = facts.settings["tune"]
    encoder = "which was not changed" if tuned == "none" else f"which was trained with it (`{tuned}`)"
    return (
        f"Finds {', '.join(facts.labels)} in words of {', '.join(facts.languages.values())}: a small head on layer "
        f"{facts.settings['layer']} of {Path(facts.models[0].name).name}, {encoder}."
    )


def _front_matter(facts: ModelFacts) -> dict[str, Any]:
    licenses = {source.name: source.license for source in facts.sources}
    # What only asks for attribution does not change the license of the whole.
    licenses |= {model.name: model.license for model in facts.models if family_of(model.license) != PERMISSIVE}
    results = [_result(score) for score in facts.scores]
    return {
        "language": list(facts.languages),
        **license_fields(common_license(licenses)),
        **({} if Path(facts.models[0].name).is_absolute() else {"base_model": facts.models[0].name}),
        "library_name": "transformers",
        "pipeline_tag": "token-classification",
        "tags": ["named-entity-recognition", "xprojdb"],
        **({"model-index": [{"name": facts.name, "results": results}]} if results else {}),
    }


def _result(score: CardScore) -> dict[str, Any]:
    return {
        "task": {"type": "token-classification"},
        "dataset": {"name": score.gold, "type": score.gold.partition(" ")[0], "config": score.lang},
        "metrics": [{"type": "f1", "value": f"{100 * score.score.f1:.1f}"}],
    }


def _use(facts: ModelFacts) -> Iterator[str]:
    yield "## Use"
    yield fenced(_USE.format(folder=facts.name), "python")
    yield (
        "The folder brings the code of its head, `modeling_xprojdb.py`, which `trust_remote_code` allows to run. Give "
        f"words, or text whose words are separated by spaces; text of more than {facts.longest} sub-words is cut off. "
        f"On {facts.checked:,} sentences of its training set it found the same entities as in the database."
    )


def _training(facts: ModelFacts) -> Iterator[str]:
    yield "## Training sets"
    head = ("Language", "Corpora", "Splits", "Labels", "Sentences", "Words", "Entities", "Digest")
    yield table(
        head,
        [
            (
                entry.lang,
                ", ".join(entry.corpora),
                ", ".join(entry.splits) or "all",
                entry.labels,
                entry.sentences,
                entry.words,
                entry.entities,
                entry.digest[:12],
            )
            for entry in facts.sets
        ],
    )
    if any(entry.labels != "gold" for entry in facts.sets):
        yield "Labels that are not gold were projected by a program, and no person has checked them."


def _scores(facts: ModelFacts) -> Iterator[str]:
    yield "## Scores against gold"
    if not facts.scores:
        yield "This model has not been measured on gold sentences other than those that it was trained on."
        return
    yield "Exact matches of span and label, in percent, on sentences that are not in the training sets."
    rows = [
        (
            score.lang,
            score.gold,
            *(f"{100 * value:.1f}" for value in (score.score.precision, score.score.recall, score.score.f1)),
            percent_interval(score.interval),
        )
        for score in facts.scores
    ]
    yield table(("Language", "Gold", "Precision", "Recall", "F1", "Interval of F1"), rows)


def _reproduction(facts: ModelFacts) -> Iterator[str]:
    yield "## How it was made"
    yield f"Step `{facts.digest}`; SHA-256 of the head's weights `{facts.sha256}`."
    settings = ", ".join(f"{name} {value}" for name, value in facts.settings.items())
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    yield f"{inline(settings)}. {inline(versions)}."
    if facts.recipe:
        yield fenced(facts.recipe, "toml")
