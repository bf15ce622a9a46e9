"""The formats of an export: each is read back by the readers that people use, and gives the same labels."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from projection_sample import english, german, import_sample, plan_of
from sqlalchemy import func, select

from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database
from xprojdb.db.tables import export
from xprojdb.errors import MissingExtra, XprojdbError
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_as, export_conll, export_dataset
from xprojdb.exports.atomic import staged
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats import spacy_docbin
from xprojdb.exports.formats.json_lines import write_jsonl
from xprojdb.exports.formats.spacy_docbin import write_docbins
from xprojdb.exports.rows.sentences import ExportRow
from xprojdb.planning.planner import Plan
from xprojdb.readers import read_conll, read_jsonl
from xprojdb.text.spans import Span

JSONL = partial(export_as, "jsonl")
SPACY = partial(export_as, "spacy")

TAGS = ["B-PER", "I-PER", "O", "O", "O", "O", "B-LOC"]


@pytest.fixture
def done(sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    """Anna Berg and Turin, projected from English onto German and Spanish."""
    import_sample(sqlite_database, write_conll, {"en": english(12), "de": german(12), "es": german(12)})
    plan = plan_of(sqlite_database, tmp_path, top='source = ["en"]\ntarget = ["de", "es"]')
    run_plan(sqlite_database, plan)
    return plan


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_conll_2003_has_four_columns(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    export_conll(sqlite_database, done, tmp_path / "out", columns=4)
    first = (tmp_path / "out" / "de.train.conll").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    assert [line.split("\t") for line in first[:2]] == [
        ["Anna", "-X-", "-X-", "B-PER"],
        ["Berg", "-X-", "-X-", "I-PER"],
    ]
    records = list(read_conll(tmp_path / "out" / "de.train.conll"))
    assert records[0].entities == (Span(0, 2, "PER"), Span(6, 7, "LOC"))


def test_seqeval_counts_the_same_entities(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    export_conll(sqlite_database, done, tmp_path / "out")
    blocks = (tmp_path / "out" / "es.train.conll").read_text(encoding="utf-8").strip().split("\n\n")
    tags = [[line.split("\t")[1] for line in block.splitlines()] for block in blocks]
    entities = seqeval.get_entities(tags)
    records = list(read_conll(tmp_path / "out" / "es.train.conll"))
    assert len(entities) == sum(len(record.entities or ()) for record in records) == 20
    assert {label for label, _, _ in entities} == {"PER", "LOC"}


def test_json_lines_are_read_back(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    report = export_as("jsonl", sqlite_database, done, tmp_path / "out", table=ExportTable(provenance="full"))
    assert report.counts == {"de.train.jsonl": 12, "es.train.jsonl": 12}
    path = tmp_path / "out" / "de.train.jsonl"
    first = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert (first["id"], first["ner_tags"], first["lang"]) == ("news/de/all-1", TAGS, "de")
    assert {**first["entities"][0], "score": 0, "margin": 0} == {
        "start": 0, "end": 9, "label": "PER", "text": "Anna Berg", "score": 0, "margin": 0,
        "annotation": "projected",
    }  # fmt: skip
    assert first["text"] == "Anna Berg traf 0 Leute in Turin"
    assert (first["source"], first["source_langs"], len(first["scores"])) == ("news/en/all-1", ["en"], 2)
    assert first["steps"][-1] == f"project:{done.projections[0].step.spec.digest}"
    records = list(read_jsonl(path, "de"))
    assert records[0].entities == (Span(0, 2, "PER"), Span(6, 7, "LOC"))
    assert [record.external_id for record in records][:2] == ["news/de/all-1", "news/de/all-2"]


def test_datasets_reads_json_lines(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export_as("jsonl", sqlite_database, done, tmp_path / "out")
    files = {"train": str(tmp_path / "out" / "de.train.jsonl")}
    loaded = datasets.load_dataset("json", data_files=files, cache_dir=str(tmp_path / "cache"), split="train")
    assert (loaded[0]["ner_tags"], loaded[4]["entities"]) == (TAGS, [])


@pytest.mark.slow
def test_spacy_reads_its_files(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    report = export_as("spacy", sqlite_database, done, tmp_path / "out")
    assert report.counts == {"de.train/0000.spacy": 12, "es.train/0000.spacy": 12}
    corpus = pytest.importorskip("spacy.training").Corpus(tmp_path / "out" / "de.train")
    docs = [example.reference for example in corpus(spacy.blank("xx"))]
    assert [(entity.text, entity.label_) for entity in docs[0].ents] == [("Anna Berg", "PER"), ("Turin", "LOC")]
    stored = spacy.tokens.DocBin().from_disk(tmp_path / "out" / "de.train" / "0000.spacy")
    doc = next(iter(stored.get_docs(spacy.blank("xx").vocab)))
    assert doc.user_data["id"] == "news/de/all-1"
    assert len(doc.user_data["margins"]) == 2
    assert _bytes(tmp_path / "out") == _bytes_again(sqlite_database, done, tmp_path)


def _bytes_again(database: Database, done: Plan, folder: Path) -> dict[str, bytes]:
    export_as("spacy", database, done, folder / "again")
    return _bytes(folder / "again")


def test_spacy_files_are_of_bounded_size(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    rows = [ExportRow(str(n), ["Anna", ",", "ja", "."], [Span(0, 1, "PER")], "de") for n in range(5)]
    written = list(write_docbins(tmp_path, rows, "de", docs_per_file=2))
    assert [(file.path.name, file.sentences) for file in written] == [
        ("0000.spacy", 2), ("0001.spacy", 2), ("0002.spacy", 1),
    ]  # fmt: skip
    (doc,) = spacy.tokens.DocBin().from_disk(tmp_path / "0002.spacy").get_docs(spacy.blank("xx").vocab)
    assert (doc.text, doc.user_data["id"]) == ("Anna, ja.", "4")


def test_without_spacy_the_extra_is_named(
    sqlite_database: Database, done: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(module: str, extra: str) -> None:
        raise MissingExtra("not there", module=module, extra=extra)

    monkeypatch.setattr(spacy_docbin, "require", missing)
    with pytest.raises(MissingExtra) as caught:
        export_as("spacy", sqlite_database, done, tmp_path / "out")
    assert caught.value.extra == "spacy"


def test_columns_of_provenance_can_be_chosen(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    plain = ["id", "tokens", "ner_tags", "lang", "text", "entities"]
    labels = ["annotation", "source", "scores", "margins", "step"]
    full = ["source_langs", "steps", "sentence_id", "translation_id"]
    for provenance, tiers, expected in (
        ("none", {}, plain),
        ("none", {"gold": 0.0}, [*plain, "tier"]),
        ("labels", {"gold": 0.0}, [*plain, *labels, "tier"]),
        ("full", {}, [*plain, *labels, *full]),
    ):
        table = ExportTable(provenance=provenance, tiers=tiers)
        export_dataset(sqlite_database, done, tmp_path / "hf", table=table)
        rows = parquet.read_table(tmp_path / "hf" / "de" / "train-00000-of-00001.parquet")
        assert rows.column_names == expected
    assert rows["source_langs"][0].as_py() == ["en"]


def test_tiers_are_a_column(sqlite_database: Database, done: Plan, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    table = ExportTable(tiers={"gold": 0.5, "bronze": 0.0})
    export_dataset(sqlite_database, done, tmp_path / "hf", table=table)
    loaded = datasets.load_dataset(str(tmp_path / "hf"), "es", cache_dir=str(tmp_path / "cache"), split="train")
    assert loaded["tier"][4] is None
    least = [min(margins) for margins in loaded["margins"] if margins]
    assert [tier for tier in loaded["tier"] if tier] == ["gold" if entry >= 0.5 else "bronze" for entry in least]


@pytest.mark.parametrize("write", [export_conll, JSONL, SPACY, export_dataset])
def test_a_disk_that_fills_leaves_the_old_export_whole(
    sqlite_database: Database,
    done: Plan,
    small_disk: Callable[[int], Path],
    write: Callable[..., object],
) -> None:
    if write is SPACY:
        pytest.importorskip("spacy")
    disk = small_disk(128)
    write(sqlite_database, done, disk / "out", table=ExportTable(budget=2, provenance="none"))
    before = _bytes(disk / "out")
    filler = disk / "filler"
    free = 128 * 1024 - sum(-(-len(data) // 4096) * 4096 for data in before.values())
    # Room for one file, but not for all of them.
    filler.write_bytes(b"x" * (free - 4096))
    with pytest.raises(ExportError) as caught:
        write(sqlite_database, done, disk / "out", table=ExportTable(provenance="full"))
    assert caught.value.errno == errno.ENOSPC
    assert _bytes(disk / "out") == before
    with sqlite_database.read() as connection:
        assert connection.execute(select(func.count()).select_from(export)).scalar_one() == 1


def test_staged_files_take_their_places_together(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(RuntimeError), staged() as files:
        for name in "ab":
            with files.file(tmp_path / name) as file:
                file.write(b"new")
        raise RuntimeError
    assert _bytes(tmp_path) == {"a": b"old"}
    with staged() as files:
        for name in "ab":
            with files.file(tmp_path / name) as file:
                file.write(b"new")
        assert (tmp_path / "a").read_bytes() == b"old"
    assert _bytes(tmp_path) == {"a": b"new", "b": b"new"}


def test_words_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(XprojdbError) as caught:
        write_jsonl(tmp_path / "out.jsonl", [ExportRow("x", ["a\ud800"], [], "de")])
    assert caught.value.id == "x"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("done")
def test_the_command_cuts_and_tells(run_cli: Callable[..., object], tmp_path: Path) -> None:
    database = str(tmp_path / "test.db")
    cut = ("--min-entities", "1", "--budget", "3", "--split-ratios", "train=0.5,test=0.5", "--json")
    said = run_cli("--db", database, "export", "jsonl", "out", *cut)
    report = json.loads(said.stdout)  # type: ignore[attr-defined]
    assert (sum(report["counts"].values()), report["found"]) == (6, 24)
    assert report["removed"] == {"min_entities": 4, "budget": 14}
    for wrong in (
        ("--split-ratios", "train"),
        ("--mix", "=2"),
        ("--on-low-score", "label"),
        ("--decontaminate", "nowhere"),
    ):
        refused = run_cli("--db", database, "export", "jsonl", "other", *wrong)
        assert refused.code == 2, wrong  # type: ignore[attr-defined]
        assert "Traceback" not in refused.stderr  # type: ignore[attr-defined]
    assert not (tmp_path / "other").exists()
