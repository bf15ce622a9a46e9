"""Turn a recipe into steps, and the sets of translations that each of them covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product

from sqlalchemy import Connection, select

from xprojdb.db import Database
from xprojdb.db.runs import RecipeRecord
from xprojdb.db.tables import corpus
from xprojdb.engine.combining import combine_specs
from xprojdb.engine.recipe import LoadedRecipe, Recipe, RecipeError
from xprojdb.engine.scoring import MEMORY, Direction, score_specs
from xprojdb.engine.settings import ProjectTable
from xprojdb.engine.tagging import tag_spec
from xprojdb.errors import MatchingError, UsageError
from xprojdb.models.aligners import CENTRE_LANGUAGE, AlignerParams
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.align import Align
from xprojdb.steps.combining.combine import Combine
from xprojdb.steps.heuristic import MIN_SOFT_LINK, ProjectHeuristically, rules_of, rules_to_json
from xprojdb.steps.learning.forms import FormsFit
from xprojdb.steps.learning.means import Means
from xprojdb.steps.learning.renderings import RenderingsFit
from xprojdb.steps.learning.terms import TermsFit
from xprojdb.steps.project import AT_MOST_ONE, TIME_LIMIT, Project
from xprojdb.steps.projecting import Projecting
from xprojdb.steps.projection import Consensus, Labelling, Projection
from xprojdb.steps.registry import stage_of
from xprojdb.steps.scoring.score import Score
from xprojdb.steps.spec import GOLD, StepSpec, find_step
from xprojdb.steps.stage import Pair, Side, Stage, translations


@dataclass
class Plan:
    """Stages in the order they run, and what each covers.

    :param recipe: the recipe it stands for, as runs record it.
    :param stages: earlier ones first.
    :param pairs: the sets of translations of each stage, by its step.
    """

    recipe: RecipeRecord
    stages: list[Stage] = field(default_factory=list)
    pairs: dict[StepSpec, list[Pair]] = field(default_factory=dict)

    def add(self, stage: Stage, pair: Pair) -> None:
        """Cover a set of translations with a stage; equal steps are planned once."""
        if stage.spec not in self.pairs:
            self._join(stage)
            self.stages.append(stage)
        covered = self.pairs.setdefault(stage.spec, [])
        if pair not in covered:
            covered.append(pair)

    def _join(self, stage: Stage) -> None:
        """Let a project step have what its scorers hand over."""
        if isinstance(stage, Project):
            scorers = {each.spec: each for each in self.stages if isinstance(each, Score)}
            for name in stage.weights:
                if scorer := scorers.get(stage.spec.inputs[f"score:{name}"]):
                    stage.take_from(name, scorer.handed)

    def require(self, spec: StepSpec, pair: Pair) -> None:
        """Cover a set of translations with a step and with the steps that it reads."""
        for given in spec.inputs.values():
            if given != GOLD:
                self.require(given, pair)
        self.add(stage_of(spec), pair)

    @property
    def _drafts(self) -> set[StepSpec]:
        """The steps whose labels are only counted, for corpus memory."""
        counting = (TermsFit.kind, RenderingsFit.kind, FormsFit.kind)
        return {stage.spec.inputs["labels"] for stage in self.stages if stage.spec.kind in counting}

    @property
    def projections(self) -> list[Projection]:
        """What the plan gives to whom, in the recipe's order of languages."""
        drafts = self._drafts
        found = [
            Projection(stage, pair, stage.labelled)
            for stage in self.stages
            if isinstance(stage, Projecting) and stage.spec not in drafts
            for pair in self.pairs[stage.spec]
        ]
        return sorted(found, key=lambda each: (each.pair.corpus_id, each.source, each.target))

    @property
    def consensuses(self) -> list[Consensus]:
        """What the plan makes of several sources, by corpus and target language."""
        drafts = self._drafts
        found = [
            Consensus(stage, tuple(pair for pair in self.pairs[stage.spec] if pair.corpus_id == corpus_id))
            for stage in self.stages
            if isinstance(stage, Combine) and stage.spec not in drafts
            for corpus_id in {pair.corpus_id for pair in self.pairs[stage.spec]}
        ]
        return sorted(found, key=lambda each: (each.corpus_id, each.target))

    @property
    def labellings(self) -> list[Labelling]:
        """All of them: every single source, then what several make together."""
        return [*self.projections, *self.consensuses]


def plan_recipe(database: Database, loaded: LoadedRecipe) -> Plan:
    """The steps that a recipe stands for, on the corpora of a database.

    :raises UsageError: when a corpus is not there, or no translation joins the recipe's languages.
    :raises ModelError: when the aligner's model cannot be found.
    """
    recipe = loaded.recipe
    _check_derived(recipe)
    plan = Plan(loaded.record)
    with database.read() as connection:
        directed = _directed_pairs(connection, recipe)
    align = _align_spec(recipe)
    for labelled, pair in directed:
        inputs = {"entities": _entity_spec(recipe, labelled, pair), "alignment": _for_languages(align, pair)}
        plan.require(_project_spec(recipe, labelled, pair, inputs), pair)
    if recipe.combine.method != "none":
        others = _others(database, recipe)
        _add_consensus(plan, recipe, directed, align, others)
    plan.stages.sort(key=lambda stage: _depth(stage.spec))
    return plan


def _others(database: Database, recipe: Recipe) -> dict[str, list[Projection]]:
    """What other recipes project, by their names."""
    # Not above: stored plans are read by what plans are made of.
    from xprojdb.engine.plans import load_plan

    if recipe.name in recipe.combine.recipes:
        raise UsageError(f"{recipe.name} cannot be a source of its own", hint="name other recipes", name=recipe.name)
    return {name: load_plan(database, name).projections for name in recipe.combine.recipes}


def _add_consensus(
    plan: Plan,
    recipe: Recipe,
    directed: list[tuple[Side, Pair]],
    align: StepSpec,
    others: Mapping[str, list[Projection]],
) -> None:
    """Combine what each target language has from several sources, over all corpora."""
    for target in recipe.target:
        voters, onto = {}, []
        for labelled, pair in directed:
            source, into = _source_and_target(labelled, pair)
            if into == target:
                inputs = {"entities": _entity_spec(recipe, labelled, pair), "alignment": _for_languages(align, pair)}
                voters[f"{source}:{labelled}"] = _project_spec(recipe, labelled, pair, inputs)
                onto.append(pair)
        sources = [lang for lang in recipe.source if any(role.startswith(f"{lang}:") for role in voters)]
        for name, projections in others.items():
            for each in projections:
                if each.target == target and each.pair in onto:
                    voters[f"{each.source}@{name}:{each.labelled}"] = each.step.spec
                    sources += [f"{each.source}@{name}"] if f"{each.source}@{name}" not in sources else []
        for spec in combine_specs(recipe.combine, target, sources, voters, _tag_spec(recipe, target)) if onto else ():
            for pair in onto:
                plan.add(stage_of(spec), pair)


def _entity_spec(recipe: Recipe, labelled: Side, pair: Pair) -> StepSpec:
    """Where the entities of the labelled side come from: a tagger of its language, or gold."""
    return _tag_spec(recipe, _source_and_target(labelled, pair)[0]) or GOLD


def _tag_spec(recipe: Recipe, lang: str) -> StepSpec | None:
    if recipe.tag is None:
        return None
    scored = lang in recipe.target and any(table.score == "ner" and not table.tagger for table in recipe.score)
    return tag_spec(recipe.tag, lang, keep_scores=scored)


def _align_spec(recipe: Recipe) -> StepSpec:
    table = recipe.align
    found = resolve(table.model, table.revision)
    params = AlignerParams(**table.model_dump(exclude={"model", "revision"}))
    return StepSpec("align", Align.version, params.to_json(), canonical_id(table.model), found.revision)


def _for_languages(align: StepSpec, pair: Pair) -> StepSpec:
    """The aligner for a pair of languages: with what is learned of them first, if it needs that."""
    if align.params["transform"] != CENTRE_LANGUAGE:
        return align
    compared = {name: align.params[name] for name in ("layer", "pooling")}
    means = {
        role: StepSpec(Means.kind, Means.version, {"lang": lang, **compared}, align.model, align.revision)
        for role, lang in (("original_mean", pair.original_lang), ("rendering_mean", pair.rendering_lang))
    }
    return replace(align, inputs=means)


def _score_specs(recipe: Recipe, labelled: Side, pair: Pair, inputs: Mapping[str, StepSpec]) -> dict[str, StepSpec]:
    """The score steps by the names of their tables."""
    source, target = _source_and_target(labelled, pair)
    proposals = _tag_spec(recipe, target)
    direction = Direction(source, target, _labelling(recipe, labelled), inputs, proposals)
    return score_specs(recipe.score, direction, lambda: _project_spec(_draft(recipe), labelled, pair, inputs))


def _draft(recipe: Recipe) -> Recipe:
    """The recipe without corpus memory: the labels that memory is learned from are what it projects."""
    others = tuple(table for table in recipe.score if table.score not in MEMORY)
    project = recipe.project.model_copy(update={"one_label": None})
    return recipe.model_copy(update={"score": others, "project": project})


def _forms(recipe: Recipe, labelled: Side, pair: Pair, inputs: Mapping[str, StepSpec]) -> dict[str, StepSpec]:
    """The step that counts which labels the same words have, where the recipe asks for one."""
    if recipe.project.one_label is None:
        return {}
    _, target = _source_and_target(labelled, pair)
    labels = _project_spec(_draft(recipe), labelled, pair, inputs)
    return {"forms": StepSpec(FormsFit.kind, FormsFit.version, {"lang": target}, inputs={"labels": labels})}


def _source_and_target(labelled: Side, pair: Pair) -> tuple[str, str]:
    langs = pair.original_lang, pair.rendering_lang
    return langs if labelled == "original" else langs[::-1]


def _depth(spec: StepSpec) -> int:
    """How many steps at most lie before one."""
    return max((1 + _depth(given) for given in spec.inputs.values() if given != GOLD), default=0)


def _project_spec(recipe: Recipe, labelled: Side, pair: Pair, inputs: Mapping[str, StepSpec]) -> StepSpec:
    if recipe.project.method == "heuristic":
        lang = pair.rendering_lang if labelled == "original" else pair.original_lang
        params = {**_heuristic_params(recipe, lang), **_labelling(recipe, labelled)}
        forms = _forms(recipe, labelled, pair, inputs)
        return StepSpec("heuristic", ProjectHeuristically.version, params, inputs={**inputs, **forms})
    params = {
        "weights": {table.called: table.weight for table in recipe.score},
        "solver": recipe.project.solver,
        "threshold": recipe.project.threshold,
        **_unusual(recipe.project),
        **_labelling(recipe, labelled),
    }
    scorers = {f"score:{name}": spec for name, spec in _score_specs(recipe, labelled, pair, inputs).items()}
    scorers |= _forms(recipe, labelled, pair, inputs)
    return StepSpec("project", Project.version, params, inputs={"entities": inputs["entities"], **scorers})


def _unusual(table: ProjectTable) -> dict[str, object]:
    """The settings that are no part of a step's identity unless they say something."""
    found: dict[str, object] = {}
    if table.counted != AT_MOST_ONE:
        found["count"] = list(table.counted)
    if table.time_limit != TIME_LIMIT:
        found["time_limit"] = table.time_limit
    return found | _relabelling(table)


def _check_derived(recipe: Recipe) -> None:
    """Refuse a derived label that the recipe's own mapping would drop from gold."""
    becomes, mapping = recipe.project.derived, recipe.mapping
    if becomes in ("", "drop") or mapping is None or mapping.others == "keep":
        return
    known = sorted({label for _, label in mapping.table if label is not None})
    if becomes not in known:
        raise RecipeError(
            f"project.derived: the recipe's labels have no {becomes!r}",
            hint=f'write derived = "drop", or one of {", ".join(known)}',
            key="project.derived",
        )


def _relabelling(table: ProjectTable) -> dict[str, object]:
    found: dict[str, object] = {}
    if table.derived:
        becomes = None if table.derived == "drop" else table.derived
        found["derived"] = {"becomes": becomes, "from": sorted(table.derived_from)}
    if table.one_label is not None:
        found["one_label"] = table.one_label
    return found


def _heuristic_params(recipe: Recipe, lang: str) -> dict[str, object]:
    table = recipe.project
    try:
        rules = rules_of(table.preset, table.heuristic.changes(lang))
    except MatchingError as error:
        key = "project.heuristic"
        raise RecipeError(f"{key}: {error.message}", hint=error.hint, key=key) from error
    least = table.min_link
    if least is None:
        least = MIN_SOFT_LINK if recipe.align.method == "soft" else 0.0
    return {"rules": rules_to_json(rules), "min_link": least, **_relabelling(table)}


def _labelling(recipe: Recipe, labelled: Side) -> dict[str, object]:
    mapping = recipe.mapping
    return {"labelled": labelled, "labels": mapping.to_json() if mapping else None}


def _directed_pairs(connection: Connection, recipe: Recipe) -> list[tuple[Side, Pair]]:
    """The sets of translations between the recipe's languages, each with the side that the labels come from."""
    link_step = find_step(connection, GOLD)
    found: list[tuple[Side, Pair]] = []
    for name in recipe.corpora:
        corpus_id = _corpus_id(connection, name)
        for source, target in product(recipe.source, recipe.target):
            sides: tuple[tuple[Side, str, str], ...] = (("original", source, target), ("rendering", target, source))
            for labelled, original, rendering in sides:
                pair = Pair(corpus_id, original, rendering, link_step or 0, recipe.splits)
                if source != target and _any(connection, pair):
                    found.append((labelled, pair))
    if not found:
        raise UsageError(
            f"no translations join {', '.join(recipe.source)} with {', '.join(recipe.target)} "
            f"in {', '.join(recipe.corpora)}" + (f", {', '.join(recipe.splits)}" if recipe.splits else ""),
            hint="import the files together with 'xprojdb import parallel', or join them with 'xprojdb link'",
            corpora=recipe.corpora,
        )
    return found


def _any(connection: Connection, pair: Pair) -> bool:
    return connection.execute(translations(pair).limit(1)).first() is not None


def _corpus_id(connection: Connection, name: str) -> int:
    found = connection.execute(select(corpus.c.id).where(corpus.c.name == name)).scalar()
    if found is None:
        names = list(connection.execute(select(corpus.c.name).order_by(corpus.c.name)).scalars())
        known = f"this database has {', '.join(names)}" if names else "import it first: xprojdb import --help"
        raise UsageError(f"there is no corpus {name!r}", hint=known, corpus=name)
    return int(found)
