"""Plug-ins: the worked examples, installed from a package of their own, and what is said where one is missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from xprojdb import entry_points
from xprojdb.config.builtin_recipes import ready_recipes
from xprojdb.config.recipe import Recipe, RecipeError
from xprojdb.entry_points import PluginError

RunCli = Callable[..., Any]
EXAMPLE = Path(__file__).parent.parent / "docs" / "plugins" / "example"
TOP = {"name": "news", "corpora": ["news"], "source": ["en"], "target": ["de"]}
RECIPE = """name = "news"
corpora = ["news"]
source = ["en"]
target = ["de"]
[align]
aligner = "lengths"
tolerance = 3
[[scorer]]
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder that pip has installed the examples into."""
    folder = tmp_path_factory.mktemp("plugins")
    shutil.copytree(EXAMPLE, folder / "example")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*pip, "--target", str(folder / "site"), str(folder / "example")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return str(folder / "site")


@pytest.fixture
def news(write_conll: Callable[..., Path], run_cli: RunCli, tmp_path: Path) -> str:
    """A database with a parallel corpus; beside it, the recipe."""
    english = write_conll("news.en.conll", "Anna/B-PER met people in Turin/B-LOC", "nobody came")
    german = write_conll("news.de.conll", "Anna traf Leute in Turin", "keiner kam")
    (tmp_path / "news.toml").write_text(RECIPE, encoding="utf-8")
    database = str(tmp_path / "news.db")
    done = run_cli("--db", database, "import", "parallel", "--corpus", "news", f"en={english}", f"de={german}")
    assert done.code == 0, done.stderr
    return database


def test_the_examples_run(news: str, run_cli: RunCli, installed: str, tmp_path: Path) -> None:
    done = run_cli("--db", news, "run", "news.toml", PYTHONPATH=installed)
    assert done.code == 0, done.stderr
    exported = run_cli("--db", news, "export", "brackets", "out", PYTHONPATH=installed)
    assert exported.code == 0, exported.stderr
    (written,) = (tmp_path / "out").iterdir()
    assert written.read_text(encoding="utf-8") == "[Anna PER] traf Leute in [Turin LOC]\nkeiner kam\n"
    query = "select params from step where kind = 'align'"
    (row,) = json.loads(run_cli("--db", news, "query", "--json", query).stdout)
    assert json.loads(row["params"] if isinstance(row, dict) else row[0]) == {
        "aligner": "lengths",
        "plugin": "xprojdb-example==1.0",
        "tolerance": 3,
    }
    assert "brackets" in run_cli("export", "--help", PYTHONPATH=installed).stdout


def test_the_examples_of_the_other_kinds_run(run_cli: RunCli, installed: str, tmp_path: Path) -> None:
    (tmp_path / "news.en.brackets").write_text("[Anna PER] met people in [Turin LOC]\nnobody came\n", encoding="utf-8")
    (tmp_path / "news.tsv").write_text("met\ttraf\npeople\tLeute\nnobody\tkeiner\ncame\tkam\n", encoding="utf-8")

    def done(*arguments: str) -> str:
        result = run_cli("--db", "news.db", *arguments, PYTHONPATH=installed)
        assert result.code == 0, result.stderr
        return str(result.stdout)

    done("import", "file", "news.en.brackets", "--lang", "en", "--corpus", "news")
    translate = '[translate]\ndirection = "translate-train"\nmodel = "glossary:news.tsv"\n'
    recipe = RECIPE.replace("[align]", f"{translate}[align]")
    recipe = recipe.replace("news", "made", 1) + '[[scorer]]\ntype = "initials"\notherwise = 0.25\n'
    (tmp_path / "made.toml").write_text(f'{recipe}[export]\nprovenance = "full"\n', encoding="utf-8")
    done("run", "made.toml")
    assert done("longest", "--recipe", "made").endswith(": Turin LOC\n")
    assert "otherwise 0.25" in done("explain", done("longest").partition(": ")[0])
    done("export", "brackets", "out")
    (written,) = (tmp_path / "out").iterdir()
    assert written.read_text(encoding="utf-8") == "[Anna PER] traf Leute in [Turin LOC]\nkeiner kam\n"
    again = done("import", "file", str(written), "--format", "brackets", "--lang", "de", "--corpus", "again", "--json")
    assert json.loads(again)["files"][0]["entities"] == 2


GLINER = """
__version__ = "0.2"

class GLiNER:
    @classmethod
    def from_pretrained(cls, name, revision):
        assert (name, revision) == ("some/model", "main")
        return cls()

    def predict_entities(self, text, labels, threshold):
        assert (labels, threshold) == (["person", "city or town"], 0.6)
        known = {"Anna": "person", "Tur": "city or town", "in": "city or town"}
        return [
            {"start": at, "end": at + len(name), "text": name, "label": label, "score": 0.9}
            for name, label in known.items()
            for at in range(len(text)) if text.startswith(name, at)
        ]
"""


def test_the_example_of_a_tagger_runs(news: str, run_cli: RunCli, installed: str, tmp_path: Path) -> None:
    (tmp_path / "standin").mkdir()
    (tmp_path / "standin" / "gliner.py").write_text(GLINER)
    tables = '[tag]\nmodels = { en = "gliner:some/model" }\nkinds = { PER = "person", LOC = "city or town" }\n'
    heuristic = RECIPE.replace("[[scorer]]", '[project]\nmethod = "heuristic"')
    (tmp_path / "tagged.toml").write_text(f"{heuristic}{tables}threshold = 0.6\n", encoding="utf-8")
    path = f"{installed}{os.pathsep}{tmp_path / 'standin'}"
    done = run_cli("--db", news, "run", "tagged.toml", PYTHONPATH=path)
    assert done.code == 0, done.stderr
    query = (
        "select external_id, start_word, end_word, label from entity join sentence on sentence.id = sentence_id "
        "join step on step.id = entity.step_id where kind = 'tag' order by entity.sentence_id, ordinal"
    )
    rows = json.loads(run_cli("--db", news, "query", "--json", query).stdout)
    values = [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in rows]
    assert values == [("all-1", 0, 1, "PER"), ("all-1", 3, 4, "LOC"), ("all-1", 4, 5, "LOC")]


def test_without_its_plugin_a_database_opens_explains_and_exports(
    news: str, run_cli: RunCli, installed: str, tmp_path: Path
) -> None:
    assert run_cli("--db", news, "run", "news.toml", "--limit", "1", PYTHONPATH=installed).code == 0
    shown = run_cli("--db", news, "status")
    assert shown.code == 0, shown.stderr
    assert "lengths of xprojdb-example==1.0" in shown.stdout
    assert run_cli("--db", news, "explain", "news/de/all-1").code == 0
    exported = run_cli("--db", news, "export", "conll", str(tmp_path / "out"))
    assert exported.code == 0, exported.stderr
    refused = run_cli("--db", news, "run", "news.toml")
    assert refused.code == 2
    assert "there is no aligner 'lengths'" in refused.stderr
    assert "pip install 'xprojdb-example==1.0'" in refused.stderr


def test_what_was_planned_with_a_plugin_says_what_to_install() -> None:
    with pytest.raises(PluginError) as raised:
        entry_points.require("aligners", "lengths", "xprojdb-example==1.0")
    assert raised.value.distribution == "xprojdb-example==1.0"
    assert raised.value.hint == "pip install 'xprojdb-example==1.0'"


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str, str], str]]:
    """Install a distribution that has nothing but an entry point: its name, its version, and the lines of the file."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name: str, version: str, points: str) -> str:
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (folder / "entry_points.txt").write_text(points)
        _forget()
        return str(tmp_path)

    yield install
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    entry_points.plugins.cache_clear()
    entry_points.load.cache_clear()


def test_two_distributions_with_one_name_are_named(distribution: Callable[[str, str, str], str]) -> None:
    distribution("first-words", "1.0", "[xprojdb.aligners]\nlucky = first:Lucky\n")
    distribution("second-words", "2.0", "[xprojdb.aligners]\nlucky = second:Lucky\n")
    with pytest.raises(PluginError) as raised:
        entry_points.load("aligners", "lucky")
    assert set(raised.value.distributions) == {"first-words==1.0", "second-words==2.0"}
    assert Recipe(**TOP).align.variant == "encoder", "the others are none the worse for it"


def test_commands_of_plugins_have_a_heading_of_their_own(
    distribution: Callable[[str, str, str], str], run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "greeting.py").write_text("import click\n\n@click.command()\ndef hello():\n    click.echo('hello')\n")
    folder = distribution("greeting", "0.1", "[xprojdb.commands]\nhello = greeting:hello\n")
    shown = run_cli("--help", PYTHONPATH=folder).stdout
    assert "Commands of plug-ins:" in shown
    assert "greeting==0.1" in shown
    assert run_cli("hello", PYTHONPATH=folder).stdout == "hello\n"


@pytest.mark.parametrize(
    ("table", "key", "nearest"),
    [
        ({"align": {"aligner": "encodr"}}, "align.aligner", "encoder"),
        ({"align": {"aligner": "exact"}}, "align.aligner", "equal_words"),
        ({"scorer": [{"type": "soft"}]}, "scorer.type", "link_mass"),
        ({"scorer": [{"type": "link_dise"}]}, "scorer.type", "link_dice"),
        ({"scorer": [{"floor": 0.1}]}, "scorer.floor", "min_score"),
        ({"align": {"threshold": 0.1}}, "align.threshold", "min_probability"),
        ({"combine": {"threshold": 0.1}}, "combine.threshold", "min_support"),
        ({"project": {"one_label": 0.5}}, "project.one_label", "label_consistency"),
        ({"export": {"below": "label"}}, "export.below", "on_low_score"),
        ({"tag": {"models": {"en": "spacie:x"}}}, "tag.models", "spacy"),
        ({"tag": {"models": {"en": "spacy:x"}, "trimm": True}}, "tag.trimm", "trim"),
    ],
)
def test_an_unknown_name_or_key_names_the_nearest(table: dict[str, Any], key: str, nearest: str) -> None:
    with pytest.raises(RecipeError) as raised:
        Recipe(**TOP, **table)
    assert (raised.value.key, raised.value.nearest) == (key, nearest)


@pytest.mark.parametrize(
    ("table", "key", "belongs"),
    [
        ({"align": {"iterations": 1.0}}, "align.iterations", ("eflomal",)),
        (
            {"align": {"aligner": "imported", "name": "x", "layer": 1}},
            "align.layer",
            ("encoder", "transalign", "tuned"),
        ),
        ({"scorer": [{"offset": 0.1}]}, "scorer.offset", ("edit_similarity",)),
        ({"tag": {"models": {"en": "spacy:x"}, "subwords": "max"}}, "tag.subwords", ("hf",)),
    ],
)
def test_a_key_of_another_variant_says_which_have_it(table: dict[str, Any], key: str, belongs: tuple[str, ...]) -> None:
    with pytest.raises(RecipeError) as raised:
        Recipe(**TOP, **table)
    assert (raised.value.key, raised.value.belongs) == (key, belongs)


@pytest.mark.parametrize("text", [recipe.text for recipe in ready_recipes()])
def test_a_recipe_made_in_python_says_what_its_toml_says(text: str) -> None:
    recipe = Recipe.from_toml(text)
    again = Recipe.from_toml(recipe.to_toml())
    assert again == recipe
    assert again.digest == recipe.digest


def test_the_schema_has_every_variant_with_its_keys(run_cli: RunCli) -> None:
    schema = json.loads(run_cli("recipes", "schema").stdout)
    aligners = {table["title"]: table for table in schema["$defs"]["aligners"]["oneOf"]}
    assert set(aligners) == set(entry_points.plugins("aligners"))
    assert aligners["eflomal"]["properties"]["aligner"] == {"const": "eflomal"}
    assert "training iterations" in aligners["eflomal"]["properties"]["iterations"]["description"]
    assert schema["properties"]["align"]["$ref"] == "#/$defs/aligners"
    assert schema["properties"]["scorer"]["items"] == {"$ref": "#/$defs/scorers"}


def test_a_broken_plugin_is_told_and_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("broken", "no_such_module:READER", "xprojdb.readers")
    broken = entry_points.Plugin("readers", "broken", (point,))
    sound = entry_points.plugins("readers")
    monkeypatch.setattr(entry_points, "plugins", lambda _group: {"broken": broken, **sound})
    with pytest.warns(RuntimeWarning, match="'broken'"):
        names = [name for name, _ in entry_points.loaded("readers")]
    assert names == list(sound)
