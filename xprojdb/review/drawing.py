"""Draw a campaign from the sentences that a recipe has labelled."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, func, insert, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import campaign, campaign_item, label, outcome, sentence
from xprojdb.digest import canonical_json
from xprojdb.errors import GroundMoved, UsageError
from xprojdb.exports.ground import check_referenced
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.plan import Plan
from xprojdb.review.campaigns import Campaign, load_campaign
from xprojdb.review.queues import Mixture, draw, read_population

_DRAW_AGAIN = "nothing was stored; run the recipe again, then draw the campaign again"

#: placed before other labels
CUSTOMARY = ("PER", "ORG", "LOC", "DATE", "MISC")


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """The settings of a new campaign.

    :param name: must be new.
    :param lang: the target language; may be omitted if the recipe has only one.
    :param source: the language the labels come from, if a target has several that are not combined.
    :param size: the maximal number of sentences.
    :param by: how they are drawn.
    :param labels: additional labels for reviewers.
    """

    name: str
    lang: str | None = None
    source: str | None = None
    splits: tuple[str, ...] = ()
    size: int = 200
    by: Mixture = field(default_factory=lambda: Mixture({"margin": 1.0}))
    seed: int = 0
    labels: tuple[str, ...] = ()
    guideline: str | None = None
    redundancy: int = 1


def create_campaign(database: Database, plan: Plan, settings: CampaignSettings) -> Campaign:
    """Draw a campaign from the sentences that a recipe has labelled.

    :raises UsageError: when there is a campaign of that name, the recipe labels several languages and none was chosen,
        or no sentence is labelled.
    :raises GroundMoved: when some of the sentences, or the labels, were deleted meanwhile, or no recipe references the
        labels any more.
    """
    labelling = _labelling(plan, settings)
    with database.read() as connection:
        _check_unused(connection, settings.name)
        population = read_population(connection, labelling, settings.splits)
        items = draw(connection, labelling, population, settings.by, settings.size, settings.seed)
        labels = _labels(connection, labelling, settings.labels)
    if not items:
        raise UsageError(
            f"the recipe {plan.recipe.name} has labelled no such sentence",
            hint="run the recipe first, or choose another --split",
        )
    query = {
        "lang": labelling.target,
        "source": labelling.source,
        "splits": list(settings.splits),
        "population": len(population),
    }
    with database.write() as connection:
        _check_unused(connection, settings.name)
        _check_kept(connection, sentence.c.id, {item.sentence_id for item in items})
        check_referenced(connection, plan, _DRAW_AGAIN, step=labelling.step.spec)
        # A corrected sentence keeps its key, but not its labels. Labels of several sources are not tied to a
        # translation: their item is the sentence.
        own = outcome.c.step_id == labelling.step.step_id
        _check_kept(connection, outcome.c.item_id, {item.translation_id or item.sentence_id for item in items}, own)
        values = {
            "name": settings.name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "recipe": plan.recipe.name,
            "step_id": labelling.step.step_id,
            "query": canonical_json(query),
            "ordering": str(settings.by),
            "seed": settings.seed,
            "labels": json.dumps(labels, ensure_ascii=False),
            "guideline": settings.guideline,
            "redundancy": settings.redundancy,
        }
        key = connection.execute(insert(campaign).values(values).returning(campaign.c.id)).scalar_one()
        columns = ("campaign_id", "rank", "sentence_id", "translation_id", "probability")
        rows = [(key, rank, item.sentence_id, item.translation_id, item.probability) for rank, item in enumerate(items)]
        bulk.insert(connection, campaign_item, columns, rows)
    return load_campaign(database, settings.name)


def _check_kept(connection: Connection, key: ColumnElement[int], keys: Set[int], *where: ColumnElement[bool]) -> None:
    """Refuse to store a queue of which a part was deleted or corrected since it was drawn.

    :raises GroundMoved: with the field ``gone``: how many of the keys.
    """
    query = select(func.count()).where(bulk.among(connection, key, sorted(keys)), *where)
    gone = len(keys) - int(connection.execute(query).scalar_one())
    if gone:
        message = f"{gone} of the {len(keys)} sentences were deleted or corrected meanwhile"
        raise GroundMoved(message, hint=_DRAW_AGAIN, gone=gone)


def _labelling(plan: Plan, settings: CampaignSettings) -> Labelling:
    possible: Sequence[Labelling] = (
        plan.consensuses if settings.source is None and plan.consensuses else plan.projections
    )
    chosen = [
        labelling
        for labelling in possible
        if settings.lang in (None, labelling.target) and settings.source in (None, labelling.source)
    ]
    if len(chosen) == 1:
        return chosen[0]
    directions = ", ".join(labelling.direction for labelling in (chosen or possible))
    if not chosen:
        wanted = " → ".join(code for code in (settings.source, settings.lang) if code)
        raise UsageError(
            f"the recipe {plan.recipe.name} has no labels {wanted}", hint=f"it has {directions}", lang=settings.lang
        )
    hint = f"choose with --lang and --source among {directions}"
    raise UsageError("a campaign covers one language from one source, or from a consensus", hint=hint)


def _check_unused(connection: Connection, name: str) -> None:
    if connection.execute(select(campaign.c.id).where(campaign.c.name == name)).first() is not None:
        raise UsageError(f"there is a campaign {name}", hint="choose another name", campaign=name)


def _labels(connection: Connection, labelling: Labelling, further: Sequence[str]) -> list[str]:
    here = label.c.step_id == labelling.step.step_id
    used = set(connection.execute(select(label.c.label).where(here).distinct()).scalars())
    names = used | set(further)
    return [name for name in CUSTOMARY if name in names] + sorted(names.difference(CUSTOMARY))
