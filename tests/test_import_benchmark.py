"""Published benchmarks: small files in each exact layout, from git and from the Hub, and scores beside ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loopback_hub import loopback_hub
from projection_sample import plan_of
from sqlalchemy import func, select

from xprojdb.db import Database
from xprojdb.db.tables import corpus, entity, sentence, translation
from xprojdb.errors import InputError, UsageError
from xprojdb.evaluation.compare import compare_recipes
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.evaluation.published import SOURCES, load_benchmark_scores
from xprojdb.evaluation.published_comparison import compared_benchmarks, evaluated_benchmarks
from xprojdb.execution.run import run_plan
from xprojdb.importing.benchmarks import import_benchmark
from xprojdb.readers import ReadError, read_parquet
from xprojdb.readers.benchmarks import BENCHMARKS, benchmark, find_files
from xprojdb.text.languages import language
from xprojdb.text.spans import Span

Tagged = Sequence[tuple[str, str]]

SWAHILI: list[Tagged] = [
    [("Amina", "B-PER"), ("Bello", "I-PER"), ("aliondoka", "O"), ("Jumatatu", "B-DATE"), (".", "O")],
    [("Mvua", "O"), ("inanyesha", "O"), (".", "O")],
]
MASAKHANER = ("PER", "ORG", "LOC", "DATE")


def columns(sentences: Sequence[Tagged], line: str = "{word} {tag}") -> str:
    return "\n".join("".join(line.format(word=word, tag=tag) + "\n" for word, tag in entry) for entry in sentences)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def parquet(path: Path, sentences: Sequence[Tagged], labels: Sequence[str], **more: Any) -> None:
    """A file as the Hub has it: tags as numbers, their names in the metadata of the schema."""
    names = ["O", *(f"{kind}-{label}" for label in labels for kind in "BI")]
    tags = {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "Sequence"}
    features = {"tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"}, "ner_tags": tags}
    table = pa.table(
        {
            "id": [str(number) for number in range(len(sentences))],
            "tokens": [[word for word, _ in entry] for entry in sentences],
            "ner_tags": pa.array([[names.index(tag) for _, tag in entry] for entry in sentences], pa.list_(pa.int64())),
            **more,
        }
    )
    result = json.dumps({"info": {"features": features}})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"huggingface": result}), path)


def masakhaner_git(folder: Path, lang: str = "swa") -> Path:
    for split in ("train", "dev", "test"):
        write(folder / lang / f"{split}.txt", columns(SWAHILI))
    return folder


def masakhaner_hub(folder: Path, lang: str = "swa") -> Path:
    for split in ("train", "validation", "test"):
        parquet(folder / lang / split / "0000.parquet", SWAHILI, MASAKHANER)
    return folder


def panx_git(folder: Path) -> Path:
    rows = [[("Turin", "B-LOC"), ("liegt", "O"), ("hier", "O")]]
    for split in ("train", "dev", "test"):
        write(folder / "de" / split, columns(rows, "de:{word}\t{tag}"))
    return folder


def panx_hub(folder: Path) -> Path:
    rows = [[("Turin", "B-LOC"), ("liegt", "O"), ("hier", "O")]]
    for split in ("train", "validation", "test"):
        parquet(
            folder / "PAN-X.de" / f"{split}-00000-of-00001.parquet", rows, ("PER", "ORG", "LOC"), langs=[["de"] * 3]
        )
    return folder


def conll_2003(folder: Path) -> Path:
    docstart = "-DOCSTART- -X- -X- O\n\n"
    rows = [[("Berg", "I-PER"), ("met", "O"), ("Turin", "I-ORG"), ("Milan", "B-ORG")]]
    for split in ("train", "testa", "testb"):
        write(folder / f"eng.{split}", docstart + columns(rows, "{word} NNP I-NP {tag}"))
    return folder


def europarl(folder: Path, langs: Sequence[str] = ("de", "en", "es", "it")) -> Path:
    for lang in langs:
        rows = [[("Anna", "B-PER"), ("Berg", "I-PER"), (f"{lang}-met", "O"), ("Turin", "B-LOC")]] * 3
        write(folder / f"{lang}-europarl.test.conll02", columns(rows))
    return folder


def stored(database: Database) -> dict[tuple[str, str], list[tuple[list[str], list[Span]]]]:
    """Words and entities by language and split."""
    spans: dict[int, list[Span]] = {}
    results: dict[tuple[str, str], list[tuple[list[str], list[Span]]]] = {}
    with database.read() as connection:
        for row in connection.execute(select(entity).order_by(entity.c.sentence_id, entity.c.ordinal)):
            spans.setdefault(row.sentence_id, []).append(Span(row.start_word, row.end_word, row.label))
        for row in connection.execute(select(sentence).order_by(sentence.c.id)):
            results.setdefault((row.lang, row.split), []).append((json.loads(row.words), spans.get(row.id, [])))
    return results


@pytest.mark.parametrize("make", [masakhaner_git, masakhaner_hub])
@pytest.mark.parametrize("name", ["masakhaner2", "masakhaner"])
def test_masakhaner(database: Database, tmp_path: Path, make: Callable[[Path], Path], name: str) -> None:
    report = import_benchmark(database, benchmark(name), make(tmp_path / "copy"))
    assert (report.corpus, report.added) == (name, 6)
    result = stored(database)
    assert set(result) == {("sw", split) for split in ("train", "validation", "test")}
    words, spans = result["sw", "test"][0]
    assert words == [word for word, _ in SWAHILI[0]]
    assert spans == [Span(0, 2, "PER"), Span(3, 4, "DATE")]
    with database.read() as connection:
        row = connection.execute(select(corpus)).one()
    assert (row.benchmark, row.scheme, row.license) == (name, "masakhaner", "CC-BY-NC-4.0")
    assert "Adelani" in row.citation


@pytest.mark.parametrize("make", [panx_git, panx_hub])
def test_panx(sqlite_database: Database, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    import_benchmark(sqlite_database, benchmark("pan-x"), make(tmp_path / "copy"), langs=["German"])
    assert stored(sqlite_database)["de", "test"] == [(["Turin", "liegt", "hier"], [Span(0, 1, "LOC")])]


def test_conll_2003(sqlite_database: Database, tmp_path: Path) -> None:
    import_benchmark(sqlite_database, benchmark("conll2003"), conll_2003(tmp_path / "copy"))
    result = stored(sqlite_database)
    assert set(result) == {("en", split) for split in ("train", "validation", "test")}
    assert result["en", "validation"] == [
        (["Berg", "met", "Turin", "Milan"], [Span(0, 1, "PER"), Span(2, 3, "ORG"), Span(3, 4, "ORG")])
    ]


def test_europarl_ner_is_linked(database: Database, tmp_path: Path) -> None:
    report = import_benchmark(database, benchmark("europarl-ner"), europarl(tmp_path / "copy"))
    assert (report.added, report.links) == (12, 18)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(translation)).scalar_one() == 18


def test_one_language_of_a_parallel_benchmark_and_the_others_later(sqlite_database: Database, tmp_path: Path) -> None:
    folder, wanted = europarl(tmp_path / "copy"), benchmark("europarl-ner")
    assert import_benchmark(sqlite_database, wanted, folder, langs=["en"]).links == 0
    assert import_benchmark(sqlite_database, wanted, folder, langs=["en", "deu"]).links == 3


def test_again_adds_nothing_whatever_the_layout(
    database: Database, tmp_path: Path, row_counts: Callable[[Database], Any]
) -> None:
    wanted = benchmark("masakhaner2")
    import_benchmark(database, wanted, masakhaner_git(tmp_path / "git"), splits=["test"])
    before = row_counts(database)
    again = import_benchmark(database, wanted, tmp_path / "git", splits=["test"])
    assert [file.unchanged for file in again.files] == [True]
    assert row_counts(database) == before
    from_hub = import_benchmark(database, wanted, masakhaner_hub(tmp_path / "hub"))
    assert {file.part: file.added for file in from_hub.files} == {"train": 2, "validation": 2, "test": 0}


def test_a_corpus_imported_by_hand_becomes_the_benchmark(
    sqlite_database: Database, tmp_path: Path, run_cli: Callable[..., Any]
) -> None:
    folder = europarl(tmp_path / "copy", ("en", "de"))
    files = [f"{lang}={folder / f'{lang}-europarl.test.conll02'}" for lang in ("en", "de")]
    done = run_cli("--db", tmp_path / "test.db", "import", "parallel", "--corpus", "europarl-ner", *files)
    assert done.code == 0
    shown = run_cli("--db", tmp_path / "test.db", "import", "benchmark", "europarl-ner", "--path", folder, "--json")
    assert [file["added"] for file in json.loads(shown.stdout)["files"]] == [0, 0]
    with sqlite_database.read() as connection:
        assert connection.execute(select(corpus.c.benchmark)).scalars().all() == ["europarl-ner"]


@pytest.mark.slow
def test_from_the_hub(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    folder = masakhaner_hub(tmp_path / "copy")
    masakhaner_hub(folder, "bam")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.parquet")}
    with loopback_hub() as hub:
        hub.publish("masakhane/masakhaner2", {"README.md": b"---\n---\n"})
        commit = hub.publish("masakhane/masakhaner2", files, branch="refs/convert/parquet")
        environment = hub.environment(str(tmp_path / "hf"), None)
        asked = ("import", "benchmark", "masakhaner2", "--langs", "sw", "--splits", "test,validation", "--json")
        done = run_cli("--db", "hub.db", *asked, **environment)
        assert done.code == 0, done.stderr
        report = json.loads(done.stdout)
        assert {(file["lang"], file["part"]): file["added"] for file in report["files"]} == {
            ("sw", "test"): 2, ("sw", "validation"): 2
        }  # fmt: skip
        # Files of the same content are fetched once, whichever comes first.
        (path,) = [path for method, path, _ in hub.requests if method == "GET" and path.endswith(".parquet")]
        assert path.startswith(f"/datasets/masakhane/masakhaner2/resolve/{commit}/swa/")
        seen = len(hub.requests)
        again = run_cli("--db", "hub.db", *asked, **environment)
        assert [file["unchanged"] for file in json.loads(again.stdout)["files"]] == [True, True]
        assert not [path for method, path, _ in hub.requests[seen:] if method == "GET" and path.endswith(".parquet")]
        missing = run_cli("--db", "hub.db", "import", "benchmark", "masakhaner", "--langs", "yor", **environment)
    assert (missing.code, "masakhane/masakhaner" in missing.stderr) == (1, True)
    asked_for = run_cli("--db", "hub.db", "query", "select version from corpus", "--format", "csv")
    assert commit in asked_for.stdout


def test_what_is_not_there(sqlite_database: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as unknown:
        benchmark("masakhaner3")
    assert (unknown.value.name, unknown.value.known) == ("masakhaner3", tuple(BENCHMARKS))
    folder = masakhaner_git(tmp_path / "copy")
    with pytest.raises(UsageError) as lang:
        find_files(benchmark("masakhaner2"), folder, ["de"])
    assert lang.value.lang == "de"
    with pytest.raises(UsageError) as split:
        find_files(benchmark("europarl-ner"), folder, splits=["train"])
    assert split.value.split == "train"
    with pytest.raises(InputError) as absent:
        find_files(benchmark("masakhaner2"), folder, ["swa", "yor"])
    assert absent.value.lang == "yor"
    (folder / "swa" / "dev.txt").unlink()
    with pytest.raises(InputError) as incomplete:
        import_benchmark(sqlite_database, benchmark("masakhaner2"), folder)
    assert (incomplete.value.lang, incomplete.value.split) == ("swa", "validation")
    assert not stored(sqlite_database)
    assert len(find_files(benchmark("masakhaner2"), folder, splits=["test"])) == 1
    with pytest.raises(InputError):
        find_files(benchmark("pan-x"), folder)
    with pytest.raises(InputError):
        find_files(benchmark("pan-x"), tmp_path / "none")


def test_every_language_of_a_benchmark_is_in_the_table() -> None:
    for entry in BENCHMARKS.values():
        codes = [language(name).code for name in entry.langs]
        assert len(set(codes)) == len(codes)
    assert {name: len(item.langs) for name, item in BENCHMARKS.items()} == {
        "masakhaner2": 20, "masakhaner": 10, "pan-x": 40, "europarl-ner": 4, "conll2003": 1
    }  # fmt: skip


def test_parquet_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.parquet"
    for make, reason in (
        (lambda: path.write_bytes(b"no table"), "parquet"),
        (lambda: pq.write_table(pa.table({"tokens": [["a"]]}), path), "missing-field"),
        (lambda: pq.write_table(pa.table({"tokens": ["a"], "ner_tags": [[0]]}), path), "type"),
        (lambda: pq.write_table(pa.table({"tokens": [["a"]], "ner_tags": [[0]]}), path), "label-names"),
        (lambda: pq.write_table(pa.table({"tokens": [["a"]], "ner_tags": [["O", "O"]]}), path), "length"),
        (lambda: pq.write_table(pa.table({"tokens": [["a"]], "ner_tags": [["PER"]]}), path), "tag"),
        (lambda: pq.write_table(pa.table({"tokens": [["\x01"]], "ner_tags": [["O"]]}), path), "control-character"),
    ):
        make()
        with pytest.raises(ReadError) as caught:
            list(read_parquet(path))
        assert (caught.value.reason, caught.value.file) == (reason, str(path))
    with pytest.raises(ReadError):
        list(read_parquet(tmp_path / "none.parquet"))


def test_published_scores_stand_beside_ours_without_an_option(database: Database, tmp_path: Path) -> None:
    import_benchmark(database, benchmark("europarl-ner"), europarl(tmp_path / "copy"), name="gold")
    top = 'source = ["en", "it"]\ntarget = ["de"]'
    plan = plan_of(database, tmp_path, top=top, corpora='["gold"]')
    run_plan(database, plan)
    scores = evaluate_projections(database, plan.projections, resamples=20)
    f1s = {score.projection.source: score.total[0].f1 for score in scores}
    beside = evaluated_benchmarks(database, scores)
    known = [score for score in load_benchmark_scores() if (score.dataset, score.lang) == ("europarl-ner", "de")]
    assert [entry.published for entry in beside] == sorted(known, key=lambda each: -each.f1)
    assert beside[0].differences == {lang: f1s[lang] - beside[0].published.f1 for lang in ("en", "it")}
    assert {(entry.corpus, entry.lang) for entry in beside} == {("gold", "de")}
    compared = compared_benchmarks(database, compare_recipes(database, (), resamples=20))
    assert [entry.published for entry in compared] == [entry.published for entry in beside]
    assert set(compared[0].differences) == {"sample:en", "sample:it"}


def test_published_scores_that_come_with_xprojdb() -> None:
    scores = load_benchmark_scores()
    assert {entry.source for entry in scores} == set(SOURCES)
    for score in scores:
        assert language(score.lang).code in {language(name).code for name in benchmark(score.dataset).langs}
