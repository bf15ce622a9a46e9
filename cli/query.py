"""``xprojdb query``: SQL that reads."""

from __future__ import annotations

from pathlib import Path

import click

from xprojdb.cli.bounds import Seconds
from xprojdb.cli.output import open_current
from xprojdb.cli.query_results import check_form, form_options, write_answer


@click.command()
@click.argument("sql")
@click.option("--timeout", type=Seconds(), metavar="SECONDS", help="Stop the query after so long.")
@form_options
def command(sql: str, timeout: float | None, form: str, escape_formulas: bool, output: Path | None) -> None:
    """Ask the database in SQL; nothing can be changed.

    The view v_label has every projected label with its sentence, its source, its scores and the step and run that made
    it: xprojdb query "SELECT sentence, text, label FROM v_label ORDER BY margin LIMIT 10". From there, v_candidate,
    v_links and v_translation lead down to the original, v_upstream to every step and model, v_outcome to the runs.
    """
    from xprojdb.provenance.query import ask

    check_form(form, output, escape_formulas)
    with open_current() as database, ask(database, sql, timeout) as answer:
        write_answer(answer, form, output, escape_formulas)
