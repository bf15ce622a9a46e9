"""Calibrate the labels of a campaign, or the final labels of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.exports.rows.projected_labels import choose
from xprojdb.planning.plan import Plan
from xprojdb.review.calibration.curves import Method
from xprojdb.review.calibration.model import Calibration, Measure, Place, calibrate
from xprojdb.review.campaigns import Campaign
from xprojdb.review.figures import read_judged
from xprojdb.review.freezing import find_frozen
from xprojdb.review.queues import read_population
from xprojdb.text.languages import language


class CalibrationOptions(TypedDict, total=False):
    """How a calibration is learned."""

    measure: Measure
    method: Method
    seed: int


def calibrate_campaign(database: Database, campaign: Campaign, **options: Unpack[CalibrationOptions]) -> Calibration:
    """Learn from the frozen reviews of a campaign, weighting each sentence by how many it stands for.

    :raises UsageError: when nothing was frozen, or too little.
    """
    with database.read() as connection:
        judged = read_judged(connection, campaign)
        gold_step = find_frozen(connection, campaign.name)
    assert campaign.step_id is not None
    places = {
        (judgment.item.sentence_id, judgment.item.translation_id): 1 / judgment.item.probability for judgment in judged
    }
    lang = campaign.query.get("lang")
    return calibrate(database, campaign.step_id, gold_step=gold_step, lang=lang, places=places, **options)


def calibrate_recipe(
    database: Database,
    plan: Plan,
    lang: str | None,
    *,
    learn_from: Sequence[str] = (),
    splits: Sequence[str] = (),
    **options: Unpack[CalibrationOptions],
) -> Calibration:
    """Learn from the imported labels of a recipe's target sentences.

    :param learn_from: other target languages of the recipe, whose gold tells how probable the labels of this one are.
    :param splits: only the gold of these; empty: all.
    :raises UsageError: when the recipe labels several languages and none was chosen, or there is too little gold.
    """
    chosen = choose(plan, [language(lang).code] if lang else [])
    langs = sorted({labelling.target for labelling in chosen})
    if len(langs) != 1:
        raise UsageError(
            f"the recipe {plan.recipe.name} labels {', '.join(langs)}", hint="choose with --lang", langs=tuple(langs)
        )
    teachers: dict[int, dict[Place, float]] = {}
    with database.read() as connection:
        for labelling in choose(plan, [language(code).code for code in learn_from]) if learn_from else chosen:
            places = dict.fromkeys(read_population(connection, labelling, splits), 1.0)
            teachers.setdefault(labelling.step.step_id, {}).update(places)
    return calibrate(database, chosen[0].step.step_id, lang=langs[0], teachers=teachers, **options)
