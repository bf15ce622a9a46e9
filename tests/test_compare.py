"""Recipes compared on the gold sentences that all of them have done."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gold_sample import SENTENCES, Forgetful, import_gold, named_plan, run_named
from sqlalchemy import select, text, update

from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import UsageError
from xprojdb.evaluation.bootstrap import bootstrap_interval, paired_difference
from xprojdb.evaluation.compare import TOTAL, compare_recipes
from xprojdb.evaluation.evaluate import evaluate_projections, read_counts
from xprojdb.evaluation.missed_entities import missed_sql, read_missed
from xprojdb.evaluation.published import PublishedScore
from xprojdb.evaluation.published_comparison import published_comparisons
from xprojdb.execution.run import run_plan
from xprojdb.planning.store import bind_plan
from xprojdb.text.spans import Span

Write = Callable[..., Path]
BOTH = 'source = ["en"]\ntarget = ["de", "es"]\n'


@pytest.fixture
def compared(database: Database, write_conll: Write, tmp_path: Path) -> Database:
    """``full`` finds everything; ``weak`` loses Lin, and begins the club a word late; both onto German and Spanish."""
    import_gold(database, write_conll, SENTENCES)
    run_named(database, tmp_path, "full", top=BOTH)
    run_named(database, tmp_path, "weak", Forgetful("Lin", "Rote", "Rojo"), top=BOTH, layer=3)
    return database


def test_scores_are_those_of_evaluate(compared: Database, tmp_path: Path) -> None:
    recipes = compare_recipes(compared, ["weak", "full"], resamples=200, seed=4)
    assert [
        (language.corpus, language.lang, language.sentences, language.left_out) for language in recipes.languages
    ] == [
        ("news", "de", 4, 0),
        ("news", "es", 4, 0),
    ]
    for number, name in enumerate(("weak", "full")):
        layer, aligner = {"weak": (3, Forgetful()), "full": (7, None)}[name]
        plan = named_plan(compared, tmp_path, name, aligner, top=BOTH, layer=layer)
        bind_plan(compared, plan)
        scored = evaluate_projections(compared, plan.projections, resamples=200, seed=4)
        for ours, theirs in zip(recipes.languages, scored, strict=True):
            assert list(ours.labels) == list(theirs.labels)
            for label, row in ours.labels.items():
                assert (row[number].method, row[number].score) == (name, theirs.labels[label][0])
                assert row[number].interval == theirs.labels[label][1]


def test_differences_are_paired_and_against_the_first(compared: Database, tmp_path: Path) -> None:
    recipes = compare_recipes(compared, ["weak", "full"], resamples=300, seed=7)
    plans = [named_plan(compared, tmp_path, name, top=BOTH, layer=layer) for name, layer in (("weak", 3), ("full", 7))]
    for plan in plans:
        bind_plan(compared, plan)
    with compared.read() as connection:
        weak, full = (read_counts(connection, plan.projections[0]) for plan in plans)
    assert recipes.baseline == "weak"
    for label, (first, second) in recipes.languages[0].labels.items():
        chosen = None if label == TOTAL else label
        assert first.difference is None
        assert second.difference == paired_difference(full, weak, label=chosen, resamples=300, seed=7)
        assert second.interval == bootstrap_interval(full, label=chosen, resamples=300, seed=7)
    assert recipes.languages[0].labels[TOTAL][1].difference.value > 0


def test_the_best_can_be_the_baseline(compared: Database) -> None:
    recipes = compare_recipes(compared, ["weak", "full"], best=True, resamples=50)
    assert recipes.baseline == "full"
    assert list(recipes.methods) == ["weak", "full"]
    first, second = recipes.total.labels[TOTAL]
    assert first.difference.value < 0
    assert second.difference is None


def test_all_languages_together_add_up(compared: Database) -> None:
    recipes = compare_recipes(compared, resamples=50)
    assert list(recipes.methods) == ["full", "weak"]
    for number, name in enumerate(recipes.methods):
        parts = [language.labels[TOTAL][number].score for language in recipes.languages]
        whole = recipes.total.labels[TOTAL][number].score
        assert (whole.tp, whole.predicted, whole.gold) == tuple(
            sum(getattr(part, field) for part in parts) for field in ("tp", "predicted", "gold")
        )
        errors = sum((Counter(language.errors[name]) for language in recipes.languages), Counter())
        assert Counter(recipes.total.errors[name]) == errors
    assert recipes.total.sentences == 8


def test_errors_are_counted_by_type(compared: Database) -> None:
    german = compare_recipes(compared, ["full", "weak"], resamples=50).languages[0]
    nothing = {"wrong label": 0, "wrong boundary and label": 0, "spurious": 0}
    assert german.errors == {
        "full": {"correct": 6, "wrong boundary": 0, "missed": 0, **nothing},
        "weak": {"correct": 4, "wrong boundary": 1, "missed": 1, **nothing},
    }


def test_only_what_all_have_done_is_compared(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_gold(database, write_conll, SENTENCES)
    run_named(database, tmp_path, "full", top=BOTH)
    late = {"en": ["Mira/B-PER sang"], "de": ["Mira/B-PER sang"], "es": ["Mira/B-PER sang"]}
    import_gold(database, write_conll, late, split="late")
    run_named(database, tmp_path, "weak", Forgetful("Lin"), layer=3)
    recipes = compare_recipes(database, ["full", "weak"], resamples=50)
    assert [(language.lang, language.sentences, language.left_out) for language in recipes.languages] == [("de", 4, 1)]
    assert recipes.languages[0].labels[TOTAL][1].score.gold == 6
    assert recipes.total is None
    assert recipes.not_compared == ["news/es"]


def test_labels_can_be_chosen_where_mappings_differ(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_gold(sqlite_database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    run_named(sqlite_database, tmp_path, "full")
    run_named(sqlite_database, tmp_path, "names", Forgetful("Lin"), top='labels = ["PER", "LOC"]\n', layer=3)
    with pytest.raises(UsageError) as refused:
        compare_recipes(sqlite_database, ["full", "names"])
    assert refused.value.labels == ["DATE", "ORG"]
    recipes = compare_recipes(sqlite_database, ["full", "names"], labels=["PER"], resamples=50)
    assert {label: [entry.score.tp for entry in row] for label, row in recipes.languages[0].labels.items()} == {
        "PER": [3, 2],
        TOTAL: [3, 2],
    }
    with pytest.raises(UsageError) as refused:
        compare_recipes(sqlite_database, ["full", "names"], labels=["PER", "GPE"])
    assert refused.value.labels == ["GPE"]
    # The club and Monday are dropped by one mapping: nobody missed them.
    assert [entry.text for entry in read_missed(sqlite_database, "full", "names")] == ["Lin"]


def test_a_recipe_with_several_sources_is_several_methods(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_gold(database, write_conll, SENTENCES)
    run_named(database, tmp_path, "both", Forgetful("vio"), top='source = ["en", "es"]\ntarget = ["de"]\n')
    run_named(database, tmp_path, "one", Forgetful("Mira"), layer=3)
    assert list(compare_recipes(database, ["both"], resamples=50).methods) == ["both:en", "both:es"]
    recipes = compare_recipes(database, ["one", "both:es"], resamples=50)
    assert list(recipes.methods) == ["one", "both:es"]
    assert [label.score.tp for label in recipes.languages[0].labels[TOTAL]] == [5, 6]
    assert [entry.text for entry in read_missed(database, "both:es", "one")] == ["Mira"]
    with pytest.raises(UsageError) as refused:
        compare_recipes(database, ["one", "both:it"])
    assert refused.value.source == "it"
    with pytest.raises(UsageError) as refused:
        read_missed(database, "one", "both")
    assert refused.value.methods == ("one", "both:en", "both:es")


def test_two_methods_and_a_common_sentence_are_needed(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_gold(sqlite_database, write_conll, SENTENCES)
    run_named(sqlite_database, tmp_path, "german")
    for names in ((), ("german", "german")):
        with pytest.raises(UsageError) as refused:
            compare_recipes(sqlite_database, names)
        assert refused.value.methods == ("german",)
    run_named(sqlite_database, tmp_path, "spanish", top='source = ["en"]\ntarget = ["es"]\n')
    with pytest.raises(UsageError) as refused:
        compare_recipes(sqlite_database, ["german", "spanish"])
    assert refused.value.methods == ("german", "spanish")
    with pytest.raises(UsageError):
        compare_recipes(sqlite_database, ["german", "french"])


def test_what_one_found_and_the_other_missed(compared: Database) -> None:
    german, club, spanish, _ = read_missed(compared, "full", "weak")
    assert (german.sentence, german.span, german.text) == ("news/de/all-1", Span(3, 4, "PER"), "Lin")
    assert (german.error, german.instead, german.instead_text) == ("missed", None, None)
    assert (club.sentence, club.span, club.error) == ("news/de/all-2", Span(1, 4, "ORG"), "wrong boundary")
    assert (club.instead, club.instead_text) == (Span(2, 4, "ORG"), "Hafen Klub")
    assert spanish.sentence == "news/es/all-1"
    assert read_missed(compared, "weak", "full") == []
    assert [entry.text for entry in read_missed(compared, "full", "weak", labels=["ORG"])] == [
        "Rote Hafen Klub",
        "Rojo Puerto Club",
    ]


def test_a_wrong_label_is_no_find(compared: Database) -> None:
    with compared.write() as connection:
        mine = select(t.recipe.c.plan).where(t.recipe.c.name == "weak")
        steps = [load["step"] for load in json.loads(connection.execute(mine).scalar_one())]
        wrong = t.label.c.step_id.in_(steps) & (t.label.c.label == "DATE")
        connection.execute(update(t.label).where(wrong).values(label="LOC"))
    german, spanish = read_missed(compared, "full", "weak", labels=["DATE"])
    assert (german.text, german.error, german.instead) == ("Montag", "wrong label", Span(6, 7, "LOC"))
    assert spanish.text == "lunes"


def test_the_printed_query_finds_the_same(compared: Database) -> None:
    printed = missed_sql(compared, "full", "weak", labels=["PER"])
    with compared.read() as connection:
        rows = connection.execute(text(printed.replace(":", r"\:"))).mappings().all()
    expected = read_missed(compared, "full", "weak", labels=["PER"])
    assert [(row["name"], row["sentence_id"], row["start_word"], row["label"]) for row in rows] == [
        (entry.sentence, entry.sentence_id, entry.span.start, entry.span.label) for entry in expected
    ]
    assert len(rows) == 2


def test_a_mapped_label_is_missed_under_its_new_name(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_gold(database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    top = "labels = { PER = 'PERSON', LOC = \"L'OC\" }\n"
    run_named(database, tmp_path, "full", top=top)
    run_named(database, tmp_path, "weak", Forgetful("Lin", "Turin"), top=top, layer=3)
    assert [entry.span for entry in read_missed(database, "full", "weak")] == [(3, 4, "PERSON"), (5, 6, "L'OC")]
    with database.read() as connection:
        rows = connection.execute(text(missed_sql(database, "full", "weak"))).mappings().all()
    assert [row["label"] for row in rows] == ["PERSON", "L'OC"]


def _published(dataset: str, lang: str, f1: float) -> PublishedScore:
    return PublishedScore("someone2025", dataset, lang, "their method", f1)


def test_published_scores_stand_beside(compared: Database) -> None:
    recipes = compare_recipes(compared, ["full", "weak"], resamples=50)
    scores = [_published("news", "deu", 0.5), _published("news", "de", 0.75), _published("other", "de", 0.9)]
    low = {"full": 0.5, "weak": recipes.languages[0].f1("weak") - 0.5}
    beside = published_comparisons(recipes, scores)
    assert [(entry.lang, entry.published.f1) for entry in beside] == [("de", 0.75), ("de", 0.5)]
    assert beside[1].differences == pytest.approx(low)
    assert [comparison.published.f1 for comparison in published_comparisons(recipes, scores, "other")] == [0.9]
    assert [comparison.published.f1 for comparison in published_comparisons(recipes, scores[2:])] == [0.9]
    with pytest.raises(UsageError) as refused:
        published_comparisons(recipes, scores, "nothing")
    assert (refused.value.dataset, refused.value.known) == ("nothing", ["news", "other"])


def test_a_run_that_goes_on_is_compared_on_more(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_gold(database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    run_named(database, tmp_path, "full")
    plan = named_plan(database, tmp_path, "weak", Forgetful("Lin"), layer=3)
    bind_plan(database, plan)
    with pytest.raises(UsageError):
        compare_recipes(database, ["full", "weak"])
    run_plan(database, plan)
    assert compare_recipes(database, ["full", "weak"], resamples=50).languages[0].sentences == 4


@pytest.mark.slow
def test_the_command_prints_tables_lists_and_sql(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, run_cli: Callable[..., Any]
) -> None:
    import_gold(sqlite_database, write_conll, SENTENCES)
    run_named(sqlite_database, tmp_path, "full", top=BOTH)
    run_named(sqlite_database, tmp_path, "weak", Forgetful("Lin"), layer=3)
    path = sqlite_database.engine.url.database
    done = run_cli("--db", path, "compare", "--resamples", "50")
    assert (done.code, done.stderr.count("news/es")) == (0, 1)
    assert [line.split()[2:6] for line in done.stdout.splitlines() if " all " in line] == [
        ["all", "full", "100.0", "100.0"]
    ]
    listed = run_cli("--db", path, "compare", "--missed", "full", "weak")
    head, entity, count = listed.stdout.splitlines()
    assert [line.split()[0] for line in (head, entity)] == ["sentence", "news/de/all-1"]
    assert count.startswith("1 entities found by full")
    printed = run_cli("--db", path, "compare", "--missed", "full", "weak", "--sql")
    with sqlite3.connect(path) as connection:
        assert [row[0] for row in connection.execute(printed.stdout)] == ["news/de/all-1"]
    assert run_cli("--db", path, "compare", "--sql").code == 2
