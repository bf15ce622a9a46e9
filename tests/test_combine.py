"""Combining sources: votes, the joint match, sources that are missing, and what a later run adds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from projection_sample import Diagonal, outcomes, plan_of
from several_sample import ALL, FIRST, SECOND, combined_plan, consensus, count_votes, import_part, run_combined
from sqlalchemy import Connection, select

from xprojdb.db import Database
from xprojdb.db.tables import artifact
from xprojdb.errors import UsageError
from xprojdb.execution.dry_run import preview_plan
from xprojdb.execution.run import StopRequest, run_plan
from xprojdb.planning.store import load_plan
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.stage import Result
from xprojdb.steps.tag import spacy as spacy_variant
from xprojdb.steps.tag.stage import Tag
from xprojdb.text.spans import Span

Write = Callable[..., Path]
MAJORITY = 'method = "majority"'
JOINT = 'method = "joint"\nweights = "equal"\nmin_support = 0.3'


@pytest.fixture
def news(database: Database, write_conll: Write) -> Database:
    """Both parts of the sample; Italian has only the first."""
    import_part(database, write_conll, FIRST, "a")
    import_part(database, write_conll, SECOND, "b")
    return database


@pytest.mark.slow
def test_a_majority_of_the_present_sources_decides(news: Database, tmp_path: Path) -> None:
    plan = run_combined(news, tmp_path, MAJORITY)
    assert consensus(news, plan) == {
        "a-1": [(0, 2, "PER", 1.0), (3, 4, "PER", 0.666667)],
        "a-2": [(1, 3, "ORG", 0.666667)],
        "b-1": [(0, 1, "LOC", 1.0)],
    }
    assert count_votes(news, plan) == {"a-1": [3, 2], "a-2": [2], "b-1": [2]}
    assert sorted(outcomes(news, "combine").values(), key=str) == [
        ("empty", "no-consensus"),
        ("empty", "no-consensus"),
        ("empty", "no-entities"),
        *[("ok", None)] * 3,
    ]


def test_the_sides_of_the_translations_do_not_matter(news: Database, tmp_path: Path) -> None:
    plan = combined_plan(news, tmp_path, MAJORITY)
    (result,) = plan.consensuses
    assert [voter.role for voter in result.step.voters] == ["en:original", "es:rendering", "it:rendering"]
    assert (result.source, result.target, result.direction) == ("en,es,it", "de", "en+es+it → de")


def test_weights_move_the_majority(news: Database, tmp_path: Path) -> None:
    plan = run_combined(news, tmp_path, 'method = "weighted"\nweights = { it = 3.0 }')
    assert consensus(news, plan)["a-2"] == [(1, 4, "ORG", 0.6)]
    assert consensus(news, plan)["a-1"] == [(0, 2, "PER", 1.0)]


def test_in_a_joint_match_overlapping_entities_support_one_span(news: Database, tmp_path: Path) -> None:
    plan = run_combined(news, tmp_path, JOINT)
    result = consensus(news, plan)
    # The Italian entity of three words has the first two among its candidates, with 2 · 1.8 / (2.7 + 1.8) = 0.8.
    assert result["a-2"] == [(1, 3, "ORG", pytest.approx((1 + 1 + 0.8**2) / 3, abs=1e-5))]
    assert count_votes(news, plan)["a-2"] == [3]
    # Two sources see a name where the third sees nothing; each gives the other's label a part of its support.
    assert result["a-3"] == [(2, 3, "LOC", pytest.approx((1 + 0.3) / 3, abs=1e-5))]


def test_function_words_at_the_edges_cost(news: Database, tmp_path: Path) -> None:
    plain = consensus(news, run_combined(news, tmp_path, JOINT))
    # In so small a corpus every word is more than a fiftieth of all, and none is more than all.
    edges = f"{JOINT}\nfirst_word = 0.05\nlast_word = 0.02\nmax_frequency = "
    assert consensus(news, run_combined(news, tmp_path, f"{edges}1.0")) == plain
    costly = consensus(news, run_combined(news, tmp_path, f"{edges}0.02"))
    assert costly["a-1"] == [(0, 2, "PER", pytest.approx(0.93)), (3, 4, "PER", pytest.approx(2 / 3 - 0.07, abs=1e-5))]


def test_terms_of_a_first_match_move_the_second(news: Database, write_conll: Write, tmp_path: Path) -> None:
    lines = {lang: ["Anna/B-PER Berg/I-PER"] for lang in ("en", "de", "es", "it")}
    import_part(news, write_conll, lines, "c")
    plan = run_combined(news, tmp_path, f"{JOINT}\nterms = 0.3")
    assert [stage.spec.kind for stage in plan.stages if stage.item_kind != "pairs"] == ["combine", "terms", "combine"]
    assert plan.consensuses[0].step is plan.stages[-1]
    # Anna Berg is labelled in the only other sentence that has her: 1 / (1 + 1). Lin is nowhere else.
    assert consensus(news, plan)["a-1"] == [
        (0, 2, "PER", pytest.approx(1 + 0.3 * (1 / 2 - 1 / 3), abs=1e-5)),
        (3, 4, "PER", pytest.approx(2 / 3 - 0.3 / 3, abs=1e-5)),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["agreement", "learned"])
def test_all_of_it_at_once(news: Database, tmp_path: Path, weights: str) -> None:
    settings = f'method = "joint"\nweights = "{weights}"\nmin_support = 0.3\nfirst_word = 0.01\nterms = 0.1'
    plan = run_combined(news, tmp_path, settings)
    assert [stage.spec.kind for stage in plan.stages][-5:].count("combine") == 2
    assert consensus(news, plan)["a-1"][0][:3] == (0, 2, "PER")
    assert run_plan(news, load_plan(news)).run_id is None


def test_one_source_is_a_consensus_of_one(news: Database, tmp_path: Path) -> None:
    plan = run_combined(news, tmp_path, JOINT, top='source = ["it"]\ntarget = ["de"]')
    assert consensus(news, plan) == {"a-1": [(0, 2, "PER", 1.0)], "a-2": [(1, 4, "ORG", 1.0)]}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["agreement", "learned"])
def test_weights_are_learned_once_for_a_corpus(
    database: Database, write_conll: Write, tmp_path: Path, how: str
) -> None:
    import_part(database, write_conll, FIRST, "a")
    settings = f'method = "joint"\nweights = "{how}"'
    run_combined(database, tmp_path, settings)
    with database.read() as connection:
        ((content, digest),) = connection.execute(select(artifact.c.content, artifact.c.digest)).all()
    weights = json.loads(content)["weights"]
    assert sorted(weights) == ["en", "es", "it"]
    assert weights["en"] > weights["it"]
    assert sum(weights.values()) == pytest.approx(3)
    import_part(database, write_conll, SECOND, "b")
    plan = run_combined(database, tmp_path, settings)
    assert "b-1" in consensus(database, plan)
    with database.read() as connection:
        assert [*connection.execute(select(artifact.c.digest)).scalars()] == [digest]


def test_later_sentences_are_combined_alone(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_part(database, write_conll, FIRST, "a")
    run_combined(database, tmp_path, MAJORITY)
    import_part(database, write_conll, SECOND, "b")
    report = run_plan(database, combined_plan(database, tmp_path, MAJORITY))
    assert report.steps[-1].done == 2
    assert run_plan(database, combined_plan(database, tmp_path, MAJORITY)).run_id is None


def test_a_further_source_is_another_step(news: Database, tmp_path: Path) -> None:
    two = run_combined(news, tmp_path, MAJORITY, top='source = ["en", "es"]\ntarget = ["de"]')
    before = consensus(news, two)
    three = run_combined(news, tmp_path, MAJORITY)
    assert consensus(news, two) == before
    assert before["a-1"] == [(0, 2, "PER", 1.0), (3, 4, "PER", 1.0)]
    assert consensus(news, three) != before


def test_a_stopped_run_goes_on_where_it_was(news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Combine, "block", 2)
    stop = StopRequest()
    process = Combine.process

    def stopping(stage: Combine, connection: Connection, items: Sequence[int]) -> Result:
        stop.requested = True
        return process(stage, connection, items)

    monkeypatch.setattr(Combine, "process", stopping)
    plan = combined_plan(news, tmp_path, JOINT)
    report = run_plan(news, plan, stop=stop)
    assert (report.stopped, report.steps[-1].done) == (True, 2)
    run_plan(news, combined_plan(news, tmp_path, JOINT))
    assert run_plan(news, combined_plan(news, tmp_path, JOINT)).run_id is None
    assert len(outcomes(news, "combine")) == 6
    assert sorted(consensus(news, plan)) == ["a-1", "a-2", "a-3", "b-1", "b-2"]


class _Poisoned(Diagonal):
    """Cannot align what has the Italian word for night."""

    def align(self, pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[object]:
        if any("vide" in right for _, right in pairs):
            raise RuntimeError("cannot bear it")
        return list(super().align(pairs))


def test_a_source_that_failed_is_missing_and_not_waited_for(news: Database, tmp_path: Path) -> None:
    plan = run_combined(news, tmp_path, MAJORITY, aligner=_Poisoned())
    assert consensus(news, plan)["a-1"] == [(0, 2, "PER", 1.0), (3, 4, "PER", 1.0)]
    assert len(outcomes(news, "combine")) == 6


def test_a_source_without_labels_is_not_waited_for(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_part(database, write_conll, {lang: FIRST[lang] for lang in ("en", "de", "es")}, "a")
    plan = run_combined(database, tmp_path, MAJORITY, top='source = ["en", "es", "it"]\ntarget = ["de"]')
    (result,) = plan.consensuses
    assert result.sources == ("en", "es")
    assert "a-1" in consensus(database, plan)


def test_a_sentence_waits_for_its_sources(news: Database, tmp_path: Path) -> None:
    only = run_combined(news, tmp_path, MAJORITY, top='source = ["en"]\ntarget = ["de"]')
    assert len(consensus(news, only)) == 5
    plan = combined_plan(news, tmp_path, MAJORITY)
    combining = plan.stages.pop()
    stop = StopRequest()
    run_plan(news, plan, stop=stop)
    plan.stages.append(combining)
    assert [preview.pending for preview in preview_plan(news, plan)][-1] == 6


class _Tagger:
    """Finds Nora, and a place that nobody else sees."""

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
        kinds = {"Nora": "PER", "Regen": "LOC"}
        return [[Span(n, n + 1, kinds[word]) for n, word in enumerate(words) if word in kinds] for words in sentences]


@pytest.mark.slow
@pytest.mark.parametrize(("combine", "score"), [(MAJORITY, 2 / 3), (JOINT, 2 / 3)])
def test_the_target_languages_own_tagger_is_one_more_source(
    news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, combine: str, score: float
) -> None:
    monkeypatch.setattr(spacy_variant, "spacy_revision", lambda _: "1")
    settings = f'[tag]\nmodels = {{ de = "spacy:toy" }}\n[combine]\n{combine}\ntransfer = true\n'
    plan = plan_of(news, tmp_path, settings, top=ALL)
    plan.stages = [
        Tag(stage.spec, partial(lambda given: given, _Tagger())) if isinstance(stage, Tag) else stage
        for stage in plan.stages
    ]
    run_plan(news, plan)
    (result,) = plan.consensuses
    assert result.sources == ("en", "es", "it", "transfer")
    assert consensus(news, plan)["b-2"][-1] == (1, 2, "PER", pytest.approx(score, abs=1e-5))
    assert "a-4" not in consensus(news, plan)


def test_transfer_needs_a_tagger(news: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        combined_plan(news, tmp_path, f"{MAJORITY}\ntransfer = true")
    assert caught.value.lang == "de"


def test_a_joint_match_needs_candidates(news: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(news, tmp_path, f'[project]\nmethod = "heuristic"\n[combine]\n{JOINT}\n', top=ALL)
    assert caught.value.role == "en:original"


@pytest.mark.parametrize(
    ("combine", "key"),
    [
        ('method = "majority"\nweights = "equal"', "combine"),
        ('method = "weighted"\npower = 2.0', "combine"),
        ('method = "joint"\nother_label = 1.5', "combine.other_label"),
        ('method = "votes"', "combine.method"),
        ('method = "weighted"\nweights = { xx1 = 1.0 }', "combine.weights"),
    ],
)
def test_settings_that_are_refused(news: Database, tmp_path: Path, combine: str, key: str) -> None:
    with pytest.raises(UsageError) as caught:
        combined_plan(news, tmp_path, combine)
    assert caught.value.key == key


def test_the_plan_is_read_back(news: Database, tmp_path: Path) -> None:
    plan = run_combined(news, tmp_path, 'method = "joint"')
    again = load_plan(news)
    assert again.consensuses[0].pairs == plan.consensuses[0].pairs
    assert [stage.spec.digest for stage in again.stages] == [stage.spec.digest for stage in plan.stages]
    assert run_plan(news, again).run_id is None
