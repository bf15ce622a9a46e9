"""Publishing where others wrote, too: hand-written parts, other commits, other people's repositories."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from children import HANG
from loopback_hub import LoopbackHub
from push_sample import CARD, DATA, GENERATED, REPO, Command, Push, with_text

from xprojdb.db import Database
from xprojdb.exports.api import export_dataset
from xprojdb.exports.errors import ExportError
from xprojdb.exports.manifest import MANIFEST_NAME
from xprojdb.hub import HubError, PublishedMeanwhile
from xprojdb.planning.store import load_plan

pytest.importorskip("huggingface_hub")
pytest_plugins = ("push_fixtures",)
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:httpx2")]


def test_the_hand_written_part_on_the_hub_survives(push: Push, hub: LoopbackHub) -> None:
    push()
    edited = with_text(hub.files(REPO)[CARD].decode(), "\nCite us.\n")
    hub.publish(REPO, {CARD: edited.encode(), "LICENSE": b"ours"})
    assert set(push().changed) == {MANIFEST_NAME}
    assert hub.files(REPO)[CARD].decode() == edited
    assert hub.files(REPO)["LICENSE"] == b"ours"
    assert not push().changed


def test_a_hand_written_part_that_was_changed_here_and_there_is_not_chosen_silently(
    push: Push, hub: LoopbackHub, sample: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    export_dataset(sample, load_plan(sample, None), folder)
    (folder / CARD).write_text(with_text((folder / CARD).read_text(), "\nOurs.\n"))
    push(folder=folder)
    assert "\nOurs.\n" in hub.files(REPO)[CARD].decode()
    (folder / CARD).write_text(with_text((folder / CARD).read_text(), "\nOurs, again.\n"))
    push(folder=folder)
    theirs = with_text(hub.files(REPO)[CARD].decode(), "\nTheirs.\n").encode()
    hub.publish(REPO, {CARD: theirs})
    with pytest.raises(ExportError) as caught:
        push(folder=folder)
    assert (caught.value.here, caught.value.there) == ("\nOurs, again.\n", "\nTheirs.\n")
    assert hub.files(REPO)[CARD] == theirs


def test_what_is_no_longer_exported_is_removed_in_the_same_commit(
    push: Push, hub: LoopbackHub, sample: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    export_dataset(sample, load_plan(sample, None), folder)
    (folder / "notes.txt").write_text("not for everybody")
    push(folder=folder)
    assert "notes.txt" not in hub.files(REPO)
    manifest = json.loads((folder / MANIFEST_NAME).read_text())
    manifest["files"]["old/train-00000-of-00001.parquet"] = "00"
    hub.publish(REPO, {"old/train-00000-of-00001.parquet": b"old", MANIFEST_NAME: json.dumps(manifest).encode()})
    commits = len(hub.repos[REPO].commits)
    assert set(push(folder=folder).removed) == {"old/train-00000-of-00001.parquet"}
    assert set(hub.files(REPO)) == {*GENERATED, ".gitattributes"}
    assert len(hub.repos[REPO].commits) == commits + 1


def test_a_folder_that_is_not_what_was_exported_is_refused(
    push: Push, hub: LoopbackHub, sample: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    export_dataset(sample, load_plan(sample, None), folder)
    (folder / DATA).write_bytes(b"something else")
    with pytest.raises(ExportError) as caught:
        push(folder=folder)
    assert caught.value.path == folder / DATA
    with pytest.raises(ExportError):
        push(folder=tmp_path)
    assert not hub.repos


def test_somebody_published_meanwhile(push: Push, hub: LoopbackHub) -> None:
    push()
    hub.publish(REPO, {MANIFEST_NAME: hub.files(REPO)[MANIFEST_NAME] + b"\n"})
    before = len(hub.repos[REPO].commits)
    hub.faults = lambda _method, path: "/preupload/" in path and hub.publish(REPO, {"theirs.txt": b"x"}) and None
    with pytest.raises(PublishedMeanwhile) as caught:
        push()
    assert (caught.value.status, "push again" in (caught.value.hint or "")) == (412, True)
    assert len(hub.repos[REPO].commits) == before + 1
    hub.faults = lambda _method, _path: None
    push()
    assert "theirs.txt" in hub.files(REPO)


def test_of_two_pushes_at_once_one_wins(command: Command, hub: LoopbackHub) -> None:
    hub.publish(REPO, {".gitattributes": b""})
    both = threading.Barrier(2)
    hub.faults = lambda _method, path: "/preupload/" in path and both.wait(HANG) and None
    finished: list[Any] = []
    pushes = [threading.Thread(target=lambda: finished.append(command())) for _ in range(2)]
    for push in pushes:
        push.start()
    for push in pushes:
        push.join()
    assert sorted(done.code for done in finished) == [0, 1]
    (loser,) = (done for done in finished if done.code)
    assert "in the meantime" in loser.stderr
    assert len(hub.repos[REPO].commits) == 2
    assert set(hub.files(REPO)) >= GENERATED


def test_a_repository_of_another_origin_is_not_overwritten(push: Push, hub: LoopbackHub) -> None:
    theirs = {CARD: b"---\nlicense: mit\n---\n# My own data\n", ".gitattributes": b""}
    hub.publish(REPO, theirs)
    with pytest.raises(HubError) as caught:
        push()
    assert caught.value.files == [CARD]
    assert hub.files(REPO) == theirs
    hub.publish("ana/born", {CARD: b"---\nlicense: mit\n---\n", ".gitattributes": b""})
    push(repo="ana/born")
    assert set(hub.files("ana/born")) >= GENERATED
