"""Cut data sets out of a database: which sentences they hold, and that the cut is recorded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from projection_sample import english, german, plan_of
from several_sample import FIRST, import_part, run_combined
from sqlalchemy import select

from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database
from xprojdb.db.tables import export
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_as
from xprojdb.exports.selection.cut import NothingLeft
from xprojdb.exports.selection.parts import select_parts
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan

WriteConll = Callable[..., Path]
Row = tuple[str, str]


def _import(
    database: Database,
    write_conll: WriteConll,
    lines: dict[str, Sequence[str]],
    corpus: str = "news",
    labelled: Sequence[str] = ("en",),
) -> None:
    files = [
        corpus_file(write_conll(f"{corpus}.{lang}.conll", *own), lang, form="conll", labelled=lang in labelled)
        for lang, own in lines.items()
    ]
    import_files(database, CorpusInfo(corpus), files, parallel=len(files) > 1)


def _project(database: Database, folder: Path, top: str = "", settings: str = "") -> Plan:
    plan = plan_of(database, folder, settings, top=top)
    run_plan(database, plan)
    return plan


@pytest.fixture
def two_targets(database: Database, write_conll: WriteConll, tmp_path: Path) -> Plan:
    """Forty sentences in English, German and Spanish, projected onto the latter two."""
    _import(database, write_conll, {"en": english(40), "de": german(40), "es": german(40)})
    return _project(database, tmp_path, 'source = ["en"]\ntarget = ["de", "es"]')


def _cut(database: Database, plan: Plan, targets: Sequence[str] = (), **keys: Any) -> set[Row]:
    """Language and id of each sentence, and its split behind them where new ones are assigned."""
    table = ExportTable(**keys)
    with database.read() as connection:
        selection = select_parts(connection, plan, targets, None, table)
        values = [
            (part.target, sentence.external_id, part.split)
            if table.split_ratios
            else (part.target, sentence.external_id)
            for part in selection.parts
            for _, sentence in selection.sentences(connection, part)
        ]
    assert len(values) == len(set(values))
    return set(values)  # type: ignore[arg-type]


def test_samples_are_nested(database: Database, two_targets: Plan) -> None:
    small = _cut(database, two_targets, budget=5)
    assert Counter(lang for lang, *_ in small) == {"de": 5, "es": 5}
    assert small < _cut(database, two_targets, budget=12)
    assert _cut(database, two_targets, ["de"], budget=5) < small
    assert {name for lang, name in small if lang == "de"} == {name for lang, name in small if lang == "es"}
    assert _cut(database, two_targets, budget=5, seed=1) != small
    assert len(_cut(database, two_targets, budget=1000)) == 80


@pytest.mark.parametrize("unit", ["tokens", "entities"])
def test_a_budget_may_be_in_words_or_labels(database: Database, two_targets: Plan, unit: str) -> None:
    def spent(rows: set[Row]) -> int:
        cost = {"tokens": (7, 4), "entities": (2, 0)}[unit]
        return sum(cost[int(name.rpartition("-")[2]) % 5 == 0] for _, name in rows)

    small = _cut(database, two_targets, budget_per="all", budget=50, budget_unit=unit)
    assert 50 - 7 < spent(small) <= 50
    assert small < _cut(database, two_targets, budget_per="all", budget=80, budget_unit=unit)


def test_renderings_of_one_another_share_their_split(database: Database, two_targets: Plan) -> None:
    shares = {"train": 0.5, "test": 0.5}
    rows = _cut(database, two_targets, split_ratios=shares)
    splits: dict[str, set[str]] = {}
    for _, name, split in rows:  # type: ignore[misc]
        splits.setdefault(name, set()).add(split)  # type: ignore[has-type]
    assert len(splits) == 40
    assert all(len(entry) == 1 for entry in splits.values())
    assert 8 < sum(entry == {"train"} for entry in splits.values()) < 32
    assert _cut(database, two_targets, ["es"], split_ratios=shares) < rows


def test_a_sample_does_not_depend_on_what_was_imported_first(
    database: Database, sqlite_database: Database, write_conll: WriteConll, tmp_path: Path
) -> None:
    _import(sqlite_database, write_conll, {"de": german(40), "en": english(40)})
    _import(database, write_conll, {"fr": german(40)}, "other")
    _import(database, write_conll, {"en": english(40), "de": german(40)})
    plans = [_project(entry, tmp_path) for entry in (database, sqlite_database)]
    keys: dict[str, Any] = {"budget": 9, "split_ratios": {"train": 0.5, "test": 0.5}}
    assert _cut(database, plans[0], **keys) == _cut(sqlite_database, plans[1], **keys)


def test_one_of_several_equal_sentences_is_kept(database: Database, write_conll: WriteConll, tmp_path: Path) -> None:
    _import(database, write_conll, {"en": english(6) * 2, "de": german(6) + ["Anna Berg traf dich"] * 6})
    plan = _project(database, tmp_path)
    kept = _cut(database, plan, dedupe=True)
    assert len(kept) == 7
    assert kept == _cut(database, plan, dedupe=True)
    # Which of them is kept is the first of the sample: it stays the same whatever the budget.
    assert _cut(database, plan, dedupe=True, budget=3) < kept


def test_no_text_of_a_test_set_is_exported(database: Database, write_conll: WriteConll, two_targets: Plan) -> None:
    _import(database, write_conll, {"de": [german(8)[7].upper(), "unbekannt"]}, "held")
    file = write_conll("test.conll", "Anna/B-PER Berg/I-PER met 3 peopl e in Turin")
    everything = _cut(database, two_targets)
    rows = _cut(database, two_targets, decontaminate=("held", str(file)))
    # The German text of the eighth sentence takes its Spanish rendering along, the English one of the fourth both.
    assert everything - rows == {(lang, f"all-{number}") for lang in ("de", "es") for number in (4, 8)}
    for name in ("held:test", "nowhere", "news:x:y"):
        with pytest.raises(UsageError) as caught:
            _cut(database, two_targets, decontaminate=(name,))
        assert caught.value.name == name
    with pytest.raises(NothingLeft) as left:
        _cut(database, two_targets, decontaminate=("news",))
    assert left.value.removed == {"decontaminate": 80}


@pytest.fixture
def two_corpora(database: Database, write_conll: WriteConll, tmp_path: Path) -> Plan:
    """Thirty sentences of news and ten of talks."""
    _import(database, write_conll, {"en": english(30), "de": german(30)})
    _import(database, write_conll, {"en": english(10, 100), "de": german(10, 100)}, "talks")
    plan = plan_of(database, tmp_path, corpora='["news", "talks"]')
    run_plan(database, plan)
    return plan


def _by_corpus(database: Database, plan: Plan, folder: Path, **keys: Any) -> dict[str, int]:
    report = export_as("jsonl", database, plan, folder, table=ExportTable(**keys))
    assert list(report.counts) == ["de.train.jsonl"]
    lines = (folder / "de.train.jsonl").read_text(encoding="utf-8").splitlines()
    return dict(Counter(json.loads(line)["id"].partition("/")[0] for line in lines))


def test_corpora_are_joined_and_mixed(database: Database, two_corpora: Plan, tmp_path: Path) -> None:
    def count(**keys: Any) -> dict[str, int]:
        return _by_corpus(database, two_corpora, tmp_path / "out", **keys)

    assert count() == {"news": 30, "talks": 10}
    assert count(corpora=("talks",)) == {"talks": 10}
    assert count(mix={"news": 1, "talks": 1}) == {"news": 10, "talks": 10}
    assert count(mix={"news": 3, "talks": 2}, budget=10) == {"news": 6, "talks": 4}
    assert count(mix={"news": 1}, budget=7) == {"news": 7}
    assert count(budget_per="corpus", budget=6) == {"news": 6, "talks": 6}
    with pytest.raises(UsageError) as caught:
        count(mix={"new": 1})
    assert (caught.value.key, caught.value.name) == ("mix", "new")


def test_sources_that_are_not_combined_can_be_mixed(
    database: Database, write_conll: WriteConll, tmp_path: Path
) -> None:
    _import(database, write_conll, {"en": english(60), "es": english(60), "de": german(60)}, labelled=("en", "es"))
    plan = _project(database, tmp_path, 'source = ["en", "es"]\ntarget = ["de"]')

    def sources(**keys: Any) -> Counter[str]:
        with database.read() as connection:
            selection = select_parts(connection, plan, table=ExportTable(**keys))
            rows = [row for part in selection.parts for _, row in selection.sentences(connection, part)]
        # Each sentence once, whichever of its sources it is labelled from.
        assert len({row.external_id for row in rows}) == len(rows)
        return Counter(row.source_langs[0] for row in rows)

    assert sources(mix_by="source", mix={"en": 1, "es": 1}, budget=20) == {"en": 10, "es": 10}
    assert sources(mix_by="source", mix={"es": 1}, budget=50) == {"es": 50}
    whole = sources(budget_per="source", budget=1000)
    assert whole["en"] + whole["es"] == 60
    assert min(whole.values()) > 15
    with pytest.raises(UsageError) as caught:
        sources(budget=5)
    assert caught.value.sources == ("en", "es")


def test_sources_must_agree(database: Database, write_conll: WriteConll, tmp_path: Path) -> None:
    import_part(database, write_conll, FIRST, "all")
    plan = run_combined(database, tmp_path, 'method = "majority"\nmin_support = 0.1')
    everything = _cut(database, plan)
    assert _cut(database, plan, min_votes=2) < everything
    with database.read() as connection:
        selection = select_parts(connection, plan, table=ExportTable(min_votes=3, on_low_score="label"))
        rows = [row for part in selection.parts for _, row in selection.sentences(connection, part)]
    assert {(row.external_id, row.name) for row in rows} == {(name, f"news/de/{name}") for _, name in everything}
    assert {label.votes for row in rows for label in row.labels} == {("en", "es", "it")}


def test_votes_need_a_consensus(database: Database, two_targets: Plan) -> None:
    with pytest.raises(UsageError) as caught:
        _cut(database, two_targets, min_votes=2)
    assert caught.value.key == "min_votes"


def test_a_cut_that_leaves_nothing_says_what_took_it_out(database: Database, two_targets: Plan, tmp_path: Path) -> None:
    with pytest.raises(NothingLeft) as caught:
        export_as("jsonl", database, two_targets, tmp_path / "out", table=ExportTable(min_words=5, min_margin=2.0))
    assert (caught.value.available, caught.value.removed) == (80, {"min_words": 16, "min_margin": 64})
    with pytest.raises(NothingLeft) as caught:
        export_as("jsonl", database, two_targets, tmp_path / "out", table=ExportTable(min_margin=2.0))
    assert caught.value.removed == {"min_margin": 64}
    assert not (tmp_path / "out").exists()
    assert len(_cut(database, two_targets, outcomes=("empty",))) == 16


def test_a_cut_is_recorded(database: Database, two_targets: Plan, tmp_path: Path) -> None:
    table = ExportTable(min_entities=1, budget=10, tiers={"gold": 0.5})
    report = export_as("jsonl", database, two_targets, tmp_path / "out", table=table)
    assert (report.available, report.sentences, report.removed) == (80, 20, {"min_entities": 16, "budget": 44})
    with database.read() as connection:
        query = json.loads(connection.execute(select(export.c.query)).scalar_one())
    assert list(report.removed or ()) == ["min_entities", "budget"]
    assert query["cut"] == {"min_entities": 1, "budget": 10, "tiers": {"gold": 0.5}}
    assert (query["found"], query["removed"]) == (80, {"min_entities": 16, "budget": 44})


def test_labels_that_are_dropped_are_counted(database: Database, two_targets: Plan, tmp_path: Path) -> None:
    table = ExportTable(labels=("PER",))
    report = export_as("jsonl", database, two_targets, tmp_path / "out", table=table)
    assert (report.sentences, report.removed, report.dropped) == (80, {}, 64)


def test_a_recipe_may_say_how_to_cut(database: Database, write_conll: WriteConll, tmp_path: Path) -> None:
    _import(database, write_conll, {"en": english(20), "de": german(20)})
    plan = _project(database, tmp_path, settings='[export]\nbudget = 4\nlabels = ["PER"]\n')
    assert export_as("jsonl", database, plan, tmp_path / "out").sentences == 4
    lines = [json.loads(line) for line in (tmp_path / "out/de.train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {entity["label"] for line in lines for entity in line["entities"]} == {"PER"}
    with pytest.raises(UsageError) as caught:
        export_as("jsonl", database, plan, tmp_path / "out", table=ExportTable(labels=("PERSON",)))
    assert caught.value.name == "PERSON"
