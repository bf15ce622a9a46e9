"""``xprojdb review``: campaigns, the page on which people judge labels, and gold made of what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from xprojdb.cli.pages.browse import serve
from xprojdb.cli.printing.output import as_json, open_current, recipe_option, show
from xprojdb.cli.questions.query_results import print_rows


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
@as_json
def new(
    name: str, recipe: str | None, lang: str | None, source: str | None, splits: tuple[str, ...], size: int, by: str,
    seed: int, labels: tuple[str, ...], guideline: Path | None, redundancy: int, as_json: bool,
) -> None:  # fmt: skip
    """Draw a campaign: a queue of labelled sentences that stays as it is.

    A queue by margin finds errors fastest and is no fair sample: a random share makes figures possible that hold for
    all sentences.
    """
    with open_current() as database:
        campaign = database.review.create(
            name, recipe=recipe, lang=lang, source=source, splits=splits, size=size, by=by, seed=seed, labels=labels,
            guideline=guideline, redundancy=redundancy,
        )  # fmt: skip
        show(campaign, as_json)


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
    with open_current() as database:
        serve(database.review.start(name, reviewers, port=port), opened)


@command.command()
@click.argument("name", required=False)
@as_json
def status(name: str | None, as_json: bool) -> None:
    """Show how far campaigns are, and what each reviewer did."""
    with open_current() as database:
        show(database.review.status(name), as_json)


@command.command()
@click.argument("name")
@as_json
def agreement(name: str, as_json: bool) -> None:
    """Show how far reviewers agree on the sentences that both finished: F1 of labels, words alone, each label."""
    with open_current() as database:
        show(database.review.agreement(name), as_json)


@command.command()
@click.argument("name")
@click.option("--prefer", metavar="REVIEWER", help="Whose word is final where reviewers do not agree.")
@as_json
def freeze(name: str, prefer: str | None, as_json: bool) -> None:
    """Make gold of the sentences that enough reviewers have finished: a step that keeps what they agreed on."""
    with open_current() as database:
        show(database.review.freeze(name, prefer=prefer), as_json)


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
    with open_current() as database:
        show(database.review.evaluate(name, resamples=resamples, seed=seed), as_json)


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
    name: str | None,
    recipe: str | None,
    lang: str | None,
    measure: Literal["margin", "score"],
    method: Literal["isotonic", "logistic"],
    seed: int,
    as_json: bool,
) -> None:
    """Learn how probable labels are right, from the frozen reviews of a campaign, or else from imported labels.

    Tells the margin (or score) from which labels are right with a probability, for "export --min-margin".
    """
    with open_current() as database:
        calibration = database.review.calibrate(
            name, recipe=recipe, lang=lang, measure=measure, method=method, seed=seed
        )
        show(calibration, as_json)


@command.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; else standard output.")
def export(name: str, output: Path | None) -> None:
    """Write the reviewed sentences as JSON lines: what most reviewers want, and what each said, under numbers."""
    with open_current() as database:
        rows = database.review.export(name)
        count = len(rows)
        print_rows(rows, "jsonl", output, escape_formulas=False)
    click.echo(f"{count:,} sentences", err=True)
