"""The option ``--end-runs`` of commands that change what runs work on."""

from __future__ import annotations

import click

end_runs_option = click.option(
    "--end-runs", is_flag=True, help="First end the runs in progress. What they have written is kept."
)
