"""Publishing, with the real command and the real clients of the Hub against a stand-in on the loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback_hub import OTHER_TOKEN, READER_TOKEN, TOKEN, LoopbackHub, loopback_hub
from projection_sample import english, german, import_sample, plan_of
from sqlalchemy import select

from xprojdb.db import Database, open_database
from xprojdb.db.tables import export, run
from xprojdb.engine.run import run_plan
from xprojdb.exports.card import HAND_WRITTEN_END, HAND_WRITTEN_START
from xprojdb.exports.manifest import MANIFEST_NAME

pytest.importorskip("huggingface_hub")

REPO = "ana/boats"
CARD, DATA = "README.md", "data/train-00000-of-00001.parquet"
GENERATED = {CARD, DATA, MANIFEST_NAME}

Push = Callable[..., Any]


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with loopback_hub() as serving:
        yield serving


@pytest.fixture
def project(tmp_path: Path, write_conll: Callable[..., Path]) -> Callable[[Database, int], None]:
    """Import so many sentences and project them from English onto German."""

    def grow(database: Database, count: int) -> None:
        import_sample(database, write_conll, {"en": english(count), "de": german(count)})
        run_plan(database, plan_of(database, tmp_path))

    return grow


@pytest.fixture
def push(
    sqlite_database: Database,
    project: Callable[[Database, int], None],
    hub: LoopbackHub,
    run_cli: Callable[..., Any],
    tmp_path: Path,
) -> Push:
    """``xprojdb push`` of twelve sentences, as the user "ana"."""
    project(sqlite_database, 12)

    def call(*arguments: str | Path, repo: str = REPO, token: str | None = TOKEN) -> Any:
        environment = hub.environment(str(tmp_path / "hf"), token)
        return run_cli("--db", tmp_path / "test.db", "push", repo, *arguments, **environment)

    return call


def _told(done: Any) -> dict[str, Any]:
    assert (done.code, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _exports(path: Path) -> list[Any]:
    with open_database(path) as database, database.read() as connection:
        return list(connection.execute(select(export).order_by(export.c.id)))


def _load(hub: LoopbackHub, tmp_path: Path, run_env: dict[str, str]) -> dict[str, Any]:
    """The data set as ``datasets.load_dataset`` gives it to a reader in a process of its own."""
    code = (
        "import json, sys, datasets\n"
        f"data = datasets.load_dataset({REPO!r}, split='train')\n"
        "print(json.dumps({'rows': data.to_list(), 'names': data.features['ner_tags'].feature.names}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=run_env | hub.environment(str(tmp_path / "reader"), None),
        capture_output=True, encoding="utf-8", timeout=120, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_new_data_set_is_made_and_loads_back(
    push: Push, hub: LoopbackHub, tmp_path: Path, child_env: dict[str, str], run_cli: Callable[..., Any]
) -> None:
    told = _told(push("--json"))
    head, files = hub.repos[REPO].commits[-1]
    assert (told["revision"], told["created"], set(told["added"])) == (head, True, GENERATED)
    assert told["sent_bytes"] == sum(len(files[path]) for path in GENERATED)
    assert hub.repos[REPO].titles == ["initial commit", "12 sentences, exported by xprojdb"]
    loaded = _load(hub, tmp_path, child_env)
    row = loaded["rows"][0]
    assert [loaded["names"][tag] for tag in row["ner_tags"]] == ["B-PER", "I-PER", "O", "O", "O", "O", "B-LOC"]
    assert len(loaded["rows"]) == 12
    explained = run_cli("--db", tmp_path / "test.db", "explain", row["id"], "--json")
    assert json.loads(explained.stdout)["projections"][0]["entities"][0]["projected"] == [0, 2, "PER"]


def test_the_commit_is_recorded(
    address: str, hub: LoopbackHub, run_cli: Callable[..., Any], project: Callable[..., None], tmp_path: Path
) -> None:
    with open_database(address) as database:
        project(database, 6)
        done = run_cli("--db", address, "push", REPO, **hub.environment(str(tmp_path / "hf")))
        assert done.code == 0
        with database.read() as connection:
            (row,) = connection.execute(select(export))
            ran = connection.execute(select(run).where(run.c.id == row.run_id)).one()
    assert (row.format, row.destination) == ("huggingface", f"hf://datasets/{REPO}")
    assert row.revision == hub.repos[REPO].branches["main"]
    assert json.loads(row.counts) == {"default/train": 6}
    assert set(json.loads(row.checksums)) == GENERATED - {MANIFEST_NAME}
    assert (ran.command, ran.recipe_name, ran.status) == ("push", "sample", "done")


def test_pushing_the_same_again_sends_nothing(push: Push, hub: LoopbackHub, tmp_path: Path) -> None:
    first = _told(push("--json"))
    seen = len(hub.requests)
    again = _told(push("--json"))
    assert not hub.sent(seen)
    assert not [path for method, path, _ in hub.requests[seen:] if method not in ("GET", "HEAD")]
    assert (again["revision"], again["sent_bytes"]) == (first["revision"], 0)
    assert set(again["unchanged"]) == GENERATED
    assert len(_exports(tmp_path / "test.db")) == 1


def test_a_grown_database_sends_only_what_grew(
    hub: LoopbackHub, run_cli: Callable[..., Any], sqlite_database: Database, write_conll: Any, tmp_path: Path
) -> None:
    def grown(count: int) -> dict[str, Any]:
        import_sample(sqlite_database, write_conll, {"en": english(12), "de": german(12)}, corpus="news")
        import_sample(sqlite_database, write_conll, {"en": english(count), "it": german(count)}, corpus="views")
        top = 'source = ["en"]\ntarget = ["de", "it"]\n'
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, top=top, corpora=("news", "views")))
        seen = len(hub.requests)
        environment = hub.environment(str(tmp_path / "hf"))
        told = _told(run_cli("--db", tmp_path / "test.db", "push", REPO, "--json", **environment))
        assert len([each for each in hub.sent(seen) if each.startswith("PUT")]) == (2 if told["created"] else 1)
        return told

    assert grown(8)["created"]
    told = grown(9)
    assert set(told["changed"]) == {"it/train-00000-of-00001.parquet", CARD, MANIFEST_NAME}
    assert set(told["unchanged"]) == {"de/train-00000-of-00001.parquet"}


def test_a_dry_run_sends_and_records_nothing(push: Push, hub: LoopbackHub, tmp_path: Path) -> None:
    told = _told(push("--dry-run", "--json", token=None))
    assert (told["revision"], told["created"], told["dry_run"]) == (None, True, True)
    assert set(told["added"]) == GENERATED
    assert not hub.repos
    assert not _exports(tmp_path / "test.db")
    _told(push("--json"))
    seen = len(hub.requests)
    shown = push("--dry-run")
    assert not [method for method, _, _ in hub.requests[seen:] if method not in ("GET", "HEAD")]
    assert [line.split()[1] for line in shown.stdout.splitlines()[1:4]] == ["unchanged"] * 3


def test_the_hand_written_part_on_the_hub_survives(push: Push, hub: LoopbackHub) -> None:
    _told(push("--json"))
    card = hub.files(REPO)[CARD].decode()
    before, _, rest = card.partition(HAND_WRITTEN_START)
    _, _, after = rest.partition(HAND_WRITTEN_END)
    edited = f"{before}{HAND_WRITTEN_START}\nCite us.\n{HAND_WRITTEN_END}{after}"
    hub.publish(REPO, {CARD: edited.encode(), "LICENSE": b"ours"})
    told = _told(push("--json"))
    assert hub.files(REPO)[CARD].decode() == edited
    assert set(told["changed"]) == {MANIFEST_NAME}
    assert hub.files(REPO)["LICENSE"] == b"ours"
    assert not _told(push("--json"))["changed"]


def test_what_is_no_longer_exported_is_removed_in_the_same_commit(
    push: Push, hub: LoopbackHub, run_cli: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    assert run_cli("--db", tmp_path / "test.db", "export", "hf", folder).code == 0
    (folder / "notes.txt").write_text("not for everybody")
    _told(push("--folder", folder, "--json"))
    assert "notes.txt" not in hub.files(REPO)
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    manifest["files"]["old/train-00000-of-00001.parquet"] = "00"
    hub.publish(REPO, {"old/train-00000-of-00001.parquet": b"old", MANIFEST_NAME: json.dumps(manifest).encode()})
    commits = len(hub.repos[REPO].commits)
    told = _told(push("--folder", folder, "--json"))
    assert set(told["removed"]) == {"old/train-00000-of-00001.parquet"}
    assert set(hub.files(REPO)) == {*GENERATED, ".gitattributes"}
    assert len(hub.repos[REPO].commits) == commits + 1


def test_a_folder_that_was_tampered_with_is_refused(
    push: Push, hub: LoopbackHub, run_cli: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    run_cli("--db", tmp_path / "test.db", "export", "hf", folder)
    (folder / DATA).write_bytes(b"something else")
    done = push("--folder", folder)
    assert (done.code, DATA in done.stderr) == (1, True)
    assert not hub.repos


def test_somebody_published_meanwhile(push: Push, hub: LoopbackHub) -> None:
    _told(push("--json"))
    hub.publish(REPO, {MANIFEST_NAME: hub.files(REPO)[MANIFEST_NAME].replace(b'"news/', b'"views/') + b"\n"})
    hub.faults = lambda _method, path: "/preupload/" in path and hub.publish(REPO, {"theirs.txt": b"x"}) and None
    before = len(hub.repos[REPO].commits)
    done = push()
    assert (done.code, done.stdout) == (1, "")
    assert "meanwhile" in done.stderr
    assert "push again" in done.stderr
    assert len(hub.repos[REPO].commits) == before + 1
    assert "theirs.txt" in hub.files(REPO)
    hub.faults = lambda _method, _path: None
    assert push().code == 0
    assert "theirs.txt" in hub.files(REPO)


def test_of_two_pushes_at_once_one_wins(push: Push, hub: LoopbackHub) -> None:
    hub.publish(REPO, {".gitattributes": b""})
    both = threading.Barrier(2)
    hub.faults = lambda _method, path: "/preupload/" in path and both.wait(60) and None
    finished: list[Any] = []
    pushes = [threading.Thread(target=lambda: finished.append(push())) for _ in range(2)]
    for each in pushes:
        each.start()
    for each in pushes:
        each.join()
    assert sorted(done.code for done in finished) == [0, 1]
    (loser,) = (done for done in finished if done.code)
    assert "meanwhile" in loser.stderr
    assert len(hub.repos[REPO].commits) == 2
    assert set(hub.files(REPO)) >= GENERATED


@pytest.mark.parametrize("place", ["/large/", "/commit/"])
def test_a_connection_cut_in_the_middle_leaves_nothing_half_done(push: Push, hub: LoopbackHub, place: str) -> None:
    cuts: list[str] = []

    def once(_method: str, path: str) -> str | None:
        if place not in path or cuts:
            return None
        cuts.append(path)
        # What was sent up to here is all that a reader could see.
        assert not GENERATED & set(hub.files(REPO))
        return "cut"

    hub.faults = once
    done = push()
    if place == "/commit/":
        assert (done.code, done.stdout) == (1, "")
        assert "connection" in done.stderr
        assert set(hub.files(REPO)) == {".gitattributes"}
        seen = len(hub.requests)
        done = push()
        assert len(hub.sent(seen)) == 1
    assert done.code == 0, done.stderr
    assert cuts
    assert set(hub.files(REPO)) >= GENERATED


def test_a_commit_whose_answer_is_lost_is_found_by_the_next_push(push: Push, hub: LoopbackHub, tmp_path: Path) -> None:
    hub.faults = lambda _method, path: "cut-after" if "/commit/" in path else None
    assert push().code == 1
    assert not _exports(tmp_path / "test.db")
    seen = len(hub.requests)
    told = _told(push("--json"))
    assert not hub.sent(seen)
    assert [row.revision for row in _exports(tmp_path / "test.db")] == [told["revision"]]


@pytest.mark.parametrize(
    ("token", "repo", "expected"),
    [
        (None, REPO, "HF_TOKEN"),
        ("hf_unknown0000", REPO, "refuses the token"),
        (READER_TOKEN, REPO, "may not write"),
        (OTHER_TOKEN, REPO, "may not write"),
        (TOKEN, "ben/boats", "may not write"),
    ],
)
def test_without_the_right_to_write(
    push: Push, hub: LoopbackHub, token: str | None, repo: str, expected: str, tmp_path: Path
) -> None:
    hub.publish(REPO, {"theirs.txt": b"x"})
    done = push(token=token, repo=repo)
    lines = done.stderr.splitlines()
    assert (done.code, done.stdout, len(lines)) == (1, "", 2)
    assert expected in done.stderr
    assert lines[1].startswith("  → ")
    assert hub.files(REPO) == {"theirs.txt": b"x"}
    assert not _exports(tmp_path / "test.db")


@pytest.mark.parametrize("token", ["hf_unknown0000", READER_TOKEN, "hf_with\x01control"])
def test_the_token_is_never_shown(
    push: Push, hub: LoopbackHub, run_cli: Callable[..., Any], token: str, tmp_path: Path
) -> None:
    hub.publish(REPO, {"theirs.txt": b"x"})
    done = run_cli("--debug", "--db", tmp_path / "test.db", "push", REPO, **hub.environment(str(tmp_path / "hf"), token))
    assert done.code == 1
    assert "Traceback" in done.stderr
    assert "hf_" not in done.stderr.replace("hf_hub", "").replace("hf_raise", "")
    assert token.encode() not in (tmp_path / "test.db").read_bytes()


@pytest.mark.parametrize("name", ["boats", "ana/boats/more", "ana/bo ats", "ana/-boats", "ana/a--b", "ana/b.git", "a/" + "b" * 96])
def test_a_name_that_is_none_is_refused_before_anything(run_cli: Callable[..., Any], tmp_path: Path, name: str) -> None:
    done = run_cli("--db", tmp_path / "none.db", "push", "--folder", "nowhere", "--", name)
    assert (done.code, done.stdout) == (2, "")
    assert "USER/NAME" in done.stderr


def test_private(push: Push, hub: LoopbackHub) -> None:
    assert push("--private").code == 0
    assert hub.repos[REPO].private
    hub.publish("ana/public", {".gitattributes": b""})
    done = push("--private", repo="ana/public")
    assert (done.code, "public" in done.stderr) == (1, True)
    assert set(hub.files("ana/public")) == {".gitattributes"}


def test_a_repository_of_another_origin_is_not_overwritten(push: Push, hub: LoopbackHub) -> None:
    theirs = {CARD: b"---\nlicense: mit\n---\n# My own data\n", ".gitattributes": b""}
    hub.publish(REPO, theirs)
    done = push()
    assert (done.code, CARD in done.stderr) == (1, True)
    assert hub.files(REPO) == theirs
    hub.publish("ana/born", {CARD: b"---\nlicense: mit\n---\n", ".gitattributes": b""})
    assert push(repo="ana/born").code == 0
