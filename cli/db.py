"""``xprojdb db``: the schema of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from xprojdb.cli.end_runs import end_and_tell, end_runs_option
from xprojdb.cli.output import as_json, console, megabytes, open_current, print_json, table

if TYPE_CHECKING:
    from sqlalchemy import Engine


@click.group()
def command() -> None:
    """Make, move and check the database schema."""


@command.command()
@click.argument("revision", default="head")
@end_runs_option
@click.pass_obj
def upgrade(address: str, revision: str, end_runs: bool) -> None:
    """Bring the schema up to REVISION (default: what this version needs), making the database when there is none."""
    from xprojdb.db import schema

    with _engine(address, create=True) as engine:
        if end_runs and "lease" in schema.state(engine).tables:
            end_and_tell(engine)
        schema.upgrade(engine, revision)
        _tell_revision(engine)


@command.command()
@click.argument("revision")
@click.confirmation_option(prompt="Tables of later revisions are dropped with what is in them. Go on?")
@end_runs_option
@click.pass_obj
def downgrade(address: str, revision: str, end_runs: bool) -> None:
    """Take the schema back to REVISION ("base": no tables)."""
    from xprojdb.db import schema

    with _engine(address) as engine:
        if end_runs and "lease" in schema.state(engine).tables:
            end_and_tell(engine)
        schema.downgrade(engine, revision)
        _tell_revision(engine)


@command.command()
@as_json
@click.pass_obj
def current(address: str, as_json: bool) -> None:
    """Show the schema revision."""
    from xprojdb.db import schema

    with _engine(address) as engine:
        state = schema.state(engine)
    if as_json:
        print_json({"current": state.current, "head": state.head, "tables": state.tables})
        return
    needed = "" if state.current == state.head else f" (this version needs {state.head})"
    click.echo(f"{state.current or 'no revision'}{needed}")


@command.command()
def check() -> None:
    """Compare the tables with what this version needs; exit code 1 when they differ."""
    from xprojdb.db import schema

    with open_current() as database:
        schema.check(database.engine)
        click.echo(f"{database.url} is as it should be")


@command.command()
@click.argument("source", metavar="SOURCE")
@click.argument("target", metavar="TARGET")
@as_json
def copy(source: str, target: str, as_json: bool) -> None:
    """Copy the database SOURCE into TARGET, which is new or empty; each is an SQLite file or a PostgreSQL URL.

    Every table is verified by its row count and a checksum. A copy that was interrupted is not opened by any command;
    the same command begins it anew.
    """
    from xprojdb.maintenance.database_copy import copy_database

    found = copy_database(source, target)
    if as_json:
        print_json(asdict(found))
        return
    shown = table("table", "rows>", "checksum")
    for name, each in found.tables.items():
        shown.add_row(name, f"{each.rows:,}", each.checksum)
    console().print(shown)
    click.echo(f"{found.rows:,} rows of {found.source} are in {found.target}, verified")


@command.command()
@click.option("--full", is_flag=True, help="On PostgreSQL, write the tables anew; nobody can use them meanwhile.")
@end_runs_option
@as_json
def vacuum(full: bool, end_runs: bool, as_json: bool) -> None:
    """Give the space of deleted rows back."""
    from xprojdb.maintenance.vacuum import vacuum

    with open_current() as database:
        if end_runs:
            end_and_tell(database.engine)
        size = vacuum(database, full=full)
    if as_json:
        print_json({"before": size.before, "after": size.after})
        return
    click.echo(f"{megabytes(size.before)} before, {megabytes(size.after)} now")


@contextmanager
def _engine(address: str, *, create: bool = False) -> Iterator[Engine]:
    from xprojdb.db.opening import connect

    engine = connect(address, create=create)
    try:
        yield engine
    finally:
        engine.dispose()


def _tell_revision(engine: Engine) -> None:
    from xprojdb.db import schema
    from xprojdb.db.driver_errors import shown

    click.echo(f"{shown(engine.url)} is at revision {schema.state(engine).current or 'base'}")
