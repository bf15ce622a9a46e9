"""Sentence pairs: read from the layouts that are around, learned from, and compared in studies."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select
from training_sample import encoder

import xprojdb
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import InputError, UsageError
from xprojdb.importing.corpus_files import CorpusInfo, ImportRefused
from xprojdb.importing.pairs.importing import import_pairs
from xprojdb.maintenance.corpus_deletion import delete_corpus
from xprojdb.maintenance.verify import verify
from xprojdb.models.store import resolve
from xprojdb.steps.train.items import LabelledPair
from xprojdb.steps.train.pairs import pair_rows
from xprojdb.study.run import run_study
from xprojdb.study.train import train_model
from xprojdb.training.states import StatesOf, WordStates

pytestmark = pytest.mark.slow

LABELS = ("entailment", "neutral", "contradiction")
WORDS = {"entailment": "yes", "neutral": "maybe", "contradiction": "never"}


@pytest.fixture(autouse=True)
def cache(own_cache: Path) -> None:
    """Models that are trained here are kept for one test."""


def lines(lang: str, count: int) -> list[tuple[str, str, str]]:
    """Pairs whose hypothesis gives the label away."""
    return [
        (f"{lang} saw {'q' * (n % 4 + 1)}", f"{WORDS[LABELS[n % 3]]} {'z' * (n % 5 + 1)}", LABELS[n % 3])
        for n in range(count)
    ]


def tsv(folder: Path, name: str, rows: list[tuple[str, ...]], header: str = "premise\thypothesis\tlabel") -> Path:
    path = folder / name
    text = "\n".join([header, *("\t".join(row) for row in rows)]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def imported(database: Database, folder: Path, *langs: str) -> None:
    files = [
        (lang, tsv(folder, f"{lang}.{split}.tsv", lines(lang, size)))
        for lang in langs
        for split, size in (("dev", 30), ("test", 12))
    ]
    import_pairs(database, CorpusInfo("pairs"), files)


def stored(database: Database) -> list[tuple]:
    columns = [t.sentence_pair.c[name] for name in ("lang", "split", "external_id", "premise", "hypothesis", "label")]
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(t.sentence_pair.c.id))]


def test_a_tsv_is_read_and_a_second_time_nothing_is_new(database: Database, tmp_path: Path, row_counts) -> None:
    path = tsv(tmp_path, "sw.dev.tsv.gz", lines("sw", 3))
    (report,) = import_pairs(database, CorpusInfo("xnli", license="CC-BY-NC-4.0"), [("swa", path)]).files
    assert (report.lang, report.split, report.pairs, report.added) == ("sw", "validation", 3, 3)
    assert stored(database)[1] == ("sw", "validation", "2", '["sw","saw","qq"]', '["maybe","zz"]', "neutral")
    before = row_counts(database)
    assert import_pairs(database, CorpusInfo("xnli"), [("swa", path)]).files[0].added == 0
    assert row_counts(database) == before


def test_the_layouts_of_others(sqlite_database: Database, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    header = "language\tgold_label\tsentence1\tsentence2\tpairID"
    rows = [
        ("fr", "neutral", "un", "deux", "7"),
        ("de", "entailment", "eins", "zwei", "7"),
        ("de", "-", "drei", "vier", "8"),
    ]
    original = tsv(tmp_path, "xnli.dev.tsv", rows, header)
    report = import_pairs(sqlite_database, CorpusInfo("xnli"), [(None, original)])
    assert [(file.lang, file.pairs, file.unlabelled) for file in report.files] == [("fr", 1, 1), ("de", 1, 0)]
    numbers = tmp_path / "yo-test.parquet"
    parquet.write_table(arrow.table({"premise": ["a b"], "hypothesis": ["c"], "label": [2]}), numbers)
    import_pairs(sqlite_database, CorpusInfo("afrixnli"), [("yor", numbers)])
    assert stored(sqlite_database)[-1] == ("yo", "test", "1", '["a","b"]', '["c"]', "contradiction")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("premise\thypothesis\tlabel\na\tb\tperhaps\n", "label"),
        ("premise\thypothesis\tlabel\na\tb\n", "columns"),
        ("premise\thypothesis\tlabel\n\tb\tneutral\n", "empty"),
        ("text\thypothesis\tlabel\na\tb\tneutral\n", None),
        (b"\xff\xfe\x00", "unreadable"),
    ],
)
def test_what_cannot_be_read_is_refused(sqlite_database: Database, tmp_path: Path, content, reason) -> None:
    path = tmp_path / "en.dev.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as refused:
        import_pairs(sqlite_database, CorpusInfo("x"), [("en", path)])
    assert refused.value.fields.get("reason") == reason
    assert stored(sqlite_database) == []


def test_other_pairs_under_the_same_ids_are_refused(sqlite_database: Database, tmp_path: Path) -> None:
    import_pairs(sqlite_database, CorpusInfo("x"), [("en", tsv(tmp_path, "en.dev.tsv", lines("en", 3)))])
    with pytest.raises(ImportRefused) as refused:
        import_pairs(sqlite_database, CorpusInfo("x"), [("en", tsv(tmp_path, "en.dev.tsv", lines("other", 3)))])
    assert refused.value.id == "1"
    with pytest.raises(UsageError):
        import_pairs(sqlite_database, CorpusInfo("x"), [("en", tsv(tmp_path, "en.tsv", lines("en", 3)))])


@pytest.fixture
def states(tmp_path: Path) -> WordStates:
    folder = encoder(tmp_path)
    return WordStates(StatesOf(str(folder), resolve(str(folder)).revision, 2))


def test_what_a_head_reads_of_a_pair(states: WordStates) -> None:
    pairs = [LabelledPair(("house", "a"), ("boat",), "neutral"), LabelledPair(("q",), ("z", "y"), "neutral")]
    u, v = (
        np.array([np.asarray(rows, np.float32).mean(0) for rows in states.read(own)])
        for own in ([pair.premise for pair in pairs], [pair.hypothesis for pair in pairs])
    )
    rows = pair_rows(pairs, states, "raw")
    np.testing.assert_allclose(rows, np.concatenate([u, v, abs(u - v), u * v], 1), atol=1e-6)
    np.testing.assert_allclose(pair_rows(pairs, states, "hypothesis-only"), v, atol=1e-6)
    centred = pair_rows(pairs, states, "centre")
    width = u.shape[1]
    np.testing.assert_allclose(centred[:, :width].sum(0) + centred[:, width : 2 * width].sum(0), 0, atol=1e-5)
    np.testing.assert_allclose(centred[:, 2 * width : 3 * width], abs(u - v), atol=1e-5)


def pairs_toml(folder: Path, *more: str, steps: int = 80) -> str:
    table = [
        f'encoder = "{encoder(folder)}"',
        "layer = 0",
        f"steps = {steps}",
        "batch = 64",
        "hidden = 32",
        "rate = 0.03",
    ]
    return "\n".join(['name = "nli"', 'corpora = ["pairs"]', "[train]", 'task = "nli"', *table, *more]) + "\n"


def test_a_model_is_trained_on_pairs(database: Database, tmp_path: Path) -> None:
    imported(database, tmp_path, "en", "sw")
    text = pairs_toml(tmp_path, 'splits = ["validation"]', 'languages = ["en"]')
    report = train_model(database, LoadedTraining(TrainingRecipe.from_toml(text), text))
    assert report.samples["en"]["sentences"] == 30 and report.sha256 is not None
    assert [check.examples for check in verify(database).checks if check.count] == []
    delete_corpus(database, "pairs")
    with database.read() as connection:
        for table in (t.sentence_pair, t.training_pair):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_a_study_of_pairs_with_its_controls(database: Database, tmp_path: Path) -> None:
    imported(database, tmp_path, "en", "sw", "ur")
    study = """
[study]
tasks = ["nli"]
pool = ["en", "sw", "ur"]
targets = ["ur", "sw"]
pair_splits = ["validation"]
k = [1, 2]
budgets = { fixed = 24 }
controls = ["centre", "shuffled", "hypothesis-only"]
orders = 1
seeds = 2
"""
    text = pairs_toml(tmp_path) + study
    report = run_study(database, LoadedTraining(TrainingRecipe.from_toml(text), text))
    assert report.run is not None and report.run.failed == 0
    scores = {(arm, k): score for _, arm, _, k, score, _ in report.scores}
    assert set(scores) == {(arm, k) for arm in ("raw", "centre", "shuffled", "hypothesis-only") for k in (1, 2)}
    # The hypothesis alone gives the label away here, and shuffled labels teach nothing.
    assert scores["hypothesis-only", 2] > 60 > scores["shuffled", 2]
    again = run_study(database, LoadedTraining(TrainingRecipe.from_toml(text), text))
    assert again.run is not None and again.run.run_id is None
    # The same pairs measure every language.
    with database.read() as connection:
        sizes = set(connection.execute(select(t.model_score.c["items"])).scalars())
    assert sizes == {12}


def test_the_command(run_cli, tmp_path: Path) -> None:
    tsv(tmp_path, "en.dev.tsv", lines("en", 3))
    done = run_cli("import", "nli", "--corpus", "pairs", "--license", "CC0-1.0", "en=en.dev.tsv", "--json")
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)[0]["added"] == 3
    with xprojdb.open(tmp_path / "xprojdb.db") as database:
        assert len(stored(database.store)) == 3
    assert "nothing new" in run_cli("import", "nli", "--corpus", "pairs", "en=en.dev.tsv").stdout
    wrong = run_cli("import", "nli", "--corpus", "pairs", "none.dev.tsv")
    assert (wrong.code, len(wrong.stderr.splitlines())) == (1, 2)
