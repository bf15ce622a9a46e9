"""Reviews by plain forms, as a browser without scripts sends them."""

import html
import re

import pytest
from browse_sample import PORT, browser, combined_sample
from review_sample import SENTENCES, campaign_of, items_of, labelled, labelled_item
from starlette.testclient import TestClient

from xprojdb.browse.app import make_app
from xprojdb.browse.review.pages import span_of
from xprojdb.browse.security import Doorkeeper
from xprojdb.review.decisions import read_decisions, read_reviewed
from xprojdb.review.drawing import CampaignSettings, create_campaign
from xprojdb.review.queues import parse_mixture
from xprojdb.text.spans import Span

ANNA, TURIN = Span(0, 2, "PER"), Span(6, 7, "LOC")


@pytest.fixture
def campaign(sqlite_database, write_conll, tmp_path):
    return campaign_of(sqlite_database, labelled(sqlite_database, write_conll, tmp_path))


@pytest.fixture
def client(sqlite_database):
    return browser(sqlite_database, ("ana",), "ana")


@pytest.fixture
def item(sqlite_database, campaign):
    return labelled_item(sqlite_database, campaign)


@pytest.fixture
def send(client, campaign, item):
    """Press a button of the page of a sentence."""

    def pressed(do, **fields):
        path = f"/review/{campaign.id}/{item.rank}"
        return client.post(path, data=form_of(client, path) | {"do": do} | fields, follow_redirects=False)

    return pressed


def form_of(client, path):
    page = client.get(path).text
    return {name: re.search(rf'name="{name}" value="([\w.]+)"', page)[1] for name in ("form_token", "shown_at")}


def state(database, campaign, item, reviewer="ana"):
    with database.read() as connection:
        return read_reviewed(connection, campaign, item, reviewer)


def test_every_button(sqlite_database, campaign, item, send):
    labels = list(campaign.labels)
    anna, turin = "0.2.0", "6.7.2"
    assert [span_of(entry, labels) for entry in (anna, turin)] == [ANNA, TURIN]
    assert send("accept", old=anna, at="0").headers["location"].endswith("?at=1")
    assert send("correct", old=turin, start="5", last="6", label="1").status_code == 303
    assert send("add", start="3", last="3", label="3").status_code == 303
    assert state(sqlite_database, campaign, item).spans == [ANNA, Span(3, 4, "MISC"), Span(5, 7, "ORG")]
    assert send("undo").status_code == 303
    assert send("reject", old=anna).status_code == 303
    done = send("sentence-done", note="two Annas")
    result = state(sqlite_database, campaign, item)
    assert (result.spans, result.state) == ([Span(5, 7, "ORG")], "sentence-done")
    assert done.headers["location"] != f"/review/{campaign.id}/{item.rank}"
    with sqlite_database.read() as connection:
        rows = read_decisions(connection, campaign.id)
    assert [row.action for row in rows] == ["accept", "correct", "add", "undo", "reject", "sentence-done"]
    assert rows[-1].note == "two Annas"
    assert 0 <= rows[-1].seconds < 60


def test_correcting_nothing_is_accepting(sqlite_database, campaign, item, send):
    send("correct", old="0.2.0", start="0", last="1", label="0")
    assert state(sqlite_database, campaign, item).live[0].action == "accept"


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "accept", "old": "0.1.0"},
        {"do": "accept", "old": "x"},
        {"do": "accept", "old": "0.2.99"},
        {"do": "correct", "old": "0.2.0", "start": "", "last": "1", "label": "0"},
        {"do": "correct", "old": "0.2.0", "start": "0", "last": "6", "label": "0"},
        {"do": "add", "start": "0", "last": "999999999", "label": "0"},
        {"do": "add", "start": "-1", "last": "0", "label": "0"},
        {"do": "sentence-done"},
        {"do": "bulk"},
        {"do": ""},
    ],
)
def test_a_form_that_cannot_stand_is_told_and_writes_nothing(sqlite_database, campaign, item, send, fields):
    answer = send(fields.pop("do"), **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert state(sqlite_database, campaign, item).live == []


def test_a_whole_campaign(sqlite_database, campaign, client):
    for _ in range(SENTENCES):
        page = client.get(f"/review/{campaign.id}")
        path = page.url.path
        client.post(path, data=form_of(client, path) | {"do": "accept-all-done"})
    last = client.get(f"/review/{campaign.id}")
    assert "are done" in last.text
    assert f"{SENTENCES} of {SENTENCES} finished" in client.get("/review").text
    assert all(
        state(sqlite_database, campaign, entry).state == "sentence-done"
        for entry in items_of(sqlite_database, campaign)
    )
    assert client.get("/?reviewed=yes").text.count('class="done"') == SENTENCES


def test_a_skipped_sentence_does_not_come_back(campaign, client):
    first = client.get(f"/review/{campaign.id}").url.path
    client.post(first, data=form_of(client, first) | {"do": "skip"})
    assert client.get(f"/review/{campaign.id}").url.path != first


def test_the_page_shows_no_imported_labels(sqlite_database, write_conll, tmp_path):
    plan = combined_sample(sqlite_database, write_conll, tmp_path)
    result = create_campaign(sqlite_database, plan, CampaignSettings("votes", by=parse_mixture("random")))
    page = browser(sqlite_database, ("ana",), "ana").get(f"/review/{result.id}").text
    assert "Imported labels" not in page
    assert "as projected" in page


def test_the_same_everywhere_asks_first(sqlite_database, campaign, item, client, send):
    send("reject", old="6.7.2")
    path = f"/review/{campaign.id}/{item.rank}"
    form = form_of(client, path) | {"old": "6.7.2"}
    asked = client.post(f"{path}/everywhere", data=form)
    assert "15 labels would be decided" in html.unescape(asked.text)
    with sqlite_database.read() as connection:
        assert len(read_decisions(connection, campaign.id)) == 1
    wrong = client.post(f"{path}/everywhere", data=form | {"confirmed": "14"})
    assert "would be decided" in wrong.text
    done = client.post(f"{path}/everywhere", data=form | {"confirmed": "15"})
    assert "15 labels are decided" in done.text
    with sqlite_database.read() as connection:
        assert len(read_decisions(connection, campaign.id)) == 16


def test_bulk_asks_first(sqlite_database, write_conll, tmp_path):
    plan = combined_sample(sqlite_database, write_conll, tmp_path)
    result = create_campaign(sqlite_database, plan, CampaignSettings("votes", by=parse_mixture("random")))
    client = browser(sqlite_database, ("ana",), "ana")
    path = f"/review/{result.id}/bulk"
    page = client.get(f"{path}?margin=0.1").text
    assert "1 labels would be decided" in page
    form = {"form_token": re.search(r'name="form_token" value="(\w+)"', page)[1], "margin": "0.1", "confirmed": "1"}
    assert "1 labels are decided" in client.post(path, data=form).text
    with sqlite_database.read() as connection:
        assert [row.action for row in read_decisions(connection, result.id)] == ["bulk"]


def test_two_reviewers_and_a_server_that_is_started_again(sqlite_database, campaign, item):
    app = make_app(sqlite_database, Doorkeeper(PORT, ("ana", "ben")))
    keeper = app.user_middleware[0].kwargs["doorkeeper"]
    for name in ("ana", "ben"):
        client = TestClient(app, base_url=f"http://127.0.0.1:{PORT}")
        client.get(keeper.address(name))
        path = f"/review/{campaign.id}/{item.rank}"
        client.post(path, data=form_of(client, path) | {"do": "accept" if name == "ana" else "reject", "old": "0.2.0"})
    again = browser(sqlite_database, ("ben",), "ben")
    assert "rejected" in again.get(f"/review/{campaign.id}/{item.rank}").text
    assert state(sqlite_database, campaign, item, "ana").spans == [ANNA]
    assert state(sqlite_database, campaign, item, "ben").spans == []


def test_what_is_not_there(campaign, client):
    here = f"/review/{campaign.id}"
    for path in ("/review/99", "/review/99/0", f"{here}/999", f"{here}/99999999999999"):
        assert client.get(path).status_code == 404
