"""What is exported, edited and imported as labels changes exactly the labels that were edited."""

import csv
import json

import pytest
from test_errata import ENGLISH, RECIPE, SWAHILI, TAGS, rows
from test_import_labels import gold

import xprojdb as xp
from xprojdb.entry_points import plugins
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
def db(sqlite_database, tmp_path):
    db = xp.Database(sqlite_database)
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


def name_of(text):
    return text.rpartition("/")[2]


def offsets(text, spans):
    """Where labels on words stand in a text with single spaces."""
    words = text.split(" ")
    places = []
    for start, end, label in spans:
        begin = len(" ".join(words[:start])) + (start > 0)
        places.append((begin, begin + len(" ".join(words[start:end])), label))
    return places


def edit_json_lines(change):
    def edit(folder, spans):
        path = folder / "sw.train.jsonl"
        loads = [json.loads(line) for line in path.read_text().splitlines()]
        for row in loads:
            change(row, spans)
        path.write_text("".join(json.dumps(row) + "\n" for row in loads))
        return path

    return edit


def change_doccano(row, spans):
    row["label"] = [list(place) for place in offsets(row["text"], spans[name_of(row["id"])])]


def change_prodigy(row, spans):
    row["spans"] = [
        {"start": a, "end": b, "label": label}
        for a, b, label in offsets(row["text"], spans[name_of(row["meta"]["id"])])
    ]
    row["answer"] = "accept"


def edit_label_studio(folder, spans):
    path = folder / "sw.train.json"
    tasks = json.loads(path.read_text())
    for task in tasks:
        data = task["data"]
        results = [
            {
                "from_name": "label",
                "to_name": "text",
                "type": "labels",
                "value": {"start": a, "end": b, "labels": [label]},
            }
            for a, b, label in offsets(data["text"], spans[name_of(data["id"])])
        ]
        task["annotations"] = [{"completed_by": 1, "result": results}]
    path.write_text(json.dumps(tasks))
    return path


def edit_brat(folder, spans):
    path, lines, at = folder / "sw.train.ann", [], 0
    ids = [json.loads(line)["id"] for line in (folder / "sw.train.words.jsonl").read_text().splitlines()]
    for name, text in zip(ids, (folder / "sw.train.txt").read_text().splitlines(), strict=True):
        for a, b, label in offsets(text, spans[name_of(name)]):
            lines.append(f"T{len(lines) + 1}\t{label} {at + a} {at + b}\t{text[a:b]}\n")
        at += len(text) + 1
    path.write_text("".join(lines))
    return path


def edit_conllu(folder, spans):
    path, lines = folder / "sw.train.conllu", []
    for line in path.read_text().splitlines():
        if line.startswith("# sent_id = "):
            own = iter(tags(name_of(line), spans))
        cells = line.split("\t")
        lines.append("\t".join([*cells[:-1], f"NE={next(own)}"]) if len(cells) == 10 else line)
    path.write_text("\n".join(lines) + "\n")
    return path


def edit_webanno(folder, spans):
    path, lines, marks, number = folder / "sw.train.tsv", [], {}, 0
    for line in path.read_text().splitlines():
        if line.startswith("#Sentence.id="):
            marks = {}
            for start, end, label in spans[name_of(line)]:
                number += 1
                marks |= dict.fromkeys(range(start, end), f"*[{number}]\t{label}[{number}]")
        cells = line.split("\t")
        if len(cells) > 3:
            place = int(cells[0].partition("-")[2]) - 1
            line = "\t".join([*cells[:3], marks.get(place, "_\t_"), ""])
        lines.append(line)
    path.write_text("\n".join(lines) + "\n")
    return path


def in_brackets(name, spans):
    words = SWAHILI[name].split()
    for start, end, label in reversed(spans[name]):
        words[start:end] = [f"[{' '.join(words[start:end])}]{label}"]
    return " ".join(words)


def edit_delimited(suffix, delimiter):
    def edit(folder, spans):
        path = folder / f"sw.train.{suffix}"
        with path.open(newline="") as file:
            records = list(csv.DictReader(file, delimiter=delimiter))
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(records[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows({**row, "labelled": in_brackets(name_of(row["id"]), spans)} for row in records)
        return path

    return edit


def edit_xlsx(folder, spans):
    openpyxl, path = pytest.importorskip("openpyxl"), folder / "sw.train.xlsx"
    book = openpyxl.load_workbook(path)
    head, *cells = book.active.iter_rows()
    column = [cell.value for cell in head].index("labelled")
    for row in cells:
        row[column].value = in_brackets(name_of(row[0].value), spans)
    book.save(path)
    return path


def edit_spacy(folder, spans):
    tokens, path = pytest.importorskip("spacy.tokens"), folder / "sw.train" / "0000.spacy"
    vocab = pytest.importorskip("spacy").blank("xx").vocab
    docs = list(tokens.DocBin().from_disk(path).get_docs(vocab))
    for doc in docs:
        doc.set_ents([tokens.Span(doc, *span[:2], label=span[2]) for span in spans[name_of(doc.user_data["id"])]])
    tokens.DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


FORMATS = {
    "brat": ({}, edit_brat),
    "conll": ({"ids": True}, edit_conll),
    "conllu": ({}, edit_conllu),
    "csv": ({}, edit_delimited("csv", ",")),
    "doccano": ({}, edit_json_lines(change_doccano)),
    "hf": ({}, edit_parquet),
    "jsonl": ({}, edit_jsonl),
    "label-studio": ({}, edit_label_studio),
    "prodigy": ({}, edit_json_lines(change_prodigy)),
    "spacy": ({}, edit_spacy),
    "tsv": ({}, edit_delimited("tsv", "\t")),
    "webanno": ({}, edit_webanno),
    "xlsx": ({}, edit_xlsx),
}


def test_every_format_makes_the_round_trip():
    assert set(FORMATS) == {name for name, plugin in plugins("exporters").items() if plugin.distribution is None}


@pytest.mark.parametrize("form", FORMATS)
def test_a_round_trip_changes_what_was_edited(db, tmp_path, form):
    options, edit = FORMATS[form]
    db.run(xp.Recipe(**RECIPE)).export(tmp_path / "out", format=form, **options)
    untouched = edit(tmp_path / "out", PROJECTED)
    report = db.import_labels(untouched, name="sw", lang="sw", annotator="ana").report
    # The names of the columns of a table are not a sentence.
    assert (report.sentences, report.by_words, set(report.left_out) - {"header"}) == (3, 0, set())
    assert gold(db, "sw") == PROJECTED
    report = db.import_labels(edit(tmp_path / "out", EDITED), name="sw", lang="sw", annotator="ana").report
    assert (report.added, report.removed) == (3, 3)
    assert gold(db, "sw") == EDITED
    (score,) = db.evaluate(gold="sw", resamples=10).to_json()
    assert (score["sentences"], score["labels"]["all"]["tp"]) == (3, 2)
