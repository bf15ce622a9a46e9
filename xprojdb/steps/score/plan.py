"""The score steps of a recipe, with the steps that each of them reads besides links and entities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from xprojdb.config.settings import ScoreTable
from xprojdb.errors import UsageError
from xprojdb.matching.candidates import MOST_SETS
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.fit.entity_renderings import EntityRenderingsFit
from xprojdb.steps.fit.terms import TermsFit
from xprojdb.steps.fit.word_frequencies import WordFrequencies
from xprojdb.steps.score.candidates import origin_names
from xprojdb.steps.score.scorers import SCORERS
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.tag.plan import scoring_spec

Specs = dict[str, StepSpec]
#: the scorers that learn from what the others choose
MEMORY = ("terms", "memory")


class Direction(NamedTuple):
    """From which language to which labels go, and what every score step of this direction has.

    :param params: parameters of all its score steps.
    :param inputs: their inputs by role: entities and alignment.
    :param proposals: the step that tags the target language, where the recipe has one.
    """

    source: str
    target: str
    params: Mapping[str, object]
    inputs: Mapping[str, StepSpec]
    proposals: StepSpec | None = None


def score_specs(
    tables: Iterable[ScoreTable], direction: Direction, draft: Callable[[], StepSpec] | None = None
) -> Specs:
    """The score steps of a direction, by the names of their tables.

    :param draft: the project step of the tables without :data:`MEMORY`, whose labels those scorers learn from.
    """
    tables = tuple(tables)
    _check_memory(tables)
    specs: Specs = {}
    for table in tables:
        inputs = {**direction.inputs, **_extra_inputs(table, direction, specs, draft)}
        params = {**table.params(direction.target), **direction.params}
        model, revision = None, None
        if table.score == "translation":
            params |= {"source": direction.source, "target": direction.target}
            model, revision = canonical_id(table.model), resolve(table.model, table.revision).revision
        specs[table.called] = StepSpec("score", SCORERS[table.score].version, params, model, revision, inputs)
        _check_origins(table, specs[table.called])
    return specs


def _check_memory(tables: Sequence[ScoreTable]) -> None:
    """Corpus memory learns from what the other scorers choose."""
    if tables and all(table.score in MEMORY for table in tables):
        hint = "add another [[score]], such as score = 'soft'"
        raise UsageError(f"the scorer {tables[0].called} has nothing to learn from", hint=hint, scorer=tables[0].called)


def _check_origins(table: ScoreTable, spec: StepSpec) -> None:
    """The origins of candidates are kept as bits of one byte."""
    names = origin_names(spec)
    if len(names) > MOST_SETS:
        raise UsageError(
            f"the scorer {table.called} unites {len(names)} sets of candidates: {', '.join(names)}",
            hint=f"unite up to {MOST_SETS}",
            scorer=table.called,
            of=table.of,
        )


def _extra_inputs(
    table: ScoreTable, direction: Direction, earlier: Specs, draft: Callable[[], StepSpec] | None
) -> Specs:
    extra: Specs = {}
    if table.score == "soft" and table.word_weights:
        extra["source_frequencies"] = _frequencies(direction.source)
        extra["target_frequencies"] = _frequencies(direction.target)
    if table.score == "edges" and table.edges == "words":
        extra["target_frequencies"] = _frequencies(direction.target)
    if table.score in MEMORY and draft is not None:
        extra |= _memory(table, direction, draft())
    if table.score == "ner":
        extra["target_tags"] = scoring_spec(direction.proposals, direction.target, table.tagger, table.called)
    if "tagged" in table.sets:
        extra["proposals"] = _proposals(table, direction)
    if "scored" in table.sets:
        extra |= _scored(table, earlier)
    return extra


def _memory(table: ScoreTable, direction: Direction, labels: StepSpec) -> Specs:
    """What was labelled at first, and what is counted of it."""
    if table.score == "terms":
        fit = StepSpec(TermsFit.kind, TermsFit.version, {"lang": direction.target}, inputs={"labels": labels})
        return {"labels": labels, "terms": fit}
    params = {"source": direction.source, "lang": direction.target}
    inputs = {"labels": labels, "entities": direction.inputs["entities"]}
    return {
        "labels": labels,
        "renderings": StepSpec(EntityRenderingsFit.kind, EntityRenderingsFit.version, params, inputs=inputs),
    }


def _proposals(table: ScoreTable, direction: Direction) -> StepSpec:
    if direction.proposals is None:
        raise UsageError(
            f"the scorer {table.called} takes its candidates from a tagger of {direction.target}, and there is none",
            hint=f'name one: [tag] models = {{ {direction.target} = "spacy:…" }}',
            scorer=table.called,
            lang=direction.target,
        )
    return direction.proposals


def _scored(table: ScoreTable, earlier: Specs) -> Specs:
    """The scorers whose candidates this one takes."""
    names = table.of or tuple(earlier)[:1]
    unknown = [name for name in names if name not in earlier]
    if unknown or not names:
        raise UsageError(
            f"the scorer {table.called} takes the candidates of {', '.join(unknown) or 'another'}, not before it",
            hint=f"scorers before it: {', '.join(earlier) or 'none'}",
            scorer=table.called,
            of=table.of,
        )
    return {f"scored:{name}": earlier[name] for name in names}


def _frequencies(lang: str) -> StepSpec:
    return StepSpec(WordFrequencies.kind, WordFrequencies.version, {"lang": lang})
