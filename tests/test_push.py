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

from xprojdb.db import Database
from xprojdb.db.tables import export, run
from xprojdb.engine.export_table import ExportTable
from xprojdb.engine.plans import load_plan
from xprojdb.engine.run import run_plan
from xprojdb.errors import UsageError
from xprojdb.exports.card import HAND_WRITTEN_END, HAND_WRITTEN_START
from xprojdb.exports.errors import ExportError
from xprojdb.exports.front_matter import front_matter
from xprojdb.exports.hub.names import dataset_name
from xprojdb.exports.hub.push import PushReport, push_folder, push_recipe
from xprojdb.exports.huggingface import SplitRows, write_dataset
from xprojdb.exports.manifest import MANIFEST_NAME, Manifest
from xprojdb.exports.recorded import export_dataset
from xprojdb.hub import HubError, PublishedMeanwhile, TokenRefused, quiet_progress

constants = pytest.importorskip("huggingface_hub.constants")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:httpx2")

REPO = "ana/boats"
CARD, DATA = "README.md", "data/train-00000-of-00001.parquet"
GENERATED = {CARD, DATA, MANIFEST_NAME}

Push = Callable[..., PushReport]
Command = Callable[..., Any]


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
def client(hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns the Hub's client in this process to the stand-in."""
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-login"))
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    quiet_progress()


@pytest.fixture
def sample(sqlite_database: Database, project: Callable[[Database, int], None]) -> Database:
    """A database with twelve sentences in it, projected."""
    project(sqlite_database, 12)
    return sqlite_database


@pytest.fixture
def push(sample: Database, client: None, monkeypatch: pytest.MonkeyPatch) -> Push:  # noqa: ARG001
    """Publish the sample, or a folder of it, as the user "ana"."""

    def call(repo: str = REPO, folder: Path | None = None, token: str | None = TOKEN, **options: Any) -> PushReport:
        if token is None:
            monkeypatch.delenv("HF_TOKEN", raising=False)
        else:
            monkeypatch.setenv("HF_TOKEN", token)
        if folder is not None:
            return push_folder(sample, folder, repo, **options)
        return push_recipe(sample, load_plan(sample, None), repo, **options)

    return call


@pytest.fixture
def command(sample: Database, hub: LoopbackHub, run_cli: Command, tmp_path: Path) -> Command:  # noqa: ARG001
    """``xprojdb push`` of the sample, in a process of its own."""

    def call(*arguments: str | Path, repo: str = REPO, token: str | None = TOKEN) -> Any:
        environment = hub.environment(str(tmp_path / "hf"), token)
        return run_cli("--debug", "--db", tmp_path / "test.db", "push", repo, *arguments, **environment)

    return call


def _told(done: Any) -> dict[str, Any]:
    assert (done.code, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _exports(database: Database) -> list[Any]:
    with database.read() as connection:
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
    command: Command, hub: LoopbackHub, tmp_path: Path, child_env: dict[str, str], run_cli: Command
) -> None:
    told = _told(command("--json"))
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
    database: Database,
    project: Callable[[Database, int], None],
    hub: LoopbackHub,
    client: None,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    project(database, 6)
    push_recipe(database, load_plan(database, None), REPO)
    (row,) = _exports(database)
    with database.read() as connection:
        ran = connection.execute(select(run).where(run.c.id == row.run_id)).one()
    assert (row.format, row.destination) == ("huggingface", f"hf://datasets/{REPO}")
    assert row.revision == hub.repos[REPO].branches["main"]
    assert json.loads(row.counts) == {"default/train": 6}
    assert set(json.loads(row.checksums)) == GENERATED - {MANIFEST_NAME}
    assert (ran.command, ran.recipe_name, ran.status) == ("push", "sample", "done")


def test_pushing_the_same_again_sends_nothing(push: Push, hub: LoopbackHub, sample: Database) -> None:
    first = push()
    seen = len(hub.requests)
    again = push()
    assert not [path for method, path, _ in hub.requests[seen:] if method not in ("GET", "HEAD")]
    assert (again.revision, again.sent_bytes) == (first.revision, 0)
    assert set(again.unchanged) == GENERATED
    assert len(_exports(sample)) == 1


def test_a_grown_database_sends_only_what_grew(
    hub: LoopbackHub,
    client: None,  # noqa: ARG001
    sqlite_database: Database,
    write_conll: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    def grown(count: int) -> PushReport:
        import_sample(sqlite_database, write_conll, {"en": english(12), "de": german(12)}, corpus="news")
        import_sample(sqlite_database, write_conll, {"en": english(count), "it": german(count)}, corpus="views")
        top = 'source = ["en"]\ntarget = ["de", "it"]\n'
        plan = plan_of(sqlite_database, tmp_path, top=top, corpora='["news", "views"]')
        run_plan(sqlite_database, plan)
        return push_recipe(sqlite_database, plan, REPO)

    assert grown(8).created
    seen = len(hub.requests)
    told = grown(9)
    assert set(told.changed) == {"it/train-00000-of-00001.parquet", CARD, MANIFEST_NAME}
    assert set(told.unchanged) == {"de/train-00000-of-00001.parquet"}
    assert [each.split()[0] for each in hub.sent(seen)] == ["PUT", "POST"]


def test_what_is_published_can_be_cut(push: Push) -> None:
    told = push(dry_run=True, table=ExportTable(min_words=5))
    assert told.added[DATA] < push().added[DATA]
    assert set(push(table=ExportTable(min_words=5)).changed) == GENERATED


def test_of_a_long_split_only_the_last_file_is_sent(push: Push, hub: LoopbackHub, tmp_path: Path) -> None:
    def shards(count: int) -> Path:
        rows = {
            "id": [str(n) for n in range(count)],
            "tokens": [["Ana", str(n)] for n in range(count)],
            "ner_tags": [[1, 0]] * count,
            "lang": ["de"] * count,
        }
        splits = [SplitRows("train", [rows])]
        told: dict[str, Any] = {"labels": ["PER"], "recipe_digest": "ab" * 32, "query": {}, "card": _plain_card}
        write_dataset(tmp_path / "long", splits, **told, rows_per_group=5, rows_per_shard=10)
        return tmp_path / "long"

    push(folder=shards(25))
    seen = len(hub.requests)
    told = push(folder=shards(35))
    assert [each.split()[0] for each in hub.sent(seen)] == ["PUT"] * 2 + ["POST"]
    assert (len(told.added), len(told.removed)) == (4, 3)
    assert told.sent_bytes < sum(told.added.values()) + sum(told.changed.values())


def _plain_card(manifest: Manifest, old: str | None) -> str:
    return f"{front_matter(manifest)}\n{HAND_WRITTEN_START}{old and ''}\n{HAND_WRITTEN_END}\n"


def test_a_dry_run_sends_and_records_nothing(push: Push, hub: LoopbackHub, sample: Database) -> None:
    told = push(dry_run=True, token=None)
    assert (told.revision, told.created, set(told.added)) == (None, True, GENERATED)
    assert not hub.repos
    push()
    seen = len(hub.requests)
    assert set(push(dry_run=True).unchanged) == GENERATED
    assert not [method for method, _, _ in hub.requests[seen:] if method not in ("GET", "HEAD")]
    assert len(_exports(sample)) == 1


def _with_text(card: str, text: str) -> str:
    before, start, rest = card.partition(HAND_WRITTEN_START)
    return before + start + text + rest[rest.index(HAND_WRITTEN_END) :]


def test_the_hand_written_part_on_the_hub_survives(push: Push, hub: LoopbackHub) -> None:
    push()
    edited = _with_text(hub.files(REPO)[CARD].decode(), "\nCite us.\n")
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
    (folder / CARD).write_text(_with_text((folder / CARD).read_text(), "\nOurs.\n"))
    push(folder=folder)
    assert "\nOurs.\n" in hub.files(REPO)[CARD].decode()
    (folder / CARD).write_text(_with_text((folder / CARD).read_text(), "\nOurs, again.\n"))
    push(folder=folder)
    theirs = _with_text(hub.files(REPO)[CARD].decode(), "\nTheirs.\n").encode()
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
    hub.faults = lambda _method, path: "/preupload/" in path and both.wait(60) and None
    finished: list[Any] = []
    pushes = [threading.Thread(target=lambda: finished.append(command())) for _ in range(2)]
    for each in pushes:
        each.start()
    for each in pushes:
        each.join()
    assert sorted(done.code for done in finished) == [0, 1]
    (loser,) = (done for done in finished if done.code)
    assert "meanwhile" in loser.stderr
    assert len(hub.repos[REPO].commits) == 2
    assert set(hub.files(REPO)) >= GENERATED


def test_a_connection_cut_at_the_commit_leaves_nothing_half_done(push: Push, hub: LoopbackHub) -> None:
    hub.faults = lambda _method, path: "cut" if "/commit/" in path else None
    with pytest.raises(HubError) as caught:
        push()
    assert caught.value.status is None
    assert set(hub.files(REPO)) == {".gitattributes"}
    hub.faults = lambda _method, _path: None
    seen = len(hub.requests)
    push()
    assert [each.split()[0] for each in hub.sent(seen)] == ["POST"]
    assert set(hub.files(REPO)) >= GENERATED


def test_a_connection_cut_in_a_large_file_leaves_nothing_half_done(push: Push, hub: LoopbackHub) -> None:
    cuts: list[str] = []

    def once(method: str, path: str) -> str | None:
        if method != "PUT" or cuts:
            return None
        assert set(hub.files(REPO)) == {".gitattributes"}
        cuts.append(path)
        return "cut"

    hub.faults = once
    push()
    assert cuts
    assert set(hub.files(REPO)) >= GENERATED


def test_a_commit_whose_answer_is_lost_is_found_by_the_next_push(
    push: Push, hub: LoopbackHub, sample: Database
) -> None:
    hub.faults = lambda _method, path: "cut-after" if "/commit/" in path else None
    with pytest.raises(HubError):
        push()
    assert not _exports(sample)
    seen = len(hub.requests)
    told = push()
    assert not hub.sent(seen)
    assert [row.revision for row in _exports(sample)] == [told.revision]


@pytest.mark.parametrize(
    ("token", "repo", "status"),
    [
        (None, REPO, None),
        ("hf_unknown0000", REPO, 401),
        (READER_TOKEN, REPO, 403),
        (OTHER_TOKEN, REPO, 403),
        (TOKEN, "ben/boats", 403),
    ],
)
def test_without_the_right_to_write(
    push: Push, hub: LoopbackHub, sample: Database, token: str | None, repo: str, status: int | None
) -> None:
    hub.publish(REPO, {"theirs.txt": b"x"})
    with pytest.raises(TokenRefused) as caught:
        push(token=token, repo=repo)
    assert caught.value.status == status
    assert caught.value.hint
    assert set(hub.repos) == {REPO}
    assert hub.files(REPO) == {"theirs.txt": b"x"}
    assert not _exports(sample)


@pytest.mark.parametrize("token", ["hf_unknown0000", "hf_with\x01control"])
def test_the_token_is_never_shown(command: Command, token: str, tmp_path: Path) -> None:
    done = command(token=token)
    assert (done.code, done.stdout) == (1, "")
    assert "Traceback" in done.stderr
    assert not any(part in done.stderr for part in (token, "hf_unknown", "hf_with"))
    assert not any(b"hf_" in path.read_bytes() for path in tmp_path.glob("test.db*"))


@pytest.mark.parametrize(
    "name", ["", "boats", "ana/boats/more", "ana/bo ats", "ana/-boats", "ana/a--b", "ana/b.git", "a/" + "b" * 96]
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        dataset_name(name)
    assert caught.value.name == name


def test_a_wrong_name_is_refused_before_anything(run_cli: Command, tmp_path: Path) -> None:
    done = run_cli("--db", tmp_path / "none.db", "push", "boats", "--folder", "nowhere")
    assert (done.code, done.stdout) == (2, "")
    assert "USER/NAME" in done.stderr


def test_the_recorded_address_is_a_name_too() -> None:
    assert dataset_name("hf://datasets/ana/boats") == REPO


def test_private(push: Push, hub: LoopbackHub) -> None:
    push(private=True)
    assert hub.repos[REPO].private
    hub.publish("ana/public", {".gitattributes": b""})
    with pytest.raises(HubError) as caught:
        push(private=True, repo="ana/public")
    assert caught.value.repo == "ana/public"
    assert set(hub.files("ana/public")) == {".gitattributes"}


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
