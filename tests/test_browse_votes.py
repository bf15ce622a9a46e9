"""Pages and reviews of labels that taggers voted on: where they agree with the projection, and where they do not."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from browse_sample import browser
from projection_sample import import_sample
from sqlalchemy import delete, insert, select, update
from training_sample import encoder, lines

from xprojdb.browse.listing.filters import Filters
from xprojdb.browse.listing.page import Listing
from xprojdb.browse.summaries.recipes import Recipes
from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database
from xprojdb.db.tables import label
from xprojdb.execution.run import run_plan
from xprojdb.planning.plan import Plan
from xprojdb.planning.planner import plan_recipe
from xprojdb.review.campaigns import read_items
from xprojdb.review.drawing import CampaignSettings, create_campaign
from xprojdb.review.everywhere import unanimous
from xprojdb.review.queues import parse_mixture

TOP = 'name = "r"\ncorpora = ["pairs"]\nsource = ["en"]\ntarget = ["de"]\n'
LINKS = '[align]\naligner = "equal_words"\nwords = "all"\n[[scorer]]\n'


@pytest.fixture
def voted(
    database: Database,
    write_conll: Callable[..., Path],
    tmp_path: Path,
    own_cache: Path,  # noqa: ARG001
) -> tuple[Plan, dict[str, int]]:
    """A plan, and the sentences in which a label was corrected, dropped, added and kept by the taggers."""
    plain = [" ".join(word.partition("/")[0] for word in line.split()) for line in lines(0, 5)]
    import_sample(database, write_conll, {"en": [*lines(0, 5)], "de": plain}, corpus="pairs")
    vote = f'[vote]\nmode = "always"\nencoder = "{encoder(tmp_path)}"\nlayer = 0\n'
    plan = plan_recipe(database, parse_recipe(f"{TOP}{LINKS}{vote}"))
    assert run_plan(database, plan).failed == 0
    own = label.c
    here = own.step_id == plan.projections[0].step.step_id
    with database.write() as connection:
        keys = sorted(set(connection.execute(select(own.sentence_id).where(here)).scalars()))
        chosen = dict(zip(("corrected", "dropped", "added", "kept"), keys, strict=False))
        first = {name: (here, own.sentence_id == key, own.ordinal == 0) for name, key in chosen.items()}
        connection.execute(update(label).where(*first["corrected"]).values(label="ORG"))
        connection.execute(delete(label).where(*first["dropped"]))
        row = connection.execute(select(label).where(*first["added"])).mappings().one()
        new = {**row, "ordinal": 9, "start_word": 3, "end_word": 4, "label": "MISC", "entity_ordinal": None}
        connection.execute(insert(label).values(**new))
    return plan, chosen


def test_a_sentence_shows_what_the_taggers_did(database: Database, voted: tuple[Plan, dict[str, int]]) -> None:
    client = browser(database)
    for name, told in (
        ("corrected", "corrected, was PER"),
        ("dropped", "the taggers voted against it: PER"),
        ("added", "found by them"),
        ("kept", "agree"),
    ):
        page = client.get(f"/sentence/{voted[1][name]}?recipe=r").text
        text = html.unescape(" ".join(re.sub(r"<[^>]+>", "", page).split()))
        assert told in text, name
        assert ("found by them" in text) is (name == "added")


def test_labels_on_which_taggers_and_projection_differ(database: Database, voted: tuple[Plan, dict[str, int]]) -> None:
    recipe = Recipes(database).get("r")
    assert recipe is not None and recipe.has_votes
    page = Listing(database).page(Filters(recipe="r", divided=True), recipe)
    assert [entry.id for entry in page.sentences] == sorted([voted[1]["corrected"], voted[1]["added"]])


def test_reviews_ask_about_them_first_and_never_accept_them_in_bulk(
    database: Database, voted: tuple[Plan, dict[str, int]]
) -> None:
    plan, chosen = voted
    settings = CampaignSettings("disputed", size=3, by=parse_mixture("disagreement"))
    campaign = create_campaign(database, plan, settings)
    asked = [chosen[name] for name in ("corrected", "dropped", "added")]
    with database.read() as connection:
        assert {item.sentence_id for item in read_items(connection, campaign.id)} == set(asked)
        planned = unanimous(connection, campaign, "ana", 0.0)
        assert "ORG" not in {own.decision.old.label for own in planned if own.decision.old}
        assert "MISC" not in {own.decision.old.label for own in planned if own.decision.old}
        names = {own.decision.old.label for own in planned if own.decision.old}
        for name in names:
            only = unanimous(connection, campaign, "ana", 0.0, name)
            assert only == [own for own in planned if own.decision.old and own.decision.old.label == name]
    assert names
