"""``xprojdb ask``: ready questions."""

from __future__ import annotations

from pathlib import Path

import click

from xprojdb.cli.bounds import SOME_ROWS
from xprojdb.cli.output import console, open_current, table
from xprojdb.cli.query_results import check_form, form_options, write_answer


@click.command()
@click.argument("question", required=False)
@click.option("--recipe", metavar="NAME", help="Only what this recipe made.  [default: every recipe]")
@click.option("--lang", metavar="CODE", help="Only labels of this target language.")
@click.option("--corpus", metavar="NAME", help="Only this corpus.")
@click.option("--limit", type=SOME_ROWS, default=20, show_default=True, help="Rows at most.")
@click.option("--sql", is_flag=True, help="Print the SQL of the question, to be changed and given to query.")
@form_options
def command(
    question: str | None,
    recipe: str | None,
    lang: str | None,
    corpus: str | None,
    limit: int,
    sql: bool,
    form: str,
    escape_formulas: bool,
    output: Path | None,
) -> None:
    """Ask a ready QUESTION; without one, list them."""
    from xprojdb.provenance.questions import QuestionResult, ask_question, question_sql

    if question is None:
        _list()
        return
    check_form(form, output, escape_formulas)
    asked = QuestionResult(recipe, lang, corpus, limit)
    with open_current() as database:
        if sql:
            with database.read() as connection:
                text, values = question_sql(connection, question, asked)
            for name, value in values.items():
                text = text.replace(f":{name}", str(value) if isinstance(value, int) else f"'{value}'")
            click.echo(text.strip())
            return
        with ask_question(database, question, asked) as answer:
            write_answer(answer, form, output, escape_formulas)


def _list() -> None:
    from xprojdb.provenance.questions_sql import QUESTIONS

    shown = table("question", "what it tells")
    for name, question in QUESTIONS.items():
        shown.add_row(name, question.about)
    console().print(shown)
