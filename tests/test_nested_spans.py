"""Nested sets of spans: each layer is a corpus of its own, from the import to the export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import xprojdb
from xprojdb.errors import InputError

EN, SW = "The University of Dodoma teaches Juma .", "University ya Dodoma inafundisha Juma ."
LAYERS = {"outer": [("ORG", "University ya Dodoma"), ("PER", "Juma")], "inner": [("LOC", "Dodoma")]}
GERMEVAL = (
    "1\tUniversity\tB-ORG\tO\n2\tya\tI-ORG\tO\n3\tDodoma\tI-ORG\tB-LOC\n4\tinafundisha\tO\tO\n5\tJuma\tB-PER\tO\n"
)


def doccano(path: Path, text: str, *found: tuple[str, str]) -> Path:
    labels = [[text.index(part), text.index(part) + len(part), label] for part, label in found]
    path.write_text(json.dumps({"id": "1", "text": text, "label": labels}) + "\n", encoding="utf-8")
    return path


def english(folder: Path) -> Path:
    found = ("University of Dodoma", "ORG"), ("Dodoma", "LOC"), ("Juma", "PER")
    return doccano(folder / "en.jsonl", EN, *found)


def swahili(folder: Path) -> Path:
    found = ("University ya Dodoma", "ORG"), ("Dodoma", "LOC"), ("Juma", "PER")
    return doccano(folder / "sw.jsonl", SW, *found)


def projected(database: xprojdb.Database, folder: Path, layer: str) -> Sequence[tuple[str, str]]:
    """Project a layer, check it against gold, and export it; the exported entities."""
    database.join(layer, langs=["en", "sw"])
    recipe = f'name = "{layer}"\ncorpora = ["{layer}"]\nsource = ["en"]\ntarget = ["sw"]\n'
    path = folder / f"{layer}.toml"
    path.write_text(f'{recipe}[align]\naligner = "equal_words"\nwords = "all"\n[[scorer]]\n', encoding="utf-8")
    database.run(path)
    rows = {row["label"]: row for row in database.evaluate(layer).to_dict()}
    assert rows["all"]["gold"] == rows["all"]["correct"] == rows["all"]["predicted"] == len(LAYERS[layer])
    database.export(folder / "out", "jsonl", recipe=layer)
    (file,) = (folder / "out").rglob("*.jsonl")
    row = json.loads(file.read_text(encoding="utf-8"))
    return [(span["label"], span["text"]) for span in row["entities"]]


@pytest.mark.parametrize("layer", list(LAYERS))
def test_a_layer_is_imported_projected_measured_and_exported(tmp_path: Path, layer: str) -> None:
    with xprojdb.open(tmp_path / "a.db", create=True) as database:
        for lang, path in (("en", english(tmp_path)), ("sw", swahili(tmp_path))):
            database.import_spans(path, corpus=layer, lang=lang, split="test", nested=layer)
        assert projected(database, tmp_path, layer) == LAYERS[layer]


def test_both_layers_at_once_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with xprojdb.open(tmp_path / "a.db", create=True) as database, pytest.raises(InputError) as refused:
        database.import_spans(english(tmp_path), corpus="news", lang="en")
    assert (refused.value.reason, refused.value.line) == ("span-overlap", 1)
    assert "--nested inner" in str(refused.value.hint)


@pytest.mark.parametrize(("column", "found"), [(2, 2), (3, 1)])
def test_columns_of_germeval_are_layers(tmp_path: Path, column: int, found: int) -> None:
    path = tmp_path / "sw.tsv"
    path.write_text(GERMEVAL, encoding="utf-8")
    with xprojdb.open(tmp_path / "a.db", create=True) as database:
        done = database.import_conll(path, corpus="news", lang="sw", column=column)
    assert done.to_dict()[0]["entities"] == found
