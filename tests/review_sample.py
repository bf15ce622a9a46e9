"""What the tests of reviews share: labelled sentences, a campaign about them, and decisions in few words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from projection_sample import english, german, import_sample, plan_of

from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.planning.plan import Plan
from xprojdb.review.campaigns import Campaign, Item, read_items
from xprojdb.review.decisions import ACCEPT, DONE, NewDecision, decide, read_reviewed
from xprojdb.review.drawing import CampaignSettings, create_campaign
from xprojdb.review.queues import parse_mixture

#: of every German sentence but each fifth: Anna Berg, and Turin
SENTENCES = 20


def labelled(database: Database, write_conll: Callable[..., Path], folder: Path, count: int = SENTENCES) -> Plan:
    """A recipe that has labelled German."""
    import_sample(database, write_conll, {"en": english(count), "de": german(count)})
    plan = plan_of(database, folder, "[project]\nmin_score = 0.1")
    run_plan(database, plan)
    return plan


def campaign_of(
    database: Database, plan: Plan, by: str = "random", size: int = SENTENCES, redundancy: int = 1
) -> Campaign:
    """A campaign about these, with two further labels."""
    settings = CampaignSettings(
        "german",
        size=size,
        by=parse_mixture(by),
        labels=("ORG", "MISC"),
        redundancy=redundancy,
        guideline="Look twice.",
    )
    return create_campaign(database, plan, settings)


def items_of(database: Database, campaign: Campaign) -> list[Item]:
    """Its queue."""
    with database.read() as connection:
        return read_items(connection, campaign.id)


def accept_all(database: Database, campaign: Campaign, item: Item, reviewer: str) -> None:
    """Find everything right."""
    with database.read() as connection:
        state = read_reviewed(connection, campaign, item, reviewer)
    rows = [*(NewDecision(ACCEPT, span) for span in state.undecided), NewDecision(DONE, seconds=7.0)]
    decide(database, campaign, item, reviewer, rows)


def labelled_item(database: Database, campaign: Campaign, number: int = 0) -> Item:
    """A sentence of the queue that has labels."""
    results = []
    for item in items_of(database, campaign):
        with database.read() as connection:
            if read_reviewed(connection, campaign, item, "").shown:
                results.append(item)
    return results[number]
