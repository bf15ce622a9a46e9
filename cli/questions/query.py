"""``xprojdb query``: read-only SQL."""

from __future__ import annotations

from pathlib import Path

import click

from xprojdb.cli.options.bounds import Seconds
from xprojdb.cli.printing.output import open_current
from xprojdb.cli.questions.query_results import check_format, format_options, print_rows


@click.command()
@click.argument("sql")
@click.option("--timeout", type=Seconds(), metavar="SECONDS", help="Stop the query after this time.")
@format_options
def command(sql: str, timeout: float | None, format: str, escape_formulas: bool, output: Path | None) -> None:
    """Query the database in SQL. Nothing can be changed.

    The view v_label has every projected label with its sentence, its source, its scores, and the step and run that made
    it: xprojdb query "SELECT sentence, text, label FROM v_label ORDER BY margin LIMIT 10". From there, v_candidate,
    v_links and v_translation lead to the original, v_upstream to every step and model, v_outcome to the runs.
    """
    check_format(format, output, escape_formulas)
    with open_current() as database:
        print_rows(database.query(sql, timeout=timeout), format, output, escape_formulas)
