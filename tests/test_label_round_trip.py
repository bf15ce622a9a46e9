"""What is exported, edited and imported as labels changes exactly the labels that were edited."""

import json

import pytest
from test_errata import ENGLISH, RECIPE, SWAHILI, TAGS, rows
from test_import_labels import gold

import xprojdb as xp
from xprojdb.text.spans import Span

PROJECTED = {
    "s1": [Span(0, 1, "PER"), Span(2, 3, "LOC")],
    "s2": [Span(0, 1, "PER"), Span(3, 4, "PER")],
    "s3": [Span(0, 1, "LOC")],
}
#: one label is renamed, one grows, one goes, one is new
EDITED = {
    "s1": [Span(0, 1, "ORG"), Span(2, 4, "LOC")],
    "s2": [Span(3, 4, "PER")],
    "s3": [Span(0, 1, "LOC"), Span(2, 3, "MISC")],
}


def tags(name, spans):
    built = ["O"] * len(SWAHILI[name].split())
    for start, end, label in spans[name]:
        built[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return built


@pytest.fixture
def db(database, tmp_path):
    db = xp.Database(database)
    (tmp_path / "en.jsonl").write_text(rows(ENGLISH, TAGS))
    (tmp_path / "sw.jsonl").write_text(rows(SWAHILI))
    db.import_parallel("news", en=tmp_path / "en.jsonl", sw=tmp_path / "sw.jsonl")
    return db


def edit_conll(folder, spans):
    path = folder / "sw.train.conll"
    blocks = path.read_text().strip("\n").split("\n\n")
    results = []
    for block in blocks:
        head, *lines = block.split("\n")
        name = head.rpartition("/")[2]
        words = [line.split("\t")[0] for line in lines]
        results.append("\n".join([head, *map("\t".join, zip(words, tags(name, spans), strict=True))]))
    path.write_text("\n\n".join(results) + "\n\n")
    return path


def edit_jsonl(folder, spans):
    path = folder / "sw.train.jsonl"
    loads = [json.loads(line) for line in path.read_text().splitlines()]
    for row in loads:
        row["ner_tags"] = tags(row["id"].rpartition("/")[2], spans)
    path.write_text("".join(json.dumps(row) + "\n" for row in loads))
    return path


def edit_parquet(folder, spans):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    (path,) = folder.rglob("train-*.parquet")
    data = datasets.Dataset.from_parquet(str(path), cache_dir=str(folder.parent / "cache"))
    names = ["O", *(f"{kind}-{label}" for label in ("PER", "ORG", "LOC", "MISC") for kind in "BI")]
    features = data.features.copy()
    features["ner_tags"] = datasets.Sequence(datasets.ClassLabel(names=names))

    def edited(row):
        return {"ner_tags": [names.index(tag) for tag in tags(row["id"].rpartition("/")[2], spans)]}

    data = datasets.Dataset.from_list([{**row, **edited(row)} for row in data.to_list()], features=features)
    data.to_parquet(str(folder.parent / "edited.parquet"))
    return folder.parent / "edited.parquet"


FORMATS = {"conll": ({"ids": True}, edit_conll), "jsonl": ({}, edit_jsonl), "hf": ({}, edit_parquet)}


@pytest.mark.parametrize("form", FORMATS)
def test_a_round_trip_changes_what_was_edited(db, tmp_path, form):
    options, edit = FORMATS[form]
    db.run(xp.Recipe(**RECIPE)).export(tmp_path / "out", format=form, **options)
    untouched = edit(tmp_path / "out", PROJECTED)
    report = db.import_labels(untouched, name="sw", lang="sw", annotator="ana").report
    assert (report.sentences, report.by_words, report.left_out) == (3, 0, {})
    assert gold(db, "sw") == PROJECTED
    report = db.import_labels(edit(tmp_path / "out", EDITED), name="sw", lang="sw", annotator="ana").report
    assert (report.added, report.removed) == (3, 3)
    assert gold(db, "sw") == EDITED
    (score,) = db.evaluate(gold="sw", resamples=10).to_json()
    assert (score["sentences"], score["labels"]["all"]["tp"]) == (3, 2)
