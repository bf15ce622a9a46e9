"""What a shell offers for the names of recipes, questions, corpora, sets and steps, and for ids of sentences.

A shell asks while somebody types: what cannot be read is not offered, without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from xprojdb.api import completion


def complete_recipes(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Recipes that come with the package, and TOML files."""
    folder = Path(incomplete if incomplete.endswith("/") else str(Path(incomplete or ".").parent))
    files = (str(path) for path in folder.glob("*.toml")) if folder.is_dir() else ()
    return _beginning(incomplete, [*completion.recipe_names(), *files])


def complete_questions(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Built-in questions."""
    return _beginning(incomplete, completion.question_names())


def complete_run_recipes(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Recipes that have been run on the database."""
    return _beginning(incomplete, completion.stored_names(_address(context), "recipe"))


def complete_corpora(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Corpora."""
    return _beginning(incomplete, completion.stored_names(_address(context), "corpus"))


def complete_campaigns(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Sets of labels, and campaigns."""
    return _beginning(incomplete, completion.stored_names(_address(context), "campaign"))


def complete_steps(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Recipes, and steps by the beginnings of their digests."""
    digests = _beginning(incomplete, completion.step_names(_address(context)))
    return [*complete_run_recipes(context, param, incomplete), *digests]


def complete_sentences(context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Sentences as ``CORPUS/LANG/ID``; the first hundred that begin so."""
    return completion.sentence_names(_address(context), incomplete)


def _address(context: click.Context) -> str:
    """The database that the command line names."""
    root = context.find_root()
    return str(root.obj or root.params.get("db") or "xprojdb.db")


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
