"""Translating recipes from the command line, with a real M2M-100 that has learned a toy language."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy_tagger import toy_tagger
from toy_translator import toy_translator

RunCli = Callable[..., Any]
ENGLISH = ("the mayor met Anna/B-PER in Turin/B-LOC", "the old boat sold bread today", "Mira/B-PER sees Oslo/B-LOC")
GERMAN = ("amt traf Lin/B-PER bei Turin/B-LOC", "brot gab das haus")


def _recipe(folder: Path, name: str, direction: str, rest: str, langs: tuple[str, str]) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(
        f'name = "{name}"\ncorpora = ["news"]\nsource = ["{langs[0]}"]\ntarget = ["{langs[1]}"]\n'
        f'[translate]\nmodel = "hf:{toy_translator()}"\ndirection = "{direction}"\noptions = {{ beams = 2 }}\n{rest}'
    )
    return path


@pytest.fixture
def news(run_cli: RunCli, write_conll: Callable[..., Path], tmp_path: Path) -> str:
    address = str(tmp_path / "news.db")
    for lang, lines in (("en", ENGLISH), ("de", GERMAN)):
        path = write_conll(f"news.{lang}.conll", *lines)
        done = run_cli("--db", address, "import", "conll", path, "--corpus", "news", "--lang", lang)
        assert done.code == 0, done.stderr
    return address


@pytest.mark.slow
def test_entities_travel_through_a_translation_model(news: str, run_cli: RunCli, tmp_path: Path) -> None:
    recipe = _recipe(tmp_path, "train", "translate-train", '[project]\nmethod = "markers"\n', ("en", "de"))
    done = run_cli("--db", news, "run", recipe)
    assert done.code == 0, done.stderr
    run_cli("--db", news, "export", "conll", "out", "--recipe", "train")
    (written,) = (tmp_path / "out").iterdir()
    words = [line.split() for line in written.read_text().splitlines() if line]
    assert [(word, tag) for word, tag in words if tag != "O"] == [
        ("Anna", "B-PER"), ("Turin", "B-LOC"), ("Mira", "B-PER"), ("Oslo", "B-LOC")
    ]  # fmt: skip
    assert ["sieht", "O"] in words


@pytest.mark.slow
def test_a_language_that_the_model_lacks_is_one_clear_line(news: str, run_cli: RunCli, tmp_path: Path) -> None:
    recipe = _recipe(tmp_path, "lacking", "translate-train", '[project]\nmethod = "markers"\n', ("en", "bam"))
    done = run_cli("--db", news, "run", recipe)
    assert done.code == 2
    assert "Traceback" not in done.stderr
    assert "Bambara" in done.stderr or "bam" in done.stderr


@pytest.mark.parametrize(
    ("model", "told"),
    [("hf:nowhere/no-such-model", "no-such-model"), ("hf:TAGGER", "translation model")],
    ids=["unknown", "wrong kind"],
)
def test_a_model_that_is_none_is_one_clear_line(
    model: str, told: str, news: str, run_cli: RunCli, tmp_path: Path
) -> None:
    recipe = tmp_path / "none.toml"
    recipe.write_text(
        'name = "none"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
        f'[translate]\nmodel = "{model.replace("TAGGER", str(toy_tagger()))}"\ndirection = "translate-train"\n'
        '[project]\nmethod = "markers"\n'
    )
    done = run_cli("--db", news, "run", recipe)
    assert done.code == 1
    assert "Traceback" not in done.stderr
    assert told in done.stderr
    status = json.loads(run_cli("--db", news, "status", "--json").stdout)
    assert not any(step["outcomes"] for steps in status["recipes"].values() for step in steps)


def test_what_a_server_would_be_sent_is_told_and_nothing_is_sent(news: str, run_cli: RunCli, tmp_path: Path) -> None:
    recipe = tmp_path / "served.toml"
    recipe.write_text(
        'name = "served"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
        '[translate]\nmodel = "openai:some-model"\ndirection = "translate-train"\n[project]\nmethod = "heuristic"\n'
    )
    nobody = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    done = run_cli("--db", news, "run", recipe, "--dry-run", "--json", **nobody)
    assert done.code == 0, done.stderr
    sends = {load["title"].split()[0]: load["sends"] for load in json.loads(done.stdout)}
    assert sends["translate"]["requests"] == 3
    assert sends["translate"]["characters"] > sends["translate"]["tokens"] > 20
    assert sends["align"] is None
    stdout = run_cli("--db", news, "run", recipe, "--dry-run", **nobody).stdout
    assert "3 requests" in stdout
    recipe.write_text(recipe.read_text().replace("heuristic", "markers").replace("served", "marked"))
    done = run_cli("--db", news, "run", recipe, "--dry-run", "--json", **nobody)
    marked = json.loads(done.stdout)[0]["sends"]
    # Each entity alone, too.
    assert marked["requests"] == 3 + " ".join(ENGLISH).count("/B-")
    assert marked["characters"] > sends["translate"]["characters"]
