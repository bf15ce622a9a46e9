"""Turn a recipe into steps, and the sets of translations that each of them covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from sqlalchemy import Connection, select

from xprojdb.db import Database
from xprojdb.db.runs import RecipeRecord
from xprojdb.db.tables import corpus
from xprojdb.engine.recipe import LoadedRecipe, Recipe
from xprojdb.engine.settings import ScoreTable
from xprojdb.errors import UsageError
from xprojdb.models.aligners import AlignerParams
from xprojdb.models.store import canonical_id, resolve
from xprojdb.models.taggers import TaggerParams, spacy_revision
from xprojdb.steps.align import Align
from xprojdb.steps.project import Project
from xprojdb.steps.projection import Projection
from xprojdb.steps.registry import stage_of
from xprojdb.steps.score import Score
from xprojdb.steps.spec import GOLD, StepSpec, find_step
from xprojdb.steps.stage import Pair, Side, Stage, translations
from xprojdb.steps.tag import Tag


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
            self.stages.append(stage)
        covered = self.pairs.setdefault(stage.spec, [])
        if pair not in covered:
            covered.append(pair)

    @property
    def projections(self) -> list[Projection]:
        """What the plan gives to whom, in the recipe's order of languages."""
        found = [
            Projection(stage, pair, stage.labelled)
            for stage in self.stages
            if isinstance(stage, Project)
            for pair in self.pairs[stage.spec]
        ]
        return sorted(found, key=lambda each: (each.pair.corpus_id, each.source, each.target))


def plan_recipe(database: Database, loaded: LoadedRecipe) -> Plan:
    """The steps that a recipe stands for, on the corpora of a database.

    :raises UsageError: when a corpus is not there, or no translation joins the recipe's languages.
    :raises ModelError: when the aligner's model cannot be found.
    """
    recipe = loaded.recipe
    plan = Plan(loaded.record)
    with database.read() as connection:
        directed = _directed_pairs(connection, recipe)
    align = _align_spec(recipe)
    for labelled, pair in directed:
        entities = _entity_spec(recipe, labelled, pair)
        if entities != GOLD:
            plan.add(stage_of(entities), pair)
    for _, pair in directed:
        plan.add(stage_of(align), pair)
    for labelled, pair in directed:
        inputs = {"entities": _entity_spec(recipe, labelled, pair), "alignment": align}
        for table in recipe.score:
            plan.add(stage_of(_score_spec(recipe, table, labelled, inputs)), pair)
    for labelled, pair in directed:
        inputs = {"entities": _entity_spec(recipe, labelled, pair), "alignment": align}
        plan.add(stage_of(_project_spec(recipe, labelled, inputs)), pair)
    return plan


def _entity_spec(recipe: Recipe, labelled: Side, pair: Pair) -> StepSpec:
    """Where the entities of the labelled side come from: a tagger of its language, or gold."""
    lang = pair.original_lang if labelled == "original" else pair.rendering_lang
    if recipe.tag is None or lang not in recipe.tag.models:
        return GOLD
    name = recipe.tag.models[lang]
    params = {"lang": lang, **TaggerParams(trim=recipe.tag.trim).to_json()}
    return StepSpec("tag", Tag.version, params, name, spacy_revision(name.removeprefix("spacy:")))


def _align_spec(recipe: Recipe) -> StepSpec:
    table = recipe.align
    found = resolve(table.model, table.revision)
    params = AlignerParams(**table.model_dump(exclude={"model", "revision"}))
    return StepSpec("align", Align.version, params.to_json(), canonical_id(table.model), found.revision)


def _score_spec(recipe: Recipe, table: ScoreTable, labelled: Side, inputs: Mapping[str, StepSpec]) -> StepSpec:
    params = {**table.model_dump(exclude={"name", "weight"}), **_labelling(recipe, labelled)}
    return StepSpec("score", Score.version, params, inputs=inputs)


def _project_spec(recipe: Recipe, labelled: Side, inputs: Mapping[str, StepSpec]) -> StepSpec:
    params = {
        "weights": {table.called: table.weight for table in recipe.score},
        "solver": recipe.project.solver,
        "threshold": recipe.project.threshold,
        **_labelling(recipe, labelled),
    }
    scorers = {f"score:{table.called}": _score_spec(recipe, table, labelled, inputs) for table in recipe.score}
    return StepSpec("project", Project.version, params, inputs={"entities": inputs["entities"], **scorers})


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
