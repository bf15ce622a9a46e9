"""``xprojdb ask``: common questions."""

from __future__ import annotations

from pathlib import Path

import click

from xprojdb.cli.completion.names import complete_questions
from xprojdb.cli.options.bounds import SOME_ROWS
from xprojdb.cli.printing.output import open_current, show
from xprojdb.cli.questions.query_results import check_format, format_options, print_rows


@click.command()
@click.argument("question", required=False, shell_complete=complete_questions)
@click.option("--recipe", metavar="NAME", help="Only the results of this recipe.  [default: all recipes]")
@click.option("--lang", metavar="CODE", help="Only labels of this target language.")
@click.option("--corpus", metavar="NAME", help="Only this corpus.")
@click.option("--limit", type=SOME_ROWS, default=20, show_default=True, help="Maximum number of rows.")
@click.option("--sql", is_flag=True, help="Print the SQL of the question instead, to edit and pass to 'query'.")
@format_options
def command(
    question: str | None,
    recipe: str | None,
    lang: str | None,
    corpus: str | None,
    limit: int,
    sql: bool,
    format: str,
    escape_formulas: bool,
    output: Path | None,
) -> None:
    """Answer a common QUESTION. Without one, list the questions."""
    if question is None:
        import xprojdb

        show(xprojdb.list_questions(), format == "json")
        return
    check_format(format, output, escape_formulas)
    with open_current() as database:
        if sql:
            click.echo(database.question_sql(question, recipe=recipe, lang=lang, corpus=corpus, limit=limit))
            return
        rows = database.ask(question, recipe=recipe, lang=lang, corpus=corpus, limit=limit)
        print_rows(rows, format, output, escape_formulas)
