"""Model transfer: a language's own tagger labels its sentences, without any translation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import outcomes, plan_of
from sqlalchemy import select
from toy_tagger import toy_tagger

from xprojdb.config.recipe import RecipeError, parse_recipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import UsageError
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.execution.run import run_plan
from xprojdb.exports.rows.projected_labels import choose, read_sentences
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan
from xprojdb.provenance.explain import explain_sentence

TOP = 'source = []\ntarget = ["de"]\nlabels = ["PER"]'
COMBINE = '[combine]\nmethod = "majority"\ntransfer = true\n'


def _import(database: Database, write_conll: Callable[..., Path], *lines: str) -> None:
    path = write_conll("news.de.conll", *lines)
    import_files(database, CorpusInfo("news"), [corpus_file(path, "de", form="conll")])


def _plan(database: Database, folder: Path) -> Plan:
    return plan_of(database, folder, f'{COMBINE}[tag]\nmodels = {{ de = "hf:{toy_tagger()}" }}\n', top=TOP)


@pytest.mark.slow
def test_the_tagger_s_labels_are_the_sentences_own(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    _import(database, write_conll, "Anna/B-PER traf Turin/B-LOC", "Regen fiel")
    plan = _plan(database, tmp_path)
    run_plan(database, plan)
    with database.read() as connection:
        execute = connection.execute(select(t.label.c.sentence_id, t.label.c.start_word, t.label.c.label)).all()
        assert (1, 0, "PER") in map(tuple, execute)
        assert {row.label for row in execute} == {"PER"}
        rows = [row for entry in choose(plan) for row in read_sentences(connection, entry)]
    assert [label[:3] for label in rows[0].labels] == [(0, 1, "PER")]
    assert len(rows) == 2
    assert set(outcomes(database, "combine")) == {1, 2}
    assert run_plan(database, plan).run_id is None


def test_it_is_explained_and_scored(database: Database, tmp_path: Path, write_conll: Callable[..., Path]) -> None:
    _import(database, write_conll, "Anna/B-PER traf Turin/B-LOC", "Regen fiel")
    plan = _plan(database, tmp_path)
    run_plan(database, plan)
    consensus = explain_sentence(database, plan, "news/de/all-1").consensus
    assert consensus is not None
    assert [vote.source for label in consensus.labels for vote in label.votes] == ["transfer"]
    (scored,) = evaluate_projections(database, plan.labellings, resamples=10)
    assert (scored.projection.target, scored.labels["PER"][0].recall) == ("de", 1.0)


def test_without_a_source_a_tagger_must_be_asked() -> None:
    with pytest.raises(RecipeError):
        parse_recipe(f'name = "x"\ncorpora = ["news"]\n{TOP}')


def test_a_language_without_sentences_is_told(
    database: Database, tmp_path: Path, write_conll: Callable[..., Path]
) -> None:
    path = write_conll("news.en.conll", "rain fell")
    import_files(database, CorpusInfo("news"), [corpus_file(path, "en", form="conll")])
    with pytest.raises(UsageError) as refused:
        _plan(database, tmp_path)
    assert refused.value.corpora == ("news",)
