"""Two doors to one house: each command calls one function of the API, and every function has its command."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

import xprojdb as xp
from xprojdb.cli.main import COMMANDS

#: what each command calls: one function, or one for each of its modes; none where only the shell is concerned
CALLS: dict[str, set[str]] = {
    "demo": {"demo"},
    "import conll": {"import_conll"},
    "import text": {"import_text"},
    "import jsonl": {"import_jsonl"},
    "import file": {"import_file"},
    "import parallel": {"import_parallel", "import_multilingual"},
    "import labels": {"import_labels"},
    "import table": {"import_table"},
    "import spans": {"import_spans"},
    "import hf": {"import_hf"},
    "import alignments": {"import_alignments"},
    "import benchmark": {"import_benchmark"},
    "join": {"join"},
    "run": {"run", "dry_run"},
    "train": {"train"},
    "baselines": {"baselines"},
    "study run": {"study", "preview_study"},
    "study report": {"study_report"},
    "import nli": {"import_nli"},
    "recipes list": {"list_recipes"},
    "recipes schema": {"recipe_schema"},
    "recipes show": {"recipe_text"},
    "status": {"status", "failures", "watch"},
    "explain": {"explain"},
    "query": {"query"},
    "ask": {"ask", "question_sql", "list_questions"},
    "diff": {"diff"},
    "evaluate": {"evaluate"},
    "compare": {"compare", "missed", "missed_sql"},
    "tune": {"tune"},
    "export conll": {"export"},
    "export jsonl": {"export"},
    "export spacy": {"export"},
    "export hf": {"export"},
    "push": {"push"},
    "changelog": {"changelog"},
    "completion install": set(),
    "completion show": set(),
    "corpus replace": {"replace"},
    "corpus withdraw": {"withdraw"},
    "db merge": {"merge"},
    "db size": {"size"},
    "export text": {"export_text"},
    "import tags": {"import_tags"},
    "import translations": {"import_translations"},
    "browse": {"browse", "write_pages"},
    "review new": {"review.create"},
    "review start": {"review.start"},
    "review status": {"review.status"},
    "review agreement": {"review.agreement"},
    "review freeze": {"review.freeze"},
    "review evaluate": {"review.evaluate"},
    "review calibrate": {"review.calibrate"},
    "review export": {"review.export"},
    "card": {"read_card"},
    "gc": {"gc"},
    "corpus delete": {"delete_corpus"},
    "verify": {"verify"},
    "models list": {"list_models"},
    "models install": {"install_model"},
    "models export": {"export_model"},
    "db upgrade": {"upgrade"},
    "db downgrade": {"downgrade"},
    "db current": {"schema_revision"},
    "db check": {"check_schema"},
    "db copy": {"copy"},
    "db vacuum": {"vacuum"},
    "db datasette": {"write_datasette_metadata"},
}
#: what Python has besides
PYTHON_ONLY = {"open", "read_recipe", "close", "labels"}
#: what commands may import of the library: the API, errors, and what concerns the terminal
ALLOWED = {
    "xprojdb",
    "xprojdb.api.completion",
    "xprojdb.errors",
    "xprojdb.entry_points",
    "xprojdb.execution.progress",
    "xprojdb.exports.outputs",
    "xprojdb.hub",
    "xprojdb.masking",
    "xprojdb.printable",
    "xprojdb.readers",
    "xprojdb.readers.files",
}

DAMAGE = {"xprojdb.db", "xprojdb.db.driver_errors", "xprojdb.maintenance.texts", "xprojdb.maintenance.verify"}

#: for the shell, which asks at each key: it reads names from where they are, without a database object
FOR_THE_SHELL = "completion"

MODULES = [
    path
    for path in sorted(Path(inspect.getfile(import_module("xprojdb.cli.main"))).parent.rglob("*.py"))
    if path.parent.name != FOR_THE_SHELL
]
FUNCTIONS = {name: getattr(xp, name) for name in xp.__all__ if inspect.isfunction(getattr(xp, name))}
METHODS = {
    f"{prefix}{name}": value
    for prefix, kind in (("", xp.Database), ("review.", xp.Reviews))
    for name, value in inspect.getmembers(kind, inspect.isfunction)
    if name[0] != "_"
}
PUBLIC = {**FUNCTIONS, **METHODS}


def _leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for part, child in command.commands.items():
            yield from _leaves(child, f"{name} {part}")
    else:
        yield name, command


LEAVES = dict(
    leaf
    for name, (module, _) in COMMANDS.items()
    for leaf in _leaves(import_module(f"xprojdb.cli.{module}").command, name)
)


def test_every_command_is_known() -> None:
    assert LEAVES.keys() == CALLS.keys()


def test_every_function_has_its_command() -> None:
    assert set().union(*CALLS.values()) | PYTHON_ONLY == PUBLIC.keys()


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_calls_its_function_and_no_other(name: str) -> None:
    callback: Any = LEAVES[name].callback
    module = ast.parse(Path(inspect.getfile(inspect.unwrap(callback))).read_text(encoding="utf-8"))
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    called = _calls(functions, inspect.unwrap(callback).__name__)
    if name == "status":
        called |= {"watch"} & set(_attributes(import_module("xprojdb.cli.pipeline.watch")))
    assert called == CALLS[name]


def _calls(functions: dict[str, ast.FunctionDef], start: str) -> set[str]:
    """The functions of the API that a function of a module calls, on a database or on the package."""
    result = set()
    for node in ast.walk(functions[start]):
        if isinstance(node, ast.Attribute):
            owner, _, name = ast.unparse(node).partition(".")
            result |= {name} & PUBLIC.keys() if owner in ("database", "xprojdb") else set()
        elif isinstance(node, ast.Name) and node.id in functions and node.id != start and node.id[0] == "_":
            result |= _calls(functions, node.id)
    return result


def _attributes(module: Any) -> Iterator[str]:
    tree = ast.parse(inspect.getsource(module))
    return (node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_commands_import_the_api_alone(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        imported |= {name for name in names if name.partition(".")[0] == "xprojdb"}
    # Behind an error that is nobody's fault, main looks for texts of the database that cannot be read.
    known = ALLOWED | (DAMAGE if path.stem == "main" else set())
    assert {name for name in imported if not name.startswith(("xprojdb.cli", "xprojdb.api"))} <= known


@pytest.mark.parametrize("name", PUBLIC)
def test_every_function_is_documented(name: str) -> None:
    function = PUBLIC[name]
    documented = inspect.getdoc(function) or ""
    assert documented
    parameters = [
        parameter for parameter in inspect.signature(function).parameters.values() if parameter.name != "self"
    ]
    text = documented + (inspect.getdoc(PUBLIC["import_conll"]) or "" if name.startswith("import_") else "")
    for parameter in parameters:
        assert parameter.name in text, parameter.name
    assert function.__annotations__["return"]


@pytest.mark.parametrize("name", LEAVES)
def test_options_have_the_defaults_of_the_function(name: str) -> None:
    """What is left out on the command line means what is left out in Python."""
    defaults: dict[str, Any] = {}
    for function in CALLS[name]:
        for parameter in inspect.signature(PUBLIC[function]).parameters.values():
            if parameter.default is not inspect.Parameter.empty:
                defaults.setdefault(parameter.name, parameter.default)
    for option in LEAVES[name].params:
        if option.name in defaults and option.default not in (None, (), "", inspect.Parameter.empty):
            ours, theirs = defaults[option.name], option.default
            if isinstance(option, click.Option) and repr(theirs) != "Sentinel.UNSET":
                assert str(ours) == str(theirs), option.name


def test_names_are_found_when_they_are_used() -> None:
    assert set(dir(xp)) >= set(xp.__all__)
    assert all(hasattr(xp, name) for name in xp.__all__)
    with pytest.raises(AttributeError):
        xp.opne  # type: ignore[attr-defined]  # noqa: B018


def test_groups_say_in_whole_sentences_what_their_commands_do() -> None:
    groups = [import_module(f"xprojdb.cli.{module}").command for module, _ in COMMANDS.values()]
    for group in groups:
        if isinstance(group, click.Group):
            shown = group.get_help(click.Context(group, info_name="xprojdb", terminal_width=80))
            assert "..." not in shown.partition("Commands:")[2], shown
