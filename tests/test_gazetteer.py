"""Names that a tagger finds in some of their places are tagged in all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from projection_sample import import_sample, outcomes, plan_of
from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.execution.run import run_plan
from xprojdb.planning.plan import Plan
from xprojdb.provenance.explain import explain_sentence
from xprojdb.steps.tag.stage import Tag
from xprojdb.text.gazetteer import completed, count_names, count_places, frequent_names
from xprojdb.text.spans import Span

Write = Callable[..., Path]
EN = ("yes Turin won", "Turin slept", "Turin sang", "yes Lin won", "Lin slept", "Lin sang", "a Lin ran", "yes rain")
DE = tuple(line.replace("yes", "ja") for line in EN)
AUTO = '[project]\nweights = "auto"\n'


class AfterYes:
    """Finds the word after *yes*, and no other."""

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        return [(Span(1, 2, "LOC"),) if words[0] == "yes" else () for words in sentences]


def _plan(database: Database, folder: Path, keys: str = "") -> Plan:
    (folder / "tagger").mkdir(exist_ok=True)
    labels = {"id2label": {"0": "O", "1": "B-LOC"}, "architectures": ["ToyForTokenClassification"]}
    (folder / "tagger" / "config.json").write_text(json.dumps(labels))
    table = f'[tag]\nmodels = {{ en = "hf:{folder / "tagger"}" }}\n{keys}'
    plan = plan_of(database, folder, f"{table}{AUTO}")
    plan.stages = [Tag(stage.spec, partial(AfterYes)) if isinstance(stage, Tag) else stage for stage in plan.stages]
    return plan


def _entities(database: Database, kind: str) -> list[tuple[str, int, int, str]]:
    columns = (t.sentence.c.external_id, t.entity.c.start_word, t.entity.c.end_word, t.entity.c.label)
    query = select(*columns).join(t.sentence, t.sentence.c.id == t.entity.c.sentence_id)
    query = query.join(t.step, t.step.c.id == t.entity.c.step_id).where(t.step.c.kind == kind)
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(t.sentence.c.id, t.entity.c.ordinal))]


def test_names_are_tagged_wherever_they_are(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": EN, "de": DE})
    plan = _plan(database, tmp_path, "gazetteer = 0.3\n")
    assert run_plan(database, plan).failed == 0
    # Turin is tagged in one of three places, Lin in one of four; rain is no name.
    assert _entities(database, "gazetteer") == [
        ("all-1", 1, 2, "LOC"), ("all-2", 0, 1, "LOC"), ("all-3", 0, 1, "LOC"), ("all-4", 1, 2, "LOC"),
        ("all-8", 1, 2, "LOC"),
    ]  # fmt: skip
    assert set(outcomes(database, "gazetteer").values()) == {("ok", None), ("empty", "no-entities")}
    projections = explain_sentence(database, plan, "news/de/all-2").projections[0]
    assert [entity.text for entity in projections.entities] == ["Turin"]
    assert {step.outcome for step in projections.made_by if step.kind in ("gazetteer", "names")} == {"ok"}
    assert {step.outcome for step in projections.made_by if step.kind == "tag"} == {"empty"}
    assert run_plan(database, plan).done == 0


@pytest.mark.parametrize(
    ("keys", "count"), [("gazetteer = 0.2\n", 8), ("gazetteer = 0.5\n", 3), ("", 0), ("gazetteer = 0\n", 0)]
)
def test_the_share_is_the_recipes(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, keys: str, count: int
) -> None:
    import_sample(sqlite_database, write_conll, {"en": EN, "de": DE})
    run_plan(sqlite_database, _plan(sqlite_database, tmp_path, keys))
    assert len(_entities(sqlite_database, "gazetteer")) == count
    assert len(_entities(sqlite_database, "tag")) == 3


def test_longer_names_come_first_and_overlap_nothing() -> None:
    words = ["New", "York", "City", "is", "not", "York"]
    names = {"York": "PER", "New York": "LOC", "New York City": "ORG"}
    assert completed(words, [], names) == [Span(0, 3, "ORG"), Span(5, 6, "PER")]
    assert completed(words, [Span(2, 4, "X")], names) == [Span(0, 2, "LOC"), Span(2, 4, "X"), Span(5, 6, "PER")]


def test_the_most_frequent_label_of_enough_places() -> None:
    lines = [(["Ada", "saw", "Ada"], [Span(0, 1, "PER")]), (["Ada", "rain"], [Span(0, 1, "ORG"), Span(1, 2, "X")])]
    tagged = count_names(lines)
    assert tagged == {"Ada": {"PER": 1, "ORG": 1}}
    occurs = count_places((words for words, _ in lines), tagged)
    assert occurs == {"Ada": 3}
    assert frequent_names(tagged, occurs, 0.6) == {"Ada": "ORG"}
    assert frequent_names(tagged, occurs, 0.7) == {}
