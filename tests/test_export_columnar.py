"""Exporting by columns gives the same files as exporting row by row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import english, german, plan_of
from sqlalchemy import update

from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database
from xprojdb.db.tables import label
from xprojdb.execution.run import run_plan
from xprojdb.exports import api
from xprojdb.exports.api import export_dataset
from xprojdb.exports.errors import ExportError
from xprojdb.exports.rows import columnar, walking
from xprojdb.exports.selection import label_set
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan

pytest.importorskip("pyarrow")

TABLES = [
    ExportTable(),
    ExportTable(provenance="none", tiers={"gold": 0.9, "silver": 0.5, "rest": 0.0}),
    ExportTable(provenance="full", tiers={"gold": 0.95}, tier_by="score"),
    ExportTable(budget=7, split_ratios={"train": 0.5, "test": 0.5}),
    ExportTable(min_entities=1, dedupe=True, provenance="full"),
    ExportTable(outcomes=("empty",)),
]


@pytest.fixture
def done(database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    """Two corpora in two splits and languages, with words that JSON writes in its own way."""
    odd = ['Anna/B-PER "Berg"/I-PER \\x é😀 1 in 2024-01-01/B-DATE', "Turin/B-LOC", "a\u200db \u2060c null"]
    for corpus in ("news", "talks"):
        for split, first in (("train", 0), ("test", 40)):
            lines = {"en": [*english(25, first), *odd], "de": [*german(25, first), *odd], "es": [*german(28, first)]}
            files = [
                corpus_file(
                    write_conll(f"{corpus}.{split}.{lang}.conll", *own), lang, form="conll", split=split,
                    labelled=lang == "en", separator="\t",
                )
                for lang, own in lines.items()
            ]  # fmt: skip
            import_files(database, CorpusInfo(corpus), files, parallel=True)
    plan = plan_of(database, tmp_path, top='source = ["en"]\ntarget = ["de", "es"]', corpora='["news", "talks"]')
    run_plan(database, plan)
    return plan


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_columns_and_rows_give_the_same_files(
    database: Database, done: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "BLOCK", 9)
    for number, table in enumerate(TABLES):
        export_dataset(database, done, tmp_path / f"columns{number}", table=table)
    monkeypatch.setattr(api, "is_columnar", lambda *_: False)
    for number, table in enumerate(TABLES):
        export_dataset(database, done, tmp_path / f"rows{number}", table=table)
        assert _bytes(tmp_path / f"rows{number}") == _bytes(tmp_path / f"columns{number}"), table


def test_labels_that_overlap_are_refused(database: Database, done: Plan, tmp_path: Path) -> None:
    step = done.projections[0].step.step_id
    with database.write() as connection:
        connection.execute(update(label).where(label.c.step_id == step, label.c.ordinal == 1).values(start_word=1))
    with pytest.raises(ExportError) as caught:
        export_dataset(database, done, tmp_path / "out")
    assert caught.value.id.startswith("news/de/")
    assert not (tmp_path / "out").exists()


def test_a_label_of_an_unknown_type_is_not_exported_as_another(
    done: Plan, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another program has changed it since the types were counted."""
    monkeypatch.setattr(label_set, "_distinct", lambda *_: ["PER"])
    with pytest.raises(ExportError, match="unknown type"):
        export_dataset(database, done, tmp_path / "out")


def test_only_whole_labels_of_one_source_go_by_columns(done: Plan) -> None:
    projection = done.projections[0]
    asked = (
        ExportTable(min_margin=0.5),
        ExportTable(labels=("PER",)),
        ExportTable(min_margin=0.5, on_low_score="label"),
    )
    assert [columnar.is_columnar(projection, table) for table in asked] == [True, False, False]
