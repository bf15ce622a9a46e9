"""``xprojdb study``: many models, compared."""

from __future__ import annotations

from typing import Any

import click

from xprojdb.cli.options.bounds import SEED, STUDY_RESAMPLES
from xprojdb.cli.options.execution import engine_options
from xprojdb.cli.options.groups import Group
from xprojdb.cli.printing.output import as_json, open_current, show


class _StudyGroup(Group):
    """``xprojdb study RECIPE`` is ``xprojdb study run RECIPE``."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *context.help_option_names):
            args = ["run", *args]
        return super().parse_args(context, args)


@click.group(cls=_StudyGroup)
def command() -> None:
    """Train and compare many models: how do scores change with the number of source languages?"""


@command.command("run")
@click.argument("recipe")
@click.option(
    "--dry-run", is_flag=True, help="Only show how many models would be trained, and about how long it takes."
)
@click.option("--retry-failed", is_flag=True, help="Try again what failed before.")
@engine_options
@as_json
def run(recipe: str, dry_run: bool, retry_failed: bool, as_json: bool, **engine: Any) -> None:
    """Train and measure the models of RECIPE, a TOML file with the tables [train] and [study].

    Ctrl-C stops after the models at hand; run again to continue. A second run does nothing; a design that has grown
    trains what is new.
    """
    from xprojdb.cli.printing.progress import stop_on_interrupt, watcher

    with open_current() as database:
        if dry_run:
            show(database.preview_study(recipe), as_json)
            return
        with stop_on_interrupt() as stop:
            result = database.study(recipe, retry_failed=retry_failed, progress=watcher(), stop=stop, **engine)
    show(result, as_json)
    assert result.report.run is not None
    if result.report.run.stopped:
        raise click.exceptions.Exit(130)
    if result.report.run.failed:
        raise click.exceptions.Exit(1)


@command.command("report")
@click.argument("study")
@click.argument("folder", type=click.Path(file_okay=False))
@click.option(
    "--resamples",
    type=STUDY_RESAMPLES,
    default=1000,
    show_default=True,
    metavar="N",
    help="Resamples of the bootstrap.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Random seed of the bootstrap.")
@as_json
def report(study: str, folder: str, resamples: int, seed: int, as_json: bool) -> None:
    """Write what the study STUDY has measured into FOLDER.

    A page that stands by itself (report.html), figures as SVG and PNG, tables as CSV, JSON and LaTeX, and a paragraph
    on methods.
    """
    with open_current() as database:
        show(database.study_report(study, folder, resamples=resamples, seed=seed), as_json)
