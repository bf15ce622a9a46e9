"""``xprojdb review``: campaigns, the page on which people judge labels, and gold made of what they say."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from xprojdb.api.results.display.rendering import table
from xprojdb.cli.printing.output import as_json, console, open_store, print_json, recipe_option
from xprojdb.errors import InputError, UsageError
from xprojdb.extras import require

if TYPE_CHECKING:
    from xprojdb.browse.security import Doorkeeper
    from xprojdb.review.calibration.model import Calibration
    from xprojdb.review.progress import CampaignProgress

_NAME = re.compile(r"[^\s/\x00-\x1f\x7f]{1,60}")


@click.group()
def command() -> None:
    """Let people judge projected labels: draw a campaign, let reviewers in, make gold of what they say."""


@command.command()
@click.argument("name")
@recipe_option
@click.option("--lang", metavar="CODE", help="The target language; needed when the recipe has several.")
@click.option("--source", metavar="CODE", help="The source language, where several are not combined.")
@click.option("--split", "splits", multiple=True, metavar="SPLIT", help="Only this split; may be repeated.")
@click.option("--size", default=200, show_default=True, type=click.IntRange(1, 100_000), help="Sentences.")
@click.option("--by", default="margin=0.7,random=0.3", show_default=True, metavar="ORDER",
              help="random, margin, score, disagreement, rare or probability, or shares of several.")  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Another seed draws another queue."
)
@click.option("--label", "labels", multiple=True, help="A further label that reviewers may give; may be repeated.")
@click.option("--guideline", type=click.Path(dir_okay=False, path_type=Path), help="A text that reviewers see.")
@click.option("--redundancy", default=1, show_default=True, type=click.IntRange(1, 20), help="Reviewers a sentence.")
def new(
    name: str, recipe: str | None, lang: str | None, source: str | None, splits: tuple[str, ...], size: int, by: str,
    seed: int, labels: tuple[str, ...], guideline: Path | None, redundancy: int,
) -> None:  # fmt: skip
    """Draw a campaign: a queue of labelled sentences that stays as it is.

    A queue by margin finds errors fastest and is no fair sample: a random share makes figures possible that hold for
    all sentences.
    """
    from xprojdb.planning.store import load_plan
    from xprojdb.review.campaigns import CampaignSettings, create_campaign
    from xprojdb.review.queues import parse_mixture

    _check_name(name)
    told = _read(guideline) if guideline else None
    settings = CampaignSettings(name, lang, source, splits, size, parse_mixture(by), seed, labels, told, redundancy)
    with open_store() as database:
        made = create_campaign(database, load_plan(database, recipe), settings)
        from xprojdb.review.progress import read_progress

        count = read_progress(database, made).sentences
    population = made.query["population"]
    click.echo(f"campaign {made.name}: {count:,} of {population:,} {made.query['lang']} sentences, by {made.ordering}")
    click.echo(f"next: xprojdb review start {made.name} --reviewer NAME")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name", hint="up to 60 characters without spaces and slashes", name=name)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", hint="give a UTF-8 text", file=str(path)) from error


@command.command()
@click.argument("name", required=False)
@click.option("--reviewer", "reviewers", multiple=True, required=True, metavar="NAME",
              help="Who reviews; may be repeated: each gets an address that works once, in one browser.")  # fmt: skip
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--open", "opened", is_flag=True, help="Open the first address in a browser.")
def start(name: str | None, reviewers: tuple[str, ...], port: int, opened: bool) -> None:
    """Let reviewers in: pages on this machine, with a button and a key for every decision.

    Every decision is in the database before the page goes on, so that nothing is lost when this is ended.
    """
    for module in ("starlette", "jinja2", "uvicorn", "python_multipart"):
        require(module, "browse")
    for reviewer in reviewers:
        _check_name(reviewer)
    from xprojdb.browse.server import serve

    with open_store() as database:
        home = "/review"
        if name is not None:
            from xprojdb.review.campaigns import load_campaign

            home = f"/review/{load_campaign(database, name).id}"
        serve(database, port=port, reviewers=reviewers, home=home, tell=lambda keeper: _tell(keeper, opened))


def _tell(doorkeeper: Doorkeeper, opened: bool) -> None:
    for reviewer in doorkeeper.tokens:
        click.echo(f"{reviewer}: open {doorkeeper.address(reviewer)}")
    click.echo("each works in one browser, once; Ctrl+C ends it")
    if opened:
        click.launch(doorkeeper.address(next(iter(doorkeeper.tokens))))


@command.command()
@click.argument("name", required=False)
@as_json
def status(name: str | None, as_json: bool) -> None:
    """Show how far campaigns are, and what each reviewer did."""
    from xprojdb.review.campaigns import list_campaigns, load_campaign
    from xprojdb.review.progress import read_progress

    with open_store() as database:
        chosen = [load_campaign(database, name)] if name else list_campaigns(database)
        found = [read_progress(database, each) for each in chosen]
    if as_json:
        print_json([asdict(each) for each in found])
        return
    if not found:
        click.echo("no campaigns yet: xprojdb review new NAME")
    for each in found:
        _show_progress(each)


def _show_progress(each: CampaignProgress) -> None:
    made, out = each.campaign, console()
    times = f" by {made.redundancy} reviewers" if made.redundancy > 1 else ""
    of = f"{made.recipe}, {made.query.get('lang')}" if made.recipe else "labels from elsewhere"
    out.print(Text(made.name, "bold"), f" ({of}, by {made.ordering}, seed {made.seed})")
    out.print(f"{each.finished:,} of {each.sentences:,} sentences finished{times}, {each.begun:,} begun")
    shown = table("reviewer", "finished>", "skipped>", "accept>", "correct>", "reject>", "add>", "bulk>", "seconds>")
    for one in each.reviewers:
        counts = (f"{one.actions.get(action, 0):,}" for action in ("accept", "correct", "reject", "add", "bulk"))
        seconds = f"{one.seconds:.0f}" if one.seconds is not None else "–"
        shown.add_row(one.reviewer, f"{one.finished:,}", f"{one.skipped:,}", *counts, seconds)
    if each.reviewers:
        out.print(shown)


@command.command()
@click.argument("name")
@as_json
def agreement(name: str, as_json: bool) -> None:
    """Show how far reviewers agree on the sentences that both finished: F1 of labels, words alone, each label."""
    from xprojdb.review.agreement import read_agreement
    from xprojdb.review.campaigns import load_campaign

    with open_store() as database:
        found = read_agreement(database, load_campaign(database, name))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    shown = table("reviewers", "label", "F1>", "first>", "second>", "both>")
    for each in found:
        pair = f"{each.first}, {each.second}"
        for label, score in (("all", each.all), ("words alone", each.places), *each.labels.items()):
            shown.add_row(pair, label, f"{100 * score.f1:.1f}", *map(str, (score.gold, score.predicted, score.tp)))
        shown.add_section()
    console().print(shown)
    for each in found:
        click.echo(f"{each.first}, {each.second}: {each.equal:,} of {each.sentences:,} sentences are equal")


@command.command()
@click.argument("name")
@click.option("--prefer", metavar="REVIEWER", help="Whose word is final where reviewers do not agree.")
@as_json
def freeze(name: str, prefer: str | None, as_json: bool) -> None:
    """Make gold of the sentences that enough reviewers have finished: a step that keeps what they agreed on."""
    from xprojdb.review.campaigns import load_campaign
    from xprojdb.review.freezing import freeze_reviews

    with open_store() as database:
        done = freeze_reviews(database, load_campaign(database, name), prefer)
    if as_json:
        print_json(asdict(done))
        return
    again = " (as before)" if done.known else ""
    click.echo(f"step review {done.digest[:8]}{again}: {done.sentences:,} sentences, {done.labels:,} labels")
    click.echo(f"left out: {done.unfinished:,} not finished, {done.disputed:,} on which reviewers disagree")
    click.echo(f"next: xprojdb review evaluate {name}")


@command.command()
@click.argument("name")
@click.option(
    "--resamples",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    help="Bootstrap resamples of the sentences.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Random seed of the bootstrap."
)
@as_json
def evaluate(name: str, resamples: int, seed: int, as_json: bool) -> None:
    """Score the labels that a campaign shows against what was frozen of it, as they would score on all sentences.

    Each sentence counts for as many as its probability of being drawn says. A campaign without a random share is
    refused: what its order did not take could not have been drawn.
    """
    from xprojdb.review.campaigns import load_campaign
    from xprojdb.review.figures import weighted_figures

    with open_store() as database:
        found = weighted_figures(database, load_campaign(database, name), resamples=resamples, seed=seed)
    if as_json:
        print_json(asdict(found))
        return
    shown = table("label", "precision>", "recall>", "F1>", "95 % interval>")
    for label, score in found.labels.items():
        figures = (f"{100 * value:.1f}" for value in (score.precision, score.recall, score.f1))
        shown.add_row(label, *figures, f"{100 * score.low:.1f} – {100 * score.high:.1f}")
    console().print(shown)
    click.echo(
        f"of {found.population:,} sentences, {found.drawn:,} were drawn and {found.sentences:,} are frozen; "
        f"F1 on these as they are: {100 * found.plain:.1f}"
    )


@command.command()
@click.argument("name", required=False)
@recipe_option
@click.option("--lang", metavar="CODE", help="Without a campaign: the target language.")
@click.option(
    "--by",
    "measure",
    type=click.Choice(["margin", "score"]),
    default="margin",
    show_default=True,
    help="What of a label tells how sure it is.",
)
@click.option(
    "--method",
    type=click.Choice(["isotonic", "logistic"]),
    default="isotonic",
    show_default=True,
    help="How the probability follows: by steps that only rise, or along an S-curve.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of the folds.")
@as_json
def calibrate(
    name: str | None, recipe: str | None, lang: str | None, measure: str, method: str, seed: int, as_json: bool
) -> None:
    """Learn how probable labels are right, from the frozen reviews of a campaign, or else from imported labels.

    Tells the margin (or score) from which labels are right with a probability, for "export --min-margin".
    """
    from xprojdb.review.calibration.calibrate import calibrate_campaign, calibrate_recipe

    options: dict[str, Any] = {"measure": measure, "method": method, "seed": seed}
    with open_store() as database:
        if name is not None:
            from xprojdb.review.campaigns import load_campaign

            found = calibrate_campaign(database, load_campaign(database, name), **options)
        else:
            from xprojdb.planning.store import load_plan

            found = calibrate_recipe(database, load_plan(database, recipe), lang, **options)
    if as_json:
        print_json(asdict(found))
    else:
        _show_calibration(found)


def _show_calibration(found: Calibration) -> None:
    click.echo(f"{found.labels:,} labels, {100 * found.right:.1f} % right; step calibration {found.digest[:8]}")
    click.echo(f"expected calibration error: {found.before:.3f} of the {found.measure} itself, {found.after:.3f} after")
    bins = table("probability>", "right>", "labels>")
    for predicted, right, count in found.bins:
        bins.add_row(f"{predicted:.2f}", f"{right:.2f}", f"{count:,}")
    console().print(bins)
    shown = table("right with>", *(f"{label}>" for label in ("all", *found.by_label)), "option")
    for probability in (0.8, 0.9, 0.95, 0.98):
        places = [curve.threshold(probability) for curve in (found.curve, *found.by_label.values())]
        option = "–" if places[0] is None else f"--min-{found.measure} {places[0]:.3f}"
        shown.add_row(f"{probability:g}", *("never" if place is None else f"{place:.3f}" for place in places), option)
    console().print(shown)


@command.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; else standard output.")
def export(name: str, output: Path | None) -> None:
    """Write the reviewed sentences as JSON lines: what most reviewers want, and what each said, under numbers."""
    from xprojdb.review.campaigns import load_campaign
    from xprojdb.review.exporting import exported_reviews

    with open_store() as database, click.open_file(str(output or "-"), "w", encoding="utf-8") as file:
        count = 0
        for row in exported_reviews(database, load_campaign(database, name)):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    click.echo(f"{count:,} sentences", err=True)
