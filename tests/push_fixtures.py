"""Fixtures of the tests of publishing, which name this module as a plugin: a stand-in for the Hub, and its client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from children import HANG
from loopback_hub import TOKEN, LoopbackHub, loopback_hub
from projection_sample import english, german, import_sample, plan_of
from push_sample import REPO, Command, Push

from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.exports.hub.push import PushReport, push_folder, push_recipe
from xprojdb.hub import quiet_progress
from xprojdb.planning.store import load_plan


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
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    for name in ("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT"):
        monkeypatch.setattr(constants, name, int(HANG))
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
