"""Publishing, with the real command and the real clients of the Hub against a stand-in on the loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from children import HANG
from loopback_hub import TOKEN, LoopbackHub
from projection_sample import english, german, import_sample, plan_of
from push_sample import CARD, DATA, GENERATED, REPO, Command, Push, exports_of, told_by
from sqlalchemy import select

from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database
from xprojdb.db.tables import run
from xprojdb.execution.run import run_plan
from xprojdb.exports.card.front_matter import front_matter
from xprojdb.exports.card.hand_written import HAND_WRITTEN_END, HAND_WRITTEN_START
from xprojdb.exports.formats.huggingface import SplitRows, write_dataset
from xprojdb.exports.hub.push import PushReport, push_recipe
from xprojdb.exports.manifest import MANIFEST_NAME, Manifest
from xprojdb.hub import HubError
from xprojdb.planning.store import load_plan

pytest.importorskip("huggingface_hub")
pytest_plugins = ("push_fixtures",)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:httpx2")


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
        capture_output=True, encoding="utf-8", timeout=HANG, check=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
def test_a_new_data_set_is_made_and_loads_back(
    command: Command, hub: LoopbackHub, tmp_path: Path, child_env: dict[str, str], run_cli: Command
) -> None:
    result = told_by(command("--json"))
    head, files = hub.repos[REPO].commits[-1]
    assert (result["revision"], result["created"], set(result["added"])) == (head, True, GENERATED)
    assert result["sent_bytes"] == sum(len(files[path]) for path in GENERATED)
    assert hub.repos[REPO].titles == ["initial commit", "12 sentences in de, exported by xprojdb"]
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
    (row,) = exports_of(database)
    with database.read() as connection:
        ran = connection.execute(select(run).where(run.c.id == row.run_id)).one()
    assert (row.format, row.destination) == ("huggingface", f"hf://datasets/{REPO}")
    assert row.revision == hub.repos[REPO].branches["main"]
    assert json.loads(row.counts) == {"de/train": 6}
    assert set(json.loads(row.checksums)) == GENERATED - {MANIFEST_NAME}
    assert (ran.command, ran.recipe_name, ran.status) == ("push", "sample", "done")


def test_pushing_the_same_again_sends_nothing(push: Push, hub: LoopbackHub, sample: Database) -> None:
    first = push()
    seen = len(hub.requests)
    again = push()
    assert not [path for method, path, _ in hub.requests[seen:] if method not in ("GET", "HEAD")]
    assert (again.revision, again.sent_bytes) == (first.revision, 0)
    assert set(again.unchanged) == GENERATED
    assert len(exports_of(sample)) == 1


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
    result = grown(9)
    assert set(result.changed) == {"it/train-00000-of-00001.parquet", CARD, MANIFEST_NAME}
    assert set(result.unchanged) == {"de/train-00000-of-00001.parquet"}
    assert [entry.split()[0] for entry in hub.sent(seen)] == ["PUT", "POST"]


def test_what_is_published_can_be_cut(push: Push) -> None:
    result = push(dry_run=True, table=ExportTable(min_words=5))
    assert result.added[DATA] < push().added[DATA]
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
        results: dict[str, Any] = {"labels": ["PER"], "recipe_digest": "ab" * 32, "query": {}, "card": _plain_card}
        write_dataset(tmp_path / "long", splits, **results, rows_per_group=5, rows_per_shard=10)
        return tmp_path / "long"

    push(folder=shards(25))
    seen = len(hub.requests)
    result = push(folder=shards(35))
    assert [entry.split()[0] for entry in hub.sent(seen)] == ["PUT"] * 2 + ["POST"]
    assert (len(result.added), len(result.removed)) == (4, 3)
    assert result.sent_bytes < sum(result.added.values()) + sum(result.changed.values())


def _plain_card(manifest: Manifest, old: str | None) -> str:
    return f"{front_matter(manifest)}\n{HAND_WRITTEN_START}{old and ''}\n{HAND_WRITTEN_END}\n"


def test_a_dry_run_sends_and_records_nothing(push: Push, hub: LoopbackHub, sample: Database) -> None:
    result = push(dry_run=True, token=None)
    assert (result.revision, result.created, set(result.added)) == (None, True, GENERATED)
    assert not hub.repos
    push()
    seen = len(hub.requests)
    assert set(push(dry_run=True).unchanged) == GENERATED
    assert not [method for method, _, _ in hub.requests[seen:] if method not in ("GET", "HEAD")]
    assert len(exports_of(sample)) == 1


def test_private(push: Push, hub: LoopbackHub) -> None:
    push(private=True)
    assert hub.repos[REPO].private
    hub.publish("ana/public", {".gitattributes": b""})
    with pytest.raises(HubError) as caught:
        push(private=True, repo="ana/public")
    assert caught.value.repo == "ana/public"
    assert set(hub.files("ana/public")) == {".gitattributes"}
