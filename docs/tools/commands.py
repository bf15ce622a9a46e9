"""The reference of the command line: one page a command, its options drawn from the click tree."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from xprojdb.cli.main import group

START = "<!-- generated from the click tree by docs/tools/generate.py: edit the text outside of these comments -->"
END = "<!-- end of the generated part -->"


def pages(docs: Path) -> Iterator[tuple[Path, str]]:
    """Yield each command's page and what it should hold; text outside the generated part stays as it is.

    :param docs: the folder ``docs`` of the repository
    """
    root = click.Context(group, info_name="xprojdb", terminal_width=100, **group.context_settings)
    folder = docs / "commands"
    yield folder / "index.md", _with_reference(folder / "index.md", "# Commands", _overview(root))
    for name, command in _built_in(root):
        path = folder / f"{name}.md"
        yield path, _with_reference(path, f"# xprojdb {name}", "\n".join(_reference(command, name, root, level=2)))


def _built_in(root: click.Context) -> Iterator[tuple[str, click.Command]]:
    """The commands of the package itself: an installed plug-in documents its own."""
    for name in group.list_commands(root):
        command = group.get_command(root, name)
        if command is not None and (command.callback is None or command.callback.__module__.startswith("xprojdb.")):
            yield name, command


def _with_reference(path: Path, title: str, reference: str) -> str:
    text = path.read_text(encoding="utf-8") if path.exists() else f"{title}\n\n{START}\n{END}\n"
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n\n{reference.strip()}\n\n{END}{tail}"


def _overview(root: click.Context) -> str:
    rows = [f"| [`{name}`]({name}.md) | {command.get_short_help_str(200)} |" for name, command in _built_in(root)]
    lines = ["| command | what it does |", "|---|---|", *rows, "", "## Options of all commands", ""]
    return "\n".join([*lines, "They come before the command: `xprojdb --db news.db status`.", "", *_options(root)])


def _reference(command: click.Command, name: str, parent: click.Context, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield from (f"```text\n{context.get_usage().removeprefix('Usage: ')}\n```", "", _help(command), "")
    yield from _options(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            subcommand = command.get_command(context, child)
            assert subcommand is not None
            yield from ("", f"{'#' * level} {name} {child}", "")
            yield from _reference(subcommand, child, context, level + 1)


def _help(command: click.Command) -> str:
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(_paragraph(text) for text in paragraphs)


def _paragraph(text: str) -> str:
    if text.startswith("\b"):
        return f"```text\n{text.removeprefix(chr(8)).strip(chr(10))}\n```"
    return " ".join(text.split())


def _options(context: click.Context) -> Iterator[str]:
    """The options as a table, those of the group that every command has aside."""
    options = [option for option in context.command.get_params(context) if isinstance(option, click.Option)]
    yield from ("| option | meaning |", "|---|---|")
    for option in options:
        record = option.get_help_record(context)
        if record is not None:
            names, meaning = record
            yield f"| `{_cell(names)}` | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
