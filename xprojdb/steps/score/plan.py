"""The score steps of a recipe, with the steps they read besides links and entities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from xprojdb import entry_points
from xprojdb.config.canonical import stored_scorer_name
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.errors import UsageError
from xprojdb.matching.candidates import MOST_SETS
from xprojdb.steps.score.candidates import origin_names
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.params import KIND, ScoreParams, own_params
from xprojdb.steps.score.variant import scorer
from xprojdb.steps.spec import StepSpec

Specs = dict[str, StepSpec]


def score_specs(configs: Iterable[ScorerConfig], direction: Direction) -> Specs:
    """The score steps of a direction, by scorer name.

    :raises UsageError: when a scorer lacks an input.
    """
    configs = tuple(configs)
    _check_learning(configs)
    specs: Specs = {}
    for config in configs:
        specs[config.label] = _spec(config, replace(direction, earlier=dict(specs), scorer=config.label))
        _check_origins(config, specs[config.label])
    return specs


def learns(config: ScorerConfig) -> bool:
    """Whether a scorer learns from labels chosen with the other scorers."""
    return scorer(config.variant).learns


def reads_taggers(config: ScorerConfig) -> bool:
    """Whether a scorer reads word probabilities from the recipe's target-language tagger."""
    return scorer(config.variant).reads_taggers(config)


def _spec(config: ScorerConfig, direction: Direction) -> StepSpec:
    stage = scorer(config.variant)
    inputs: Specs = {"entities": direction.entities, "alignment": direction.alignment}
    inputs |= stage.inputs(config, direction)
    if "tagged" in config.sets:
        inputs["proposals"] = _proposals(config, direction)
    if "scored" in config.sets:
        inputs |= _scored(config, direction.earlier)
    params = {**_params(config, direction).to_params(), **own_params(config, stage.not_params)}
    model, revision = stage.model(config)
    return StepSpec(KIND, stage.version, params, model, revision, inputs)


def _params(config: ScorerConfig, direction: Direction) -> ScoreParams:
    return ScoreParams(
        type=config.variant,
        candidates=config.candidates,
        min_score=config.min_score,
        max_length=config.max_length_by.get(direction.target, config.max_length),
        stop_words=config.stop_words if "ngram" in config.sets or config.stops_all else (),
        stops_all=config.stops_all,
        subspans=config.subspans and "tagged" in config.sets,
        keep=config.keep,
        plugin=entry_points.find("scorers", config.variant).distribution or "",
        labelled=direction.labelling.labelled,
        labels=direction.labelling.labels,
        **scorer(config.variant).languages(direction),
    )


def _check_learning(configs: Sequence[ScorerConfig]) -> None:
    """A scorer that learns from the choices of other scorers needs at least one other."""
    if configs and all(map(learns, configs)):
        name, hint = configs[0].label, "add another [[scorer]], such as type = 'link_mass'"
        raise UsageError(f"the scorer {name} has nothing to learn from", hint=hint, scorer=name)


def _check_origins(config: ScorerConfig, spec: StepSpec) -> None:
    """Candidate origins are stored as the bits of one byte."""
    names = origin_names(spec)
    if len(names) > MOST_SETS:
        raise UsageError(
            f"the scorer {config.label} combines {len(names)} sets of candidates: {', '.join(names)}",
            hint=f"combine at most {MOST_SETS}",
            scorer=config.label,
            scorers=config.scorers,
        )


def _proposals(config: ScorerConfig, direction: Direction) -> StepSpec:
    if direction.proposals is None:
        raise UsageError(
            f"the scorer {config.label} takes candidates from a tagger for {direction.target}, and there is none",
            hint=f'add one: [tag] models = {{ {direction.target} = "spacy:…" }}',
            scorer=config.label,
            lang=direction.target,
        )
    return direction.proposals


def _scored(config: ScorerConfig, earlier: Mapping[str, StepSpec]) -> Specs:
    """The scorers whose candidates this one takes."""
    names = config.scorers or tuple(earlier)[:1]
    unknown = [name for name in names if name not in earlier]
    if unknown or not names:
        raise UsageError(
            f"the scorer {config.label} takes candidates of {', '.join(unknown) or 'another'}, not listed before it",
            hint=f"scorers before it: {', '.join(earlier) or 'none'}",
            scorer=config.label,
            scorers=config.scorers,
        )
    return {f"scored:{stored_scorer_name(name)}": earlier[name] for name in names}
