"""What is learned from whole corpora waits for something to learn from, since it is learned once and then kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from projection_sample import Diagonal, english, german, plan_of
from sqlalchemy import select

from xprojdb.db import Database, open_database
from xprojdb.db.tables import artifact, step
from xprojdb.errors import MissingExtra
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.plan import Plan
from xprojdb.steps.align.stage import Align

Write = Callable[..., Path]
SETTINGS = {
    "habits": '[project]\nweights = "auto"\nlabel_consistency = 0.5\n',
    "terms": '[[scorer]]\ntype = "link_mass"\n[[scorer]]\ntype = "term_consistency"\n',
    "renderings": '[[scorer]]\ntype = "link_mass"\n[[scorer]]\ntype = "translation_memory"\n',
}


def _import(database: Database, write_conll: Write, part: str, labelled: bool) -> None:
    texts = {"en": english(6), "de": german(6)}
    files = [
        corpus_file(write_conll(f"{part}.{lang}.conll", *lines), lang, part=part, labelled=labelled and lang == "en")
        for lang, lines in texts.items()
    ]
    import_files(database, CorpusInfo("news"), files, parallel=True)


def _learned(database: Database) -> dict[str, list[Any]]:
    """What was learned, by the kind of the step."""
    query = select(step.c.kind, artifact.c.content).join(artifact, artifact.c.step_id == step.c.id)
    learned: dict[str, list[Any]] = {}
    with database.read() as connection:
        for kind, content in connection.execute(query.order_by(step.c.digest)):
            learned.setdefault(kind, []).append(json.loads(content))
    return learned


@pytest.fixture
def undisturbed(tmp_path: Path) -> Database:
    """An empty database, to compare with."""
    return open_database(tmp_path / "undisturbed.db", create=True)


def _without_its_model(plan: Plan) -> Plan:
    def load(_given: object) -> object:
        raise MissingExtra("torch is not installed", hint="install it")

    plan.stages = [
        Align(stage.spec, partial(load, Diagonal())) if isinstance(stage, Align) else stage for stage in plan.stages
    ]
    return plan


@pytest.mark.parametrize("kind", SETTINGS)
def test_nothing_is_learned_while_a_model_is_missing(
    database: Database, undisturbed: Database, write_conll: Write, tmp_path: Path, kind: str
) -> None:
    for own in (database, undisturbed):
        _import(own, write_conll, "first", labelled=True)
    with pytest.raises(MissingExtra):
        run_plan(database, _without_its_model(plan_of(database, tmp_path, SETTINGS[kind])))
    assert not _learned(database).keys() & {"habits", "terms", "forms", "renderings"}
    for own in (database, undisturbed):
        run_plan(own, plan_of(own, tmp_path, SETTINGS[kind]))
    assert kind in _learned(database)
    assert _learned(database) == _learned(undisturbed)


@pytest.mark.parametrize("kind", SETTINGS)
def test_nothing_is_learned_while_no_sentence_has_labels(
    database: Database, undisturbed: Database, write_conll: Write, tmp_path: Path, kind: str
) -> None:
    _import(database, write_conll, "first", labelled=False)
    report = run_plan(database, plan_of(database, tmp_path, SETTINGS[kind]))
    assert any("labels" in line for line in report.waiting)
    assert not _learned(database).keys() & {"habits", "terms", "forms", "renderings"}
    _import(database, write_conll, "second", labelled=True)
    _import(undisturbed, write_conll, "first", labelled=False)
    _import(undisturbed, write_conll, "second", labelled=True)
    for own in (database, undisturbed):
        run_plan(own, plan_of(own, tmp_path, SETTINGS[kind]))
    learned, expected = _learned(database), _learned(undisturbed)
    # Words are counted where there are sentences, labelled or not.
    learned.pop("frequencies", None), expected.pop("frequencies", None)
    assert kind in learned
    assert learned == expected
