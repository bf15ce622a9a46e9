"""Recipes: what they default to, and what each mistake is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from xprojdb.config.recipe import RecipeError, parse_recipe, read_recipe
from xprojdb.config.training import TrainingRecipe
from xprojdb.text.spans import Span

TOP = 'name = "a"\ncorpora = ["c"]\nsource = ["en"]\ntarget = ["de"]\n'


def _refused(text: str) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "my.toml")
    assert caught.value.file == "my.toml"
    assert "my.toml" in caught.value.message
    return caught.value


def test_defaults_are_spelt_out_and_part_of_the_digest() -> None:
    short = parse_recipe(TOP).recipe
    assert (short.align.method, short.align.layer, short.project.solver) == ("soft", 7, "exact")
    assert [table.label for table in short.scorer] == ["link_mass:aligned"]
    assert parse_recipe(TOP + "[align]\nlayer = 7\n").recipe.digest == short.digest
    assert parse_recipe(TOP + "[align]\nlayer = 8\n").recipe.digest != short.digest


@pytest.mark.parametrize("code", ["de", "deu", "deu_Latn", "de_DE", "German", "DE"])
def test_languages_go_by_any_code(code: str) -> None:
    recipe = parse_recipe(TOP.replace('"de"', f'"{code}", "de"')).recipe
    assert recipe.target == ("de",)


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ('split = ["test"]', "split", "splits"),
        ('[align]\nmetod = "soft"', "align.metod", "method"),
        ("[[scorer]]\nwieght = 1", "scorer.wieght", "weight"),
        ('[project]\nsolvr = "exact"', "project.solvr", "solver"),
        ('[projekt]\nsolver = "exact"', "projekt", "project"),
        ("qqqq = 1", "qqqq", None),
    ],
)
def test_a_misspelt_key_names_the_nearest(text: str, key: str, nearest: str | None) -> None:
    error = _refused(TOP + text)
    assert (error.key, error.nearest) == (key, nearest)
    assert error.hint is not None
    assert (nearest or "corpora") in error.hint


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ('[project]\nsolver = "exakt"', "project.solver", "'exact' or 'greedy'"),
        ('[align]\nmethod = "fast_align"', "align.method", "'itermax'"),
        ("[[scorer]]\nweight = -1", "scorer.weight", "greater than 0"),
        ("[[scorer]]\nweight = 0", "scorer.weight", "greater than 0"),
        ("[[scorer]]\nweight = nan", "scorer.weight", "less than or equal to 1000"),
        ("[[scorer]]\nweight = inf", "scorer.weight", "less than or equal to 1000"),
        ("[[scorer]]\nmin_score = -0.1", "scorer.min_score", "greater than or equal to 0"),
        ('[[scorer]]\nmax_length = "4"', "scorer.max_length", "integer"),
        ("[[scorer]]\nmax_length = 0", "scorer.max_length", "greater than or equal to 1"),
        ("[project]\nmin_score = true", "project.min_score", "number"),
        ("[align]\ntemperature = 0", "align.temperature", "greater than 0"),
        ("[align]\nmin_probability = 1", "align.min_probability", "less than 1"),
        ('splits = "test"', "splits", "list"),
        ("splits = [1]", "splits", "string"),
        ("align = 3", "align", "table"),
        ("[scorer]\nmin_score = 1", "scorer", "[[scorer]]"),
        ("labels = 3", "labels", "list of labels"),
        ("labels = []", "labels", "list of labels"),
        ('labels = ["PER", 3]', "labels", "list of labels"),
        ('labels = { GPE = "" }', "labels", "list of labels"),
        ('labels = "ontonotes->conl"', "labels", "ontonotes->conll"),
    ],
)
def test_a_wrong_value_is_told_what_is_allowed(text: str, key: str, allowed: str) -> None:
    error = _refused(TOP + text)
    assert error.key == key
    assert error.hint is not None
    assert allowed in error.hint


@pytest.mark.parametrize(
    "more", ['[[scorer]]\nname = "b"', "[project]\ncandidates_per_entity = '<= 2'", "[combine]\nmethod = 'joint'"]
)
def test_candidates_are_left_out_only_where_they_cannot_matter(more: str) -> None:
    error = _refused(f'{TOP}[[scorer]]\nkeep = "undominated"\n{more}\n')
    assert error.key == "scorer.keep"
    parse_recipe(f'{TOP}[[scorer]]\nkeep = "undominated"\n')


@pytest.mark.parametrize("table", ["train", "self_train", "study", "baselines"])
def test_a_recipe_for_training_names_its_command(table: str) -> None:
    refused = _refused(f'name = "a"\ncorpora = ["c"]\n[{table}]\n')
    assert refused.key == table
    assert refused.hint is not None and f"{refused.command} RECIPE" in refused.hint
    assert refused.command == {"self_train": "xprojdb train"}.get(table, f"xprojdb {table}")


def test_a_recipe_for_projection_names_its_command() -> None:
    with pytest.raises(RecipeError) as refused:
        TrainingRecipe.from_toml(TOP + "[align]\nlayer = 7\n")
    assert refused.value.command == "xprojdb run"


def test_an_unknown_language_names_the_nearest() -> None:
    error = _refused(TOP.replace('"de"', '"Germn"'))
    assert error.key == "target"
    assert error.hint is not None
    assert "German" in error.hint


@pytest.mark.parametrize("missing", ["name", "corpora", "source", "target"])
def test_what_a_recipe_must_say(missing: str) -> None:
    text = "".join(line + "\n" for line in TOP.splitlines() if not line.startswith(missing))
    assert _refused(text).key == missing


@pytest.mark.parametrize("empty", ["corpora", "source", "target"])
def test_what_must_not_be_empty(empty: str) -> None:
    text = "".join(f"{empty} = []\n" if line.startswith(empty) else line + "\n" for line in TOP.splitlines())
    error = _refused(text)
    assert error.key == empty
    assert error.hint is not None
    assert ("transfer" if empty == "source" else "at least one") in error.hint


def test_scorers_have_names_of_their_own() -> None:
    twice = TOP + "[[scorer]]\nmin_score = 0.1\n[[scorer]]\nmin_score = 0.3\n"
    error = _refused(twice)
    assert error.key == "scorer"
    assert "link_mass:aligned" in error.message
    named = parse_recipe(twice + 'name = "strict"\n').recipe
    assert [table.label for table in named.scorer] == ["link_mass:aligned", "strict"]


def test_labels_become_a_mapping() -> None:
    spans = [Span(0, 1, "GPE"), Span(1, 2, "PERSON"), Span(2, 3, "DATE")]
    expected = {
        'labels = ["GPE"]': (Span(0, 1, "GPE"),),
        'labels = { GPE = "LOC", DATE = "DATE" }': (Span(0, 1, "LOC"), Span(2, 3, "DATE")),
        'labels = "ontonotes->conll"': (Span(0, 1, "LOC"), Span(1, 2, "PER")),
    }
    for text, mapped in expected.items():
        mapping = parse_recipe(TOP + text).recipe.mapping
        assert mapping is not None
        assert mapping.apply(spans) == mapped
    assert parse_recipe(TOP).recipe.mapping is None


def test_a_file_that_is_no_recipe(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    with pytest.raises(RecipeError) as caught:
        read_recipe(path)
    assert caught.value.file == str(path)
    path.write_bytes(b"name = \xff")
    with pytest.raises(RecipeError):
        read_recipe(path)
    path.write_text("name = ")
    with pytest.raises(RecipeError) as caught:
        read_recipe(path)
    assert caught.value.file == str(path)
    path.write_text(TOP, encoding="utf-8")
    assert read_recipe(path).record.text == TOP


def test_scorers_that_a_heuristic_would_not_ask_are_refused() -> None:
    text = 'name = "r"\ncorpora = ["c"]\nsource = ["en"]\ntarget = ["de"]\n[project]\nmethod = "heuristic"\n'
    parse_recipe(text)
    assert _refused(text + '[[scorer]]\ntype = "edit_similarity"\n').key == "scorer"
