"""Who may ask the server of pages, and what words of a corpus may do there."""

import html
import re
import time

import pytest
from browse_sample import HOSTILE, PORT, browser, combined_sample, scripts_sample
from sqlalchemy import text
from starlette.testclient import TestClient

from xprojdb.browse.app import make_app
from xprojdb.browse.escaping import visible
from xprojdb.browse.limits import TooSlow, limited
from xprojdb.browse.security import ADDRESS_BYTES, FORM_BYTES, HEADERS, Doorkeeper
from xprojdb.browse.server import _listen
from xprojdb.db import bulk
from xprojdb.errors import UsageError

OWN = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def doorkeeper():
    return Doorkeeper(PORT, ("ana",))


@pytest.fixture
def stranger(sqlite_database, doorkeeper):
    """A client without the cookie."""
    return TestClient(make_app(sqlite_database, doorkeeper), base_url=OWN)


@pytest.fixture
def guest(stranger, doorkeeper):
    """The client that used the printed address."""
    assert stranger.get(doorkeeper.address("ana")).status_code == 200
    return stranger


FOREIGN = ("evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil:{PORT}", "")


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/", "/enter?token=x", "/assets/style.css"])
def test_a_foreign_host_is_refused(guest, host, path):
    assert guest.get(path, headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_names_of_this_machine_are_answered(guest, host):
    assert guest.get("/", headers={"host": f"{host}:{PORT}"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/overview", "/runs", "/review", "/compare", "/assets/page.js", "/nothing"])
def test_without_the_cookie_nothing_is_shown(stranger, path):
    assert stranger.get(path).status_code == 403


def test_a_wrong_token_gives_no_cookie(stranger):
    refused = stranger.get("/enter?token=wrong")
    assert (refused.status_code, refused.cookies) == (403, {})


def test_the_address_works_once(stranger, doorkeeper):
    first = stranger.get(doorkeeper.address("ana"))
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "domain" not in cookie
    other = TestClient(stranger.app, base_url=OWN)
    assert other.get(doorkeeper.address("ana")).status_code == 403
    assert stranger.get(doorkeeper.address("ana")).status_code == 200
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_what_a_browser_tells_of_the_origin_counts(guest, site, status):
    assert guest.get("/", headers={"sec-fetch-site": site}).status_code == status


def test_a_link_from_another_page_may_let_in(stranger, doorkeeper):
    """A terminal in a browser is a page of another site."""
    answer = stranger.get(doorkeeper.address("ana"), headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert stranger.get("/").status_code == 200


def test_every_answer_has_the_policy(guest):
    for answer in (guest.get("/"), guest.get("/nothing"), guest.get("/", headers={"host": "evil"})):
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe-inline" not in HEADERS["Content-Security-Policy"]
    assert "server" not in guest.get("/").headers


@pytest.mark.parametrize("path", ["/", "/overview", "/runs", "/compare", "/review"])
def test_no_page_has_inline_code_or_an_address_elsewhere(guest, path):
    text = guest.get(path).text
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|javascript:", text)
    assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//", text)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(guest, method):
    assert guest.request(method, "/").status_code == 405


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"http://127.0.0.1:{PORT + 1}"])
def test_a_form_of_another_origin_is_refused(guest, origin):
    assert guest.post("/review/1/0", data={"do": "skip"}, headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("token", [None, "", "wrong", "ä"])
def test_a_form_without_its_token_is_refused(guest, token):
    form = {"do": "skip"} if token is None else {"do": "skip", "form_token": token}
    assert guest.post("/review/1/0", data=form, headers={"origin": OWN}).status_code == 403


def test_too_much_is_refused(guest):
    assert guest.get("/", params={"text": "a" * ADDRESS_BYTES}).status_code == 414
    assert guest.post("/review/1/0", data={"note": "a" * FORM_BYTES}).status_code == 413
    chunks = (entry for entry in (b"do=", b"skip"))
    assert guest.post("/review/1/0", content=chunks).status_code == 413


def test_who_only_reads_cannot_write(sqlite_database):
    reader = browser(sqlite_database)
    page = reader.get("/review").text
    assert "form_token" not in page
    assert reader.post("/review/1/0", data={"do": "skip"}).status_code == 403


def test_hostile_words_are_text(sqlite_database, tmp_path):
    scripts_sample(sqlite_database, tmp_path)
    guest = browser(sqlite_database)
    for path in ("/?recipe=into-de&lang=de", "/sentence/de/de/part-3?recipe=into-de", "/sentence/de/en/part-3"):
        text = guest.get(path).text
        assert "alert(1)</script>" not in text
        assert "<img" not in text
        assert all(visible(word) in html.unescape(text) for word in HOSTILE)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("path", ["/", "/compare"])
def test_hostile_questions_are_text(guest, path):
    for name in ("text", "recipe", "lang", "first"):
        text = guest.get(path, params={name: '"><script>alert(9)</script>', "second": "x"}).text
        assert "<script>alert" not in text


@pytest.mark.parametrize(
    "query",
    ["after=-1", f"after={'9' * 20}", "order=x", "margin_to=nan", "margin_from=x", "outcome=y", "reviewed=maybe"],
)
def test_a_filter_that_is_none_is_told(guest, query):
    assert guest.get(f"/?{query}").status_code == 400


def test_a_query_is_stopped(database):
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(TooSlow) as caught, limited(database, 0.05) as connection:
        connection.exec_driver_sql(endless)
    assert caught.value.seconds == 0.05
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_a_query_is_stopped_while_its_rows_are_fetched(sqlite_database):
    endless = text(
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x % 9999 = 0"
    )
    with pytest.raises(TooSlow), limited(sqlite_database, 0.05) as connection:
        bulk.fetch(connection, endless)


def test_waiting_is_not_counted(sqlite_database, monkeypatch):
    monkeypatch.setattr("xprojdb.browse.limits._OPERATIONS", 1)
    monkeypatch.setattr("xprojdb.browse.limits.PATIENCE", 10_000)
    with limited(sqlite_database, 0.2) as connection:
        time.sleep(0.3)
        assert connection.exec_driver_sql("SELECT count(*) FROM sentence").scalar() == 0


def test_a_port_in_use_is_told():
    with _listen(0) as listening:
        port = listening.getsockname()[1]
        assert listening.getsockname()[0] == "127.0.0.1"
        with pytest.raises(UsageError) as caught:
            _listen(port)
        assert caught.value.port == port


def test_reviewers_have_addresses_of_their_own(sqlite_database, write_conll, tmp_path):
    combined_sample(sqlite_database, write_conll, tmp_path)
    doorkeeper = Doorkeeper(PORT, ("ana", "ben"))
    app = make_app(sqlite_database, doorkeeper)
    for name in ("ana", "ben"):
        client = TestClient(app, base_url=OWN)
        client.get(doorkeeper.address(name))
        assert f"You review as <b>{name}</b>" in client.get("/review").text
