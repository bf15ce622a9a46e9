"""Chinese in characters, as PAN-X has it: aligned as words, labelled in characters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import import_sample, labels
from sqlalchemy import select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database
from xprojdb.db.tables import alignment
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import plan_recipe
from xprojdb.steps.spec import StepSpec

TOP = 'name = "cjk"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["zh"]\n'


def align_specs(database: Database, align: str, top: str = TOP) -> list[StepSpec]:
    plan = plan_recipe(database, parse_recipe(f"{top}[align]\n{align}\n"))
    return [stage.spec for stage in plan.stages if stage.spec.kind in ("align", "link-counts", "mean")]


@pytest.mark.slow
def test_characters_are_aligned_as_words(database: Database, write_conll: Callable[..., Path]) -> None:
    pytest.importorskip("jieba")
    # As in text where a name was left in Chinese: only as a whole is the word equal to the other one.
    import_sample(database, write_conll, {"en": ["北京大学/B-ORG is old"], "zh": ["我 在 北 京 大 学"]})
    run_plan(database, plan_recipe(database, parse_recipe(f'{TOP}[align]\naligner = "equal_words"\n[[scorer]]\n')))
    with database.read() as connection:
        assert connection.execute(select(alignment.c.links)).scalars().all() == ["0-2:1 0-3:1 0-4:1 0-5:1"]
    assert [row[1:] for row in labels(database)] == [(2, 6, "ORG")]


def test_without_segmenting_nothing_is_equal(sqlite_database: Database, write_conll: Callable[..., Path]) -> None:
    import_sample(sqlite_database, write_conll, {"en": ["北京大学/B-ORG is old"], "zh": ["我 在 北 京 大 学"]})
    text = f'{TOP}[align]\naligner = "equal_words"\nsegment = false\n'
    run_plan(sqlite_database, plan_recipe(sqlite_database, parse_recipe(text)))
    assert labels(sqlite_database) == []


def test_what_is_part_of_the_step(sqlite_database: Database, write_conll: Callable[..., Path]) -> None:
    pytest.importorskip("jieba")
    import_sample(sqlite_database, write_conll, {"en": ["Anna/B-PER"], "zh": ["安 娜"], "de": ["Anna"]})
    (chinese,) = align_specs(sqlite_database, 'aligner = "equal_words"')
    assert chinese.params["segment"]["rendering"]["lang"] == "zh" and "original" not in chinese.params["segment"]
    (characters,) = align_specs(sqlite_database, 'aligner = "equal_words"\nsegment = false')
    german = 'name = "de"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    (words,) = align_specs(sqlite_database, 'aligner = "equal_words"', german)
    (also,) = align_specs(sqlite_database, 'aligner = "equal_words"\nsegment = false', german)
    assert characters.digest == words.digest == also.digest != chinese.digest
    assert "segment" not in words.params


def test_what_is_learned_is_learned_of_words(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("jieba")
    pytest.importorskip("eflomal")
    import_sample(sqlite_database, write_conll, {"en": ["Anna/B-PER"], "zh": ["安 娜"]})
    counts, align = align_specs(sqlite_database, 'aligner = "eflomal"')
    assert counts.params["segment"] == align.params["segment"]
    (tmp_path / "config.json").write_text("{}")
    specs = align_specs(sqlite_database, f'model = "{tmp_path}"\ntransform = "centre-language"')
    means = {spec.params["lang"]: spec.params.get("segment") for spec in specs if spec.kind == "mean"}
    assert means["en"] is None and means["zh"]["original"]["lang"] == "zh"
