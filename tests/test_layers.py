"""The rooms of the package: nothing imports upwards, and no modules import each other in a circle."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import xprojdb

ROOT = Path(xprojdb.__file__).parent
#: from below upwards; those of one line do not import each other
LAYERS = (
    ("errors", "arrays", "digest", "file_names", "masking", "printable", "recipes"),
    ("extras", "entry_points"),
    ("hub",),
    ("text",),
    ("db",),
    ("config", "migrations"),
    ("matching",),
    ("readers", "models"),
    ("training",),
    ("steps",),
    ("importing", "planning"),
    ("execution",),
    ("evaluation", "provenance", "maintenance"),
    ("exports",),
    ("study",),
    ("review",),
    ("browse",),
    ("plugins", "api"),
    ("cli",),
)
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}


def _modules() -> dict[str, Path]:
    results = {}
    # In a checkout some rooms are links, which rglob does not follow.
    rooms = [ROOT, *(room.resolve() for room in ROOT.iterdir() if room.is_symlink())]
    for path in sorted(path for room in rooms for path in room.rglob("*.py")):
        parts = path.relative_to(ROOT if path.is_relative_to(ROOT) else ROOT.parent).with_suffix("").parts
        results[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return results


MODULES = _modules()


def _imports(name: str, *, at_load: bool = False) -> Iterator[str]:
    """The modules of this package that a module imports.

    :param at_load: only what is imported when the module is: not inside functions, and not for types alone.
    """
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    nodes = _loaded(tree) if at_load else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "xprojdb":
            own = node.module.partition(".")[2]
            for alias in node.names:
                inner = f"{own}.{alias.name}".strip(".")
                yield inner if inner in MODULES else own
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("xprojdb."))


def _loaded(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _loaded(node)


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_nothing_imports_upwards(name: str) -> None:
    room = name.partition(".")[0]
    assert room in RANK, f"{room} has no layer"
    upwards = {
        other
        for other in (entry.partition(".")[0] for entry in _imports(name))
        if other and other != room and RANK[other] >= RANK[room]
    }
    assert upwards == set()


def test_no_modules_import_each_other() -> None:
    graph = {name: {other for other in _imports(name, at_load=True) if other} for name in MODULES}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path[path.index(name) :], name))
        if name not in done:
            for other in sorted(graph.get(name, ())):
                visit(other, (*path, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_no_folder_is_crowded() -> None:
    """A stranger finds the line to change in a minute: no folder holds more than about a dozen modules."""
    sizes = Counter(path.parent for path in MODULES.values() if path.name != "__init__.py")
    assert {str(folder): size for folder, size in sizes.items() if size > 14 and folder.name != "versions"} == {}
