"""The option ``--end-runs`` of commands that change what runs work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

end_runs_option = click.option(
    "--end-runs", is_flag=True, help="End the runs that are under way; what they have written is kept."
)


def end_and_tell(engine: Engine) -> None:
    """End the runs that are under way, and say which on standard error."""
    from xprojdb.db.live import end_live_runs

    for each in end_live_runs(engine):
        click.echo(f"ended: {each.told}", err=True)
