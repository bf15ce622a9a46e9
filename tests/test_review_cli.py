"""A campaign on the command line, from drawing it to a threshold that it taught."""

import json

import pytest
from review_sample import accept_all, items_of, labelled
from sqlalchemy import select

from xprojdb.db import open_database
from xprojdb.db.tables import review
from xprojdb.review.campaigns import load_campaign
from xprojdb.review.decisions import REJECT, NewDecision, decide, read_reviewed


@pytest.fixture
def path(sqlite_database, write_conll, tmp_path):
    labelled(sqlite_database, write_conll, tmp_path, 40)
    return sqlite_database.engine.url.database


def judge(path, reviewer):
    """Find all right, but every label of each fourth sentence."""
    with open_database(path) as database:
        campaign = load_campaign(database, "one")
        for number, item in enumerate(items_of(database, campaign)):
            accept_all(database, campaign, item, reviewer)
            with database.read() as connection:
                spans = read_reviewed(connection, campaign, item, reviewer).spans
            if number % 4 == 0:
                decide(database, campaign, item, reviewer, [NewDecision(REJECT, span) for span in spans])


def test_from_a_queue_to_a_threshold(run_cli, path, tmp_path):
    def run(*arguments):
        done = run_cli("--db", path, *arguments)
        assert done.code == 0, done.stderr
        return done.stdout

    guideline = tmp_path / "guideline.txt"
    guideline.write_text("Titles are no part of a name.\n", encoding="utf-8")
    result = run(
        "review", "new", "one", "--size", "40", "--by", "random", "--guideline", str(guideline), "--redundancy", "2"
    )
    assert result.startswith("campaign one: 40 of 40 de sentences")
    judge(path, "ana")
    judge(path, "ben")
    (status,) = json.loads(run("review", "status", "--json"))
    assert (status["finished"], [entry["reviewer"] for entry in status["reviewers"]]) == (40, ["ana", "ben"])
    assert "40 of 40 sentences finished by 2 reviewers" in run("review", "status", "one")
    assert "100.0" in run("review", "agreement", "one")
    frozen = json.loads(run("review", "freeze", "one", "--json"))
    assert (frozen["sentences"], frozen["disputed"]) == (40, 0)
    (score,) = json.loads(run("evaluate", "--gold", "one", "--json"))
    weighted = json.loads(run("review", "evaluate", "one", "--json"))
    assert weighted["labels"]["all"]["f1"] == pytest.approx(score["labels"]["all"]["f1"])
    learned = json.loads(run("review", "calibrate", "one", "--json"))
    assert learned["labels"] == 64
    assert learned["after"] <= 1
    rows = [json.loads(line) for line in run("review", "export", "one").splitlines()]
    assert len(rows) == 40
    drawn = run("review", "new", "two", "--size", "5", "--by", "probability")
    assert drawn.startswith("campaign two: 5 of 40")


def test_refusals(run_cli, path):
    for arguments in (
        ("review", "freeze", "nothing"),
        ("review", "new", "a/b"),
        ("review", "new", "x", "--by", "margin=2"),
        ("review", "new", "x", "--by", "probability"),
        ("evaluate", "--gold", "nothing"),
        ("browse", "--card"),
        ("review", "start", "nothing", "--reviewer", "ana"),
        ("review", "calibrate", "one", "--splits", "test"),
        ("review", "calibrate", "one", "--learn-from", "es"),
    ):
        done = run_cli("--db", path, *arguments)
        assert (done.code, done.stdout) == (2, ""), arguments
        assert "Traceback" not in done.stderr
    with open_database(path) as database, database.read() as connection:
        assert connection.execute(select(review)).first() is None
