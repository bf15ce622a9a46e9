"""Filters: what each of them takes out, and what a label below a threshold takes along."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from xprojdb.config.recipe import RecipeError, export_table, parse_recipe
from xprojdb.config.tables.export import ExportTable
from xprojdb.digest import digest_of
from xprojdb.exports.rows.sentences import ProjectedLabel, ProjectedSentence
from xprojdb.exports.selection.filters import Filters
from xprojdb.exports.selection.tiers import tier_of

SURE = ProjectedLabel(0, 2, "PER", 0.9, 0.6, ("en", "es"))
UNSURE = ProjectedLabel(3, 4, "LOC", 0.5, 0.1, ("es",))
WORDS = ["Anna", "Berg", "besucht", "Turin"]
TEXT = 'name = "n"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'


def sentence(*labels: ProjectedLabel, **changes: Any) -> ProjectedSentence:
    result = ProjectedSentence(
        1, 2, 3, "news", "de", "all-1", "train", "ok", None, ("news/en/all-1",), ("en",), WORDS, labels
    )
    return result._replace(**changes)


def kept(given: ProjectedSentence, **keys: Any) -> Any:
    """The types of the labels that are left, or the name of the filter that takes the sentence out."""
    result, reason = Filters(ExportTable(**keys)).apply(given)
    return reason if result is None else [label.label for label in result.labels]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["PER", "LOC"]),
        ({"min_score": 0.5}, ["PER", "LOC"]),
        ({"min_score": 0.6}, "min_score"),
        ({"min_margin": 0.2}, "min_margin"),
        ({"min_margin": 0.2, "on_low_score": "label"}, ["PER"]),
        ({"min_margin": 0.2, "on_low_score": "label", "min_entities": 2}, "min_entities"),
        ({"min_votes": 2}, "min_votes"),
        ({"min_votes": 2, "on_low_score": "label"}, ["PER"]),
        ({"labels": ("PER",)}, ["PER"]),
        ({"labels": ("PER",), "min_margin": 0.2}, ["PER"]),
        ({"labels": ("ORG",)}, []),
        ({"labels": ("ORG",), "min_entities": 1}, "min_entities"),
        ({"corpora": ("news",)}, ["PER", "LOC"]),
        ({"corpora": ("talks",)}, "corpora"),
        ({"splits": ("test",)}, "splits"),
        ({"outcomes": ("empty",)}, "outcomes"),
        ({"min_words": 5}, "min_words"),
        ({"max_words": 3}, "max_words"),
        ({"min_words": 4, "max_words": 4}, ["PER", "LOC"]),
    ],
)
def test_what_is_left_of_a_sentence(keys: dict[str, Any], expected: Any) -> None:
    assert kept(sentence(SURE, UNSURE), **keys) == expected


def test_a_sentence_without_labels_passes_filters_on_labels() -> None:
    assert kept(sentence(), min_score=1.0, min_margin=1.0, min_votes=3) == []


def test_an_outcome_may_name_its_reason() -> None:
    lost = sentence(outcome="empty", reason="no-candidates")
    assert kept(lost, outcomes=("empty:no-candidates",)) == []
    assert kept(lost, outcomes=("ok", "empty:no-entities")) == "outcomes"
    assert kept(sentence(SURE, reason="not-proven-optimal:bound=1"), outcomes=("ok:not-proven-optimal",)) == ["PER"]


def test_a_tier_is_that_of_the_least_certain_label() -> None:
    tier = tier_of(ExportTable(tiers={"bronze": 0.05, "gold": 0.5}))
    assert [tier(sentence(*entry)) for entry in ([SURE], [SURE, UNSURE], [UNSURE._replace(margin=0.01)], [])] == [
        "gold", "bronze", None, None,
    ]  # fmt: skip
    assert tier_of(ExportTable(tiers={"gold": 0.5}, tier_by="score"))(sentence(SURE, UNSURE)) == "gold"
    assert tier(sentence(UNSURE)._replace(annotation="gold")) == "reviewed"


@pytest.mark.parametrize(
    "keys",
    [
        {"split_ratios": {"train": 0.8, "test": 0.1}},
        {"split_ratios": {"../train": 1.0}},
        {"split_ratios": {"all": 1.0}},
        {"outcomes": ("failed",)},
        {"min_words": 5, "max_words": 4},
        {"on_low_score": "label"},
        {"budget": 0},
        {"min_margin": float("nan")},
        {"mix": {"news": 0.0}},
        {"budget_unit": "words"},
    ],
)
def test_a_table_that_means_nothing_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ExportTable(**keys)


def test_options_go_before_the_recipe() -> None:
    text = TEXT + '[export]\nmin_margin = 0.2\nlabels = ["PER"]\nsplit_ratios = { train = 0.5, test = 0.5 }\n'
    table = export_table(text, {"min_margin": 0.4, "budget": 10})
    assert (table.min_margin, table.labels, table.budget) == (0.4, ("PER",), 10)
    assert table.non_defaults["split_ratios"] == {"train": 0.5, "test": 0.5}
    assert not export_table(TEXT, {}).chooses
    assert not export_table(TEXT, {"tiers": {"gold": 0.5}}).chooses


def test_the_table_has_keys_like_any_other() -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(TEXT + "[export]\nmin_margn = 0.2\n")
    assert (caught.value.key, caught.value.nearest) == ("export.min_margn", "min_margin")
    with pytest.raises(RecipeError) as caught:
        export_table(TEXT, {"seed": -1})
    assert caught.value.key == "export.seed"


def test_only_a_recipe_with_such_a_table_has_another_digest() -> None:
    plain, cut = parse_recipe(TEXT).recipe, parse_recipe(TEXT + "[export]\ndedupe = true\n").recipe
    assert plain.digest != cut.digest
    said = plain.to_dict()
    assert {name: said.pop(name) for name in ("export", "vote", "quality")} == dict.fromkeys(
        ("export", "vote", "quality")
    )
    assert plain.digest == digest_of(said)
