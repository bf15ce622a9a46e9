"""Numbers in a recipe that nobody means are refused where they stand, before anything is planned."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xprojdb.config.errors import RecipeError
from xprojdb.config.recipe import parse_recipe
from xprojdb.config.training import TrainingRecipe

TOP = 'name = "r"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("[[scorer]]", "max_length", 10**23),
        ("[[scorer]]", "min_score", 1e300),
        ("[[scorer]]", "weight", 1e300),
        ("[project]", "min_score", 1e300),
        ("[project]", "time_limit", 1e300),
        ("[export]", "budget", 10**20),
        ("[export]", "min_words", 10**20),
        ("[export]", "seed", 2**63),
        ("[export]", "min_margin", "inf"),
        ("[export]", "min_margin", "nan"),
        ('[translate]\nmodel = "hf:x/y"', "beams", 10**6),
        ('[translate]\nmodel = "hf:x/y"', "extra", 10**12),
        ('[translate]\nmodel = "ct2:x/y"', "beams", 10**6),
        ('[translate]\nmodel = "openai:x"', "max_tokens", 10**20),
        ("[align]", "temperature", 1e300),
    ],
)
def test_absurd_numbers_are_refused(table: str, key: str, value: object) -> None:
    with pytest.raises(RecipeError) as refused:
        parse_recipe(f"{TOP}{table}\n{key} = {value}\n")
    assert key in refused.value.message


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [("[[scorer]]", "max_length", 10_000), ("[export]", "budget", 500_000_000), ("[export]", "seed", 2**63 - 1)],
)
def test_large_ones_are_not(table: str, key: str, value: int) -> None:
    assert parse_recipe(f"{TOP}{table}\n{key} = {value}\n").recipe.name == "r"


@pytest.mark.parametrize(
    "text", ["a." * 20_000 + "b = 1", "a = " + "[" * 100_000, f"[align]\nx = {'{ y = ' * 30}1{' }' * 30}"]
)
@pytest.mark.parametrize("parse", [parse_recipe, TrainingRecipe.from_toml])
def test_a_recipe_that_is_nested_too_deeply_is_refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(RecipeError) as refused:
        parse(TOP + text)
    assert "nested too deeply" in refused.value.message
