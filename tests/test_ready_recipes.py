"""The recipes that come with the package: each can be read, listed, shown and followed by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from xprojdb.config.builtin_recipes import BuiltinRecipe, find_recipe, ready_recipe, ready_recipes
from xprojdb.config.recipe import RecipeError, parse_recipe
from xprojdb.text.languages import language

RunCli = Callable[..., Any]


@pytest.mark.parametrize("recipe", ready_recipes(), ids=lambda recipe: recipe.name)
def test_every_recipe_is_valid_and_says_what_it_needs(recipe: BuiltinRecipe) -> None:
    assert parse_recipe(recipe.text).recipe.name == recipe.name
    assert "Needs" in recipe.about


def test_the_benchmarks_are_covered() -> None:
    masakhaner, panx = (find_recipe(name).recipe for name in ("masakhaner2", "pan-x"))
    assert len(masakhaner.target) == 18
    assert len(panx.target) == 39
    assert all(language(code).masakhaner for code in masakhaner.target)
    assert all(language(code).panx for code in panx.target)


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(RecipeError) as refused:
        ready_recipe("masakaner2")
    assert refused.value.nearest == "masakhaner2"


def test_they_are_listed_and_shown(run_cli: RunCli) -> None:
    listed = json.loads(run_cli("recipes", "list", "--json").stdout)
    assert {"masakhaner2", "pan-x", "easyproject", "labelpigeon", "codec", "model-transfer"} <= {
        entry["name"] for entry in listed
    }
    assert run_cli("recipes", "show", "pan-x").stdout == ready_recipe("pan-x").text


def test_one_is_followed_by_its_name(run_cli: RunCli, address: str) -> None:
    done = run_cli("--db", address, "run", "offline-parallel")
    assert done.code == 2
    assert "no corpus 'parallel'" in done.stderr
