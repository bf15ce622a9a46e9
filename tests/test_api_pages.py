"""Pages and reviews from Python: servers that end, campaigns from drawing to a threshold, results that convert."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from children import start
from review_sample import accept_all, items_of, labelled

import xprojdb as xp
from xprojdb.api.results.base import Result
from xprojdb.cli.printing.output import console
from xprojdb.db import Database as Store
from xprojdb.errors import InputError, UsageError
from xprojdb.review.decisions import REJECT, NewDecision, decide, read_reviewed

COUNT = 40


@pytest.fixture
def db(sqlite_database: Store, write_conll: Callable[..., Path], tmp_path: Path) -> Iterator[xp.Database]:
    """A recipe that has labelled German."""
    labelled(sqlite_database, write_conll, tmp_path, COUNT)
    with xp.open(str(sqlite_database.engine.url.database)) as opened:
        yield opened


def judge(db: xp.Database, *reviewers: str) -> None:
    """Draw a campaign of all sentences, of which reviewers find all right but the labels of each fourth."""
    db.review.create("one", size=COUNT, by="random", redundancy=len(reviewers))
    campaign = db.review.status("one").report[0].campaign
    for reviewer in reviewers:
        for number, item in enumerate(items_of(db.store, campaign)):
            accept_all(db.store, campaign, item, reviewer)
            with db.store.read() as connection:
                spans = read_reviewed(connection, campaign, item, reviewer).spans
            if number % 4 == 0:
                decide(db.store, campaign, item, reviewer, [NewDecision(REJECT, span) for span in spans])


def test_a_campaign_from_drawing_to_a_threshold(db: xp.Database, tmp_path: Path) -> None:
    assert db.review.status().report == []
    judge(db, "ana", "ben")
    (progress,) = db.review.status().report
    assert (progress.finished, [reviewer.reviewer for reviewer in progress.reviewers]) == (COUNT, ["ana", "ben"])
    assert db.review.agreement("one").report[0].equal == COUNT
    frozen = db.review.freeze("one").report
    assert (frozen.sentences, frozen.known) == (COUNT, False)
    assert db.review.freeze("one").report.known
    weighted = {row["label"]: row["f1"] for row in db.review.evaluate("one", resamples=20).to_dict()}
    (score,) = (row for row in db.evaluate(gold="one", resamples=20).to_dict() if row["label"] == "all")
    assert weighted["all"] == pytest.approx(score["f1"])
    calibration = db.review.calibrate("one", method="logistic")
    assert calibration.threshold(0.0) == 0
    assert calibration.threshold(0.9999) is None
    rows = db.review.export("one")
    rows.write(tmp_path / "reviews.jsonl", "jsonl")
    lines = [json.loads(line) for line in (tmp_path / "reviews.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == COUNT
    assert [review["reviewer"] for review in lines[0]["reviews"]] == ["reviewer-1", "reviewer-2"]


RESULTS: dict[str, Callable[[xp.Database, Path], Result]] = {
    "campaign": lambda db, _: db.review.create("two", size=5, labels=["ORG"], guideline="Look twice."),
    "campaigns": lambda db, _: db.review.status(),
    "agreement": lambda db, _: db.review.agreement("one"),
    "frozen": lambda db, _: db.review.freeze("one", prefer="ana"),
    "figures": lambda db, _: _frozen(db).review.evaluate("one", resamples=20),
    "calibration": lambda db, _: _frozen(db).review.calibrate("one"),
    "export": lambda db, _: db.review.export("one"),
    "files": lambda db, folder: db.write_pages(folder / "pages", limit=3),
    "server": lambda db, _: db.browse(port=0),
}


def _frozen(db: xp.Database) -> xp.Database:
    db.review.freeze("one")
    return db


def test_results_convert(db: xp.Database, tmp_path: Path) -> None:
    judge(db, "ana", "ben")
    for produce in RESULTS.values():
        _check_result(produce(db, tmp_path))


def _check_result(result: Result) -> None:
    rows = result.to_dict()
    assert rows
    assert all(list(row) == list(rows[0]) for row in rows)
    assert result.to_arrow().num_rows == len(result.to_pandas()) == len(rows)
    json.dumps(result.to_json())
    assert result._repr_html_()
    out = console()
    with out.capture() as captured:
        out.print(result)
    assert captured.get().strip()


def _opened(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_pages_are_served_until_they_are_stopped(db: xp.Database) -> None:
    server = db.browse(port=0)
    assert list(server.addresses) == [""]
    assert [_opened(server.address), _opened(server.address)] == [200, 403]
    server.stop()
    with pytest.raises(urllib.error.URLError):
        _opened(server.address)
    server.stop()
    server.wait()


def test_closing_a_database_ends_its_pages(db: xp.Database) -> None:
    db.review.create("one", size=3)
    server = db.review.start("one", ["ana", "ben"], port=0)
    assert [_opened(address) for address in server.addresses.values()] == [200, 200]
    db.close()
    with pytest.raises(urllib.error.URLError):
        _opened(server.address)


@pytest.mark.parametrize("arguments", [["browse"], ["review", "start", "--reviewer", "ana"]])
def test_ctrl_c_ends_the_command(db: xp.Database, child_env: dict[str, str], arguments: list[str]) -> None:
    command: list[str | Path] = [Path(sys.executable).with_name("xprojdb"), "--db", db.url, *arguments, "--port", "0"]
    child = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=child_env)
    assert child.stdout is not None
    assert "open http://127.0.0.1:" in child.stdout.readline()
    assert "once" in child.stdout.readline()
    child.send_signal(signal.SIGINT)
    assert child.communicate() == ("", "")
    assert child.returncode == 0


def test_a_port_in_use_is_refused(db: xp.Database) -> None:
    with db.browse(port=0) as server, pytest.raises(UsageError) as refused:
        db.browse(port=int(server.to_dict()[0]["address"].split(":")[2].partition("/")[0]))
    assert refused.value.fields["port"]


def test_what_cannot_be_is_refused(db: xp.Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        db.review.start()
    assert "--reviewer" in (refused.value.hint or "")
    for name in ("", "a/b", "a b", "x" * 61):
        with pytest.raises(UsageError) as refused:
            db.review.create(name)
        assert refused.value.fields["name"] == name
    with pytest.raises(InputError) as unread:
        db.review.create("one", guideline=tmp_path / "missing.txt")
    assert unread.value.fields["file"] == str(tmp_path / "missing.txt")
    with pytest.raises(UsageError) as refused:
        db.review.freeze("one")
    assert refused.value.fields["campaign"] == "one"


def test_a_guideline_is_a_text_or_a_file(db: xp.Database, tmp_path: Path) -> None:
    path = tmp_path / "guideline.txt"
    path.write_text("Titles are no part of a name.\n", encoding="utf-8")
    texts = [
        db.review.create(name, guideline=text).report.campaign.guideline for name, text in (("a", "x"), ("b", path))
    ]
    assert texts == ["x", "Titles are no part of a name.\n"]
    assert isinstance(db.review, xp.Reviews)


def test_languages_have_any_of_their_codes(db: xp.Database, tmp_path: Path) -> None:
    assert db.review.create("three", lang="deu", source="eng", size=5).report.campaign.query["lang"] == "de"
    assert db.write_pages(tmp_path / "pages", lang="German", limit=3).report.sentences == 3
    with pytest.raises(UsageError, match="0 labels on sentences with gold"):
        db.review.calibrate(recipe="sample", lang="deu")
    with pytest.raises(UsageError, match="has no labels sw"):
        db.review.create("four", lang="swa", size=5)
