"""The card as the database tells it, and as the command shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import english, german, plan_of

from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_dataset
from xprojdb.exports.card.text import read_card
from xprojdb.exports.errors import ExportError
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan

CUT = ExportTable(
    min_margin=0.1, budget=9, dedupe=True, tiers={"gold": 0.5}, decontaminate=("held out",), mix={"news": 2.0}, seed=3
)


@pytest.fixture
def done(sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    """A corpus that may not be sold, projected onto German, which has gold, and Spanish, which has none."""
    gold = [line.replace("Anna Berg", "Anna/B-PER Berg/I-PER") for line in german(20)]
    sides = {"en": english(20), "de": gold, "es": german(20)}
    files = [
        corpus_file(write_conll(f"{lang}.conll", *lines), lang, form="conll", labelled=lang != "es")
        for lang, lines in sides.items()
    ]
    info = CorpusInfo("news", license="CC-BY-NC-4.0", citation="@misc{news, title={News}}")
    import_files(sqlite_database, info, files, parallel=True)
    held = corpus_file(write_conll("held.conll", "Niemand sah 4 Boote"), "de", form="conll", labelled=False)
    import_files(sqlite_database, CorpusInfo("held out"), [held])
    plan = plan_of(sqlite_database, tmp_path, top='source = ["en"]\ntarget = ["de", "es"]')
    run_plan(sqlite_database, plan)
    return plan


def _export(database: Database, plan: Plan, folder: Path, table: ExportTable = CUT) -> str:
    export_dataset(database, plan, folder, table=table)
    return (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_card_tells_how_sentences_were_chosen(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    card = _export(sqlite_database, done, tmp_path / "hf")
    section = card.split("## How the sentences were chosen")[1].split("\n## ")[0]
    for part in ("0.1", "9 sentences for each language", "seed 3", "gold=0.5", "held out", "Of 40 sentences"):
        assert part in section
    assert "decontaminate 2" in section
    command = card.split("xprojdb export hf")[1].split("\n")[0]
    assert command.split("--")[1:] == [
        "recipe sample ", "langs de,es ", "min-margin 0.1 ", "decontaminate 'held out' ", "dedupe ", "budget 9 ",
        "mix news=2 ", "tiers gold=0.5 ", "seed 3",
    ]  # fmt: skip
    assert "How the sentences were chosen" not in _export(sqlite_database, done, tmp_path / "hf", ExportTable())


def test_the_card_calls_out_licenses_and_limits(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    evaluate_projections(sqlite_database, done.projections)
    card = _export(sqlite_database, done, tmp_path / "hf")
    warnings = [line for line in card.splitlines() if line.startswith(">")]
    assert any("news" in line and "commercial" in line for line in warnings)
    assert any("model" in line and "not known" in line for line in warnings)
    limits = card.split("## Known limits")[1].split("\n## ")[0]
    assert "Spanish have not been compared with gold" in limits
    assert "German" not in limits
    assert "@misc{news" in card


def test_the_hub_accepts_the_fields(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    _export(sqlite_database, done, tmp_path / "hf")
    data = hub.DatasetCard.load(tmp_path / "hf" / "README.md").data.to_dict()
    assert (data["license"], data["language"]) == ("cc-by-nc-4.0", ["de", "es"])
    assert {datum["config_name"] for datum in data["configs"]} == {"all", "de", "es"}
    assert data["annotations_creators"] == ["machine-generated"]


def test_what_people_wrote_survives_the_next_export(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    card = _export(sqlite_database, done, tmp_path / "hf")
    mine = card.replace(card.split("hand-written:start -->")[1].split("<!--")[0], "\nMind the gap.\n")
    (tmp_path / "hf" / "README.md").write_text(mine, encoding="utf-8")
    again = _export(sqlite_database, done, tmp_path / "hf", ExportTable())
    assert "\nMind the gap.\n" in again


@pytest.mark.slow
def test_the_card_is_shown_and_drawn(
    sqlite_database: Database, done: Plan, tmp_path: Path, run_cli: Callable[..., object]
) -> None:
    card = _export(sqlite_database, done, tmp_path / "hf")
    shown = run_cli("card", "hf", COLUMNS="120")
    text = shown.stdout  # type: ignore[attr-defined]
    assert shown.code == 0, shown.stderr  # type: ignore[attr-defined]
    for part in ("cc-by-nc-4.0", "How the labels were made", "Of 40 sentences", "German", 'name = "sample"'):
        assert part in text
    assert "hand-written" not in text
    assert "between the two comments" not in text
    assert 'name = "sample"' not in run_cli("card", "hf", "--no-recipe-text").stdout  # type: ignore[attr-defined]
    drawn = [run_cli("card", "hf", "--svg", f"{name}.svg") for name in "ab"]
    assert {entry.code for entry in drawn} == {0}  # type: ignore[attr-defined]
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "</svg>" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert (tmp_path / "hf" / "README.md").read_text(encoding="utf-8") == card


def test_a_folder_without_a_card_is_refused(tmp_path: Path) -> None:
    for text in (None, "# no front matter\n"):
        if text:
            (tmp_path / "README.md").write_text(text, encoding="utf-8")
        with pytest.raises(ExportError) as caught:
            read_card(tmp_path)
        assert caught.value.path == tmp_path / "README.md"
