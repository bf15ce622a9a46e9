"""The default: scorers and weights that follow what a corpus shows without gold, once learned and then kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from projection_sample import english, german, import_sample, plan_of
from sqlalchemy import select

from xprojdb.config.recipe import Recipe, RecipeError, parse_recipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.execution.run import run_plan
from xprojdb.importing.alignments import AlignmentFile, import_alignments
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates, linked_edges, ngrams
from xprojdb.matching.scores.links import linked_elsewhere
from xprojdb.matching.scores.name_habits import NameHabits, name_habits
from xprojdb.planning.plan import Plan
from xprojdb.planning.planner import plan_recipe
from xprojdb.provenance.diff import diff_steps
from xprojdb.provenance.explain import explain_sentence

pytestmark = pytest.mark.slow

Write = Callable[..., Path]
AUTO = '[project]\nweights = "auto"\n'
TOP = 'name = "r"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'


def _labels(database: Database, plan: Plan) -> list[tuple[int, int, int, str, float]]:
    columns = (t.label.c.translation_id, t.label.c.start_word, t.label.c.end_word, t.label.c.label, t.label.c.score)
    query = select(*columns).where(t.label.c.step_id == plan.projections[0].step.step_id)
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(*columns))]


def _kinds(plan: Plan) -> list[str]:
    return [stage.spec.kind for stage in plan.stages]


def test_links_are_in_doubt_where_only_names_are_surely_linked() -> None:
    unknown = NameHabits(kept=900, linked=1000, sure_names=800, names=1000, sure_others=100, others=1000)
    known = unknown._replace(sure_others=600)
    assert (round(unknown.doubt, 2), known.doubt) == (1.0, 0.0)
    assert round(unknown.capitals, 2) == 0.65


def test_little_evidence_changes_nothing() -> None:
    assert (NameHabits().capitals, NameHabits().doubt) == (0.0, 0.0)
    few = NameHabits(kept=3, linked=3, sure_names=3, names=3, sure_others=0, others=3)
    assert few.capitals < 0.2
    assert few.doubt == 0.0


def test_first_words_and_lower_case_say_nothing_of_capitals() -> None:
    items = [(4, 4, [(0, 2), (3, 4)], [(0, 0), (1, 2), (2, 1), (3, 3)])]
    pairs = PairBatch.pack(items, [[0.9, 0.9, 0.5, 0.7]])
    result = name_habits(pairs, [["Anna", "Berg", "met", "Tom"]], [["Anna", "traf", "berg", "Tom"]])
    assert result == NameHabits(kept=1, linked=2, sure_names=2, names=3, sure_others=0, others=1)
    lower = name_habits(pairs, [["anna", "berg", "met", "tom"]], [["anna", "traf", "berg", "tom"]])
    assert lower == result._replace(kept=0, linked=0)


def test_a_candidate_is_known_by_its_edges_and_by_what_else_its_words_are_linked_to() -> None:
    pairs = PairBatch.pack([(3, 3, [(0, 1), (2, 3)], [(0, 0), (2, 2), (1, 2)])], [[0.8, 0.6, 0.3]])
    result = ngrams(pairs, 3)
    message = list(zip(result.entity.tolist(), result.start.tolist(), result.end.tolist(), strict=True))
    assert [place for place, kept in zip(message, linked_edges(pairs, result), strict=True) if kept] == [
        (0, 0, 1),
        (1, 2, 3),
    ]
    elsewhere = dict(zip(message, linked_elsewhere(pairs, result).round(3).tolist(), strict=True))
    assert (elsewhere[0, 0, 1], elsewhere[0, 2, 3], elsewhere[1, 2, 3]) == (0.0, 0.9, 0.3)
    assert isinstance(result, Candidates)


def test_a_recipe_without_scorers_is_weighed_by_what_is_learned(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    plan = plan_of(database, tmp_path, AUTO)
    assert sorted(set(_kinds(plan))) == ["align", "forms", "frequencies", "habits", "project", "score", "terms"]
    assert run_plan(database, plan).failed == 0
    assert [(start, end, name) for item, start, end, name, _ in _labels(database, plan) if item == 1] == [
        (0, 2, "PER"),
        (6, 7, "LOC"),
    ]
    assert {0 < score <= 1 for *_, score in _labels(database, plan)} == {True}
    projections = explain_sentence(database, plan, "news/de/all-1").projections[0]
    (habits,) = [step for step in projections.made_by if step.kind == "habits"]
    assert habits.outcome == "ok"
    assert habits.reason == (
        "learned:translations=10,kept-capitals=16/16,weight=0.59,sure-names=24/24,sure-others=24/24,doubt=0.00"
    )
    assert {name for entity in projections.entities for name in entity.candidates[0].parts} == {"adaptive", "memory"}


def test_sentences_that_come_later_change_no_labels_until_a_refit_is_asked_for(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(5), "de": german(5)})
    first = plan_of(database, tmp_path, AUTO)
    run_plan(database, first)
    before = _labels(database, first)
    later = {"en": english(40, 5), "de": german(40, 5)}
    files = [
        corpus_file(write_conll(f"later.{lang}.conll", *lines), lang, form="conll", part="later", labelled=lang == "en")
        for lang, lines in later.items()
    ]
    import_files(database, CorpusInfo("news"), files, parallel=True)
    run_plan(database, plan_of(database, tmp_path, AUTO))
    after = _labels(database, first)
    assert [row for row in after if row in set(before)] == before
    assert len(after) == 9 * len(before)
    again = plan_of(database, tmp_path, f"{AUTO}refit = 1\n")
    assert run_plan(database, again).failed == 0
    assert _artifact(database, first)["translations"] == 5
    assert _artifact(database, again)["translations"] == 45
    steps = [plan.projections[0].step.spec for plan in (first, again)]
    assert steps[0].digest != steps[1].digest
    result = diff_steps(database, steps[0].digest[:8], steps[1].digest[:8])
    assert (result.changed, result.same) == (0, len(after))


def _only_label(database: Database, write_conll: Write, tmp_path: Path, rows: Sequence[tuple[str, str, str]]) -> str:
    """The words of the label of the first of some pairs: the tagged source, the target, and their links."""
    files = [
        corpus_file(write_conll(f"{lang}.conll", *sentences), lang, form="conll", part="all", labelled=lang == "en")
        for lang, sentences in (("en", [row[0] for row in rows]), ("de", [row[1] for row in rows]))
    ]
    import_files(database, CorpusInfo("news"), files, parallel=True)
    (tmp_path / "links.txt").write_text("".join(f"{row[2]}\n" for row in rows))
    import_alignments(database, AlignmentFile(tmp_path / "links.txt", "news", ("en", "de"), "hand"))
    plan = plan_recipe(database, parse_recipe(f'{TOP}[align]\naligner = "imported"\nname = "hand"\n'))
    assert run_plan(database, plan).failed == 0
    (start, end) = next((start, end) for item, start, end, _, _ in _labels(database, plan) if item == 1)
    return " ".join(rows[0][1].split()[start:end])


@pytest.mark.parametrize(
    ("tagged", "label"),
    [("the/B-ORG council/I-ORG met here", "der Rat"), ("the council/B-ORG met here", "Rat")],
)
def test_a_span_begins_with_a_function_word_if_the_entity_does(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, tagged: str, label: str
) -> None:
    links = "0-0:0.25 1-1:0.9 2-2:0.9 3-3:0.9"
    rows = [(tagged, "der Rat tagte hier", links)]
    rows += [(f"the group met {n}", f"der Kreis tagte {n}", links) for n in range(300)]
    assert _only_label(sqlite_database, write_conll, tmp_path, rows) == label


@pytest.mark.parametrize(
    ("tagged", "label"),
    [
        ("Rules/B-X made/I-X for/I-X use/I-X in/I-X Bonn/I-X", "In Bonn gilt nun Recht gemacht"),
        ("Rules/B-X of/I-X Use/I-X At/I-X In/I-X Bonn/I-X", "In Bonn gilt nun Recht"),
        ("Bonn/B-X in/I-X use/I-X for/I-X made/I-X rules/I-X", "In Bonn gilt nun Recht gemacht"),
    ],
)
def test_only_names_must_keep_their_capitals(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, tagged: str, label: str
) -> None:
    rows = [(tagged, "In Bonn gilt nun Recht gemacht", "0-0:0.9 1-1:0.9 2-2:0.9 3-3:0.9 4-4:0.9 5-5:0.15")]
    rows += [(f"seen in Turin/B-X {n}", f"gesehen in Turin {n}", "0-0:0.9 1-1:0.9 2-2:0.9 3-3:0.9") for n in range(200)]
    assert _only_label(sqlite_database, write_conll, tmp_path, rows) == label


def _artifact(database: Database, plan: Plan) -> dict[str, int]:
    (habits,) = [stage for stage in plan.stages if stage.spec.kind == "habits"]
    with database.read() as connection:
        query = select(t.artifact.c.content).where(t.artifact.c.step_id == habits.step_id)
        answer: dict[str, int] = json.loads(connection.execute(query).scalar_one())
        return answer


@pytest.mark.parametrize(("links", "kind"), [("0-0 1-1", "heuristic"), ("0-0:0.9 1-1:0.8", "project")])
def test_imported_links_get_the_method_that_suits_them(
    database: Database, write_conll: Write, tmp_path: Path, links: str, kind: str
) -> None:
    import_sample(database, write_conll, {"en": ["Anna/B-PER came"] * 2, "de": ["Anna kam"] * 2})
    (tmp_path / "links.txt").write_text(f"{links}\n{links}\n")
    import_alignments(database, AlignmentFile(tmp_path / "links.txt", "news", ("en", "de"), "hand"))
    recipe = f'{TOP}[align]\naligner = "imported"\nname = "hand"\n'
    plan = plan_recipe(database, parse_recipe(recipe))
    assert plan.projections[0].step.spec.kind == kind
    assert run_plan(database, plan).failed == 0
    assert len(_labels(database, plan)) == 2


def test_the_former_default_has_a_name() -> None:
    named = Recipe.from_toml(f'{TOP}[project]\nweights = "scorers"\n')
    assert not named.is_automatic
    assert Recipe.from_toml(TOP).is_automatic
    assert not Recipe.from_toml(f"{TOP}[[scorer]]\n").is_automatic


@pytest.mark.parametrize("lines", [("[[scorer]]", "weight = 1.0")])
def test_weights_are_chosen_once(lines: Sequence[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(f"{TOP}{AUTO}" + "\n".join(lines))
    assert caught.value.key == "project.weights"


def test_agreement_can_be_left_out(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(2), "de": german(2)})
    plan = plan_of(sqlite_database, tmp_path, f'{AUTO}label_consistency = "none"\n')
    assert "forms" not in _kinds(plan)
    assert plan.projections[0].step.label_consistency is None
