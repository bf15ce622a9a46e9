"""What a recipe that leaves the weights to xprojdb stands for: the scorers, or the heuristic, that suit its links."""

from __future__ import annotations

from sqlalchemy import Connection, select

from xprojdb.config.recipe import Recipe
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.db.tables import alignment
from xprojdb.steps.align.plan import align_spec
from xprojdb.steps.spec import find_step

#: the same words have one label: that of more than this share of them
LABEL_CONSISTENCY = 0.5
#: what corpus memory counts when the other score counts 1
MEMORY = 0.4
#: translations whose links are looked at: links without scores are stored as sure
LOOKED_AT = 100
#: settings that the heuristic does not have
_OF_MATCH = ("weights", "solver", "min_score", "candidates_per_entity", "time_limit")


def settled(connection: Connection, recipe: Recipe) -> Recipe:
    """The recipe with the scorers and settings that it leaves to xprojdb; others as they are.

    Links with scores are weighed together with letters, edges and corpus memory. Imported links without any are
    projected by the heuristic, unless the recipe says how to match, or matches what several sources have together.
    """
    if not recipe.is_automatic:
        return recipe
    table = recipe.project
    matches = recipe.combine.method == "joint" or any(key in table.model_fields_set for key in _OF_MATCH)
    changes: dict[str, object] = {}
    if table.label_consistency is None:
        changes["label_consistency"] = LABEL_CONSISTENCY
    if not matches and _lacks_scores(connection, recipe):
        return recipe.model_copy(update={"project": table.model_copy(update={**changes, "method": "heuristic"})})
    project = table.model_copy(update={**changes, "weights": "scorers"})
    return recipe.model_copy(update={"project": project, "scorer": _scorers(MEMORY)})


def is_settled(recipe: Recipe) -> bool:
    """Whether its scorers are those of :func:`settled`."""
    return recipe.scorer == _scorers(MEMORY)


def without_memory(recipe: Recipe) -> Recipe:
    """The first pass of a recipe that :func:`settled` has settled: what its second pass learns from."""
    return recipe.model_copy(update={"scorer": _scorers(0.0)})


def _scorers(memory: float) -> tuple[ScorerConfig, ...]:
    """The scorers, whose weights have the sum 1."""
    tables = [{"type": "adaptive", "name": "adaptive", "weight": 1 / (1 + memory)}]
    if memory:
        tables.append({"type": "adaptive_terms", "name": "memory", "weight": memory / (1 + memory)})
    return tuple(ScorerConfig.from_table(table) for table in tables)


def _lacks_scores(connection: Connection, recipe: Recipe) -> bool:
    """Whether its links are imported ones without scores; what is aligned here has some."""
    if recipe.align.variant != "imported":
        return False
    step_id = find_step(connection, align_spec(recipe.align))
    query = select(alignment.c.links).where(alignment.c.step_id == step_id, alignment.c.links != "")
    rows = connection.execute(query.order_by(alignment.c.translation_id).limit(LOOKED_AT)).scalars().all()
    return bool(rows) and all(link.endswith(":1") or ":" not in link for links in rows for link in links.split())
