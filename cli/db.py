"""``xprojdb db``: the schema of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from xprojdb.cli.output import as_json, open_current, print_json

if TYPE_CHECKING:
    from sqlalchemy import Engine


@click.group()
def command() -> None:
    """Make, move and check the database schema."""


@command.command()
@click.argument("revision", default="head")
@click.pass_obj
def upgrade(address: str, revision: str) -> None:
    """Bring the schema up to REVISION (default: what this version needs), making the database when there is none."""
    from xprojdb.db import schema

    with _engine(address, create=True) as engine:
        schema.upgrade(engine, revision)
        _tell_revision(engine)


@command.command()
@click.argument("revision")
@click.confirmation_option(prompt="Tables of later revisions are dropped with what is in them. Go on?")
@click.pass_obj
def downgrade(address: str, revision: str) -> None:
    """Take the schema back to REVISION ("base": no tables)."""
    from xprojdb.db import schema

    with _engine(address) as engine:
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
    from xprojdb.db.faults import shown

    click.echo(f"{shown(engine.url)} is at revision {schema.state(engine).current or 'base'}")
