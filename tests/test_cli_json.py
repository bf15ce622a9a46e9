"""What the commands print with --json: one value, with the keys that programs rely on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gold_sample import SENTENCES, Forgetful, import_gold, run_named

from xprojdb.db import open_database

SCORE = {"precision", "recall", "f1", "tp", "predicted", "gold"}


@pytest.fixture
def read_json(
    sqlite_template: Path, tmp_path: Path, write_conll: Callable[..., Path], run_cli: Callable[..., Any]
) -> Callable[..., Any]:
    """Run a command with --json on a database of two recipes, ``full`` and ``weak``."""
    path = tmp_path / "two.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_database(path) as database:
        import_gold(database, write_conll, SENTENCES)
        run_named(database, tmp_path, "full")
        run_named(database, tmp_path, "weak", Forgetful("Lin"), layer=3)

    def read(*arguments: str) -> Any:
        done = run_cli("--db", path, *arguments, "--json")
        assert (done.code, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return read


@pytest.mark.slow
def test_status(read_json: Callable[..., Any]) -> None:
    result = read_json("status")
    assert set(result) == {"url", "corpora", "links", "recipes", "outdated", "runs", "failures"}
    assert set(result["corpora"][0]) == {"name", "license", "sentences"}
    assert set(result["links"][0]) == {"corpus", "original", "rendering", "kind", "translations"}
    assert list(result["recipes"]) == ["full", "weak"]
    assert [set(step) for step in result["recipes"]["full"]] == [
        {"title", "digest", "outcomes", "pending", "waiting", "reasons"}
    ] * 3
    assert set(result["runs"][0]) == {
        "id", "command", "recipe_name", "started_at", "ended_at", "heartbeat_at", "status", "counts", "lost"
    }  # fmt: skip


def test_explain(read_json: Callable[..., Any]) -> None:
    result = read_json("explain", "news/de/all-1", "--recipe", "weak")
    assert set(result) == {"recipe", "target", "projections", "consensus"}
    assert set(result["target"]) == {"id", "corpus", "lang", "external_id", "words", "gold"}
    assert result["target"]["gold"][0] == [0, 2, "PER"]
    (projection,) = result["projections"]
    assert set(projection) == {"source", "translation_id", "kind", "entities", "added", "quality", "made_by"}
    anna, lin, _ = projection["entities"]
    known = {"ordinal", "span", "text", "projected", "score", "margin", "links", "candidates", "also", "reason"}
    assert set(anna) == known
    assert set(anna["candidates"][0]) == {"start", "end", "text", "parts", "fused", "rank", "origins"}
    assert (anna["projected"], lin["projected"]) == ([0, 2, "PER"], None)
    assert set(projection["made_by"][0]) == {
        "role", "kind", "digest", "params", "model", "revision", "outcome", "reason", "run", "command", "started_at",
        "message",
    }  # fmt: skip


def test_evaluate(read_json: Callable[..., Any]) -> None:
    (result,) = read_json("evaluate", "--recipe", "weak")
    assert set(result) == {"source", "target", "step", "sentences", "left_out", "labels", "published"}
    assert set(result["labels"]) == {"DATE", "LOC", "ORG", "PER", "all"}
    assert set(result["labels"]["all"]) == {*SCORE, "f1_low", "f1_high"}
    assert (result["labels"]["all"]["tp"], result["labels"]["all"]["gold"]) == (5, 6)


def test_compare(read_json: Callable[..., Any], tmp_path: Path) -> None:
    published = tmp_path / "someone2025.csv"
    published.write_text("dataset,lang,method,f1\nnews,de,theirs,50\nnews,it,theirs,60\n")
    result = read_json("compare", "full", "weak", "--resamples", "50", "--published", str(published))
    assert set(result) == {"methods", "baseline", "languages", "total", "not_compared", "published"}
    assert (list(result["methods"]), result["baseline"], result["total"]) == (["full", "weak"], "full", None)
    (german,) = result["languages"]
    assert set(german) == {"corpus", "lang", "sentences", "left_out", "labels", "errors"}
    first, second = german["labels"]["all"]
    assert set(first) == {"method", "score", "interval", "difference"}
    assert set(first["score"]) == SCORE
    assert set(first["interval"]) == {"value", "low", "high", "confidence"}
    assert first["difference"] is None
    assert set(second["difference"]) == {"value", "low", "high", "confidence", "p_value"}
    assert german["errors"]["weak"]["missed"] == 1
    (beside,) = result["published"]
    assert set(beside) == {"corpus", "lang", "published", "differences"}
    assert beside["differences"]["full"] == pytest.approx(0.5)


def test_compare_missed(read_json: Callable[..., Any]) -> None:
    (result,) = read_json("compare", "--missed", "full", "weak")
    assert result == {
        "sentence": "news/de/all-1",
        "sentence_id": result["sentence_id"],
        "span": [3, 4, "PER"],
        "text": "Lin",
        "error": "missed",
        "instead": None,
        "instead_text": None,
    }
    explained = read_json("explain", result["sentence"], "--recipe", "weak")
    assert explained["target"]["id"] == result["sentence_id"]
