"""``xprojdb db``: the schema of the database, and copies of it."""

from __future__ import annotations

from pathlib import Path

import click

from xprojdb.cli.options.bounds import SOME_ROWS, Seconds
from xprojdb.cli.options.end_runs import end_runs_option
from xprojdb.cli.options.groups import Group
from xprojdb.cli.printing.output import as_json, open_current, show


@click.group(cls=Group)
def command() -> None:
    """Create, upgrade, check, copy, merge, measure and vacuum the database."""


@command.command()
@click.argument("revision", default="head")
@end_runs_option
@click.pass_obj
def upgrade(address: str, revision: str, end_runs: bool) -> None:
    """Upgrade the schema to REVISION (default: the latest). Creates the database if there is none."""
    import xprojdb

    show(xprojdb.upgrade(address, revision, end_runs=end_runs))


@command.command()
@click.argument("revision")
@click.confirmation_option(prompt="This drops the tables of later revisions with all their rows. Continue?")
@end_runs_option
@click.pass_obj
def downgrade(address: str, revision: str, end_runs: bool) -> None:
    """Downgrade the schema to REVISION ("base": no tables)."""
    import xprojdb

    show(xprojdb.downgrade(address, revision, end_runs=end_runs))


@command.command()
@as_json
@click.pass_obj
def current(address: str, as_json: bool) -> None:
    """Show the schema revision."""
    import xprojdb

    show(xprojdb.schema_revision(address), as_json)


@command.command()
def check() -> None:
    """Compare the tables with the schema of this version. Exits with 1 if they differ."""
    with open_current() as database:
        database.check_schema()
        click.echo(f"{database.url}: the schema is correct")


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
def datasette(file: Path) -> None:
    """Write FILE, the metadata for 'datasette --metadata FILE': what tables and columns hold, and queries.

    It is JSON, which is YAML as well.
    """
    with open_current() as database:
        database.write_datasette_metadata(file)
        click.echo(f"{file}: start with datasette --metadata {file} DATABASE")


@command.command()
@click.argument("source", metavar="SOURCE")
@click.argument("target", metavar="TARGET")
@as_json
def copy(source: str, target: str, as_json: bool) -> None:
    """Copy the database SOURCE to TARGET, which must be new or empty. Each is an SQLite file or a PostgreSQL URL.

    Row counts and checksums of all tables are verified. A copy that was interrupted cannot be opened: run the same
    command again.
    """
    import xprojdb

    show(xprojdb.copy(source, target), as_json)


@command.command()
@click.argument("target", metavar="TARGET")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@end_runs_option
@as_json
def merge(target: str, sources: tuple[str, ...], end_runs: bool, as_json: bool) -> None:
    """Bring the rows of one or more databases SOURCE into TARGET, which is made if it is not there.

    Corpora are the same if their names are, sentences if their ids are, steps if their digests are. Where a step made
    something else of the same item, the rows of the source are left behind. Every row is compared with its source;
    a merge that is interrupted leaves nothing of a source, and merging again adds nothing.
    """
    import xprojdb

    show(xprojdb.merge(target, *sources, end_runs=end_runs), as_json)


@command.command()
@click.option("--plan", metavar="RECIPE", help="Also show what this recipe needs, step by step.")
@click.option(
    "--sentences", type=SOME_ROWS, metavar="N",
    help="Imported sentences in all languages together. [default: those in the database]",
)  # fmt: skip
@click.option("--hours", type=Seconds(), metavar="H", help="How many processes are needed to finish in this time.")
@as_json
def size(plan: str | None, sentences: int | None, hours: float | None, as_json: bool) -> None:
    """Show how large the tables are and, with --plan, what a recipe needs for more sentences.

    What an item of a step costs is what the runs of this database have measured, so run the recipe on a few thousand
    sentences first. Steps that have not run here are estimated from the figures in the documentation.
    """
    if plan is None and (sentences is not None or hours is not None):
        raise click.UsageError("--sentences and --hours need --plan")
    with open_current() as database:
        show(database.size(plan=plan, sentences=sentences, hours=hours), as_json)


@command.command()
@click.option("--full", is_flag=True, help="On PostgreSQL, rewrite the tables. They cannot be used meanwhile.")
@end_runs_option
@as_json
def vacuum(full: bool, end_runs: bool, as_json: bool) -> None:
    """Return the space of deleted rows to the file system."""
    with open_current() as database:
        show(database.vacuum(full=full, end_runs=end_runs), as_json)
