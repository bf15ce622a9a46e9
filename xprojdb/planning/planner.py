"""Plan a recipe: its steps, and the sets of translations that each of them covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection

from xprojdb.config.canonical import score_role, stored_scorer_name
from xprojdb.config.errors import RecipeError
from xprojdb.config.recipe import LoadedRecipe, Recipe
from xprojdb.config.tables.project import ProjectTable
from xprojdb.db import Database
from xprojdb.errors import MatchingError, MissingExtra, ModelError, UsageError, XprojdbError
from xprojdb.planning.bitexts import DirectedBitext, directed_bitexts, nothing_there, transfer_bitexts
from xprojdb.planning.defaults import is_settled, settled, without_memory
from xprojdb.planning.labellings import Projection
from xprojdb.planning.plan import Plan
from xprojdb.planning.trained import find_trained
from xprojdb.planning.voting import voted_on
from xprojdb.steps.align.plan import align_spec, for_languages, min_link_score
from xprojdb.steps.combine.plan import combine_specs
from xprojdb.steps.fit.stage import FitParams
from xprojdb.steps.fit.surface_forms import SurfaceFormsFit
from xprojdb.steps.labelling import LabellingParams
from xprojdb.steps.project.heuristic import HeuristicParams, ProjectHeuristically, rules_of, rules_to_json
from xprojdb.steps.project.markers import ProjectMarkers
from xprojdb.steps.project.match import ProjectMatch, ProjectParams
from xprojdb.steps.registry import stage_of
from xprojdb.steps.reviewed import find_frozen
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.plan import learns, reads_taggers, score_specs
from xprojdb.steps.spec import GOLD, StepSpec, load_spec
from xprojdb.steps.stage import Bitext, Side
from xprojdb.steps.tag.gazetteer import gazetteer_spec
from xprojdb.steps.tag.plan import tag_spec
from xprojdb.steps.tag.trained import trained_models

__all__ = ["Plan", "plan_recipe"]


def plan_recipe(database: Database, loaded: LoadedRecipe) -> Plan:
    """Plan a recipe for the corpora of a database.

    :raises UsageError: when a corpus does not exist, or no translation connects the recipe's languages.
    :raises ModelError: when the aligner's model cannot be found.
    """
    with trained_models(partial(find_trained, database)):
        return _plan(database, loaded)


def _plan(database: Database, loaded: LoadedRecipe) -> Plan:
    _check_adjective_label(loaded.recipe)
    plan = Plan(loaded.record)
    with database.read() as connection:
        recipe = settled(connection, loaded.recipe)
        directed, plan.missing = directed_bitexts(connection, recipe)
    align = None if recipe.project.method == "markers" else align_spec(recipe.align)
    directed = [bitext for bitext in directed if _add_projection(plan, recipe, align, bitext)]
    if recipe.combine.method != "none":
        others = _others(database, recipe)
        with database.read() as connection:
            _add_consensus(connection, plan, recipe, directed, align, others)
    if not plan.stages:
        raise _first(plan.missing) or nothing_there(recipe)
    if plan.missing:
        _keep_planned(database, plan)
    plan.sort()
    return plan


def _keep_planned(database: Database, plan: Plan) -> None:
    """Keep the projections of an earlier plan of the same recipe whose models are now missing, and so their labels."""
    from xprojdb.planning.store import find_plan

    lost = {error.fields["langs"] for error in plan.missing if "langs" in error.fields}
    stored = find_plan(database, plan.recipe.name) if lost else None
    if stored is None or stored.recipe.digest != plan.recipe.digest:
        return
    for projection in stored.projections:
        if (projection.source, projection.target) in lost:
            for maker in projection.makers:
                plan.add(stage_of(maker), projection.pair)
            plan.require(projection.step.spec, projection.pair)


def _add_projection(plan: Plan, recipe: Recipe, align: StepSpec | None, bitext: DirectedBitext) -> bool:
    """Plan the projection through a set of translations; return False if a model of it is not available."""
    try:
        projected = _projected(recipe, align, bitext)
    except (ModelError, MissingExtra) as error:
        error.fields["langs"] = bitext.languages
        if all(error.message != other.message for other in plan.missing):
            plan.missing.append(error)
        return False
    for spec, pair in bitext.makers:
        plan.add(stage_of(spec), pair)
    plan.require(voted_on(recipe, projected, bitext, align), bitext.pair)
    return True


def _first(missing: Sequence[XprojdbError]) -> XprojdbError | None:
    """The first error about a model; missing imports are reported for all languages together."""
    return next((error for error in missing if isinstance(error, ModelError | MissingExtra)), None)


def _others(database: Database, recipe: Recipe) -> dict[str, list[Projection]]:
    """The projections of other recipes, by name."""
    # Not at the top of the module: that would be a circular import.
    from xprojdb.planning.store import load_plan

    if recipe.name in recipe.combine.recipes:
        raise UsageError(
            f"the recipe {recipe.name} cannot be its own source", hint="list other recipes", name=recipe.name
        )
    return {name: load_plan(database, name).projections for name in recipe.combine.recipes}


def _add_consensus(
    connection: Connection,
    plan: Plan,
    recipe: Recipe,
    directed: list[DirectedBitext],
    align: StepSpec | None,
    others: Mapping[str, list[Projection]],
) -> None:
    """Combine the labels each target language gets from several sources, over all corpora."""
    gold = None if recipe.combine.gold is None else load_spec(connection, find_frozen(connection, recipe.combine.gold))
    for target in recipe.target:
        voters, onto = {}, []
        for bitext in directed:
            source, into = bitext.languages
            if into == target:
                voters[f"{source}:{bitext.labelled}"] = _projected(recipe, align, bitext)
                onto.append(bitext.pair)
        onto += transfer_bitexts(connection, recipe, target) if not recipe.source else []
        # The labels of a round trip come from sentences in the target language.
        langs = (*recipe.source, target)
        sources = [lang for lang in langs if any(role.startswith(f"{lang}:") for role in voters)]
        for name, projections in others.items():
            for other in projections:
                if other.target == target and other.corpus_id in {pair.corpus_id for pair in onto}:
                    called = f"{other.source}@{name}"
                    voters[f"{called}:{other.labelled}"] = other.step.spec
                    sources += [called] if called not in sources else []
                    onto += [other.pair] if other.pair not in onto else []
        mapping = None if recipe.source else recipe.mapping
        tagger = _tag_spec(recipe, target)
        for spec in combine_specs(recipe.combine, target, sources, voters, tagger, mapping, gold) if onto else ():
            for pair in onto:
                plan.add(stage_of(spec), pair)


def _entity_spec(recipe: Recipe, bitext: DirectedBitext) -> StepSpec:
    """The step the source entities come from: a tagger of the language, or gold."""
    lang = bitext.languages[0]
    tagger = _tag_spec(recipe, lang)
    if tagger is None or recipe.tag is None or not recipe.tag.gazetteer:
        return tagger or GOLD
    return gazetteer_spec(tagger, lang, recipe.tag.gazetteer, recipe.project.refit)


def _tag_spec(recipe: Recipe, lang: str) -> StepSpec | None:
    if recipe.tag is None:
        return None
    scored = lang in recipe.target and any(map(reads_taggers, recipe.scorer))
    source, labels = lang in recipe.source, recipe.tagger_labels
    return tag_spec(recipe.tag, lang, source=source, keep_scores=scored, labels=labels)


def _score_specs(recipe: Recipe, labelled: Side, pair: Bitext, inputs: Mapping[str, StepSpec]) -> dict[str, StepSpec]:
    """The score steps, by scorer name."""
    source, target = _source_and_target(labelled, pair)
    proposals = _tag_spec(recipe, target)
    direction = Direction(
        source,
        target,
        _labelling(recipe, labelled),
        inputs["entities"],
        inputs["alignment"],
        proposals,
        draft=lambda: _project_spec(_draft(recipe), labelled, pair, inputs),
        refit=recipe.project.refit,
    )
    return score_specs(recipe.scorer, direction)


def _draft(recipe: Recipe) -> Recipe:
    """The recipe without anything that learns from its labels; the draft it projects is what those learn from."""
    project = recipe.project.model_copy(update={"label_consistency": None})
    drafted = recipe.model_copy(update={"project": project})
    if is_settled(recipe):
        return without_memory(drafted)
    others = tuple(table for table in recipe.scorer if not learns(table))
    return drafted.model_copy(update={"scorer": others})


def _forms(recipe: Recipe, labelled: Side, pair: Bitext, inputs: Mapping[str, StepSpec]) -> dict[str, StepSpec]:
    """The step that counts the labels of equal words, if the recipe asks for label consistency."""
    if recipe.project.consistency is None:
        return {}
    _, target = _source_and_target(labelled, pair)
    labels = _project_spec(_draft(recipe), labelled, pair, inputs)
    params = FitParams(lang=target, refit=recipe.project.refit).to_params()
    return {"forms": StepSpec(SurfaceFormsFit.kind, SurfaceFormsFit.version, params, inputs={"labels": labels})}


def _source_and_target(labelled: Side, pair: Bitext) -> tuple[str, str]:
    langs = pair.original_lang, pair.rendering_lang
    return langs if labelled == "original" else langs[::-1]


def _projected(recipe: Recipe, align: StepSpec | None, bitext: DirectedBitext) -> StepSpec:
    """The project step of a set of translations."""
    entities = _entity_spec(recipe, bitext)
    if align is None:
        assert bitext.carried is not None, "markers need a carry step"
        inputs = {"entities": entities, "carried": bitext.carried}
        params = _labelling(recipe, bitext.labelled).to_params()
        return StepSpec(ProjectMarkers.kind, ProjectMarkers.version, params, inputs=inputs)
    inputs = {"entities": bitext.carried or entities, "alignment": for_languages(align, bitext.pair)}
    return _project_spec(recipe, bitext.labelled, bitext.pair, inputs)


def _project_spec(recipe: Recipe, labelled: Side, pair: Bitext, inputs: Mapping[str, StepSpec]) -> StepSpec:
    forms = _forms(recipe, labelled, pair, inputs)
    if recipe.project.method == "heuristic":
        _, target = _source_and_target(labelled, pair)
        params = _heuristic_params(recipe, target, labelled).to_params()
        return StepSpec(ProjectHeuristically.kind, ProjectHeuristically.version, params, inputs={**inputs, **forms})
    scorers = {score_role(name): spec for name, spec in _score_specs(recipe, labelled, pair, inputs).items()}
    params = _match_params(recipe, labelled).to_params()
    used = {"entities": inputs["entities"], **scorers, **forms}
    return StepSpec(ProjectMatch.kind, ProjectMatch.version, params, inputs=used)


def _match_params(recipe: Recipe, labelled: Side) -> ProjectParams:
    table, labelling = recipe.project, _labelling(recipe, labelled)
    return ProjectParams(
        labelled=labelling.labelled,
        labels=labelling.labels,
        weights={stored_scorer_name(scorer.label): scorer.weight for scorer in recipe.scorer},
        solver=table.solver,
        min_score=table.min_score,
        candidates_per_entity=table.counted,
        time_limit=table.time_limit,
        adjective=_adjective(table),
        label_consistency=table.consistency,
    )


def _check_adjective_label(recipe: Recipe) -> None:
    """Reject an adjective label that the recipe's own mapping would drop from gold."""
    becomes, mapping = recipe.project.adjective_label, recipe.mapping
    if becomes in ("", "drop") or mapping is None or mapping.others == "keep":
        return
    labels = sorted({label for _, label in mapping.table if label is not None})
    if becomes not in labels:
        raise RecipeError(
            f"project.adjective_label: {becomes!r} is not one of the recipe's labels",
            hint=f'set adjective_label = "drop", or one of {", ".join(labels)}',
            key="project.adjective_label",
        )


def _adjective(table: ProjectTable) -> dict[str, object] | None:
    if not table.adjective_label:
        return None
    becomes = None if table.adjective_label == "drop" else table.adjective_label
    return {"becomes": becomes, "from": sorted(table.adjective_from)}


def _heuristic_params(recipe: Recipe, lang: str, labelled: Side) -> HeuristicParams:
    table, labelling = recipe.project, _labelling(recipe, labelled)
    try:
        rules = rules_of(table.preset, table.heuristic.changes(lang))
    except MatchingError as error:
        key = "project.heuristic"
        raise RecipeError(f"{key}: {error.message}", hint=error.hint, key=key) from error
    least = min_link_score(recipe.align) if table.min_link_score is None else table.min_link_score
    return HeuristicParams(
        labelled=labelling.labelled,
        labels=labelling.labels,
        rules=rules_to_json(rules),
        min_link_score=least,
        adjective=_adjective(table),
        label_consistency=table.consistency,
    )


def _labelling(recipe: Recipe, labelled: Side) -> LabellingParams:
    mapping = recipe.mapping
    return LabellingParams(labelled=labelled, labels=mapping.to_json() if mapping else None)
