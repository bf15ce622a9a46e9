"""Command line arguments as text."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click


def as_text(arguments: Sequence[str]) -> list[str]:
    """The same arguments; bytes that are not valid in the locale are read as UTF-8.

    :raises click.UsageError: when one is not UTF-8 either, as names and texts in the database are.
    """
    return [_text(argument, number) for number, argument in enumerate(arguments, 1)]


def _text(argument: str, number: int) -> str:
    if not any("\ud800" <= character <= "\udfff" for character in argument):
        return argument
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeError as error:
        shown = argument.encode("utf-8", "backslashreplace").decode()
        message = f"argument {number} is not UTF-8: {shown[:60]}; rename the file, or link to it"
        raise click.UsageError(message) from error
