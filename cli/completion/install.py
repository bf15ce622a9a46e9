"""``xprojdb completion``: let a shell complete commands, options, names and ids."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from xprojdb.cli.options.groups import Group
from xprojdb.errors import UsageError

_VARIABLE = "_XPROJDB_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")
_shell = click.argument("shell", type=click.Choice(_SHELLS), required=False)


@click.group(cls=Group)
def command() -> None:
    """Complete commands, options, recipes, questions and sentence ids in your shell."""


@command.command()
@_shell
def show(shell: str | None) -> None:
    """Print the script for a SHELL (bash, zsh or fish; by default yours)."""
    click.echo(_script(shell or _own_shell()))


@command.command()
@_shell
def install(shell: str | None) -> None:
    """Install the script for a SHELL (bash, zsh or fish; by default yours) in your home folder."""
    shell = shell or _own_shell()
    path, then = _place(shell)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{_script(shell)}\n", encoding="utf-8")
    click.echo(f"{path}: installed")
    click.echo(f"next: {then}")


def _script(shell: str) -> str:
    completion_class = get_completion_class(shell)
    assert completion_class is not None, shell
    root = click.get_current_context().find_root().command
    return completion_class(root, {}, "xprojdb", _VARIABLE).source()


def _own_shell() -> str:
    """The name of the user's shell.

    :raises UsageError: if completion does not support it.
    """
    name = Path(os.environ.get("SHELL", "")).name
    if name not in _SHELLS:
        message = f"completion is for {', '.join(_SHELLS)}, and SHELL is {name or 'not set'}"
        raise UsageError(message, hint="name one: xprojdb completion install bash", shell=name)
    return name


def _place(shell: str) -> tuple[Path, str]:
    """Where the shell looks for the script, and what the user still has to do."""
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    if shell == "bash":
        path = data / "bash-completion" / "completions" / "xprojdb"
        return path, f"open a new shell; without the package bash-completion, add to ~/.bashrc: source '{path}'"
    if shell == "zsh":
        path = data / "zsh" / "site-functions" / "_xprojdb"
        return path, f"add to ~/.zshrc, before compinit: fpath+=('{path.parent}'); then open a new shell"
    return config / "fish" / "completions" / "xprojdb.fish", "open a new shell"
