"""``xprojdb status --watch``: follow runs from another terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.live import Live

from xprojdb.cli.printing.output import console

if TYPE_CHECKING:
    from xprojdb.api.database import Database
    from xprojdb.api.results.status import RunningResult

#: seconds between two queries, for a terminal and for a file or a pipe
_INTERVAL = 1.0
_INTERVAL_OFF_TERMINAL = 5.0


def follow(database: Database, as_json: bool) -> RunningResult:
    """Show the runs in progress until they have ended.

    :param as_json: print a line of JSON for each update.
    :returns: the runs as they ended.
    """
    out = console()
    shown: Any = None
    interval = _INTERVAL if out.is_terminal else _INTERVAL_OFF_TERMINAL
    with Live(console=out, auto_refresh=False, transient=False) as live:
        for runs in database.watch(interval):
            if out.is_terminal and not as_json:
                live.update(runs, refresh=True)
            elif runs.report != shown:
                if as_json:
                    click.echo(json.dumps(runs.to_json(), ensure_ascii=False))
                else:
                    out.print(runs)
            shown = runs.report
    return runs
