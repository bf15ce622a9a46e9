"""Studies: many trainings, designed, run, killed, run again, and told about."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from children import HANG
from conftest import XPROJDB
from sqlalchemy import func, select
from training_sample import import_languages, train_toml

import xprojdb
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.exports.errors import ExportError
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.maintenance.garbage_collection import find_garbage
from xprojdb.maintenance.verify import verify
from xprojdb.steps.train.measure import pack, unpack
from xprojdb.study import run as study_run
from xprojdb.study.report.bootstrap import curve
from xprojdb.study.report.measurements import read_study
from xprojdb.study.report.write import write_report
from xprojdb.study.run import StudyReport, preview_study, run_study

pytestmark = pytest.mark.slow

Write = Callable[..., Path]
LANGS = ("en", "de", "es", "it")
STUDY = """
[study]
pool = ["en", "de", "es", "it"]
targets = ["es", "it"]
k = [1, 2]
budgets = { fixed = 8, growing = 4 }
orders = 2
seeds = 2
"""
SCORES = ("step_id", "train_id", "lang", "correct", "predicted", "gold")


@pytest.fixture(autouse=True)
def cache(own_cache: Path) -> None:
    """Models that are trained here are kept for one test."""


@pytest.fixture
def news(database: Database, write_conll: Write) -> Database:
    import_languages(database, write_conll, *LANGS)
    return database


def text_of(folder: Path, study: str = STUDY, *more: str, steps: int = 20) -> str:
    return train_toml(folder, *more, name="curves", steps=steps) + study


def loaded(folder: Path, study: str = STUDY, *more: str, steps: int = 20) -> LoadedTraining:
    text = text_of(folder, study, *more, steps=steps)
    return LoadedTraining(TrainingRecipe.from_toml(text), text)


def run(database: Database, folder: Path, study: str = STUDY, *more: str) -> StudyReport:
    return run_study(database, loaded(folder, study, *more))


def rows(database: Database, table) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_every_cell_is_trained_once_and_measured_on_what_it_has_not_seen(news: Database, tmp_path: Path) -> None:
    report = run(news, tmp_path)
    assert report.run is not None and report.run.done == report.trainings and report.run.failed == 0
    # Of four languages: four single sources with each budget, and the pairs that two orders have.
    assert report.cells > report.trainings == rows(news, t.model)
    with news.read() as connection:
        query = select(t.study_cell.c.sources, t.study_cell.c.targets, t.model_score.c.lang)
        query = query.join(t.model_score, t.model_score.c.train_id == t.study_cell.c.train_id)
        for sources, targets, lang in connection.execute(query):
            assert lang not in json.loads(sources) and not set(json.loads(sources)) & set(json.loads(targets))
    assert {(regime, k) for _, _, regime, k, _, _ in report.scores} == {
        (r, k) for r in ("fixed", "growing") for k in (1, 2)
    }
    assert [check.examples for check in verify(news).checks if check.count] == []
    assert find_garbage(news).steps == []


def test_a_second_run_trains_nothing(news: Database, tmp_path: Path, row_counts) -> None:
    run(news, tmp_path)
    before = row_counts(news)
    again = run(news, tmp_path)
    assert again.run is not None and again.run.run_id is None
    assert again.trained == again.trainings
    assert row_counts(news) == before


def test_a_study_that_grows_trains_what_is_new(news: Database, tmp_path: Path) -> None:
    first = run(news, tmp_path, STUDY.replace("orders = 2", "orders = 1"))
    second = run(news, tmp_path)
    assert second.trained == first.trainings < second.trainings == rows(news, t.model)
    assert second.run is not None and second.run.done == second.trainings - first.trainings


def test_its_table_has_the_levels_of_the_report(news: Database, tmp_path: Path) -> None:
    """German is a source and a target: it is measured on fewer models than the others at each further k."""
    text = STUDY.replace('targets = ["es", "it"]', 'targets = ["es", "it", "de"]')
    report = run(news, tmp_path, text)
    with news.read() as connection:
        data = read_study(connection, "curves")
    levels = {
        (*series, point.k): point.level for series in data.series for point in curve(data.of(series), resamples=2)
    }
    assert {tuple(row[:4]): pytest.approx(row[4]) for row in report.scores} == levels
    assert sum(row[5] for row in report.scores) == len(data.measurements)


def test_another_study_shares_its_models(news: Database, tmp_path: Path) -> None:
    run(news, tmp_path)
    text = (
        text_of(tmp_path)
        .replace('name = "curves"', 'name = "other"')
        .replace('targets = ["es", "it"]', 'targets = ["de"]')
    )
    other = run_study(news, LoadedTraining(TrainingRecipe.from_toml(text), text))
    assert other.trained > 0 and other.run is not None and other.run.failed == 0


@pytest.mark.parametrize("near", ["words", "states"])
def test_the_nearest_sources_of_each_target_are_trained_on(news: Database, tmp_path: Path, near: str) -> None:
    text = STUDY.replace("orders = 2", f'subsets = "ranked"\nnear = "{near}"').replace("seeds = 2", "seeds = 1")
    report = run(news, tmp_path, text)
    assert report.run is not None and report.run.failed == 0
    with news.read() as connection:
        cells = connection.execute(select(t.study_cell.c.k, t.study_cell.c.sources, t.study_cell.c.targets)).all()
    nearest = {targets: json.loads(sources) for k, sources, targets in cells if k == 2}
    assert len(nearest) == 2
    for k, sources, targets in cells:
        # A larger subset begins with the smaller one.
        assert json.loads(sources) == nearest[targets][:k]


def test_a_target_without_sentences_has_no_nearest_sources(news: Database, write_conll: Write, tmp_path: Path) -> None:
    path = write_conll("news.test.nl.conll", "anna/B-PER zag q")
    import_files(news, CorpusInfo("news"), [corpus_file(path, "nl", form="conll", split="test")], parallel=False)
    text = STUDY.replace('"it"]\nk', '"nl"]\nk') + 'subsets = "ranked"\n'
    with pytest.raises(UsageError) as refused:
        run(news, tmp_path, text)
    assert (refused.value.lang, refused.value.reason) == ("nl", "no-text")
    assert "import text --lang nl --split train" in refused.value.hint


def test_sentences_without_labels_tell_which_sources_are_near(
    news: Database, write_conll: Write, tmp_path: Path
) -> None:
    path = write_conll("news.test.nl.conll", "anna/B-PER zag q")
    import_files(news, CorpusInfo("news"), [corpus_file(path, "nl", form="conll", split="test")], parallel=False)
    (tmp_path / "nl.txt").write_text("anna zag q in r\n", encoding="utf-8")
    plain = corpus_file(tmp_path / "nl.txt", "nl", split="train")
    import_files(news, CorpusInfo("news"), [plain], parallel=False)
    text = STUDY.replace('"it"]\nk', '"nl"]\nk').replace("orders = 2", 'subsets = "ranked"')
    report = run(news, tmp_path, text)
    assert report.run is not None and report.run.failed == 0


def test_a_preview_says_what_it_would_take_and_stores_nothing(news: Database, tmp_path: Path, row_counts) -> None:
    before = row_counts(news)
    report = preview_study(news, loaded(tmp_path))
    assert row_counts(news) == before
    assert report.run is None and report.hours is not None and report.hours > 0
    assert report.bytes is not None and report.bytes > 0
    run(news, tmp_path)
    assert preview_study(news, loaded(tmp_path)).hours == 0


def test_models_are_the_same_wherever_they_are_trained(news: Database, tmp_path: Path) -> None:
    run(news, tmp_path)
    with news.read() as connection:
        sums = sorted(connection.execute(select(t.model.c.sha256)).scalars())
    with xprojdb.open(tmp_path / "other.db", create=True) as other:
        conll = tmp_path / "again"
        conll.mkdir()
        import_again(other.store, news, tmp_path)
        run(other.store, tmp_path)
        with other.store.read() as connection:
            assert sorted(connection.execute(select(t.model.c.sha256)).scalars()) == sums


def import_again(other: Database, _news: Database, folder: Path) -> None:
    for lang in LANGS:
        for split in ("train", "validation", "test"):
            file = corpus_file(folder / f"news.{split}.{lang}.conll", lang, form="conll", split=split)
            import_files(other, CorpusInfo("news"), [file], parallel=False)


@pytest.mark.parametrize(
    ("more", "study", "reason"),
    [
        ((), STUDY.replace('targets = ["es", "it"]', 'targets = ["fr"]'), "no-gold"),
        ((), STUDY.replace('pool = ["en"', 'pool = ["fr"'), "no-labels"),
        (('splits = ["train", "test"]',), STUDY, "test-trained"),
        (("splits = []",), STUDY, "test-trained"),
        (('dev = "validation"',), STUDY + 'test = "validation"\n', "test-chosen"),
        (("budget = 5",), STUDY, "confounded"),
        (('languages = ["en"]',), STUDY, "confounded"),
        ((), "", "no-study"),
    ],
)  # fmt: skip
def test_what_would_mislead_is_refused(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, more: tuple[str, ...], study: str, reason: str
) -> None:
    import_languages(sqlite_database, write_conll, *LANGS)
    with pytest.raises(UsageError) as refused:
        run(sqlite_database, tmp_path, study, *more)
    assert refused.value.reason == reason
    assert rows(sqlite_database, t.model) == 0


def test_label_sets_that_differ_are_refused(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_languages(sqlite_database, write_conll, *LANGS)
    path = write_conll("more.en.conll", "today/B-DATE he left")
    import_files(
        sqlite_database, CorpusInfo("news"), [corpus_file(path, "en", form="conll", split="train", part="more")]
    )
    with pytest.raises(UsageError) as refused:
        run(sqlite_database, tmp_path)
    assert (refused.value.reason, refused.value.lacking["de"]) == ("labels-differ", ["DATE"])


def test_test_sentences_are_not_learned_from(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_languages(sqlite_database, write_conll, *LANGS)
    shared = "anna/B-PER annas/I-PER met q in zug/B-LOC"
    for split, lang in (("train", "en"), ("test", "es")):
        path = write_conll(f"shared.{split}.{lang}.conll", shared)
        file = corpus_file(path, lang, form="conll", split=split, part=f"shared-{split}")
        import_files(sqlite_database, CorpusInfo("news"), [file], parallel=False)
    report = run(sqlite_database, tmp_path)
    assert any("left out" in warning for warning in report.warnings)
    with sqlite_database.read() as connection:
        query = select(t.sentence.c.words).join(t.training_item, t.training_item.c.sentence_id == t.sentence.c.id)
        assert all(
            json.loads(words) != [word.partition("/")[0] for word in shared.split()]
            for words in connection.execute(query).scalars()
        )


def test_weak_designs_are_warned_of(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_languages(sqlite_database, write_conll, *LANGS)
    weak = (
        STUDY.replace("orders = 2", "orders = 1").replace("seeds = 2", "seeds = 1").replace("fixed = 8", "fixed = 40")
    )
    warnings = " ".join(run(sqlite_database, tmp_path, weak).warnings)
    for message in ("one order", "one training", "its budget is"):
        assert message in warnings


def test_shuffled_labels_teach_less(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_languages(sqlite_database, write_conll, *LANGS, count=24)
    study = STUDY.replace("fixed = 8, growing = 4", "fixed = 20") + 'controls = ["shuffled"]\n'
    report = run_study(sqlite_database, loaded(tmp_path, study, steps=150))
    scores = {(arm, k): score for _, arm, _, k, score, _ in report.scores}
    assert scores["raw", 2] > scores["shuffled", 2] + 20


def test_counts_are_read_as_they_were_written() -> None:
    counts = np.array([[1, 2, 3], [0, 0, 1]], np.int32)
    np.testing.assert_array_equal(unpack(pack(counts)), counts)
    assert unpack(pack(counts[:0])).shape == (0, 3)


def test_a_killed_study_goes_on_and_ends_as_one_that_was_not(
    write_conll: Write, tmp_path: Path, child_env: dict[str, str]
) -> None:
    """Killed again and again while it trains: in the end every score is what one run gives."""
    with xprojdb.open(tmp_path / "killed.db", create=True) as database:
        import_languages(database.store, write_conll, *LANGS)
    with xprojdb.open(tmp_path / "whole.db", create=True) as database:
        import_again(database.store, database.store, tmp_path)
        run(database.store, tmp_path)
        expected = results(database.store)
    (tmp_path / "curves.toml").write_text(text_of(tmp_path), encoding="utf-8")
    command = [str(XPROJDB), "--db", str(tmp_path / "killed.db"), "study", str(tmp_path / "curves.toml")]
    environment = child_env | {"XPROJDB_CACHE": str(tmp_path / "cache")}
    for kills in range(1, 4):
        child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_models(tmp_path / "killed.db", 4 * kills, child)
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
        child.wait(HANG)
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=HANG, check=False)
    assert done.returncode == 0, done.stderr
    with xprojdb.open(tmp_path / "killed.db") as database:
        assert results(database.store) == expected
        assert [check.examples for check in verify(database.store).checks if check.count] == []


def wait_for_models(path: Path, count: int, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + HANG
    while child.poll() is None and time.monotonic() < until:
        with xprojdb.open(path) as database:
            if rows(database.store, t.model) >= count:
                return
        time.sleep(0.05)


def results(database: Database) -> list[tuple]:
    """Every score, by the digests of its steps."""
    with database.read() as connection:
        trained, measured = t.step.alias(), t.step.alias()
        query = (
            select(
                trained.c.digest, measured.c.digest, *(t.model_score.c[name] for name in SCORES[2:]), t.model.c.sha256
            )
            .join(trained, trained.c.id == t.model_score.c.train_id)
            .join(measured, measured.c.id == t.model_score.c.step_id)
            .join(t.model, t.model.c.step_id == t.model_score.c.train_id)
        )
        return sorted(map(tuple, connection.execute(query)))


def test_a_report_is_written(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_languages(sqlite_database, write_conll, *LANGS)
    run(sqlite_database, tmp_path)
    written = write_report(sqlite_database, "curves", tmp_path / "out", resamples=50)
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(written.files)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page and "<script" not in page
    assert "src=" not in page and "http-equiv" not in page and "<link" not in page
    answer = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert answer["digest"] == loaded(tmp_path).recipe.digest
    assert len(answer["models"]) == rows(sqlite_database, t.model)
    assert (tmp_path / "out" / "curves.tex").read_text(encoding="utf-8").count(r"\\") == 5
    first = (tmp_path / "out" / "curves.svg").read_bytes()
    write_report(sqlite_database, "curves", tmp_path / "out", resamples=50)
    assert (tmp_path / "out" / "curves.svg").read_bytes() == first
    own, other = tmp_path / "own" / "methods.txt", tmp_path / "linked" / "curves.csv"
    own.parent.mkdir()
    own.write_text("mine")
    other.parent.mkdir()
    other.symlink_to(own)
    for path in (own, other):
        with pytest.raises(ExportError) as refused:
            write_report(sqlite_database, "curves", path.parent, resamples=50)
        assert str(path) in refused.value.message
        assert own.read_text() == "mine" and [*path.parent.iterdir()] == [path]


def test_a_report_on_nothing_is_refused(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, monkeypatch
) -> None:
    with pytest.raises(UsageError) as refused:
        write_report(sqlite_database, "curves", tmp_path / "out")
    assert refused.value.known == ()
    import_languages(sqlite_database, write_conll, *LANGS)
    monkeypatch.setattr(study_run, "run_plan", lambda *_arguments, **_options: run_plan)
    run(sqlite_database, tmp_path)
    with pytest.raises(UsageError) as refused:
        write_report(sqlite_database, "curves", tmp_path / "out")
    assert refused.value.reason == "unmeasured"


def test_the_commands(run_cli, write_conll: Write, tmp_path: Path) -> None:
    with xprojdb.open(tmp_path / "xprojdb.db", create=True) as database:
        import_languages(database.store, write_conll, *LANGS)
    small = STUDY.replace("orders = 2", "orders = 1").replace("seeds = 2", "seeds = 1")
    (tmp_path / "curves.toml").write_text(text_of(tmp_path, small), encoding="utf-8")
    assert "models to train" in run_cli("study", "--dry-run", "curves.toml").stdout
    done = run_cli("study", "curves.toml", "--json")
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["trained"] == 0
    written = run_cli("study", "report", "curves", "out", "--resamples", "20")
    assert written.code == 0, written.stderr
    assert (tmp_path / "out" / "report.html").is_file()
    wrong = run_cli("study", "report", "curve", "out")
    assert (wrong.code, len(wrong.stderr.splitlines())) == (2, 2)


def test_workers_train_what_one_process_trains(news: Database, address: str, tmp_path: Path) -> None:
    with xprojdb.open(address) as database:
        text = text_of(tmp_path)
        result = database.study(TrainingRecipe.from_toml(text), workers=2)
        assert result.report.run is not None and result.report.run.failed == 0
        values = {row[3:] for row in results(database.store)}
    with xprojdb.open(tmp_path / "one.db", create=True) as one:
        import_again(one.store, news, tmp_path)
        run(one.store, tmp_path)
        assert {row[3:] for row in results(one.store)} == values
