"""``xprojdb demo``: the whole product on the sample corpus, in under a minute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.rule import Rule

from xprojdb.cli.output import console

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from xprojdb.db import Database
    from xprojdb.planning.plan import Plan

RECIPE = """\
name = "demo"
corpora = ["demo"]
source = ["en"]
target = ["de", "es", "sw"]
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("xprojdb-demo"))
def command(folder: Path) -> None:
    """Build, score and export a small data set from the sample corpus, in FOLDER (default: xprojdb-demo).

    160 news-like sentences in English, German, Spanish and Swahili: their English gold entities are projected onto the
    other three languages over word alignments, and compared with the gold entities there. Needs no network.
    """
    from xprojdb.db import open_database

    folder.mkdir(parents=True, exist_ok=True)
    recipe = folder / "demo.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    with open_database(folder / "demo.db", create=True) as database:
        _heading("import")
        _import(database)
        _heading("run: align, score, project")
        plan = _run(database, recipe)
        _heading("evaluate")
        _evaluate(database, plan)
        _heading("export")
        _export(database, plan, folder)
        _heading("explain: the least certain German label of the test sentences")
        name = _explain(database, plan)
    _next_steps(folder, name)


def _heading(text: str) -> None:
    console().print(Rule(text, align="left", style="dim", characters="─"), width=100)


def _import(database: Database) -> None:
    from xprojdb.cli.imports import show_report
    from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
    from xprojdb.readers.sample import LANGUAGES, SPLITS, sample_file

    info = CorpusInfo("demo", licence="Apache-2.0", citation="The sample corpus of xprojdb.", scheme="masakhaner")
    for split in SPLITS:
        files = [corpus_file(sample_file(lang, split), lang, split=split) for lang in LANGUAGES]
        show_report(import_files(database, info, files, parallel=True, command="demo"))


def _run(database: Database, recipe: Path) -> Plan:
    from xprojdb.cli.progress import stop_on_interrupt, watcher
    from xprojdb.config.recipe import read_recipe
    from xprojdb.execution.run import run_plan
    from xprojdb.planning.planner import plan_recipe

    plan = plan_recipe(database, read_recipe(recipe))
    with stop_on_interrupt() as stop:
        report = run_plan(database, plan, command="demo", progress=watcher(), stop=stop)
    if report.stopped:
        raise click.Abort
    if report.run_id is None:
        click.echo("nothing to do: all of it was done before")
    return plan


def _evaluate(database: Database, plan: Plan) -> None:
    from xprojdb.cli.evaluate import show_scores
    from xprojdb.evaluation.evaluate import evaluate_projections

    show_scores(evaluate_projections(database, plan.projections))


def _export(database: Database, plan: Plan, folder: Path) -> None:
    from xprojdb.exports.api import export_conll, export_dataset

    for report in (export_conll(database, plan, folder / "conll"), export_dataset(database, plan, folder / "hf")):
        click.echo(f"{report.destination}: {report.sentences} sentences, {len(report.checksums)} files")


def _explain(database: Database, plan: Plan) -> str:
    from xprojdb.cli.explain import show_explanation
    from xprojdb.provenance.explain import explain_sentence

    with database.read() as connection:
        name = _least_certain(connection, [each.step.step_id for each in plan.projections])
    show_explanation(explain_sentence(database, plan, name))
    return name


def _least_certain(connection: Connection, steps: Sequence[int]) -> str:
    from sqlalchemy import select

    from xprojdb.db.tables import label, sentence

    query = (
        select(sentence.c.lang, sentence.c.external_id)
        .join(label, (label.c.sentence_id == sentence.c.id) & label.c.step_id.in_(steps))
        .where(sentence.c.lang == "de", sentence.c.split == "test")
        .order_by(label.c.margin, sentence.c.id)
    )
    lang, external_id = connection.execute(query.limit(1)).one()
    return f"demo/{lang}/{external_id}"


def _next_steps(folder: Path, name: str) -> None:
    database = folder / "demo.db"
    _heading("what lies where")
    for path, what in (
        ("demo.db", "the database: every table behind the labels"),
        ("demo.toml", "the recipe: change a value and run it again, only what changed is computed"),
        ("conll", "LANG.SPLIT.conll, IOB2"),
        ("hf", f'datasets.load_dataset("{folder / "hf"}", "sw"), and the card README.md'),
    ):
        click.echo(f"  {folder / path}  {what}")
    _heading("what to type next")
    for line in (
        f"xprojdb --db {database} status",
        f"xprojdb --db {database} explain {name.replace('/de/', '/sw/')}",
        f"xprojdb --db {database} run {folder / 'demo.toml'}",
        f"xprojdb --db {database} evaluate --json",
        f"xprojdb --db {database} export hf {folder / 'certain'} --min-margin 0.2",
        f"xprojdb card {folder / 'hf'}",
    ):
        click.echo(f"  {line}")
