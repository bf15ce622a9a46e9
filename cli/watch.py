"""``xprojdb status --watch``: runs that are going on, from another terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from xprojdb.cli.output import console, table
from xprojdb.execution.status.watch import WatchedRun, rate, read_runs, remaining

if TYPE_CHECKING:
    from xprojdb.db import Database
    from xprojdb.execution.progress import StepReport

#: seconds between two looks at the database, for a terminal and for a file or a pipe
_INTERVAL = 1.0
_INTERVAL_OFF_TERMINAL = 5.0
_BAR = 20


def watch(database: Database, as_json: bool) -> list[WatchedRun]:
    """Show the runs that are going on until they have ended.

    :param as_json: print a line of JSON in place of each picture.
    :returns: how they stood at the end.
    """
    out = console()
    seen: set[int] = set()
    shown: list[WatchedRun] | None = None
    with Live(console=out, auto_refresh=False, transient=False) as live:
        while True:
            runs = read_runs(database, sorted(seen))
            seen |= {run.id for run in runs}
            if out.is_terminal and not as_json:
                live.update(_picture(runs), refresh=True)
            elif runs != shown:
                _print(out, runs, as_json)
            shown = runs
            if not any(run.going_on for run in runs):
                return runs
            time.sleep(_INTERVAL if out.is_terminal else _INTERVAL_OFF_TERMINAL)


def _print(out: Console, runs: Sequence[WatchedRun], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(run) for run in runs], ensure_ascii=False))
    else:
        out.print(_picture(runs))


def _picture(runs: Sequence[WatchedRun]) -> Group | Text:
    if not runs:
        return Text("no run is going on")
    return Group(*(part for run in runs for part in (_heading(run), _steps(run))))


def _heading(run: WatchedRun) -> Text:
    named = f"run {run.id}: {run.command} {run.recipe or ''} on {run.host} since {run.started_at}, ".replace("  ", " ")
    status = f"no sign of life since {run.heartbeat_at or run.started_at}" if run.lost else run.status
    style = "red" if run.lost or run.status == "failed" else "cyan" if run.going_on else "green"
    return Text(named, style="bold").append(status, style=style)


def _steps(run: WatchedRun) -> Table:
    shown = table("step", "", "done>", "of>", "", "rate>", "left>", "failed>")
    for step in run.steps:
        if step.total is None:
            shown.add_row(step.title, "", "", "", "", "", "waits" if run.going_on else "–", "")
        else:
            shown.add_row(step.title, _bar(step), f"{step.done:,}", f"{step.total:,}", step.noun, *_pace(step))
    return shown


def _bar(step: StepReport) -> str:
    full = round(_BAR * min(1.0, step.done / step.total)) if step.total else _BAR
    return "━" * full + "╌" * (_BAR - full)


def _pace(step: StepReport) -> tuple[str, str, Text]:
    speed, left = rate(step), remaining(step)
    told = "" if speed is None else f"{speed:,.{0 if speed >= 10 else 1}f}/s"
    failed = Text(f"{step.failed:,}", "red" if step.failed else "")
    return told, "" if left is None else f"{left:,.0f} s" if left else "done", failed
