"""Defaults of recipes that leave the weights to xprojdb: the scorers, or the heuristic, that suit their links."""

from __future__ import annotations

from sqlalchemy import Connection, select

from xprojdb.config.recipe import Recipe
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.config.tables.vote import VoteTable
from xprojdb.db.tables import alignment
from xprojdb.steps.align.plan import align_spec
from xprojdb.steps.spec import find_step

#: equal words get the same label, if more than this share of them agree
LABEL_CONSISTENCY = 0.5
#: the weight of corpus memory, relative to 1 for the other score
MEMORY = 0.4
#: translations whose links are examined; links without scores are stored as certain
LOOKED_AT = 100
#: settings of matching that the heuristic lacks
_OF_MATCH = ("weights", "solver", "min_score", "candidates_per_entity", "time_limit")


def settled(connection: Connection, recipe: Recipe) -> Recipe:
    """Fill in the scorers and settings that a recipe leaves to xprojdb; other recipes are returned unchanged.

    Links with scores are combined with letters, edges and corpus memory. Imported links without scores are projected by
    the heuristic, unless the recipe has settings of matching, or matches several sources jointly.
    """
    if not recipe.is_automatic:
        return recipe
    recipe = recipe.model_copy(update={"vote": _vote(recipe)})
    table = recipe.project
    matches = recipe.combine.method == "joint" or any(key in table.model_fields_set for key in _OF_MATCH)
    changes: dict[str, object] = {}
    if table.label_consistency is None:
        changes["label_consistency"] = LABEL_CONSISTENCY
    if not matches and _lacks_scores(connection, recipe):
        return recipe.model_copy(update={"project": table.model_copy(update={**changes, "method": "heuristic"})})
    project = table.model_copy(update={**changes, "weights": "scorers"})
    return recipe.model_copy(update={"project": project, "scorer": _scorers(MEMORY)})


def _vote(recipe: Recipe) -> VoteTable | None:
    """Let a tagger of the target language vote, if its states come from the encoder that aligns in any case."""
    return VoteTable() if recipe.vote is None and recipe.align.variant in ("encoder", "tuned") else recipe.vote


def is_settled(recipe: Recipe) -> bool:
    """Whether the scorers of a recipe are those of :func:`settled`."""
    return recipe.scorer == _scorers(MEMORY)


def without_memory(recipe: Recipe) -> Recipe:
    """The first pass of a recipe from :func:`settled`, which its second pass learns from."""
    return recipe.model_copy(update={"scorer": _scorers(0.0)})


def _scorers(memory: float) -> tuple[ScorerConfig, ...]:
    """The default scorers; their weights add up to 1."""
    tables = [{"type": "adaptive", "name": "adaptive", "weight": 1 / (1 + memory)}]
    if memory:
        tables.append({"type": "adaptive_terms", "name": "memory", "weight": memory / (1 + memory)})
    return tuple(ScorerConfig.from_table(table) for table in tables)


def _lacks_scores(connection: Connection, recipe: Recipe) -> bool:
    """Whether the links of a recipe are imported ones without scores; aligners of xprojdb give scores."""
    if recipe.align.variant != "imported":
        return False
    step_id = find_step(connection, align_spec(recipe.align))
    query = select(alignment.c.links).where(alignment.c.step_id == step_id, alignment.c.links != "")
    rows = connection.execute(query.order_by(alignment.c.translation_id).limit(LOOKED_AT)).scalars().all()
    return bool(rows) and all(link.endswith(":1") or ":" not in link for links in rows for link in links.split())
