"""``xprojdb explain``: one sentence, its labels and everything behind them."""

from __future__ import annotations

import click

from xprojdb.cli.completion.names import complete_sentences
from xprojdb.cli.printing.output import as_json, open_current, recipe_option, show

_CANDIDATES = 6


@click.command()
@click.argument("sentence", metavar="CORPUS/LANG/ID[:FIRST-LAST]", shell_complete=complete_sentences)
@recipe_option
@click.option(
    "--all", "every", is_flag=True, help="Show all candidates, not only the best, and all of a very long sentence."
)
@as_json
def command(sentence: str, recipe: str | None, every: bool, as_json: bool) -> None:
    """Explain where the labels of one sentence come from.

    If the recipe combines several sources, their consensus and votes come first. Then, for each source: both sentences
    with their entities, the word links of each entity, its candidates with all scores, the winner and the runner-up,
    and the steps, models and runs behind them. Give the sentence as CORPUS/LANG/ID, such as demo/de/test-17 (the id of
    an exported row), or as its id in the table "sentence". For a single label, add its first and last word counted
    from 0 (demo/de/test-17:3-4), or its position among the labels counted from 1 (demo/de/test-17#2).
    """
    with open_current() as database:
        show(database.explain(sentence, recipe, candidates=None if every else _CANDIDATES), as_json)
