"""Commands that meet on one database end like one after the other; every pair of them with ``-m exhaustive``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import combinations_with_replacement
from pathlib import Path

import pytest
from conftest import _migrate, _postgres_database, _told
from loopback_hub import loopback_hub
from racing import CHEAP, Clone, Course, Server, lay_out, sqlite_clones, write_course
from sqlalchemy import URL

from xprojdb.db import open_database, schema

pytest.importorskip("huggingface_hub")
#: those that have gone wrong, or would first
DOZEN = [
    ("run", "delete, ending runs", 0.1),
    ("run", "gc, ending runs", 0.1),
    ("run", "delete", 0.0),
    ("gc", "run", 0.0),
    ("run", "run", 0.0),
    ("import", "delete", 0.0),
    ("import", "run", 0.0),
    ("export", "gc", 0.0),
    ("push", "delete", 0.1),
    ("evaluate", "gc", 0.0),
    ("upgrade", "run", 0.0),
    ("copy", "delete", 0.0),
    ("repair", "run", 0.0),
    ("review", "delete", 0.0),
    ("review", "gc", 0.0),
    ("merge", "run", 0.0),
    ("merge", "delete", 0.1),
    ("merge", "import", 0.0),
    ("merge", "merge", 0.0),
    ("replace", "run", 0.0),
    ("replace, ending runs", "run", -0.1),
    ("replace", "labels", 0.0),
    ("train", "delete, ending runs", 0.1),
    ("train", "replace", 0.0),
    ("train", "gc", 0.0),
    ("study", "train", 0.0),
    ("study", "delete", 0.1),
    ("labels", "delete", 0.0),
    ("models export", "gc", 0.0),
    ("run, 2 workers", "delete, ending runs", 0.1),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with loopback_hub() as hub:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        result = Server({**kept, **hub.environment(str(folder / "hf")), "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"})
        yield result
        result.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_course(folder)
    return folder


@pytest.fixture(scope="module")
def on_sqlite(server: Server, files: Path, sqlite_template: Path) -> Iterator[Course]:
    states = {name: str(files / f"{name}.db") for name in ("base", "older")}
    shutil.copyfile(sqlite_template, states["base"])
    lay_out(server, states["base"], files)
    shutil.copyfile(states["base"], states["older"])
    _make_older(states["older"])
    with sqlite_clones(states) as clone:
        yield Course(server, clone, files)


@pytest.fixture(scope="module")
def on_postgresql(server: Server, files: Path, postgres_server: URL) -> Iterator[Course]:
    with ExitStack() as stack:
        base = stack.enter_context(_postgres_database(postgres_server))
        _migrate(_told(base))
        lay_out(server, _told(base), files)
        older = stack.enter_context(_postgres_database(postgres_server, str(base.database)))
        _make_older(_told(older))
        yield Course(server, _postgres_clones(postgres_server, {"base": base, "older": older}), files)


def _postgres_clones(server: URL, states: dict[str, URL]) -> Clone:
    @contextmanager
    def clone(state: str) -> Iterator[str]:
        with _postgres_database(server, str(states[state].database)) as url:
            yield _told(url)

    return clone


def _make_older(address: str) -> None:
    with open_database(address) as database:
        schema.downgrade(database.engine, "0007")


@pytest.fixture
def course(dialect: str, request: pytest.FixtureRequest) -> Course:
    result: Course = request.getfixturevalue(f"on_{dialect}")
    return result


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second", "delay"), DOZEN)
def test_two_commands_end_like_one_after_the_other(course: Course, first: str, second: str, delay: float) -> None:
    assert course.race(first, second, delay) == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("delay", [-0.15, 0.0, 0.15])
@pytest.mark.parametrize(("first", "second"), list(combinations_with_replacement(CHEAP, 2)))
def test_every_two_commands_end_like_one_after_the_other(course: Course, first: str, second: str, delay: float) -> None:
    assert course.race(first, second, delay) == []


@pytest.mark.slow
def test_a_race_that_goes_wrong_is_told(on_sqlite: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is no formality: of a run that did not happen the end is that of no order."""
    monkeypatch.setattr(on_sqlite, "_orders", {("run", "verify"): None, ("verify", "run"): None})
    (wrong,) = on_sqlite.race("run", "verify", 0.0)
    assert wrong.startswith("the end is that of no order; [0, 0]")
