"""Where a sentence's labels come from: from either side, from several sources, done, pending or failed."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from gold_sample import SENTENCES, Forgetful, import_gold, named_plan, run_named
from projection_sample import english, german, import_sample, plan_of
from rich.console import Console
from sqlalchemy import insert, select, update

import xprojdb as xp
from xprojdb.db import Database
from xprojdb.db.tables import corpus, run, sentence
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import Plan
from xprojdb.planning.store import bind_plan, load_plan
from xprojdb.provenance.explain import explain_sentence
from xprojdb.provenance.explained_projection import ExplainedProjection
from xprojdb.text.spans import Span

Write = Callable[..., Path]


@pytest.fixture
def plan(database: Database, write_conll: Write, tmp_path: Path) -> Plan:
    """English onto German, by an aligner that does not know Lin."""
    import_gold(database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    return run_named(database, tmp_path, "sample", Forgetful("Lin"))


def _only(database: Database, plan: Plan, name: str) -> ExplainedProjection:
    (projection,) = explain_sentence(database, plan, name).projections
    return projection


def test_an_entity_is_followed_to_its_label(database: Database, plan: Plan) -> None:
    result = explain_sentence(database, plan, "news/de/all-2")
    assert (result.recipe, result.target.name, result.target.lang) == ("sample", "news/de/all-2", "de")
    assert result.target.gold == [Span(1, 4, "ORG"), Span(6, 7, "DATE")]
    (projection,) = result.projections
    assert (projection.source.name, projection.kind, projection.outcome) == ("news/en/all-2", "human", "ok")
    club, day = projection.entities
    assert (club.text, club.span, club.projected) == ("Red Harbour Club", Span(1, 4, "ORG"), Span(1, 4, "ORG"))
    assert day.projected == Span(6, 7, "DATE")
    assert [(left, right) for left, right, _ in club.links] == [(1, 1), (2, 2), (3, 3)]
    assert club.links[0][2] == pytest.approx(0.9)
    best, second, *_ = club.candidates
    assert (best.start, best.end, best.text, best.rank) == (1, 4, "Rote Hafen Klub", "winner")
    assert second.rank == "runner-up"
    assert club.score == pytest.approx(best.fused)
    assert club.margin == pytest.approx(best.fused - second.fused)
    assert [candidate.rank for candidate in club.candidates].count("winner") == 1
    fused = [candidate.fused for candidate in club.candidates]
    assert fused == sorted(fused, reverse=True)
    assert all(candidate.fused == pytest.approx(sum(candidate.parts.values())) for candidate in club.candidates)


@pytest.mark.slow
def test_candidates_of_several_sets_are_told_where_they_come_from(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(3), "de": german(3)})
    settings = '[[scorer]]\n[[scorer]]\nname = "copied"\ntype = "edit_similarity"\ncandidates = ["aligned", "ngram"]\n'
    plan = plan_of(sqlite_database, tmp_path, settings)
    run_plan(sqlite_database, plan)
    anna, _ = _only(sqlite_database, plan, "news/de/all-1").entities
    winner, others = anna.candidates[0], anna.candidates[1:]
    assert winner.origins == {"copied": ("aligned", "ngram")}
    assert {other.origins.get("copied") for other in others} == {("aligned", "ngram"), ("ngram",)}
    # A scorer with one set has nothing to tell.
    assert not any("link_mass:aligned" in candidate.origins for candidate in anna.candidates)


def test_what_was_learned_from_a_corpus_is_told_with_its_run(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    """The keys of corpora and of translations are not the same."""
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    plan = plan_of(sqlite_database, tmp_path, "[[scorer]]\nword_weights = 0.5\n[project]\nlabel_consistency = 0.5\n")
    run_plan(sqlite_database, plan)
    made_by = _only(sqlite_database, plan, "news/de/all-3").made_by
    learned = [entry for entry in made_by if entry.kind in ("frequencies", "forms")]
    assert [(entry.kind, entry.outcome) for entry in learned] == [("frequencies", "ok")] * 2 + [("forms", "ok")]


def test_every_step_behind_it_is_named_with_its_run(database: Database, plan: Plan) -> None:
    made_by = _only(database, plan, "news/de/all-2").made_by
    assert [entry.kind for entry in made_by] == ["import", "align", "score", "project"]
    assert [entry.digest for entry in made_by[1:]] == [stage.spec.digest for stage in plan.stages]
    assert {entry.outcome for entry in made_by} == {"ok"}
    with database.read() as connection:
        commands = {row.id: row.command for row in connection.execute(select(run))}
    assert [entry.command for entry in made_by] == ["import", "run", "run", "run"]
    assert all(commands[entry.run] == entry.command for entry in made_by)


def test_each_item_is_told_with_its_own_run(database: Database, plan: Plan, write_conll: Write) -> None:
    """Keys of sentences and of translations overlap: an import is told by the sentence, not by the translation."""
    late = {"en": ["Mira/B-PER sang"], "de": ["Mira/B-PER sang"]}
    import_gold(database, write_conll, late, split="late")
    with database.read() as connection:
        imports = list(connection.execute(select(run.c.id).where(run.c.command == "import")).scalars())
    imported, *pending = _only(database, plan, "news/de/late-1").made_by
    assert (imported.kind, imported.run) == ("import", max(imports))
    assert {(entry.outcome, entry.run) for entry in pending} == {("pending", None)}


def test_an_entity_without_candidates_is_lost(database: Database, plan: Plan) -> None:
    anna, lin, turin = _only(database, plan, "news/de/all-1").entities
    assert (lin.text, lin.projected, lin.score, lin.links, lin.candidates) == ("Lin", None, None, [], [])
    assert anna.projected == Span(0, 2, "PER")
    assert turin.projected == Span(5, 6, "LOC")


def test_an_entity_below_the_threshold_shows_its_candidates(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": ["Mira/B-PER sang"], "de": ["Mira sang"]})
    plan = plan_of(sqlite_database, tmp_path, "[project]\nmin_score = 5.0")
    run_plan(sqlite_database, plan)
    result = _only(sqlite_database, plan, "news/de/all-1")
    (mira,) = result.entities
    assert mira.projected is None
    assert [(candidate.text, candidate.rank) for candidate in mira.candidates] == [("Mira", "runner-up")]
    assert explain_sentence(sqlite_database, plan, "news/de/all-1").target.gold is None


def test_a_sentence_has_a_name_and_a_number(database: Database, plan: Plan) -> None:
    with database.read() as connection:
        query = select(sentence.c.id).where(sentence.c.lang == "de", sentence.c.external_id == "all-3")
        key = connection.execute(query).scalar_one()
    by_number = explain_sentence(database, plan, str(key))
    assert by_number.target.name == "news/de/all-3"
    assert by_number == explain_sentence(database, plan, "news/de/all-3")


@pytest.mark.parametrize(
    "name", ["news/de/all-99", "news/de", "news", "other/de/all-1", "", "0", "9" * 30, "²", "news/it/all-1"]
)
def test_an_unknown_sentence_is_refused(database: Database, plan: Plan, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        explain_sentence(database, plan, name)
    assert refused.value.sentence == name


def test_a_sentence_that_gets_no_labels_is_refused(database: Database, plan: Plan) -> None:
    with pytest.raises(UsageError) as refused:
        explain_sentence(database, plan, "news/en/all-1")
    assert refused.value.sentence == "news/en/all-1"


def test_a_corpus_may_have_a_slash_in_its_name(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_gold(sqlite_database, write_conll, {"en": ["Mira/B-PER sang"], "de": ["Mira/B-PER sang"]})
    plan = run_named(sqlite_database, tmp_path, "sample")
    with sqlite_database.write() as connection:
        connection.execute(update(corpus).values(name="made/by/us"))
        connection.execute(insert(corpus), [{"name": "made"}, {"name": "made/by"}])
        connection.execute(update(sentence).values(external_id="a/b"))
    assert explain_sentence(sqlite_database, plan, "made/by/us/de/a/b").target.name == "made/by/us/de/a/b"


def test_a_step_that_has_not_run_is_pending(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_gold(database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    bind_plan(database, named_plan(database, tmp_path, "sample"))
    result = _only(database, load_plan(database, "sample"), "news/de/all-1")
    assert result.outcome == "pending"
    assert [(entry.kind, entry.outcome) for entry in result.made_by] == [
        ("import", "ok"), ("align", "pending"), ("score", "pending"), ("project", "pending")
    ]  # fmt: skip
    assert [entity.text for entity in result.entities] == ["Anna Berg", "Lin", "Turin"]
    assert all(not entity.links and not entity.candidates and entity.projected is None for entity in result.entities)


def test_a_failed_step_says_what_it_said(database: Database, write_conll: Write, tmp_path: Path) -> None:
    lines = english(5)
    lines[2] = "poison in Turin/B-LOC"
    import_sample(database, write_conll, {"en": lines, "de": german(5)})
    plan = plan_of(database, tmp_path)
    run_plan(database, plan)
    result = _only(database, plan, "news/de/all-3")
    aligned = next(entry for entry in result.made_by if entry.kind == "align")
    assert (aligned.outcome, aligned.reason, aligned.message) == ("failed", "RuntimeError", "cannot bear poison")
    assert result.outcome == "pending"
    assert [(entity.text, entity.projected) for entity in result.entities] == [("Turin", None)]
    assert {entry.message for entry in _only(database, plan, "news/de/all-1").made_by} == {None}


def test_a_label_that_the_mapping_refuses_is_shown(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    lines = [*english(4), "the Elk/B-BEAST slept"]
    import_sample(sqlite_database, write_conll, {"en": lines, "de": [*german(4), "der Elch schlief"]})
    plan = plan_of(sqlite_database, tmp_path, top='labels = "masakhaner->wikiann"\n')
    run_plan(sqlite_database, plan)
    result = _only(sqlite_database, plan, "news/de/all-5")
    assert [entity.span for entity in result.entities] == [Span(1, 2, "BEAST")]
    scored = next(entry for entry in result.made_by if entry.kind == "score")
    assert (scored.outcome, scored.reason) == ("failed", "UnknownLabel")


def test_dropped_labels_are_no_entities_of_the_projection(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_gold(sqlite_database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    plan = run_named(sqlite_database, tmp_path, "sample", top='labels = { LOC = "PLACE" }\n')
    (turin,) = _only(sqlite_database, plan, "news/de/all-1").entities
    assert (turin.ordinal, turin.span.label, turin.projected) == (2, "LOC", Span(5, 6, "PLACE"))


def test_labels_from_several_languages_are_told_apart(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_gold(database, write_conll, SENTENCES)
    plan = run_named(database, tmp_path, "both", Forgetful("vio"), top='source = ["en", "es"]\ntarget = ["de"]\n')
    projections = explain_sentence(database, plan, "news/de/all-3").projections
    assert [entry.source.lang for entry in projections] == ["en", "es"]
    assert [[entity.text for entity in entry.entities] for entry in projections] == [["Mira"], ["Mira"]]
    assert len({entry.translation_id for entry in projections}) == 2
    assert {entry.outcome for entry in projections} == {"ok"}


def test_labels_may_come_from_the_rendering(database: Database, write_conll: Write, tmp_path: Path) -> None:
    sides = {"de": ["gestern sang Mira/B-PER"], "en": ["Mira/B-PER sang"]}
    import_gold(database, write_conll, sides)
    plan = run_named(database, tmp_path, "sample", _Crossed())
    result = _only(database, plan, "news/de/all-1")
    (mira,) = result.entities
    assert plan.projections[0].labelled == "rendering"
    assert (mira.span, mira.projected) == (Span(0, 1, "PER"), Span(2, 3, "PER"))
    assert [(left, right) for left, right, _ in mira.links] == [(0, 2)]


class _Crossed(Forgetful):
    """Links the last word of the original to the first of the rendering, and so on."""

    def align(self, pairs):  # type: ignore[no-untyped-def]
        result = super().align(pairs)
        for (left, _), links in zip(pairs, result, strict=True):
            links.pairs[:, 0] = len(left) - 1 - links.pairs[:, 0]
        return result


def test_a_sentence_outside_the_recipes_split_is_refused(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    for split in ("train", "test"):
        import_gold(sqlite_database, write_conll, {"en": ["Mira/B-PER sang"], "de": ["Mira/B-PER sang"]}, split=split)
    plan = run_named(sqlite_database, tmp_path, "sample", top='splits = ["test"]\n')
    assert _only(sqlite_database, plan, "news/de/test-1").outcome == "ok"
    with pytest.raises(UsageError) as refused:
        explain_sentence(sqlite_database, plan, "news/de/train-1")
    assert refused.value.sentence == "news/de/train-1"


def test_a_sentence_is_found_by_any_code_of_its_language(database: Database, plan: Plan) -> None:
    assert explain_sentence(database, plan, "news/deu/all-2").target.name == "news/de/all-2"
    with pytest.raises(UsageError, match="news/no-such/all-2"):
        explain_sentence(database, plan, "news/no-such/all-2")


def test_words_of_a_language_without_spaces_are_shown_without(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    paths = {"en": write_conll("en.conll", "Beijing/B-LOC is big")}
    paths["zh"] = write_conll("zh.conll", "北 京 很 大")
    xp.Database(database).import_parallel("news", paths)
    run_plan(database, plan_of(database, tmp_path, top='source = ["en"]\ntarget = ["zh"]\n'))
    console = Console(width=200, record=True, file=StringIO())
    console.print(xp.Database(database).explain("news/cmn/all-1"))
    assert "zh projected  [北]LOC京很大\n" in console.export_text()
