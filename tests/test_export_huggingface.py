import errno
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xprojdb.errors import UsageError
from xprojdb.exports import atomic
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.huggingface import SplitRows, columnar, write_dataset
from xprojdb.exports.manifest import MANIFEST_NAME, Manifest, read_manifest
from xprojdb.exports.rows.sentences import ExportRow
from xprojdb.text.spans import Span, SpanError

LABELS = ("PER", "LOC")
NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


@pytest.fixture
def load(tmp_path, monkeypatch):
    """``load_dataset`` without a network, with a cache of its own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return lambda folder, *config, **options: datasets.load_dataset(
        str(folder), *config, cache_dir=str(tmp_path / "cache"), **options
    )


def batch(first, last, lang="swa", **columns):
    ids = range(first, last)
    return {
        "id": [f"{lang}-{i}" for i in ids],
        "tokens": [["Amina", "Bello", "aliondoka", "."][: 1 + i % 4] for i in ids],
        "ner_tags": [[1, 2, 0, 0][: 1 + i % 4] for i in ids],
        "lang": [lang] * len(ids),
        **{name: [value] * len(ids) for name, value in columns.items()},
    }


def write(folder, *splits, **options):
    settings = {"labels": LABELS, "recipe_digest": "ab" * 32, "query": {"step": 7}, **options}
    return write_dataset(folder, splits or [SplitRows("train", [batch(0, 8)])], **settings)


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_datasets_opens_the_folder_with_typed_features(tmp_path, load):
    write(
        tmp_path / "out",
        SplitRows("train", [batch(0, 3), batch(3, 8)]),
        SplitRows("validation", [batch(8, 10)]),
        SplitRows("test", [batch(10, 14)]),
    )
    data = load(tmp_path / "out")
    assert {name: len(split) for name, split in data.items()} == {"train": 8, "validation": 2, "test": 4}
    features = data["train"].features
    assert list(features) == ["id", "tokens", "ner_tags", "lang"]
    assert features["ner_tags"].feature.names == NAMES
    assert (features["id"].dtype, features["tokens"].feature.dtype, features["lang"].dtype) == ("string",) * 3
    assert data["train"][2] == {
        "id": "swa-2",
        "tokens": ["Amina", "Bello", "aliondoka"],
        "ner_tags": [1, 2, 0],
        "lang": "swa",
    }


def test_provenance_columns_keep_their_types(tmp_path, load):
    columns = {"margin": "double", "step": pa.int32(), "candidates": pa.list_(pa.string()), "checked": "bool"}
    rows = batch(0, 2, margin=0.25, step=7, candidates=["a", "b"], checked=True)
    write(tmp_path / "out", SplitRows("train", [rows]), columns=columns)
    split = load(tmp_path / "out")["train"]
    assert (split.features["margin"].dtype, split.features["step"].dtype) == ("float64", "int32")
    assert (split[0]["margin"], split[0]["step"], split[0]["candidates"], split[0]["checked"]) == (
        0.25,
        7,
        ["a", "b"],
        True,
    )


def test_a_configuration_per_language_and_one_for_all(tmp_path, load):
    write(
        tmp_path / "out",
        SplitRows("train", [batch(0, 3, "no")], "no"),
        SplitRows("train", [batch(0, 5, "yor")], "yor"),
        SplitRows("test", [batch(5, 7, "yor")], "yor"),
    )
    assert (tmp_path / "out/yor/train-00000-of-00001.parquet").is_file()
    assert {name: len(split) for name, split in load(tmp_path / "out").items()} == {"train": 8, "test": 2}
    assert load(tmp_path / "out", "all", split="train").unique("lang") == ["no", "yor"]
    assert {name: len(split) for name, split in load(tmp_path / "out", "yor").items()} == {"train": 5, "test": 2}
    assert load(tmp_path / "out", "no")["train"].unique("lang") == ["no"]


def test_files_and_row_groups_are_of_bounded_size(tmp_path, load):
    manifest = write(
        tmp_path / "out", SplitRows("train", [batch(0, 7), batch(7, 25)]), rows_per_group=4, rows_per_shard=10
    )
    files = manifest.configs["default"]["train"].files
    assert files == tuple(f"data/train-0000{i}-of-00004.parquet" for i in range(4))
    groups = [pq.read_metadata(tmp_path / "out" / name) for name in files]
    assert [[meta.row_group(g).num_rows for g in range(meta.num_row_groups)] for meta in groups] == [
        [4, 4],
        [4, 4],
        [4, 4],
        [1],
    ]
    assert load(tmp_path / "out")["train"]["id"][:] == [f"swa-{i}" for i in range(25)]


def test_the_same_rows_give_the_same_bytes_however_batched(tmp_path):
    arrow = pa.RecordBatch.from_pydict(
        batch(0, 25), schema=pa.schema({"id": pa.large_string(), "tokens": pa.list_(pa.string()),
                                        "ner_tags": pa.list_(pa.int8()), "lang": pa.string()})
    )  # fmt: skip
    shuffled = {name: batch(0, 25)[name] for name in ("lang", "ner_tags", "id", "tokens")}
    inputs = [[batch(0, 25)], [batch(i, i + 1) for i in range(25)], [arrow], [arrow[:9], arrow[9:]], [shuffled]]
    for number, batches in enumerate(inputs):
        write(tmp_path / str(number), SplitRows("train", batches), rows_per_group=10)
    trees = [tree(tmp_path / str(number)) for number in range(len(inputs))]
    assert all(other == trees[0] for other in trees)
    time.sleep(0.01)
    write(tmp_path / "0", SplitRows("train", [batch(0, 25)]), rows_per_group=10)
    assert tree(tmp_path / "0") == trees[0]


def test_batches_leave_no_trace_where_a_column_fills_several_pages(tmp_path):
    words = [[f"{row * 20 + i:020d}" for i in range(20)] for row in range(6000)]

    def part(first, last):
        tags, ids = [[0] * 20] * (last - first), [str(row) for row in range(first, last)]
        return {"id": ids, "tokens": words[first:last], "ner_tags": tags, "lang": ["x"] * (last - first)}

    write(tmp_path / "whole", SplitRows("train", [part(0, 6000)]))
    write(tmp_path / "parts", SplitRows("train", [part(i, min(i + 7, 6000)) for i in range(0, 6000, 7)]))
    assert tree(tmp_path / "whole") == tree(tmp_path / "parts")


def test_the_record_holds_counts_and_checksums(tmp_path):
    manifest = write(tmp_path / "out", SplitRows("train", [batch(0, 8)]))
    split = manifest.configs["default"]["train"]
    assert (split.sentences, split.tokens, split.entities) == (8, 20, {"PER": 8, "LOC": 0})
    assert read_manifest(tmp_path / "out") == manifest
    assert (manifest.recipe_digest, manifest.query, manifest.labels) == ("ab" * 32, {"step": 7}, LABELS)
    contents = tree(tmp_path / "out")
    del contents[MANIFEST_NAME]
    assert manifest.files == {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}


def test_columnar_turns_spans_into_tag_numbers():
    rows = [
        ExportRow("a", ["Amina", "Bello", "in", "Accra"], [Span(3, 4, "LOC"), Span(0, 2, "PER")], "eng", {"step": 1}),
        ExportRow("b", ["Hi"], [], "eng", {"step": 2}),
        ExportRow("c", ["Yo"], [], "eng", {"step": 3}),
    ]
    first, second = columnar(rows, LABELS, size=2)
    assert first["ner_tags"] == [[1, 2, 0, 3], [0]]
    assert (first["step"], second["id"]) == ([1, 2], ["c"])
    with pytest.raises(ExportError) as caught:
        list(columnar([ExportRow("x", ["a"], [Span(0, 1, "ORG")], "eng")], LABELS))
    assert (caught.value.id, caught.value.label) == ("x", "ORG")
    with pytest.raises(SpanError):
        list(columnar([ExportRow("x", ["a"], [Span(0, 2, "PER")], "eng")], LABELS))


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"ner_tags": [[1, 2], [0, 0]]}, "id", "swa-0"),
        ({"ner_tags": [[1], [0, 5]]}, "tag", 5),
        ({"ner_tags": [[-1], [0, 0]]}, "tag", -1),
        ({"ner_tags": [["B-PER"], [0, 0]]}, "column", "ner_tags"),
        ({"ner_tags": [[None], [0, 0]]}, "column", "ner_tags"),
        ({"tokens": [["Amina"], None]}, "column", "tokens"),
        ({"tokens": [["Amina"], ["a", "\ud800"]]}, "column", "tokens"),
        ({"id": [None, "b"]}, "column", "id"),
        ({"lang": ["swa"]}, "where", "data/train"),
        ({"note": ["x", "y"]}, "unknown", ["note"]),
    ],
)
def test_a_batch_that_is_not_of_the_schema_is_refused(tmp_path, change, field, value):
    with pytest.raises(ExportError) as caught:
        write(tmp_path / "out", SplitRows("train", [{**batch(0, 2), **change}]))
    assert getattr(caught.value, field) == value
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "splits",
    [
        [SplitRows("../train", [batch(0, 1)])],
        [SplitRows("all", [batch(0, 1)])],
        [SplitRows("train", [batch(0, 1)], "a/b")],
        [SplitRows("train", [batch(0, 1)], "all")],
        [SplitRows("train", [batch(0, 1)], "..")],
        [SplitRows("train", [batch(0, 1)]), SplitRows("train", [batch(1, 2)])],
        [SplitRows("train", [batch(0, 1)]), SplitRows("test", [batch(1, 2)], "swa")],
    ],
)
def test_names_that_cannot_be_files_are_usage_errors(tmp_path, splits):
    with pytest.raises(UsageError):
        write(tmp_path / "out", *splits)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [{"labels": ["PER", "PER"]}, {"columns": {"lang": "string"}},
                                     {"columns": {"at": pa.timestamp("s")}}, {"rows_per_group": 0}])  # fmt: skip
def test_impossible_columns_are_usage_errors(tmp_path, options):
    with pytest.raises(UsageError):
        write(tmp_path / "out", **options)


def test_an_empty_split_is_refused(tmp_path):
    with pytest.raises(ExportError):
        write(tmp_path / "out", SplitRows("train", [batch(0, 1)]), SplitRows("test", []))
    with pytest.raises(ExportError):
        write_dataset(tmp_path / "out", [], labels=LABELS, recipe_digest="", query={})
    assert not list(tmp_path.iterdir())


def test_a_new_export_replaces_the_old_one_and_keeps_what_is_not_its_own(tmp_path):
    out = tmp_path / "out"
    write(out, SplitRows("train", [batch(0, 8)]), SplitRows("test", [batch(0, 8)]), rows_per_shard=4)
    (out / "notes").mkdir()
    (out / "notes/mine.txt").write_text("keep", encoding="utf-8")
    (out / "link").symlink_to("notes")
    write(out, SplitRows("train", [batch(0, 2)]))
    assert sorted(tree(out)) == [
        "README.md", "data/train-00000-of-00001.parquet", "notes/mine.txt", MANIFEST_NAME,
    ]  # fmt: skip
    assert (out / "link").is_symlink()
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_in_the_way_of_a_new_one_is_not_overwritten(tmp_path):
    write(tmp_path / "out")
    mine = tmp_path / "out/data/test-00000-of-00001.parquet"
    mine.write_bytes(b"mine")
    before = tree(tmp_path / "out")
    with pytest.raises(ExportError) as caught:
        write(tmp_path / "out", SplitRows("test", [batch(0, 2)]))
    assert caught.value.path == mine
    assert tree(tmp_path / "out") == before


@pytest.mark.parametrize("manifest", [None, b"{", b"[]", b'{"format": 2}', b'{"format": 1}'])
def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, manifest):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.tex").write_text("years of work", encoding="utf-8")
    if manifest is not None:
        (tmp_path / "out" / MANIFEST_NAME).write_bytes(manifest)
    before = tree(tmp_path / "out")
    with pytest.raises(ExportError) as caught:
        write(tmp_path / "out")
    assert caught.value.path == tmp_path / "out"
    assert tree(tmp_path / "out") == before


def test_an_empty_folder_is_filled_and_a_file_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    assert write(tmp_path / "out").sentences == 8
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ExportError):
        write(tmp_path / "file")


def failing_batches():
    yield batch(0, 50)
    raise RuntimeError("the database went away")


def test_a_failing_source_leaves_the_old_export_whole(tmp_path):
    write(tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(RuntimeError, match="went away"):
        write(tmp_path / "out", SplitRows("train", failing_batches()), rows_per_group=10)
    assert tree(tmp_path / "out") == before
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_a_failing_card_leaves_the_old_export_whole(tmp_path):
    write(tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "out", card=lambda _manifest, _old: str(1 // 0))
    assert tree(tmp_path / "out") == before


def test_a_full_disk_leaves_the_old_export_whole(tmp_path, monkeypatch):
    write(tmp_path / "out")
    before = tree(tmp_path / "out")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError) as caught:
        write(tmp_path / "out", SplitRows("train", [batch(0, 50)]))
    assert (caught.value.errno, caught.value.path) == (errno.ENOSPC, tmp_path / "out")
    assert tree(tmp_path / "out") == before
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_an_export_killed_between_the_two_moves_is_recovered(tmp_path, monkeypatch):
    out = tmp_path / "out"
    write(out)
    before = tree(out)
    aside = _aside_of_a_killed_process(out)
    out.rename(aside)
    with pytest.raises(RuntimeError):
        write(out, SplitRows("train", failing_batches()))
    assert tree(out) == before
    aside.mkdir()
    write(out)
    assert list(tmp_path.iterdir()) == [out]
    monkeypatch.setattr(atomic.Path, "rename", refuse_the_second(atomic.Path.rename))
    with pytest.raises(ExportError):
        write(out, SplitRows("train", [batch(0, 3)]))
    assert tree(out) == before


def _aside_of_a_killed_process(path):
    """Where a process that is gone would have moved a folder."""
    code = "import sys; from pathlib import Path; from xprojdb.exports.unfinished import partial_path\n"
    code += "print(partial_path(Path(sys.argv[1]), 'previous'))"
    command = [sys.executable, "-c", code, str(path)]
    return Path(subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.strip())


def refuse_the_second(rename):
    """A rename that fails for the new folder, after the old one was moved aside."""

    def wrapped(self, target):
        if self.suffix == ".partial" and self.is_dir():
            raise OSError(errno.EIO, "no")
        return rename(self, target)

    return wrapped


def test_the_card_gets_the_counts_and_the_older_text(tmp_path):
    seen = []

    def card(manifest, old):
        seen.append((manifest.sentences, old))
        return "the card\n"

    write(tmp_path / "out", card=card)
    write(tmp_path / "out", SplitRows("train", [batch(0, 2)]), card=card)
    assert seen == [(8, None), (2, "the card\n")]
    assert (tmp_path / "out/README.md").read_text(encoding="utf-8") == "the card\n"


def test_the_record_is_plain_json(tmp_path):
    write(tmp_path / "out")
    values = json.loads((tmp_path / "out" / MANIFEST_NAME).read_bytes())
    assert values["configs"]["default"]["train"]["sentences"] == 8
    assert set(values) == {"format", *Manifest.__dataclass_fields__} - {"kind"}
