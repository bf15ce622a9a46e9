"""Data sets of the datasets library: folders of save_to_disk, Arrow and Parquet."""

import pytest

from xprojdb.readers import Notes, ReadError, format_of, read
from xprojdb.readers.huggingface.folders import splits_of
from xprojdb.text.spans import Span

datasets = pytest.importorskip("datasets")
pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

WORDS = [["Mara", "rests"], ["\u00a0", "Otto"], []]
TAGS = [[1, 0], [0, 1], []]
NAMES = ["O", "B-PER", "I-PER"]


def labelled():
    features = datasets.Features(
        {
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=NAMES)),
            "id": datasets.Value("string"),
        }
    )
    return datasets.Dataset.from_dict({"tokens": WORDS, "ner_tags": TAGS, "id": ["x", "y", "z"]}, features=features)


def save_folder(data, folder):
    data.save_to_disk(str(folder / "set"), num_shards=2)
    return folder / "set"


def save_parquet(data, folder):
    data.to_parquet(str(folder / "set.dat"))
    return folder / "set.dat"


def save_arrow(data, folder):
    table = data.data.table
    with pa.OSFile(str(folder / "set.arrow"), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    return folder / "set.arrow"


def load(path, notes=None, lang="en", **options):
    return list(read(path, lang, "hf", notes, **options))


def fault(path, **options):
    with pytest.raises(ReadError) as caught:
        load(path, **options)
    return caught.value


@pytest.mark.parametrize("save", [save_folder, save_parquet, save_arrow])
def test_words_and_tags(tmp_path, save):
    path = save(labelled(), tmp_path)
    assert format_of(path) == "hf"
    notes = Notes()
    records = load(path, notes)
    assert [(r.words, r.entities, r.line, r.external_id) for r in records] == [
        (("Mara", "rests"), (Span(0, 1, "PER"),), 1, None),
        (("Otto",), (Span(0, 1, "PER"),), 2, None),
    ]
    assert {code: (note.count, note.line) for code, note in notes} == {"wordless-line": (1, 2), "blank-row": (1, 3)}
    assert [record.external_id for record in load(path, id_field="id")] == ["x", "y"]


def test_text_and_translations(tmp_path):
    rows = {"translation": [{"en": "Mara rests.", "de": "Mara ruht."}, {"en": "Yes", "de": None}]}
    path = save_parquet(datasets.Dataset.from_dict(rows), tmp_path)
    notes = Notes()
    assert [r.text for r in load(path, notes, "de", languages=("en", "de"))] == ["Mara ruht."]
    assert notes.count("blank-cell") == 1
    assert [r.text for r in load(path)] == ["Mara rests.", "Yes"]
    error = fault(path, languages=("en", "fr"))
    assert error.reason == "no-language"
    path = save_parquet(datasets.Dataset.from_dict({"sentence": ["Mara rests."]}), tmp_path)
    assert load(path)[0].words == ("Mara", "rests", ".")


def test_labels_that_are_not_read_are_named(tmp_path):
    data = labelled().rename_column("ner_tags", "fine")
    error = fault(save_parquet(data, tmp_path))
    assert (error.reason, error.field) == ("labels", "fine")
    assert load(save_parquet(data, tmp_path), tags_field="fine")[0].entities == (Span(0, 1, "PER"),)


def test_faults(tmp_path):
    path = save_folder(labelled(), tmp_path)
    (path / "data-00001-of-00002.arrow").unlink()
    assert fault(path).reason == "hf"
    data = datasets.Dataset.from_dict({"tokens": [["a", "b"]], "ner_tags": [["O"]]})
    assert fault(save_parquet(data, tmp_path)).reason == "length"
    data = datasets.Dataset.from_dict({"tokens": [["a"]], "ner_tags": [[5]]})
    assert fault(save_parquet(data, tmp_path)).reason == "label-names"
    data = datasets.Dataset.from_dict({"other": [["a"]]})
    assert fault(save_parquet(data, tmp_path)).reason == "missing-field"
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(save_parquet(labelled(), tmp_path).read_bytes()[:300])
    assert fault(cut).reason == "arrow"
    spoilt = tmp_path / "spoilt.parquet"
    parquet.write_table(pa.table({"text": pa.array([b"a\xce("]).view(pa.string())}), spoilt)
    assert fault(spoilt, text_field="text").reason == "arrow"
    assert fault(tmp_path).reason == "folder"


def test_splits(tmp_path):
    datasets.DatasetDict({"train": labelled(), "test": labelled()}).save_to_disk(str(tmp_path / "d"))
    assert splits_of(tmp_path / "d") == ["train", "test"]
    assert fault(tmp_path / "d").reason == "folder"
    assert len(load(tmp_path / "d" / "test")) == 2
