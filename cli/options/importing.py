"""The options that the import commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli.printing.output import as_json

if TYPE_CHECKING:
    _Type = click.ParamType[int | str]
else:
    # Only generic in the newest click.
    _Type = click.ParamType


class ColumnType(_Type):
    """A column by its number, counted from 0 or from the end, or by its name."""

    name = "column"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> int | str:
        return int(value) if re.fullmatch(r"-?\d{1,6}", str(value), re.ASCII) else str(value)


def corpus_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that imports sentences."""
    for option in reversed(
        (
            click.option("--corpus", required=True, help="Name of the corpus. Created if it is new."),
            click.option("--split", help="train, validation or test.  [default: from the file's name]"),
            click.option("--part", help="Name of the file within corpus and language.  [default: the split]"),
            click.option("--scheme", help="conll, wikiann, masakhaner or ontonotes. Other labels are refused."),
            click.option("--version", help="Version of the corpus."),
            click.option("--license", help="Its license, as an SPDX identifier."),
            click.option("--citation", help="How to cite the corpus."),
            click.option("--url", help="Web address of the corpus."),
            as_json,
        )
    ):
        function = option(function)
    return function


def tag_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options for how tags mark spans."""
    for option in (
        click.option(
            "--encoding", type=click.Choice(["auto", "iob1", "iob2", "bioes"]), default="auto", show_default=True,
            help="Tagging scheme.",
        ),
        click.option("--strict", is_flag=True, help="Refuse tags that violate the encoding instead of repairing them."),
    ):  # fmt: skip
        function = option(function)
    return function
