"""A sentence with thousands of entities or words is explained folded, and whole when all is wanted."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projection_sample import import_sample, plan_of

from xprojdb.api.database import open as open_api
from xprojdb.api.results.display.rendering import PlainConsole
from xprojdb.api.results.explanation import ENTITIES_SHOWN, PHRASE_SHOWN, WORDS_SHOWN
from xprojdb.db import Database
from xprojdb.execution.run import run_plan

COUNT = 120


@pytest.fixture
def database(sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Any:
    """One sentence with many entities, and one with an entity of many words."""
    many = " ".join(f"N{number}/B-PER went" for number in range(COUNT))
    long = " ".join(f"W{number}/{'B' if number == 0 else 'I'}-ORG" for number in range(2 * WORDS_SHOWN))
    lines = {"en": [many, long], "de": [" ".join(w.split("/")[0] for w in text.split()) for text in (many, long)]}
    import_sample(sqlite_database, write_conll, lines)
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    with open_api(str(sqlite_database.engine.url.database)) as opened:
        yield opened


def _shown(result: Any) -> str:
    out = PlainConsole(file=io.StringIO(), width=10_000)
    out.print(result)
    return str(out.file.getvalue())  # type: ignore[attr-defined]


def test_entities_are_folded(database: Any) -> None:
    text = _shown(database.explain("news/de/all-1"))
    assert text.count("links") == ENTITIES_SHOWN
    assert f"and {COUNT - ENTITIES_SHOWN} more entities: --all" in text


def test_words_are_folded(database: Any) -> None:
    text = _shown(database.explain("news/de/all-2"))
    assert f"and {WORDS_SHOWN} more words: --all" in text
    assert f"and {2 * WORDS_SHOWN - PHRASE_SHOWN} more: --all" in text
    assert f"W{2 * WORDS_SHOWN - 1}" not in text


def test_all_is_all(database: Any) -> None:
    assert _shown(database.explain("news/de/all-1", candidates=None)).count("links") == COUNT
    text = _shown(database.explain("news/de/all-2", candidates=None))
    assert f"W{2 * WORDS_SHOWN - 1}" in text
    assert "--all" not in text
    assert len(database.explain("news/de/all-1").to_dict()) == COUNT
