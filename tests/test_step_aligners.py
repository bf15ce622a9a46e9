"""Aligners other than an encoder, as steps of a recipe: eflomal, equal words, votes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from projection_sample import english, german, import_sample, labels, outcomes, with_scorer
from sqlalchemy import select

from xprojdb.config.recipe import RecipeError, parse_recipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import MissingExtra
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import Plan, plan_recipe
from xprojdb.provenance.explain import explain_sentence
from xprojdb.steps.inputs import parse_links

TOP = 'name = "sample"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
# No word is written alike on both sides: only counting tells what means what.
NAMES = {"Anna": "QA", "Tom": "QB"}
LEXICON = NAMES | {"house": "c", "boat": "d", "saw": "e", "sold": "f", "old": "g", "red": "h", "the": "i", "in": "j"}


def counted_sample(sentences: int = 150) -> tuple[list[str], list[str]]:
    """Sentences of a toy language and their translations, word by word, the last two words exchanged."""
    random = Random(7)
    left, right = [], []
    for _ in range(sentences):
        words = random.sample([*LEXICON], random.randint(3, 6))
        there = [LEXICON[word] for word in words]
        left.append(" ".join(f"{word}/B-PER" if word in NAMES else word for word in words))
        right.append(" ".join([*there[:-2], there[-1], there[-2]]))
    return left, right


def right_share(links: list[dict[tuple[int, int], float]], left: list[str]) -> float:
    """How many words have their best link where their translation is."""
    hits = total = 0
    for result, sentence in zip(links, left, strict=True):
        size = len(sentence.split())
        for word in range(size):
            place = {size - 2: size - 1, size - 1: size - 2}.get(word, word)
            own = {cell[1]: score for cell, score in result.items() if cell[0] == word}
            hits += bool(own) and max(own, key=own.__getitem__) == place
            total += 1
    return hits / total


def plan_with(database: Database, align: str) -> Plan:
    return plan_recipe(database, parse_recipe(with_scorer(TOP + align)))


def stored_links(database: Database) -> dict[int, list[dict[tuple[int, int], float]]]:
    """The links of every align step, by its key, in the order of the translations."""
    query = select(t.alignment.c.step_id, t.alignment.c.links).order_by(t.alignment.c.translation_id)
    results: dict[int, list[dict[tuple[int, int], float]]] = {}
    with database.read() as connection:
        for step_id, text in connection.execute(query):
            _, left, right, scores = parse_links([text])
            assert scores is not None
            cells = zip(left.tolist(), right.tolist(), strict=True)
            results.setdefault(step_id, []).append(dict(zip(cells, scores.tolist(), strict=True)))
    return results


@pytest.fixture
def sample(database: Database, write_conll: Callable[..., Path]) -> Database:
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    return database


def test_equal_words_project_names(sample: Database) -> None:
    report = run_plan(sample, plan_with(sample, '[align]\naligner = "equal_words"\n'))
    assert [step.title for step in report.steps][:1] == ["align by equal words"]
    assert {row[1:] for row in labels(sample)} == {(0, 2, "PER"), (6, 7, "LOC")}
    assert set(outcomes(sample, "align").values()) == {("ok", None)}


def test_pairs_without_equal_words_are_empty(database: Database, write_conll: Callable[..., Path]) -> None:
    import_sample(database, write_conll, {"en": ["Anna/B-PER met us"], "de": ["wir trafen sie"]})
    run_plan(database, plan_with(database, '[align]\naligner = "equal_words"\n'))
    assert list(outcomes(database, "align").values()) == [("empty", "no-links")]


EFLOMAL = '[align]\naligner = "eflomal"\n'


@pytest.mark.slow
def test_eflomal_is_trained_once_and_aligns_what_comes_later(
    database: Database, write_conll: Callable[..., Path]
) -> None:
    pytest.importorskip("eflomal")
    left, right = counted_sample()
    import_sample(database, write_conll, {"en": left[:120], "de": right[:120]})
    plan = plan_with(database, EFLOMAL)
    assert [stage.spec.kind for stage in plan.stages] == ["link-counts", "align", "score", "project"]
    run_plan(database, plan)
    (links,) = stored_links(database).values()
    assert right_share(links, left[:120]) > 0.9
    learned = artifacts(database)

    import_sample(database, write_conll, {"en": left, "de": right})
    report = run_plan(database, plan_with(database, EFLOMAL))
    assert [step.done for step in report.steps] == [0, 30, 30, 30]
    assert artifacts(database) == learned
    (links,) = stored_links(database).values()
    assert right_share(links[120:], left[120:]) > 0.9


def test_explain_tells_of_the_training(sqlite_database: Database, write_conll: Callable[..., Path]) -> None:
    pytest.importorskip("eflomal")
    left, right = counted_sample(40)
    import_sample(sqlite_database, write_conll, {"en": left, "de": right})
    plan = plan_with(sqlite_database, f"{EFLOMAL}iterations = 0.1\n")
    run_plan(sqlite_database, plan)
    (projection,) = explain_sentence(sqlite_database, plan, "news/de/all-3").projections
    by_name = {entry.role: entry for entry in projection.made_by}
    assert (by_name["counts"].outcome, by_name["counts"].model) == ("ok", "eflomal")


def artifacts(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(t.artifact.c.digest)).scalars())


def test_symmetrised_directions_of_eflomal(sqlite_database: Database, write_conll: Callable[..., Path]) -> None:
    pytest.importorskip("eflomal")
    left, right = counted_sample()
    import_sample(sqlite_database, write_conll, {"en": left, "de": right})
    results = {}
    for rule in ("intersection", "grow-diag", "grow-diag-final-and", "union"):
        report = run_plan(sqlite_database, plan_with(sqlite_database, f'{EFLOMAL}symmetrization = "{rule}"\n'))
        assert report.steps[0].done == (rule == "intersection"), "trained once for all rules"
        links = stored_links(sqlite_database)[report.steps[1].step_id]
        assert right_share(links, left) > 0.9
        results[rule] = {(number, *cell) for number, entry in enumerate(links) for cell in entry}
    assert results["intersection"] <= results["grow-diag"] <= results["grow-diag-final-and"] <= results["union"]


def test_without_eflomal(sample: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "eflomal", None)
    with pytest.raises(MissingExtra) as caught:
        plan_with(sample, '[align]\naligner = "eflomal"\n')
    assert caught.value.extra == "eflomal"


VOTE = """
[align]
aligner = "vote"
{rule}
[[align.voters]]
aligner = "equal_words"
[[align.voters]]
aligner = "equal_words"
words = "all"
[[align.voters]]
aligner = "equal_words"
repeats = "skip"
"""


def test_voters_are_steps_of_their_own(database: Database, write_conll: Callable[..., Path]) -> None:
    import_sample(database, write_conll, {"en": ["Anna/B-PER met Anna in x"], "de": ["Anna x Anna in y"]})
    plan = plan_with(database, VOTE.format(rule="min_votes = 2"))
    report = run_plan(database, plan)
    assert [stage.spec.kind for stage in plan.stages] == ["align"] * 4 + ["score", "project"]
    assert report.steps[3].title == "align by 2 of 3: by equal words, by equal words, by equal words"
    links = stored_links(database)
    (voted,) = links[report.steps[3].step_id]
    assert voted == pytest.approx({(0, 0): 2 / 3, (2, 2): 2 / 3}, abs=1e-3)

    again = run_plan(database, plan_with(database, VOTE.format(rule='symmetrization = "union"')))
    assert [step.done for step in again.steps] == [0, 0, 0, 1, 1, 1]
    (united,) = stored_links(database)[again.steps[3].step_id]
    assert united.keys() == {(0, 0), (2, 2), (3, 3), (4, 1)} and united[3, 3] == pytest.approx(1 / 3, abs=1e-3)


def test_a_vote_without_links_is_empty(sqlite_database: Database, write_conll: Callable[..., Path]) -> None:
    import_sample(sqlite_database, write_conll, {"en": ["Anna/B-PER met"], "de": ["niemand da"]})
    report = run_plan(sqlite_database, plan_with(sqlite_database, VOTE.format(rule="")))
    assert report.failed == 0
    assert set(outcomes(sqlite_database, "align").values()) == {("empty", "no-links")}


def test_explain_tells_who_voted_and_shows_the_voted_links(
    sqlite_database: Database, write_conll: Callable[..., Path]
) -> None:
    import_sample(sqlite_database, write_conll, {"en": ["Anna/B-PER met Tom"], "de": ["traf Tom Anna"]})
    plan = plan_with(sqlite_database, VOTE.format(rule="min_votes = 3"))
    run_plan(sqlite_database, plan)
    sentence = explain_sentence(sqlite_database, plan, "news/de/all-1")
    (projection,) = sentence.projections
    assert [(left, right) for left, right, _ in projection.entities[0].links] == [(0, 2)]
    by_name: dict[str, Any] = {entry.role: entry for entry in projection.made_by}
    assert {"voter:01", "voter:02", "voter:03", "alignment"} <= by_name.keys()
    assert (by_name["voter:02"].params["aligner"], by_name["voter:02"].params["words"]) == ("equal_words", "all")
    assert by_name["alignment"].params["min_votes"] == 3 and by_name["voter:03"].outcome == "ok"


@pytest.mark.parametrize(
    ("align", "key"),
    [
        ('aligner = "equal_words"\nmodel = "m"', "align.model"),
        ('aligner = "eflomal"\nsymmetrization = "votes"', "align.symmetrization"),
        ('aligner = "vote"\nsymmetrization = "soft"', "align.symmetrization"),
        ('aligner = "vote"', "align.voters"),
        (
            'aligner = "vote"\nmin_votes = 3\nvoters = [{ aligner = "equal_words" }, { aligner = "eflomal" }]',
            "align.min_votes",
        ),
        ('aligner = "imported"', "align.name"),
        ('aligner = "giza"', "align.aligner"),
        ('aligner = "vote"\n[[align.voters]]\nalinger = "equal_words"', "align.voters.alinger"),
    ],
)
def test_settings_that_make_no_sense(align: str, key: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(f"{TOP}[align]\n{align}\n")
    assert caught.value.key == key


def test_the_digest_of_an_encoder_is_what_it_always_was(sample: Database, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (spec,) = {
        stage.spec
        for stage in plan_with(sample, f'[align]\nmodel = "{tmp_path}"\n').stages
        if stage.spec.kind == "align"
    }
    assert set(spec.params) == {"method", "layer", "pooling", "threshold", "temperature", "transform"}
    assert (spec.version, dict(spec.inputs)) == (1, {})
