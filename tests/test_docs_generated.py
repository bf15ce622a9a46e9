"""The generated pages are current; every command, option and table is documented."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from xprojdb.cli.main import group
from xprojdb.db.tables import metadata

ROOT = Path(__file__).parents[1]
COMMANDS = ROOT / "docs" / "commands"


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "docs" / "tools" / "generate.py"), *arguments]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", check=False, env={**os.environ, "LANG": "C.UTF-8"}
    )


def test_generated_pages_are_current() -> None:
    done = generate("--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "run: python docs/tools/generate.py"


def commands(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, click.Context]]:
    """Every command of the tree, by its path below ``xprojdb``."""
    context = click.Context(command, info_name=name, parent=parent)
    yield context.command_path, context
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            result = command.get_command(context, child)
            assert result is not None
            yield from commands(result, child, context)


TREE = dict(commands(group, "xprojdb", None))


def page_of(path: str) -> str:
    """The page that documents a command."""
    name = path.split()[1] if " " in path else "index"
    return (COMMANDS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TREE)
def test_every_command_and_option_is_documented(path: str) -> None:
    page = page_of(path)
    assert " " not in path or f"```text\n{path} " in page
    for option in TREE[path].command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, (path, option.name)
            for name in (*option.opts, *option.secondary_opts):
                assert re.search(rf"^\| `[^`]*(?<![\w-]){re.escape(name)}(?![\w-])", page, re.MULTILINE), (path, name)


@pytest.mark.parametrize("path", TREE)
def test_every_command_says_what_it_does(path: str) -> None:
    assert TREE[path].command.help


def test_every_table_and_column_is_documented() -> None:
    page = (ROOT / "docs" / "data_model.md").read_text(encoding="utf-8")
    diagram = (ROOT / "docs" / "data_model.svg").read_text(encoding="utf-8")
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for table in metadata.tables.values():
        assert f"### {table.name}\n" in page
        assert f">{table.name}</text>" in diagram
        assert f"`{table.name}`" in architecture
        section = page.partition(f"### {table.name}\n")[2].partition("\n### ")[0]
        assert all(f"| `{column.name}` |" in section for column in table.columns)
